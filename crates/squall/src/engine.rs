//! The seam between the nemesis and what runs the nodes.

pub mod capability;
mod cluster;
mod faults;
#[cfg(any(feature = "turmoil", madsim))]
mod foreign;
#[cfg(madsim)]
mod madsim;
mod native;
#[cfg(all(feature = "turmoil", not(madsim)))]
mod turmoil;

use squall_history::{Body, DiskFault, Identity, Injection, NodeName, NodeTrouble, Plan, Ppm, Seed, SimTime};
use squall_sim::{DiskRuleId, Effects, Ended, Journaling, Ran, Rule, RuleId, Sim};

pub(crate) use cluster::Cluster;
pub(crate) use faults::rule;
#[cfg(any(feature = "turmoil", madsim))]
use foreign::Foreign;
use native::Native;

use crate::registry::{Instance, Kind};

/// A fault of running nodes that is in force.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct NodeFaultId(pub(crate) u32);

/// What a hook did to a node that passed its point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Strike {
    /// Of which fault.
    pub(crate) fault: NodeFaultId,
    /// Where.
    pub(crate) at: Injection,
    /// Whether the node is down now.
    pub(crate) crashed: Crashed,
}

/// Whether a strike took a node down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Crashed {
    /// It goes on.
    No,
    /// It is down, and whoever crashed it starts it again.
    Yes,
}

/// What can be done to running nodes and their links. What is written out here is what the simulator does
/// with its own tasks and network; an engine that has others says how these follow. What it cannot do is in
/// the table of `capability`: such a fault is refused before it gets here.
pub(crate) trait Engine {
    /// The machines.
    fn cluster(&self) -> &Cluster;
    /// The machines, to do something to.
    fn cluster_mut(&mut self) -> &mut Cluster;
    /// Runs to `limit`, or until there is something to tell.
    fn run_until(&mut self, limit: SimTime) -> Ran;
    /// Starts the next incarnation of a node that is down.
    fn start(&mut self, node: &NodeName);
    /// Ends the run.
    fn end(self: Box<Self>) -> Ended;

    /// The simulator that has the machines.
    fn sim(&mut self) -> &mut Sim {
        &mut self.cluster_mut().sim
    }

    /// Adds what the harness itself does to the history.
    fn record(&mut self, node: Option<&NodeName>, body: Body) {
        self.sim().record(node, body);
    }

    /// Whether a node's software runs.
    fn is_up(&self, node: &NodeName) -> bool {
        self.cluster().sim.is_up(node)
    }

    /// Whether a node's software waits for its disks.
    fn has_io_in_flight(&self, node: &NodeName) -> bool {
        self.cluster().sim.has_io_in_flight(node)
    }

    /// Kills a node's process.
    fn kill(&mut self, node: &NodeName) -> Effects {
        self.sim().kill(node)
    }

    /// Cuts a node's power.
    fn power_loss(&mut self, node: &NodeName) -> Effects {
        self.sim().power_loss(node)
    }

    /// Makes a node's process stand still.
    fn pause(&mut self, node: &NodeName) {
        self.sim().pause(node);
    }

    /// Lets it go on.
    fn resume(&mut self, node: &NodeName) -> Effects {
        self.sim().resume(node)
    }

    /// What a node that stands still has missed so far.
    fn missed(&self, node: &NodeName) -> Effects {
        self.cluster().sim.missed(node)
    }

    /// Asks a node's software to stop. Once it returns the node is down; killed later, whatever is
    /// left, it says how the stop went.
    fn ask_to_stop(&mut self, node: &NodeName) -> Effects {
        self.sim().ask_to_stop(node)
    }

    /// Kills a node's process if there is one, and empties its disks. The node is down then.
    fn wipe(&mut self, node: &NodeName) -> Effects {
        self.sim().wipe(node)
    }

    /// Lays a fault that takes time on directed links. A partition is one that cuts them.
    fn add_link_rule(
        &mut self,
        identity: Identity,
        rule: Rule,
        correlation: Ppm,
        links: &[(NodeName, NodeName)],
    ) -> RuleId {
        let id = self.sim().add_rule(identity, rule, links);
        if !correlation.is_zero() {
            self.sim().correlate(id, correlation);
        }
        id
    }

    /// Takes a cut or a fault off again.
    fn remove_rule(&mut self, rule: RuleId) -> Effects {
        self.sim().remove_rule(rule)
    }

    /// Resets the connections whose packets take these directed links.
    fn reset(&mut self, links: &[(NodeName, NodeName)]) -> Effects {
        self.sim().reset(links)
    }

    /// Lays a fault on running nodes; what of it is an instant is done at once.
    fn add_node_fault(
        &mut self,
        identity: Identity,
        trouble: &NodeTrouble,
        nodes: &[NodeName],
    ) -> NodeFaultId {
        let cluster = self.cluster_mut();
        cluster.node_faults.add(&mut cluster.sim, identity, trouble, nodes)
    }

    /// Takes it off again.
    fn remove_node_fault(&mut self, fault: NodeFaultId) -> Effects {
        let cluster = self.cluster_mut();
        cluster.node_faults.remove(&mut cluster.sim, fault)
    }

    /// What hooks did since the last call, in order.
    fn take_strikes(&mut self) -> Vec<Strike> {
        let cluster = self.cluster_mut();
        cluster.node_faults.strikes(&mut cluster.sim)
    }

    /// Lays a fault on the disks of nodes, whatever its own target says.
    fn add_disk_rule(&mut self, identity: Identity, fault: &DiskFault, nodes: &[NodeName]) -> DiskRuleId {
        self.sim().add_disk_rule(identity, &fault.trouble, fault.path.as_deref(), nodes)
    }

    /// Takes it off again.
    fn remove_disk_rule(&mut self, rule: DiskRuleId) -> Effects {
        self.sim().remove_disk_rule(rule)
    }

    /// Draws come from another seed from now on.
    fn reseed(&mut self, seed: Seed) {
        self.sim().reseed(seed);
    }
}

/// The engine that a plan asks for, with every node about to start.
///
/// # Panics
/// If it is not built: `capability` refuses such plans.
pub(crate) fn make(
    plan: &Plan,
    kind: &dyn Kind,
    instance: Box<dyn Instance>,
    journaling: Journaling,
) -> Box<dyn Engine> {
    match plan.engine.as_str() {
        "native" => Box::new(Native::new(plan, kind, instance, journaling)),
        #[cfg(all(feature = "turmoil", not(madsim)))]
        "turmoil" => {
            let cluster = Cluster::new(plan, kind, instance, journaling);
            Box::new(Foreign::new(plan, cluster, turmoil::Turmoil::new))
        }
        #[cfg(madsim)]
        "madsim" => {
            let cluster = Cluster::new(plan, kind, instance, journaling);
            Box::new(Foreign::new(plan, cluster, madsim::Madsim::new))
        }
        other => unreachable!("`{other}` is not built and was not refused"),
    }
}
