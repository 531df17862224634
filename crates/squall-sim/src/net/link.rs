//! Directed links between nodes: their profiles, the rules that lie on them, what a hold keeps.

use rustc_hash::FxHashMap;
use squall_history::{Direction, Identity, LinkProfile, NetworkProfile, SimDuration, SimTime};

use super::cells::Cells;
use super::fate::{CLASSES, Class};
use super::rule::{Laid, Rule, RuleId, Rules};
use crate::caller;
use crate::event::Event;
use crate::world::World;

/// A directed link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LinkId {
    pub(super) from: u32,
    pub(super) to: u32,
}

/// What a link has that carries more than datagrams or that a rule was laid on.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Packets sent so far, of each class but datagrams.
    sent: [u64; CLASSES],
    /// When the queue before the profile's bandwidth is empty.
    pub(super) free_at: SimTime,
    pub(super) rules: Vec<Laid>,
    /// What a hold keeps, in the order it was sent.
    kept: Vec<Kept>,
}

/// A packet that a hold keeps: what it will be, and how long it would have taken.
#[derive(Clone, Copy, Debug)]
struct Kept {
    delay: SimDuration,
    event: Event,
}

/// All links.
#[derive(Debug)]
pub(super) struct Links {
    /// The first is that of every link without one of its own.
    profiles: Vec<NetworkProfile>,
    /// Which links have one of their own; looked up, never iterated.
    special: FxHashMap<(u32, u32), u32>,
    /// Datagrams sent so far. Few links carry anything else: those have a state.
    datagrams: Cells,
    /// Where a link's state lies, from 1; zero if it has none.
    places: Cells,
    pub(super) states: Vec<State>,
    /// How often rules lie on links. Mostly none does, and then no link needs to be asked.
    laid: usize,
    pub(super) rules: Rules,
}

impl Links {
    pub(super) fn new(base: NetworkProfile) -> Self {
        Self {
            profiles: vec![base],
            special: FxHashMap::default(),
            datagrams: Cells::default(),
            places: Cells::default(),
            states: Vec::new(),
            laid: 0,
            rules: Rules::default(),
        }
    }

    /// Counts a packet of a class on a link; which one of its class it is, from 1.
    #[inline]
    pub(super) fn count(&mut self, link: LinkId, class: Class) -> u64 {
        if class == Class::Datagram {
            let next = |sent: u32| sent.checked_add(1).expect("a run ends before four billion datagrams");
            return self.datagrams.change(link, next).into();
        }
        let sent = &mut self.state_mut(link).sent[class as usize];
        *sent += 1;
        *sent
    }

    /// Where a link's state lies, if it has one.
    #[inline]
    pub(super) fn place(&self, link: LinkId) -> Option<usize> {
        (self.places.get(link) as usize).checked_sub(1)
    }

    /// A link's state.
    #[inline]
    pub(super) fn state_mut(&mut self, link: LinkId) -> &mut State {
        let place = self.place(link).unwrap_or_else(|| {
            self.states.push(State::default());
            let number = u32::try_from(self.states.len()).expect("bounded by nodes squared");
            self.places.set(link, number);
            self.states.len() - 1
        });
        &mut self.states[place]
    }

    /// The rules that lie on a link.
    #[inline]
    pub(super) fn laid(&self, link: LinkId) -> &[Laid] {
        if self.laid == 0 {
            return &[];
        }
        self.place(link).map_or(&[], |place| &self.states[place].rules)
    }

    /// Lays a rule on a link.
    pub(super) fn lay(&mut self, link: LinkId, laid: Laid) {
        self.laid += 1;
        self.state_mut(link).rules.push(laid);
    }

    /// Takes a rule off a link.
    pub(super) fn lift(&mut self, link: LinkId, id: RuleId) {
        let rules = &mut self.state_mut(link).rules;
        let before = rules.len();
        rules.retain(|other| other.id != id);
        self.laid -= before - rules.len();
    }

