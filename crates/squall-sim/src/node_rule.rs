//! Rules that a harness lays on nodes: a slow processor, clocks that are off.

use squall_history::ClockChange;

use crate::effects::Effects;
use crate::world::World;

/// What is wrong with a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeRule {
    /// Its tasks share one processor, and each of their turns takes
    /// [`POLL_COST`](crate::POLL_COST) times this factor. Of several, the greatest holds.
    Slow {
        /// From 1.
        factor: u32,
    },
    /// Its clocks are off.
    Clock(ClockChange),
}

/// A rule in force.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NodeRuleId(u32);

#[derive(Debug)]
struct ActiveRule {
    rule: NodeRule,
    nodes: Vec<u32>,
}

/// All rules ever laid; one that was removed is an empty slot, so ids stay.
#[derive(Debug, Default)]
pub(crate) struct NodeRules(Vec<Option<ActiveRule>>);

// What happens, for the digest.
const LAID: u64 = 0x20;
const REMOVED: u64 = 0x21;

impl World {
    pub(crate) fn node_add_rule(&mut self, rule: NodeRule, nodes: &[u32]) -> NodeRuleId {
        let place = u32::try_from(self.node_rules.0.len()).expect("rules are bounded by the plan");
        let id = NodeRuleId(place);
        let mut nodes = nodes.to_vec();
        nodes.sort_unstable();
        nodes.dedup();
        for &node in &nodes {
            self.trace.fold(LAID);
            self.trace.fold(self.nodes.get(node).identity.0);
            match rule {
                NodeRule::Slow { factor } => self.cpu_slow(id, factor, node),
                NodeRule::Clock(change) => self.clock_change(id, change, node),
            }
        }
        self.node_rules.0.push(Some(ActiveRule { rule, nodes }));
        id
    }

    pub(crate) fn node_remove_rule(&mut self, id: NodeRuleId) -> Effects {
        let removed = self.node_rules.0[id.0 as usize].take().expect("a rule is removed once");
        let mut effects = Effects::default();
        for &node in &removed.nodes {
            self.trace.fold(REMOVED);
            self.trace.fold(self.nodes.get(node).identity.0);
            match removed.rule {
                NodeRule::Slow { .. } => effects.add("polls-delayed", self.cpu_slow_ends(id, node)),
                NodeRule::Clock(_) => {
                    let seen = self.clock_change_ends(id, node);
                    effects.add("readings-skewed", seen.readings);
                    effects.add("timers-shifted", seen.timers);
                }
            }
        }
        effects
    }
}
