//! The native engine: a system on the simulator.

use std::collections::BTreeMap;
use std::sync::Arc;

use squall_history::{
    Body, Boot, DiskFault, Draws, Identity, LinkProfile, LinkTrouble, NetworkProfile, NodeName, NodeTrouble,
    Plan, Record, Seed, SimDuration, SimTime, Topology,
};
use squall_sim::{
    DiskRuleId, Effects, Ended, Journaling, Ran, Rule, RuleId, Sim, SimConfig, SimLimits, Software,
};

use super::faults::{self, NodeFaults};
use super::{Engine, NodeFaultId, Strike};
use crate::client::Recorder;
use crate::registry::{Instance, Kind};
use crate::{ClientCtx, NodeCtx, NodeFuture, RoleKind};

/// A system's nodes on the simulator.
pub(crate) struct Native {
    sim: Sim,
    instance: Box<dyn Instance>,
    topology: Arc<Topology>,
    kinds: BTreeMap<&'static str, RoleKind>,
    recorder: Recorder,
    boots: BTreeMap<NodeName, u32>,
    node_faults: NodeFaults,
}

impl Native {
    /// The system of a plan, with every node about to start.
    pub(crate) fn new(
        plan: &Plan,
        kind: &dyn Kind,
        instance: Box<dyn Instance>,
        journaling: Journaling,
    ) -> Self {
        let defaults = SimLimits::default();
        let seed = seed_at_start(plan);
        let mut engine = Self {
            sim: Sim::new(&SimConfig {
                seed,
                topology: &plan.topology,
                network: plan.network,
                disk: plan.disk,
                limits: SimLimits { events: plan.limits.events.unwrap_or(defaults.events), ..defaults },
                journaling,
            }),
            instance,
            topology: Arc::new(plan.topology.clone()),
            kinds: kind.roles().into_iter().map(|role| (role.name, role.kind)).collect(),
            recorder: Recorder::new(Draws::new(seed), client_roles(kind)),
            boots: BTreeMap::new(),
            node_faults: NodeFaults::default(),
        };
        engine.sim.set_clocks(&plan.clock);
        engine.lay_links(&plan.links);
        for node in &plan.topology.nodes {
            if let Some(policy) = plan.topology.restart.get(&node.role) {
                engine.sim.end_process_on(&node.name, &policy.on);
            }
            engine.start(&node.name);
        }
        engine
    }

    /// Links of their own. A correlated jitter is a rule that stands from the first instant to the last.
    fn lay_links(&mut self, links: &[LinkProfile]) {
        let sticks = |link: &LinkProfile| !link.correlation.is_zero();
        let plain = links.iter().cloned().map(|mut link| {
            if sticks(&link) {
                link.profile.jitter = SimDuration::ZERO;
            }
            link
        });
        self.sim.set_links(&plain.collect::<Vec<_>>());
        for (place, link) in links.iter().enumerate().filter(|(_, link)| sticks(link)) {
            let NetworkProfile { jitter, shape, .. } = link.profile;
            let rule = Rule::Latency { latency: SimDuration::ZERO, jitter, shape };
            let identity = Identity::of("links").with(place as u64);
            let id = self.sim.add_rule(identity, rule, &link.pairs());
            self.sim.correlate(id, link.correlation);
        }
    }

    pub(crate) fn sim(&mut self) -> &mut Sim {
        &mut self.sim
    }

    /// Moves the records since the last call behind those in `into`.
    pub(crate) fn move_records(&mut self, into: &mut Vec<Record>) {
        self.sim.move_records(into);
    }

    pub(crate) fn end(self) -> Ended {
        self.sim.end()
    }
}

impl Engine for Native {
    fn run_until(&mut self, limit: SimTime) -> Ran {
        self.sim.run_until(limit)
    }

    fn record(&mut self, node: Option<&NodeName>, body: Body) {
        self.sim.record(node, body);
    }

    fn is_up(&self, node: &NodeName) -> bool {
        self.sim.is_up(node)
    }

