//! Directed links between nodes, and the fate of each packet that crosses one.

use rustc_hash::FxHashMap;
use squall_history::{Domain, Draw, Identity, NetworkProfile, Ppm, SimDuration};

use super::rule::{Rule, RuleId, Rules};
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
    /// A datagram.
    Datagram,
}

const CLASSES: usize = 5;

impl Class {
    const fn name(self) -> &'static str {
        match self {
            Self::Syn => "syn",
            Self::Data => "data",
            Self::Retransmit => "retransmit",
            Self::Control => "control",
            Self::Datagram => "datagram",
        }
    }
}

/// A link that a packet ever crossed or a rule was laid on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LinkId(u32);

#[derive(Debug)]
pub(super) struct Link {
    from: u32,
    to: u32,
    pub(super) identity: Identity,
    sent: [u64; CLASSES],
    pub(super) rules: Vec<RuleId>,
}

/// All links in use.
#[derive(Debug)]
pub(super) struct Links {
    base: NetworkProfile,
    /// By `from << 32 | to`; looked up, never iterated.
    index: FxHashMap<u64, LinkId>,
    links: Vec<Link>,
    pub(super) rules: Rules,
}

impl Links {
    pub(super) fn new(base: NetworkProfile) -> Self {
        Self { base, index: FxHashMap::default(), links: Vec::new(), rules: Rules::default() }
    }

    pub(super) fn get(&self, id: LinkId) -> &Link {
        &self.links[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: LinkId) -> &mut Link {
        &mut self.links[id.0 as usize]
    }

    /// The rule that cuts a link, if one does.
    fn cut(&self, id: LinkId) -> Option<RuleId> {
        self.get(id).rules.iter().copied().find(|&rule| self.rules.get(rule).rule == Rule::Cut)
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Lost,
    /// It arrives after `delay`, and once more after `again`.
    Arrives {
        delay: SimDuration,
        again: Option<SimDuration>,
    },
}

// Properties of a packet's draw. Rules draw theirs by their own identity.
const JITTER: u64 = 1;
const LOSS: u64 = 2;
const DUPLICATE: u64 = 3;
const DUPLICATE_JITTER: u64 = 4;
const REORDER: u64 = 5;
const REORDER_DELAY: u64 = 6;

/// How long a packet is held back on a link whose profile reorders: up to this.
const REORDER_DELAY_MAX: SimDuration = SimDuration::from_millis(20);

impl World {
    /// The link between two nodes.
    pub(super) fn link(&mut self, from: u32, to: u32) -> LinkId {
        let key = u64::from(from) << 32 | u64::from(to);
        if let Some(&id) = self.net.links.index.get(&key) {
            return id;
        }
        let id = LinkId(u32::try_from(self.net.links.links.len()).expect("bounded by nodes squared"));
        let identity = self.nodes.get(from).identity.with(self.nodes.get(to).identity.0);
        self.net.links.links.push(Link { from, to, identity, sent: [0; CLASSES], rules: Vec::new() });
        self.net.links.index.insert(key, id);
        id
    }

    /// Whether a cut lies on a link; counted as a packet that it dropped.
    pub(super) fn dropped_by_cut(&mut self, link: LinkId) -> bool {
        let cut = self.net.links.cut(link);
        if let Some(rule) = cut {
            self.net.links.rules.count(rule, "packets-dropped");
        }
        cut.is_some()
    }

    /// Whether a cut lies on a link.
    pub(super) fn is_cut(&self, link: LinkId) -> bool {
        self.net.links.cut(link).is_some()
    }

    /// Decides the fate of the next packet of its class on a link (domain `Network`; identity: the
    /// link and the class; n: a counter).
    pub(super) fn fate(&mut self, link: LinkId, class: Class, bytes: u64) -> Fate {
        let state = self.net.links.get_mut(link);
        let (from, to) = (state.from, state.to);
        if from == to {
            // The loopback interface: at once, and never lost.
            return Fate::Arrives { delay: SimDuration::ZERO, again: None };
        }
        state.sent[class as usize] += 1;
        let count = state.sent[class as usize];
        let draw = self.draws.draw(Domain::Network, state.identity.with(class as u64), count);
        let fate = self.drawn_fate(link, class, draw);
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

    fn drawn_fate(&mut self, link: LinkId, class: Class, draw: Draw) -> Fate {
        let base = self.net.links.base;
        let uniform = |draw: Draw, most: SimDuration| SimDuration(draw.between(0, most.0));
        let held = |draw: Draw, chance: Ppm, most| {
            let is_held = draw.property(REORDER).chance(chance);
            is_held.then(|| uniform(draw.property(REORDER_DELAY), most))
        };
        let mut twice = draw.property(DUPLICATE).chance(base.duplicate);
        let mut delay = base.latency + uniform(draw.property(JITTER), base.jitter);
        delay = delay + held(draw, base.reorder, REORDER_DELAY_MAX).unwrap_or_default();
        // A rule counts what it drops even if the packet would have been lost anyway.
        if self.dropped_by_rules(link, draw) | draw.property(LOSS).chance(base.loss) {
            // What else the rules would have done to it did not happen.
            return Fate::Lost;
        }
        for place in 0..self.net.links.get(link).rules.len() {
            let (id, rule, draw) = self.rule_at(link, place, draw);
            let effect = match rule {
                Rule::Cut | Rule::Loss(_) => None,
                Rule::Latency { latency, jitter } => {
                    let by = latency + uniform(draw.property(JITTER), jitter);
                    delay = delay + by;
                    (by > SimDuration::ZERO).then_some("packets-delayed")
                }
                Rule::Duplicate(chance) => {
                    // A stream's receiver discards the copy: nothing happened.
                    let copies = class == Class::Datagram && draw.property(DUPLICATE).chance(chance);
                    twice |= copies;
                    copies.then_some("packets-duplicated")
                }
                Rule::Reorder { chance, delay: most } => held(draw, chance, most).map(|by| {
                    delay = delay + by;
                    "packets-held-back"
                }),
            };
            if let Some(effect) = effect {
                self.net.links.rules.count(id, effect);
            }
        }
        let again =
            twice.then(|| delay + uniform(draw.property(DUPLICATE_JITTER), base.latency + base.jitter));
        Fate::Arrives { delay, again }
    }

    /// Whether a rule of the link drops a packet; each that does counts it.
    fn dropped_by_rules(&mut self, link: LinkId, draw: Draw) -> bool {
        let mut dropped = false;
        for place in 0..self.net.links.get(link).rules.len() {
            let (id, rule, draw) = self.rule_at(link, place, draw);
            let drops = match rule {
                Rule::Cut => true,
                Rule::Loss(chance) => draw.property(LOSS).chance(chance),
                Rule::Latency { .. } | Rule::Duplicate(_) | Rule::Reorder { .. } => false,
            };
            if drops {
                dropped = true;
                self.net.links.rules.count(id, "packets-dropped");
            }
        }
        dropped
    }

    /// The rule at a place of a link, with its own part of a packet's draw.
    fn rule_at(&self, link: LinkId, place: usize, draw: Draw) -> (RuleId, Rule, Draw) {
        let id = self.net.links.get(link).rules[place];
        let active = self.net.links.rules.get(id);
        (id, active.rule, draw.property(active.identity.0))
    }
}
