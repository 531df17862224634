//! The fate of each packet that crosses a link: lost, or how long it takes, and how often.

use squall_history::{Domain, Draw, NetworkProfile, Ppm, SimDuration};

use super::bandwidth::{self, Passage};
use super::link::LinkId;
use super::rule::{Rule, RuleId};
use super::shape::addition;
use crate::caller;
use crate::trace::JournalEntry;
use crate::world::World;

/// What kind of packet it is. Each kind counts for itself on a link, so that a retransmission does
/// not shift the fate of the data that follows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    /// Connection requests and their answers.
    Syn,
    /// A segment of a stream, sent for the first time.
    Data,
    /// A segment sent again.
    Retransmit,
    /// Resets and refusals.
    Control,
    /// A datagram, or the first fragment of one.
    Datagram,
    /// Another fragment of a datagram.
    Fragment,
    /// Keep-alive probes and their answers.
    Probe,
}

pub(super) const CLASSES: usize = 7;

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::Data => "data",
            Self::Retransmit => "retransmit",
            Self::Control => "control",
            Self::Datagram => "datagram",
            Self::Fragment => "fragment",
            Self::Probe => "probe",
        }
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Lost,
    /// It arrives after `delay`, and once more after `again`. Its beginning is there by `spread`
    /// earlier: so long it takes to send at the link's speed.
    Arrives {
        delay: SimDuration,
        again: Option<SimDuration>,
        spread: SimDuration,
    },
}

impl Fate {
    /// The fate of what needs both: it is whole when the later one is there.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (
                Self::Arrives { delay, again, spread },
                Self::Arrives { delay: other, again: other_again, spread: other_spread },
            ) => Self::Arrives {
                delay: delay.max(other),
                again: again.zip(other_again).map(|(one, two)| one.max(two)),
                spread: spread + other_spread,
            },
            _ => Self::Lost,
        }
    }
}

// Properties of a packet's draw. Rules draw theirs by their own identity.
const JITTER: u64 = 1;
const LOSS: u64 = 2;
const DUPLICATE: u64 = 3;
const DUPLICATE_JITTER: u64 = 4;
const REORDER: u64 = 5;
const REORDER_DELAY: u64 = 6;
pub(super) const REPEAT: u64 = 7;

/// How long a packet is held back on a link whose profile reorders: up to this.
const REORDER_DELAY_MAX: SimDuration = SimDuration::from_millis(20);

/// By how much a packet is held back, if it is.
fn held_back(draw: Draw, chance: Ppm, most: SimDuration) -> Option<SimDuration> {
    let is_held = draw.happens(REORDER, chance);
    is_held.then(|| SimDuration(draw.property(REORDER_DELAY).between(0, most.0)))
}

impl World {
    /// Decides the fate of the next packet of its class on a link (domain `Network`; identity: the
    /// link and the class; n: a counter). `bytes` are its payload.
    pub(super) fn fate(&mut self, link: LinkId, class: Class, bytes: u64) -> Fate {
        let LinkId { from, to } = link;
        if from == to {
            // The loopback interface: at once, and never lost.
            return Fate::Arrives { delay: SimDuration::ZERO, again: None, spread: SimDuration::ZERO };
        }
        let count = self.net.links.count(link, class);
        let identity = self.link_identity(link).with(class as u64);
        let draw = self.draws.draw(Domain::Network, identity, count);
        let fate = self.drawn_fate(link, class, bytes, draw);
        self.trace.fold(draw.bits());
        let delay = match fate {
            Fate::Lost => None,
            Fate::Arrives { delay, .. } => Some(delay),
        };
        self.trace.fold(delay.map_or(u64::MAX, SimDuration::as_nanos));
        let now = caller::now();
        self.trace.journal(|| {
            let arrives = delay.map(|delay| now + delay);
            JournalEntry { at: now, from, to, class: class.name(), bytes, arrives }
        });
        fate
    }

