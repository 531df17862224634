//! Rules that a harness lays on links, disks and nodes, and takes off again.

use squall_history::{DiskTrouble, Identity, NodeName};

use super::{Sim, index};
use crate::disk::fault::DiskRuleId;
use crate::effects::Effects;
use crate::net::rule::{Rule, RuleId};
use crate::neutral;
use crate::node_rule::{NodeRule, NodeRuleId};
use crate::world;

impl Sim {
    /// Lays a rule on directed links until it is removed. `identity` addresses its draws.
    pub fn add_rule(&mut self, identity: Identity, rule: Rule, links: &[(NodeName, NodeName)]) -> RuleId {
        let links: Vec<(u32, u32)> = neutral::unless_neutral(neutral::keyword(rule), links)
            .iter()
            .map(|(from, to)| (index(from), index(to)))
            .collect();
        world::with(|world| world.net_add_rule(identity, rule, &links))
    }

    /// Removes a rule; what it did.
    pub fn remove_rule(&mut self, rule: RuleId) -> Effects {
        world::with(|world| world.net_remove_rule(rule))
    }

    /// Lays a rule on the disks of nodes until it is removed: on what `path` covers, a glob from the
    /// node's root, or on all. `identity` addresses its draws. Rot is an instant; its rule does
    /// nothing more.
    pub fn add_disk_rule(
        &mut self,
        identity: Identity,
        trouble: &DiskTrouble,
        path: Option<&str>,
        nodes: &[NodeName],
    ) -> DiskRuleId {
        let nodes: Vec<u32> =
            neutral::unless_neutral(&format!("disk {}", trouble.kind()), nodes).iter().map(index).collect();
        world::with(|world| world.disk_add_rule(identity, trouble, path, &nodes))
    }

    /// Removes a rule; what it did.
    pub fn remove_disk_rule(&mut self, rule: DiskRuleId) -> Effects {
        world::with(|world| world.disk_remove_rule(rule))
    }

    /// Lays a rule on nodes until it is removed.
    pub fn add_node_rule(&mut self, rule: NodeRule, nodes: &[NodeName]) -> NodeRuleId {
        let kind = match rule {
            NodeRule::Slow { .. } => "slow",
            NodeRule::Clock(_) => "clock",
        };
        let nodes: Vec<u32> = neutral::unless_neutral(kind, nodes).iter().map(index).collect();
        world::with(|world| world.node_add_rule(rule, &nodes))
    }

    /// Removes a rule; what it did.
    pub fn remove_node_rule(&mut self, rule: NodeRuleId) -> Effects {
        world::with(|world| world.node_remove_rule(rule))
    }
}
