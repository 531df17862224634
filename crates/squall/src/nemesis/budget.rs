//! The fault budget: what a system promises to survive, and whether a fault would exceed it.

use std::collections::{BTreeMap, BTreeSet};

use squall_history::{NodeName, Topology};

use crate::FaultBudget;

/// Judges whether faults leave enough of each role.
#[derive(Clone, Debug)]
pub struct Budget {
    roles: Vec<RoleBudget>,
}

#[derive(Clone, Debug)]
struct RoleBudget {
    role: String,
    nodes: Vec<NodeName>,
    most: u32,
}

/// What keeps nodes from their work at one moment.
#[derive(Clone, Debug, Default)]
pub struct Unavailable {
    /// Down, standing still, or with a disk that cannot be relied on.
    pub stopped: BTreeSet<NodeName>,
    /// Directed pairs whose packets are lost.
    pub cut: BTreeSet<(NodeName, NodeName)>,
}

impl Budget {
    /// The budget of a system over its nodes.
    pub fn new(tolerates: FaultBudget, topology: &Topology) -> Self {
        let roles = tolerates.unavailable_max.into_iter().map(|(role, most)| {
            let nodes = topology.role(&role).map(|node| node.name.clone()).collect();
            RoleBudget { role, nodes, most }
        });
        Self { roles: roles.collect() }
    }

    /// The roles that are bounded, and how many nodes of each may be unavailable.
    pub fn roles(&self) -> impl Iterator<Item = (&str, u32)> {
        self.roles.iter().map(|role| (role.role.as_str(), role.most))
    }

    /// Which assumption `state` breaks, if one.
    pub fn broken_by(&self, state: &Unavailable) -> Option<String> {
        self.roles.iter().find_map(|role| {
            let out = role.unavailable(state);
            (out > role.most).then(|| {
                format!(
                    "{out} of {} {}s would be unavailable, {} may be",
                    role.nodes.len(),
                    role.role,
                    role.most
                )
            })
        })
    }
}

impl RoleBudget {
    /// Nodes stopped, and the fewest more (found greedily) without which the rest all reach each
    /// other.
    fn unavailable(&self, state: &Unavailable) -> u32 {
        let mut left: Vec<&NodeName> =
            self.nodes.iter().filter(|node| !state.stopped.contains(*node)).collect();
        let mut out = self.nodes.len() - left.len();
        loop {
            let mut cuts: BTreeMap<&NodeName, u32> = BTreeMap::new();
            for (place, &one) in left.iter().enumerate() {
                for &other in &left[place + 1..] {
                    let apart = state.cut.contains(&(one.clone(), other.clone()))
                        || state.cut.contains(&(other.clone(), one.clone()));
                    if apart {
                        *cuts.entry(one).or_default() += 1;
                        *cuts.entry(other).or_default() += 1;
                    }
                }
            }
            let Some((&worst, _)) = cuts.iter().max_by_key(|(_, count)| **count) else { break };
            left.retain(|&node| node != worst);
            out += 1;
        }
        u32::try_from(out).expect("a topology is bounded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stopped: &[&str], cut: &[(&str, &str)], breaks: bool) {
        let topology = Topology::of_roles(&[("server", 5), ("client", 2)]);
        let budget = Budget::new(FaultBudget::quorum(&topology, "server"), &topology);
        let name = |name: &&str| NodeName::from(*name);
        let state = Unavailable {
            stopped: stopped.iter().map(name).collect(),
            cut: cut.iter().map(|(from, to)| (name(from), name(to))).collect(),
        };
        assert_eq!(budget.broken_by(&state).is_some(), breaks, "{state:?}");
    }

    #[test]
    fn a_minority_may_be_unavailable() {
        check(&[], &[], false);
        check(&["server-1", "server-2"], &[], false);
        check(&["server-1", "server-2", "server-3"], &[], true);
        check(&["client-1", "client-2"], &[], false);
    }

    #[test]
    fn cuts_count_once_for_the_node_they_isolate() {
        let isolated = [("server-1", "server-2"), ("server-1", "server-3"), ("server-4", "server-1")];
        check(&["server-5"], &isolated, false);
        check(&["server-5", "server-2"], &isolated, true);
        check(&[], &[("server-1", "server-2"), ("server-3", "server-4")], false);
        check(&["server-5"], &[("server-1", "server-2"), ("server-3", "server-4")], true);
        check(&["server-1", "server-2"], &[("server-1", "server-3"), ("client-1", "server-3")], false);
    }
}
