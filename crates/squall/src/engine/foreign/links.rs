//! How each link is, from the plan's profiles and the rules that lie on it: another simulator is told the sum.

use std::collections::{BTreeMap, BTreeSet};

use squall_history::{NetworkProfile, Plan, Ppm, SimDuration};
use squall_sim::{Effects, Rule, RuleId};

/// A directed link, all rules together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LinkState {
    /// Nothing gets through.
    pub(crate) cut: bool,
    /// What is sent waits until it is no longer so.
    pub(crate) held: bool,
    /// Every packet takes so long.
    pub(crate) latency: SimDuration,
    /// And up to so long more.
    pub(crate) jitter: SimDuration,
    /// Chance that a packet is lost.
    pub(crate) loss: Ppm,
}

/// Packets of a directed link so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) sent: u64,
    pub(crate) dropped: u64,
    pub(crate) held: u64,
}

/// A rule on links.
#[derive(Debug)]
struct Laid {
    rule: Rule,
    /// With what had been seen of each when the rule was laid.
    links: BTreeMap<(usize, usize), Seen>,
}

/// All links.
#[derive(Debug)]
pub(super) struct LinkBook {
    base: LinkState,
    own: BTreeMap<(usize, usize), LinkState>,
    rules: BTreeMap<RuleId, Laid>,
    /// Nodes without power.
    dark: BTreeSet<usize>,
}

impl LinkBook {
    pub(super) fn new(plan: &Plan) -> Self {
        let place = |name: &squall_history::NodeName| {
            plan.topology.nodes.iter().position(|node| node.name == *name).expect("links are between nodes")
        };
        let mut own = BTreeMap::new();
        for link in &plan.links {
            for (from, to) in link.pairs() {
                own.insert((place(&from), place(&to)), LinkState::of(&link.profile));
            }
        }
        Self { base: LinkState::of(&plan.network), own, rules: BTreeMap::new(), dark: BTreeSet::new() }
    }

    /// How a link is now.
    pub(super) fn state(&self, from: usize, to: usize) -> LinkState {
        let mut state = self.own.get(&(from, to)).copied().unwrap_or(self.base);
        for laid in self.rules.values().filter(|laid| laid.links.contains_key(&(from, to))) {
            state.add(laid.rule);
        }
        state.cut |= self.dark.contains(&from) || self.dark.contains(&to);
        state
    }

    /// A node has no power: nothing reaches it, nothing leaves it.
    pub(super) fn darken(&mut self, node: usize) {
        self.dark.insert(node);
    }

    /// It has power again; whether it had none.
    pub(super) fn lighten(&mut self, node: usize) -> bool {
        self.dark.remove(&node)
    }

    pub(super) fn lay(
        &mut self,
        id: RuleId,
        rule: Rule,
        links: &[(usize, usize)],
        seen: impl Fn(usize, usize) -> Seen,
    ) {
        // One that tests switched off lies on no link.
        let links = if squall_sim::is_neutral_rule(rule) { &[] } else { links };
        let links = links.iter().map(|(from, to)| ((*from, *to), seen(*from, *to))).collect();
        self.rules.insert(id, Laid { rule, links });
    }

    /// Takes a rule off; on which links it lay. What it did is counted from what was seen meanwhile.
    pub(super) fn remove(
        &mut self,
        id: RuleId,
        effects: &mut Effects,
        seen: impl Fn(usize, usize) -> Seen,
    ) -> Vec<(usize, usize)> {
        let Some(laid) = self.rules.remove(&id) else { return Vec::new() };
        for ((from, to), before) in &laid.links {
            let now = seen(*from, *to);
            let effect = match laid.rule {
                Rule::Cut | Rule::Loss(_) => Some(("packets-dropped", now.dropped - before.dropped)),
                Rule::Hold => Some(("packets-held", now.held - before.held)),
                Rule::Latency { .. } => Some(("packets-delayed", now.sent - before.sent)),
                _ => None,
            };
            if let Some((name, count)) = effect.filter(|(_, count)| *count > 0) {
                effects.add(name, count);
            }
        }
        laid.links.into_keys().collect()
    }
}

impl LinkState {
    fn of(profile: &NetworkProfile) -> Self {
        Self { cut: false, held: false, latency: profile.latency, jitter: profile.jitter, loss: profile.loss }
    }

    fn add(&mut self, rule: Rule) {
        match rule {
            Rule::Cut => self.cut = true,
            Rule::Hold => self.held = true,
            Rule::Latency { latency, jitter, .. } => {
                self.latency = self.latency + latency;
                self.jitter = self.jitter + jitter;
            }
            Rule::Loss(chance) => self.loss = self.loss.max(chance),
            // The machines see to names; the rest is refused before it gets here.
            _ => {}
        }
    }
}