    /// How a link behaves before any rule.
    #[inline]
    pub(super) fn profile(&self, link: LinkId) -> &NetworkProfile {
        let own = if self.special.is_empty() { None } else { self.special.get(&(link.from, link.to)) };
        &self.profiles[own.map_or(0, |&place| place as usize)]
    }

    /// The first rule of a link that is of this kind.
    #[inline]
    pub(super) fn rule(&self, id: LinkId, is_meant: impl Fn(Rule) -> bool) -> Option<RuleId> {
        let rules = self.laid(id).iter();
        rules.map(|laid| laid.id).find(|&rule| is_meant(self.rules.get(rule).rule))
    }
}

impl World {
    /// Links with profiles of their own; for a network that nothing crossed yet.
    pub(crate) fn net_profiles(&mut self, profiles: &[LinkProfile]) {
        let links = &mut self.net.links;
        let is_unused = links.datagrams.is_empty() && links.places.is_empty();
        assert!(is_unused, "packets have crossed links of another profile");
        for profile in profiles {
            let place = u32::try_from(links.profiles.len()).expect("profiles are bounded by the plan");
            links.profiles.push(profile.profile);
            let named = |node: &squall_history::NodeName| {
                self.nodes.named(node.as_str()).unwrap_or_else(|| panic!("the topology has no node `{node}`"))
            };
            for from in profile.from.iter().map(named) {
                for to in profile.to.iter().map(named).filter(|&to| to != from) {
                    if matches!(profile.direction, Direction::To | Direction::Both) {
                        links.special.insert((from, to), place);
                    }
                    if matches!(profile.direction, Direction::From | Direction::Both) {
                        links.special.insert((to, from), place);
                    }
                }
            }
        }
    }

    /// What addresses the draws of a link: its ends' names.
    #[inline]
    pub(super) fn link_identity(&self, link: LinkId) -> Identity {
        self.nodes.get(link.from).identity.with(self.nodes.get(link.to).identity.0)
    }

    /// Whether a cut lies on a link; counted as a packet that it dropped.
    pub(super) fn dropped_by_cut(&mut self, link: LinkId) -> bool {
        let cut = self.net.links.rule(link, |rule| rule == Rule::Cut);
        if let Some(rule) = cut {
            self.net.links.rules.count(rule, "packets-dropped");
        }
        cut.is_some()
    }

    /// Whether nothing crosses a link: what acknowledges does not either.
    pub(super) fn is_shut(&self, link: LinkId) -> bool {
        self.net.links.rule(link, Rule::shuts).is_some()
    }

    /// A packet sets out: it is there after `delay`, unless a hold keeps it.
    pub(super) fn carry(&mut self, link: LinkId, delay: SimDuration, event: Event) {
        self.carry_until(link, caller::now() + delay, event);
    }

    /// A packet sets out: it is there at `at`, unless a hold keeps it.
    #[inline]
    pub(super) fn carry_until(&mut self, link: LinkId, at: SimTime, event: Event) {
        if self.net.links.laid(link).is_empty() {
            self.queue.push(at, event);
        } else {
            self.carry_under_rules(link, at, event);
        }
    }

    #[cold]
    fn carry_under_rules(&mut self, link: LinkId, at: SimTime, event: Event) {
        match self.net.links.rule(link, |rule| rule == Rule::Hold) {
            Some(rule) => {
                self.net.links.rules.count(rule, "packets-held");
                let delay = at - caller::now();
                self.net.links.state_mut(link).kept.push(Kept { delay, event });
            }
            None => self.queue.push(at, event),
        }
    }

    /// What a hold kept sets out in the order it was sent, none before the one ahead of it, unless
    /// another hold still lies on the link.
    pub(super) fn release_kept(&mut self, link: LinkId) {
        if self.net.links.rule(link, |rule| rule == Rule::Hold).is_some() {
            return;
        }
        let kept = std::mem::take(&mut self.net.links.state_mut(link).kept);
        let mut at = caller::now();
        for Kept { delay, event } in kept {
            at = at.max(caller::now() + delay);
            if let Event::Segment { conn, from, .. } = event {
                at = self.pipe_arrives(conn, from, at);
            }
            self.queue.push(at, event);
        }
    }
}
