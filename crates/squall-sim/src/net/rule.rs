//! Rules that a harness lays on links, and what they did.

use squall_history::{Bandwidth, DnsTrouble, Draw, Identity, LatencyShape, Ppm, SimDuration, SimTime};

use super::fate::REPEAT;
use super::link::LinkId;
use crate::effects::Effects;
use crate::world::World;

/// What is wrong with a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Every packet is lost, also those under way.
    Cut,
    /// Every packet takes longer: by `latency`, and by a drawn share of `jitter`.
    Latency {
        /// Added.
        latency: SimDuration,
        /// Added on top, as the shape spreads it.
        jitter: SimDuration,
        /// How the jitter is spread.
        shape: LatencyShape,
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
    /// Datagrams and segments of streams arrive with one drawn bit flipped, with this chance: as if
    /// their checksums had missed it.
    Corrupt(Ppm),
    /// Packets leave one after the other, at this speed. A datagram that finds no room in the queue is
    /// dropped; a stream's sender waits.
    Bandwidth(Bandwidth),
    /// Packets are kept, and released in order when the rule is removed.
    Hold,
    /// Connection requests are answered by RST.
    Refuse,
    /// The first node's lookups of the second's name go wrong.
    Dns(DnsTrouble),
}

impl Rule {
    /// As words for the digest.
    fn words(self) -> [u64; 3] {
        match self {
            Self::Cut => [1, 0, 0],
            // 2 alone is the uniform shape, the only one there once was.
            Self::Latency { latency, jitter, shape } => {
                [2 + ((shape_number(shape)) << 8), latency.0, jitter.0]
            }
            Self::Loss(chance) => [3, chance.get().into(), 0],
            Self::Duplicate(chance) => [4, chance.get().into(), 0],
            Self::Reorder { chance, delay } => [5, chance.get().into(), delay.0],
            Self::Corrupt(chance) => [6, chance.get().into(), 0],
            Self::Bandwidth(Bandwidth { bytes_per_second, queue_bytes }) => {
                [7, bytes_per_second, queue_bytes]
            }
            Self::Hold => [8, 0, 0],
            Self::Refuse => [9, 0, 0],
            Self::Dns(DnsTrouble::Fail) => [10, 0, 0],
            Self::Dns(DnsTrouble::TimeOut) => [11, 0, 0],
            Self::Dns(DnsTrouble::Slow { latency: (low, high) }) => [12, low.0, high.0],
        }
    }

    /// Whether nothing crosses a link that it lies on; what acknowledges waits as well.
    pub(super) const fn shuts(self) -> bool {
        matches!(self, Self::Cut | Self::Hold)
    }
}

const fn shape_number(shape: LatencyShape) -> u64 {
    match shape {
        LatencyShape::Uniform => 0,
        LatencyShape::Constant => 1,
        LatencyShape::Normal => 2,
        LatencyShape::HeavyTail => 3,
    }
}

/// A rule in force.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RuleId(u32);

/// A rule in force, with its links and what it has done so far.
#[derive(Debug)]
pub(super) struct ActiveRule {
    pub(super) rule: Rule,
    /// Addresses its draws, so that a rule taken away leaves those of the others alone.
    pub(super) identity: Identity,
    /// Chance that a packet gets the draw of the one before it on its link.
    pub(super) correlation: Ppm,
    pub(super) effects: Effects,
    links: Vec<LinkId>,
}

/// A rule on one of its links.
#[derive(Clone, Copy, Debug)]
pub(super) struct Laid {
    pub(super) id: RuleId,
    /// The draw of the packet before, if the rule correlates.
    pub(super) last: Option<Draw>,
    /// When the queue before a bandwidth is empty.
    pub(super) free_at: SimTime,
    /// Packets that it could have corrupted.
    pub(super) arrivals: u64,
}

impl Laid {
    /// A packet's draw, or with a chance of `correlation` that of the packet before it. The draw is of
    /// the rule, so what is repeated is the whole decision: lost again, as late again.
    pub(super) fn correlated(&mut self, correlation: Ppm, own: Draw) -> Draw {
        if correlation == Ppm::ZERO {
            return own;
        }
        match self.last {
            Some(last) if own.property(REPEAT).chance(correlation) => last,
            _ => {
                self.last = Some(own);
                own
            }
        }
    }
}

/// All rules ever laid; one that was removed is an empty slot, so ids stay.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Option<ActiveRule>>);

impl Rules {
    pub(super) fn get(&self, id: RuleId) -> &ActiveRule {
        self.0[id.0 as usize].as_ref().expect("links name rules in force")
    }

    fn get_mut(&mut self, id: RuleId) -> &mut ActiveRule {
        self.0[id.0 as usize].as_mut().expect("links name rules in force")
    }

    pub(super) fn count(&mut self, id: RuleId, effect: &'static str) {
        self.get_mut(id).effects.add(effect, 1);
    }
}

impl World {
    pub(crate) fn net_add_rule(&mut self, identity: Identity, rule: Rule, links: &[(u32, u32)]) -> RuleId {
        let id = RuleId(u32::try_from(self.net.links.rules.0.len()).expect("rules are bounded by the plan"));
        let mut ids = Vec::with_capacity(links.len());
        self.fold_rule(identity, rule);
        for &(from, to) in links {
            assert!(from != to, "a node's link to itself is not subject to rules");
            let link = LinkId { from, to };
            self.trace.fold(self.link_identity(link).0);
            let laid = Laid { id, last: None, free_at: SimTime::ZERO, arrivals: 0 };
            self.net.links.lay(link, laid);
            ids.push(link);
        }
        let active =
            ActiveRule { rule, identity, correlation: Ppm::ZERO, effects: Effects::default(), links: ids };
        self.net.links.rules.0.push(Some(active));
        id
    }

    pub(crate) fn net_remove_rule(&mut self, id: RuleId) -> Effects {
        let removed = self.net.links.rules.0[id.0 as usize].take().expect("a rule is removed once");
        self.fold_rule(removed.identity, removed.rule);
        for &link in &removed.links {
            self.net.links.lift(link, id);
        }
        match removed.rule {
            Rule::Hold => {
                removed.links.iter().for_each(|&link| self.release_kept(link));
                self.release_credit();
            }
            Rule::Cut => self.release_credit(),
            Rule::Bandwidth(_) => self.drain_queues(&removed.links),
            _ => {}
        }
        removed.effects
    }

    pub(crate) fn net_correlate(&mut self, id: RuleId, correlation: Ppm) {
        let rule = self.net.links.rules.get_mut(id);
        rule.correlation = correlation;
        let identity = rule.identity;
        self.trace.fold(identity.0);
        self.trace.fold(u64::from(correlation.get()));
    }

    fn fold_rule(&mut self, identity: Identity, rule: Rule) {
        self.trace.fold(identity.0);
        rule.words().into_iter().for_each(|word| self.trace.fold(word));
    }
}
