//! What every engine has: the machines of a plan's nodes, on the simulator, and the software to start on
//! them.
//!
//! Disks, clocks, records, draws, and what a system offers (hooks, `buggify!`, the word to stop) are the
//! simulator's on each engine. Whose the tasks and the network are is where engines differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use squall_history::{
    Boot, Draws, Identity, LinkProfile, NetworkProfile, NodeName, Plan, Record, Seed, SimDuration, SimTime,
    Topology,
};
use squall_sim::{Ended, Journaling, Rule, Sim, SimConfig, SimLimits, Software};

use super::faults::NodeFaults;
use crate::client::Recorder;
use crate::registry::{Instance, Kind};
use crate::{ClientCtx, NodeCtx, NodeFuture, RoleKind};

/// The machines of a system's nodes.
pub(crate) struct Cluster {
    pub(crate) sim: Sim,
    pub(super) node_faults: NodeFaults,
    instance: Box<dyn Instance>,
    topology: Arc<Topology>,
    kinds: BTreeMap<&'static str, RoleKind>,
    recorder: Recorder,
    boots: BTreeMap<NodeName, u32>,
}

impl Cluster {
    /// The system of a plan, with no node started.
    pub(crate) fn new(
        plan: &Plan,
        kind: &dyn Kind,
        instance: Box<dyn Instance>,
        journaling: Journaling,
    ) -> Self {
        let defaults = SimLimits::default();
        let seed = seed_at_start(plan);
        let mut cluster = Self {
            sim: Sim::new(&SimConfig {
                seed,
                topology: &plan.topology,
                network: plan.network,
                disk: plan.disk,
                limits: SimLimits { events: plan.limits.events.unwrap_or(defaults.events), ..defaults },
                journaling,
            }),
            node_faults: NodeFaults::default(),
            instance,
            topology: Arc::new(plan.topology.clone()),
            kinds: kind.roles().into_iter().map(|role| (role.name, role.kind)).collect(),
            recorder: Recorder::new(Draws::new(seed), client_roles(kind)),
            boots: BTreeMap::new(),
        };
        cluster.sim.set_clocks(&plan.clock);
        cluster.lay_links(&plan.links);
        for node in &plan.topology.nodes {
            if let Some(policy) = plan.topology.restart.get(&node.role) {
                cluster.sim.end_process_on(&node.name, &policy.on);
            }
        }
        cluster
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

    /// The nodes, in order.
    #[cfg(any(feature = "turmoil", madsim))]
    pub(super) fn names(&self) -> Vec<NodeName> {
        self.topology.nodes.iter().map(|node| node.name.clone()).collect()
    }

    /// The software of a node's next incarnation.
    pub(super) fn software(&mut self, node: &NodeName) -> Software {
        let spec = self.topology.node(node.as_str()).expect("nodes come from the topology").clone();
        let boot = self.boots.entry(node.clone()).or_default();
        *boot += 1;
        let kind = self.kinds.get(spec.role.as_str()).expect("a plan's roles are the system's");
        let ctx = NodeCtx { node: spec, boot: Boot(*boot), topology: self.topology.clone() };
        as_software(match kind {
            RoleKind::Server => self.instance.node(ctx),
            RoleKind::Client => self.instance.client(ClientCtx::new(ctx, self.recorder.clone())),
        })
    }

    /// Moves the records since the last call behind those in `into`.
    pub(crate) fn move_records(&mut self, into: &mut Vec<Record>) {
        self.sim.move_records(into);
    }

    pub(super) fn end(self) -> Ended {
        self.sim.end()
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
