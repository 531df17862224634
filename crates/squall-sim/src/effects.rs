//! What a fault really did, counted.

use std::collections::BTreeMap;

/// Effects by name (`packets-dropped`, `tasks-dropped`, `writes-lost`, …). Only what happened is
/// listed: an empty map means that the fault changed nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Effects(BTreeMap<&'static str, u64>);

impl Effects {
    /// Counts `count` more of `effect`.
    pub fn add(&mut self, effect: &'static str, count: u64) {
        if count > 0 {
            *self.0.entry(effect).or_default() += count;
        }
    }

    /// Counts everything of `other` as well.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(effect, &count)| self.add(effect, count));
    }

    /// How often `effect` happened.
    pub fn get(&self, effect: &str) -> u64 {
        self.0.get(effect).copied().unwrap_or(0)
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|(&effect, &count)| (effect, count))
    }
}
