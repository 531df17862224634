//! Rules that a harness lays on links, and what they did.

use squall_history::{Identity, Ppm, SimDuration};

use super::link::LinkId;
use crate::effects::Effects;
use crate::world::World;

/// What is wrong with a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Every packet is lost, also those under way.
    Cut,
    /// Every packet takes longer: by `latency`, and by a drawn time up to `jitter`.
    Latency {
        /// Added.
        latency: SimDuration,
        /// Added at most on top.
        jitter: SimDuration,
    },
    /// Packets are lost with this chance.
    Loss(Ppm),
    /// Packets arrive twice with this chance.
    Duplicate(Ppm),
    /// Packets are held back with this chance, by a drawn time up to `delay`.
    Reorder {
        /// Chance per packet.
        chance: Ppm,
        /// At most.
        delay: SimDuration,
    },
}

impl Rule {
    /// As words for the digest.
    fn words(self) -> [u64; 3] {
        match self {
            Self::Cut => [1, 0, 0],
            Self::Latency { latency, jitter } => [2, latency.0, jitter.0],
            Self::Loss(chance) => [3, chance.get().into(), 0],
            Self::Duplicate(chance) => [4, chance.get().into(), 0],
            Self::Reorder { chance, delay } => [5, chance.get().into(), delay.0],
        }
    }
}

/// A rule in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleId(u32);

/// A rule in force, with its links and what it has done so far.
#[derive(Debug)]
pub(super) struct ActiveRule {
    pub(super) rule: Rule,
    /// Addresses its draws, so that a rule taken away leaves those of the others alone.
    pub(super) identity: Identity,
    pub(super) effects: Effects,
    links: Vec<LinkId>,
}

/// All rules ever laid; one that was removed is an empty slot, so ids stay.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Option<ActiveRule>>);

impl Rules {
    pub(super) fn get(&self, id: RuleId) -> &ActiveRule {
        self.0[id.0 as usize].as_ref().expect("links name rules in force")
    }

    pub(super) fn count(&mut self, id: RuleId, effect: &'static str) {
        self.0[id.0 as usize].as_mut().expect("links name rules in force").effects.add(effect, 1);
    }
}

impl World {
    pub(crate) fn net_add_rule(&mut self, identity: Identity, rule: Rule, links: &[(u32, u32)]) -> RuleId {
        let id = RuleId(u32::try_from(self.net.links.rules.0.len()).expect("rules are bounded by the plan"));
        let mut ids = Vec::with_capacity(links.len());
        self.fold_rule(identity, rule);
        for &(from, to) in links {
            assert!(from != to, "a node's link to itself is not subject to rules");
            let link = self.link(from, to);
            self.trace.fold(self.net.links.get(link).identity.0);
            self.net.links.get_mut(link).rules.push(id);
            ids.push(link);
        }
        let active = ActiveRule { rule, identity, effects: Effects::default(), links: ids };
        self.net.links.rules.0.push(Some(active));
        id
    }

    pub(crate) fn net_remove_rule(&mut self, id: RuleId) -> Effects {
        let removed = self.net.links.rules.0[id.0 as usize].take().expect("a rule is removed once");
        self.fold_rule(removed.identity, removed.rule);
        for &link in &removed.links {
            self.net.links.get_mut(link).rules.retain(|&other| other != id);
        }
        if removed.rule == Rule::Cut {
            self.release_credit();
        }
        removed.effects
    }

    fn fold_rule(&mut self, identity: Identity, rule: Rule) {
        self.trace.fold(identity.0);
        rule.words().into_iter().for_each(|word| self.trace.fold(word));
    }
}
