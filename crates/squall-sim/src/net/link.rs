//! Directed links between nodes: their profiles, the rules that lie on them, what a hold keeps.

use rustc_hash::FxHashMap;
use squall_history::{Direction, Identity, LinkProfile, NetworkProfile, SimDuration, SimTime};

use super::fate::CLASSES;
use super::rule::{Laid, Rule, RuleId, Rules};
use crate::caller;
use crate::event::Event;
use crate::world::World;

/// A link that a packet ever crossed or a rule was laid on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LinkId(u32);

impl LinkId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) identity: Identity,
    /// Packets sent so far, of each class.
    pub(super) sent: [u64; CLASSES],
    /// Its profile's place among [`Links::profiles`].
    profile: u32,
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

/// All links in use.
#[derive(Debug)]
pub(super) struct Links {
    /// The first is that of every link without one of its own.
    profiles: Vec<NetworkProfile>,
    /// Which links have one of their own, by `from << 32 | to`; looked up, never iterated.
    special: FxHashMap<u64, u32>,
    /// By `from << 32 | to`; looked up, never iterated.
    index: FxHashMap<u64, LinkId>,
    pub(super) links: Vec<Link>,
    pub(super) rules: Rules,
}

const fn pair(from: u32, to: u32) -> u64 {
    (from as u64) << 32 | to as u64
}

impl Links {
    pub(super) fn new(base: NetworkProfile) -> Self {
        Self {
            profiles: vec![base],
            special: FxHashMap::default(),
            index: FxHashMap::default(),
            links: Vec::new(),
            rules: Rules::default(),
        }
    }

    pub(super) fn get(&self, id: LinkId) -> &Link {
        &self.links[id.index()]
    }

    pub(super) fn get_mut(&mut self, id: LinkId) -> &mut Link {
        &mut self.links[id.index()]
    }

    /// How a link behaves before any rule.
    pub(super) fn profile(&self, id: LinkId) -> &NetworkProfile {
        &self.profiles[self.get(id).profile as usize]
    }

    /// Whether no rule lies on a link, as on most.
    #[inline]
    pub(super) fn is_bare(&self, id: LinkId) -> bool {
        self.get(id).rules.is_empty()
    }

    /// The first rule of a link that is of this kind.
    pub(super) fn rule(&self, id: LinkId, is_meant: impl Fn(Rule) -> bool) -> Option<RuleId> {
        let rules = self.get(id).rules.iter();
        rules.map(|laid| laid.id).find(|&rule| is_meant(self.rules.get(rule).rule))
    }
}

impl World {
    /// Links with profiles of their own; for a network that nothing crossed yet.
    pub(crate) fn net_profiles(&mut self, profiles: &[LinkProfile]) {
        let links = &mut self.net.links;
        assert!(links.links.is_empty(), "packets have crossed links of another profile");
        for profile in profiles {
            let place = u32::try_from(links.profiles.len()).expect("profiles are bounded by the plan");
            links.profiles.push(profile.profile);
            let named = |node: &squall_history::NodeName| {
                self.nodes.named(node.as_str()).unwrap_or_else(|| panic!("the topology has no node `{node}`"))
            };
            for from in profile.from.iter().map(named) {
                for to in profile.to.iter().map(named).filter(|&to| to != from) {
                    if matches!(profile.direction, Direction::To | Direction::Both) {
                        links.special.insert(pair(from, to), place);
                    }
                    if matches!(profile.direction, Direction::From | Direction::Both) {
                        links.special.insert(pair(to, from), place);
                    }
                }
            }
        }
    }

    /// The link between two nodes.
    pub(super) fn link(&mut self, from: u32, to: u32) -> LinkId {
        let links = &mut self.net.links;
        let key = pair(from, to);
        if let Some(&id) = links.index.get(&key) {
            return id;
        }
        let id = LinkId(u32::try_from(links.links.len()).expect("bounded by nodes squared"));
        links.links.push(Link {
            from,
            to,
            identity: self.nodes.get(from).identity.with(self.nodes.get(to).identity.0),
            sent: [0; CLASSES],
            profile: links.special.get(&key).copied().unwrap_or(0),
            free_at: SimTime::ZERO,
            rules: Vec::new(),
            kept: Vec::new(),
        });
        links.index.insert(key, id);
        id
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
        if self.net.links.is_bare(link) {
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
                self.net.links.get_mut(link).kept.push(Kept { delay, event });
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
        let kept = std::mem::take(&mut self.net.links.get_mut(link).kept);
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
