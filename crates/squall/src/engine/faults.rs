//! Faults as the plan tells them, in the simulator's own words.

use std::collections::BTreeMap;

use squall_history::{HookAct, HookWhen, Identity, LinkTrouble, NodeName, NodeTrouble, Ppm};
use squall_sim::{BuggifyId, BuggifySettings, Effects, HookId, HookRule, NodeRule, NodeRuleId, Rule, Sim};

use super::{Crashed, NodeFaultId, Strike};

/// The rule for a fault of links that takes time, and how much a packet takes after the one before.
pub(crate) fn rule(trouble: &LinkTrouble) -> (Rule, Ppm) {
    match *trouble {
        LinkTrouble::Latency { latency, jitter, shape, correlation } => {
            (Rule::Latency { latency, jitter, shape }, correlation)
        }
        LinkTrouble::Loss(chance) => (Rule::Loss(chance.percent), chance.correlation),
        LinkTrouble::Duplicate(chance) => (Rule::Duplicate(chance.percent), chance.correlation),
        LinkTrouble::Reorder { chance, delay } => {
            (Rule::Reorder { chance: chance.percent, delay }, chance.correlation)
        }
        LinkTrouble::Corrupt(chance) => (Rule::Corrupt(chance.percent), chance.correlation),
        LinkTrouble::Bandwidth(bandwidth) => (Rule::Bandwidth(bandwidth), Ppm::ZERO),
        LinkTrouble::Hold => (Rule::Hold, Ppm::ZERO),
        LinkTrouble::Refuse => (Rule::Refuse, Ppm::ZERO),
        LinkTrouble::Dns(trouble) => (Rule::Dns(trouble), Ppm::ZERO),
        LinkTrouble::Reset => unreachable!("an instant is no rule"),
    }
}

/// What the simulator calls a fault of nodes.
#[derive(Clone, Copy, Debug)]
enum Held {
    Rule(NodeRuleId),
    Buggify(BuggifyId),
    Hook(HookId),
}

/// Faults of nodes in force.
#[derive(Debug, Default)]
pub(super) struct NodeFaults {
    held: BTreeMap<NodeFaultId, Held>,
    laid: u32,
    /// Which fault a hook belongs to; kept, since it may strike in the instant in which it ends.
    hooks: BTreeMap<HookId, NodeFaultId>,
}

impl NodeFaults {
    pub(super) fn add(
        &mut self,
        sim: &mut Sim,
        identity: Identity,
        trouble: &NodeTrouble,
        nodes: &[NodeName],
    ) -> NodeFaultId {
        let id = NodeFaultId(self.laid);
        self.laid += 1;
        let held = match trouble {
            NodeTrouble::Slow { factor } => {
                Held::Rule(sim.add_node_rule(NodeRule::Slow { factor: *factor }, nodes))
            }
            NodeTrouble::Clock(change) => Held::Rule(sim.add_node_rule(NodeRule::Clock(*change), nodes)),
            NodeTrouble::Buggify(buggify) => {
                let settings = BuggifySettings {
                    sites: buggify.sites.clone(),
                    enable: buggify.enable,
                    fire: buggify.fire,
                };
                Held::Buggify(sim.buggify(identity, &settings, nodes))
            }
            NodeTrouble::Hook(hook) => {
                let act = match hook.act {
                    HookAct::Kill { .. } => squall_sim::HookAct::Crash,
                    HookAct::PowerLoss { .. } => squall_sim::HookAct::PowerLoss,
                    HookAct::Delay { delay } => squall_sim::HookAct::Delay(delay),
                };
                let when = match &hook.when {
                    HookWhen::Nth(nth) => squall_sim::HookWhen::Nth(*nth),
                    HookWhen::Percent(percent) => squall_sim::HookWhen::Chance(*percent),
                    HookWhen::Listed(places) => squall_sim::HookWhen::Listed(places.clone()),
                };
                let hook = sim.add_hook(identity, &HookRule { point: hook.point.clone(), act, when }, nodes);
                self.hooks.insert(hook, id);
                Held::Hook(hook)
            }
        };
        self.held.insert(id, held);
        id
    }

    pub(super) fn remove(&mut self, sim: &mut Sim, fault: NodeFaultId) -> Effects {
        match self.held.remove(&fault).expect("a fault in force ends once") {
            Held::Rule(rule) => sim.remove_node_rule(rule),
            Held::Buggify(rule) => sim.remove_buggify(rule),
            Held::Hook(hook) => sim.remove_hook(hook),
        }
    }

    pub(super) fn strikes(&self, sim: &mut Sim) -> Vec<Strike> {
        let strike = |injected: squall_sim::Injected| Strike {
            fault: self.hooks[&injected.hook],
            at: injected.at,
            crashed: match injected.act {
                squall_sim::HookAct::Crash | squall_sim::HookAct::PowerLoss => Crashed::Yes,
                squall_sim::HookAct::Delay(_) => Crashed::No,
            },
        };
        sim.take_injected().into_iter().map(strike).collect()
    }
}
