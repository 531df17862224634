//! What a run went through, as a set of features: whether a further seed shows anything new.
//!
//! A feature is an assertion site or a named condition that was reached, a step from one state to
//! another in a vocabulary, or a fault that met a state. Each has a count, which is taken by powers of
//! two: once, twice, four times … are points of their own, since a loop taken ten times is other than
//! once (AFL's hit counts: Zalewski, "Technical whitepaper for afl-fuzz", section 1).
//!
//! Computed from a finished history, and only when asked for. It judges nothing.

mod states;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use squall_history::condition::Conditions;
use squall_history::vocab::batch;
use squall_history::{Assertion, Body, FaultEvent, History, SimTime};

use self::states::States;

/// What kind of thing a feature is: what its name begins with, up to the colon.
pub const KINDS: [(&str, &str); 5] = [
    ("assertion", "assertion sites reached"),
    ("batch", "steps of jobs, tasks and workers"),
    ("condition", "named conditions"),
    ("fault", "faults by the state of what they met"),
    ("raft", "steps of members of a group"),
];

/// The features of one run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// By name, `kind:what`.
    pub features: BTreeMap<String, Seen>,
}

/// How often a feature was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// How many times, at least once.
    pub count: u64,
    /// When first.
    pub first: SimTime,
}

impl Coverage {
    /// Of a whole history.
    pub fn of(history: &History) -> Self {
        let mut collected = Self::default();
        let (mut conditions, mut told) = (Conditions::default(), batch::FirstTold::default());
        let mut states = States::new(&history.header.topology);
        for record in &history.records {
            conditions.observe(record, |name| {
                let kind = match &record.body {
                    Body::Assert(Assertion::Reached { .. }) => "assertion",
                    _ => "condition",
                };
                collected.see(kind, &[name], record.at);
            });
            match &record.body {
                Body::Fault(FaultEvent::Applied { action, .. }) => {
                    for state in states.met_by(action) {
                        collected.see("fault", &[action.keyword(), " × ", &state], record.at);
                    }
                }
                Body::Raft(event) => {
                    if let Some((from, to)) = states.raft(record, event) {
                        collected.see("raft", &[from, " → ", to], record.at);
                    }
                }
                Body::Batch(event) if told.is_news(record, event) => {
                    if let Some((who, from, to)) = states.batch(event) {
                        collected.see("batch", &[who, " ", from, " → ", to], record.at);
                    }
                }
                Body::Node(event) => {
                    if let Some((from, to)) = states.life(record, event) {
                        collected.see("raft", &[from, " → ", to], record.at);
                    }
                }
                _ => {}
            }
        }
        collected
    }

    fn see(&mut self, kind: &str, parts: &[&str], at: SimTime) {
        let mut name = String::with_capacity(48);
        name.push_str(kind);
        name.push(':');
        parts.iter().for_each(|part| name.push_str(part));
        self.features.entry(name).or_insert(Seen { count: 0, first: at }).count += 1;
    }

    /// Each feature with the power of two of its count.
    pub fn points(&self) -> impl Iterator<Item = (Point<'_>, SimTime)> {
        self.features.iter().map(|(name, seen)| (Point { name, power: seen.count.ilog2() }, seen.first))
    }
}

/// A feature, seen between `2^power` and `2^(power+1) - 1` times in one run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Point<'a> {
    /// Its name.
    pub name: &'a str,
    /// The power of two.
    pub power: u32,
}

/// The features of many runs, in the order they were taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Explored {
    /// In how many runs each point was seen.
    points: BTreeMap<String, BTreeMap<u32, u64>>,
    runs: u64,
    last_new: u64,
}

impl Explored {
    /// Takes the next run; how many of its points no run had before.
    pub fn take(&mut self, coverage: &Coverage) -> u64 {
        self.runs += 1;
        let mut new = 0;
        for (point, _) in coverage.points() {
            let powers = match self.points.get_mut(point.name) {
                Some(powers) => powers,
                None => self.points.entry(point.name.to_owned()).or_default(),
            };
            let seen = powers.entry(point.power).or_default();
            new += u64::from(*seen == 0);
            *seen += 1;
        }
        if new > 0 {
            self.last_new = self.runs;
        }
        new
    }

    /// Runs taken.
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// Runs since the last one that had something new.
    pub const fn runs_since_new(&self) -> u64 {
        self.runs - self.last_new
    }

    /// Features seen, each counted once however often it was seen in a run.
    pub fn features(&self) -> usize {
        self.points.len()
    }

    /// In how many runs a point was seen.
    pub fn seen(&self, point: Point<'_>) -> u64 {
        self.points.get(point.name).and_then(|powers| powers.get(&point.power)).copied().unwrap_or(0)
    }

    /// Each feature, by name, and in how many runs it was seen.
    pub fn by_feature(&self) -> impl Iterator<Item = (&str, u64)> {
        self.points.iter().map(|(name, powers)| (name.as_str(), powers.values().sum()))
    }
}

#[cfg(test)]
mod tests;