    fn drawn_fate(&mut self, link: LinkId, class: Class, bytes: u64, draw: Draw) -> Fate {
        let base = *self.net.links.profile(link);
        // A rule counts what it drops even if the packet would have been lost anyway.
        if self.dropped_by_rules(link, draw) | draw.happens(LOSS, base.loss) {
            // What else the rules would have done to it did not happen.
            return Fate::Lost;
        }
        let Some(Passage { took, own: spread }) = self.queued(link, class, bytes, &base) else {
            return Fate::Lost;
        };
        let mut twice = draw.happens(DUPLICATE, base.duplicate);
        let mut delay = took + base.latency + addition(base.shape, base.jitter, draw.property(JITTER));
        delay = delay + held_back(draw, base.reorder, REORDER_DELAY_MAX).unwrap_or_default();
        for place in 0..self.net.links.laid(link).len() {
            let (id, rule, draw) = self.rule_at(link, place, draw);
            let effect = match rule {
                Rule::Latency { latency, jitter, shape } => {
                    let by = latency + addition(shape, jitter, draw.property(JITTER));
                    delay = delay + by;
                    (by > SimDuration::ZERO).then_some("packets-delayed")
                }
                Rule::Duplicate(chance) => {
                    // A stream's receiver discards the copy: nothing happened.
                    let copies =
                        matches!(class, Class::Datagram | Class::Fragment) && draw.happens(DUPLICATE, chance);
                    twice |= copies;
                    copies.then_some("packets-duplicated")
                }
                Rule::Reorder { chance, delay: most } => held_back(draw, chance, most).map(|by| {
                    delay = delay + by;
                    "packets-held-back"
                }),
                // These drop packets, or act elsewhere.
                Rule::Cut
                | Rule::Loss(_)
                | Rule::Bandwidth(_)
                | Rule::Corrupt(_)
                | Rule::Hold
                | Rule::Refuse
                | Rule::Dns(_) => None,
            };
            if let Some(effect) = effect {
                self.net.links.rules.count(id, effect);
            }
        }
        let again = twice.then(|| {
            let most = base.latency + base.jitter;
            delay + SimDuration(draw.property(DUPLICATE_JITTER).between(0, most.0))
        });
        Fate::Arrives { delay, again, spread }
    }

    /// Whether a rule of the link drops a packet; each that does counts it.
    fn dropped_by_rules(&mut self, link: LinkId, draw: Draw) -> bool {
        let mut dropped = false;
        for place in 0..self.net.links.laid(link).len() {
            let (id, rule, draw) = self.rule_at(link, place, draw);
            let drops = match rule {
                Rule::Cut => true,
                Rule::Loss(chance) => draw.happens(LOSS, chance),
                _ => false,
            };
            if drops {
                dropped = true;
                self.net.links.rules.count(id, "packets-dropped");
            }
        }
        dropped
    }

    /// Sends a packet through the queues of its link's bandwidths; absent if one had no room for it.
    #[inline]
    fn queued(&mut self, link: LinkId, class: Class, bytes: u64, base: &NetworkProfile) -> Option<Passage> {
        let mut passage = Passage::default();
        let links = &mut self.net.links;
        let rules = links.laid(link).len();
        if base.bandwidth.is_none() && rules == 0 {
            return Some(passage);
        }
        let size = bandwidth::wire_bytes(class, bytes, base.mtu);
        if let Some(bandwidth) = base.bandwidth {
            passage =
                passage.then(bandwidth::pass(bandwidth, &mut links.state_mut(link).free_at, size, class)?);
        }
        for place in 0..rules {
            let at = links.place(link).expect("a rule lies on it");
            let laid = &mut links.states[at].rules[place];
            let Rule::Bandwidth(bandwidth) = links.rules.get(laid.id).rule else { continue };
            let passed = bandwidth::pass(bandwidth, &mut laid.free_at, size, class);
            let effect = if passed.is_some() { "packets-delayed" } else { "packets-dropped" };
            links.rules.count(laid.id, effect);
            passage = passage.then(passed?);
        }
        Some(passage)
    }

    /// The rule at a place of a link, with its own part of a packet's draw. A rule that correlates
    /// gives, with that chance, the part of the packet before it on this link once more; asked twice
    /// about one packet it says the same.
    fn rule_at(&mut self, link: LinkId, place: usize, draw: Draw) -> (RuleId, Rule, Draw) {
        let links = &mut self.net.links;
        let at = links.place(link).expect("a rule lies on it");
        let laid = &mut links.states[at].rules[place];
        let active = links.rules.get(laid.id);
        let own = laid.correlated(active.correlation, draw.property(active.identity.0));
        (laid.id, active.rule, own)
    }
}