    fn start(&mut self, node: &NodeName) {
        let spec = self.topology.node(node.as_str()).expect("nodes come from the topology").clone();
        let boot = self.boots.entry(node.clone()).or_default();
        *boot += 1;
        let kind = self.kinds.get(spec.role.as_str()).expect("a plan's roles are the system's");
        let ctx = NodeCtx { node: spec, boot: Boot(*boot), topology: self.topology.clone() };
        let software = match kind {
            RoleKind::Server => self.instance.node(ctx),
            RoleKind::Client => self.instance.client(ClientCtx::new(ctx, self.recorder.clone())),
        };
        self.sim.start(node, as_software(software));
    }

    fn has_io_in_flight(&self, node: &NodeName) -> bool {
        self.sim.has_io_in_flight(node)
    }

    fn kill(&mut self, node: &NodeName) -> Effects {
        self.sim.kill(node)
    }

    fn power_loss(&mut self, node: &NodeName) -> Effects {
        self.sim.power_loss(node)
    }

    fn pause(&mut self, node: &NodeName) {
        self.sim.pause(node);
    }

    fn resume(&mut self, node: &NodeName) -> Effects {
        self.sim.resume(node)
    }

    fn missed(&self, node: &NodeName) -> Effects {
        self.sim.missed(node)
    }

    fn ask_to_stop(&mut self, node: &NodeName) -> Effects {
        self.sim.ask_to_stop(node)
    }

    fn wipe(&mut self, node: &NodeName) -> Effects {
        self.sim.wipe(node)
    }

    fn cut(&mut self, identity: Identity, links: &[(NodeName, NodeName)]) -> RuleId {
        self.sim.add_rule(identity, Rule::Cut, links)
    }

    fn add_link_fault(
        &mut self,
        identity: Identity,
        trouble: &LinkTrouble,
        links: &[(NodeName, NodeName)],
    ) -> RuleId {
        let (rule, correlation) = faults::rule(trouble);
        let id = self.sim.add_rule(identity, rule, links);
        if !correlation.is_zero() {
            self.sim.correlate(id, correlation);
        }
        id
    }

    fn remove_rule(&mut self, rule: RuleId) -> Effects {
        self.sim.remove_rule(rule)
    }

    fn reset(&mut self, links: &[(NodeName, NodeName)]) -> Effects {
        self.sim.reset(links)
    }

    fn add_node_fault(
        &mut self,
        identity: Identity,
        trouble: &NodeTrouble,
        nodes: &[NodeName],
    ) -> NodeFaultId {
        self.node_faults.add(&mut self.sim, identity, trouble, nodes)
    }

    fn remove_node_fault(&mut self, fault: NodeFaultId) -> Effects {
        self.node_faults.remove(&mut self.sim, fault)
    }

    fn take_strikes(&mut self) -> Vec<Strike> {
        self.node_faults.strikes(&mut self.sim)
    }

    fn add_disk_rule(&mut self, identity: Identity, fault: &DiskFault, nodes: &[NodeName]) -> DiskRuleId {
        self.sim.add_disk_rule(identity, &fault.trouble, fault.path.as_deref(), nodes)
    }

    fn remove_disk_rule(&mut self, rule: DiskRuleId) -> Effects {
        self.sim.remove_disk_rule(rule)
    }

    fn reseed(&mut self, seed: Seed) {
        self.sim.reseed(seed);
    }
}

/// What draws come from before anything happens: clocks and first turns are drawn then.
fn seed_at_start(plan: &Plan) -> Seed {
    let at_start = plan.reseed.iter().rev().find(|reseed| reseed.at == SimTime::ZERO);
    at_start.map_or(plan.seed, |reseed| reseed.seed)
}

fn client_roles(kind: &dyn Kind) -> Vec<&'static str> {
    let clients = kind.roles().into_iter().filter(|role| role.kind == RoleKind::Client);
    clients.map(|role| role.name).collect()
}

fn as_software(software: NodeFuture) -> Software {
    Box::pin(async move {
        software.await.map_err(|error| {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        })
    })
}
