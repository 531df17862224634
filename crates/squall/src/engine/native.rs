//! The native engine: tasks and network are the simulator's too.

use squall_history::{NodeName, Plan, SimTime};
use squall_sim::{Ended, Journaling, Ran};

use super::{Cluster, Engine};
use crate::registry::{Instance, Kind};

/// A system's nodes on the simulator.
pub(crate) struct Native(Cluster);

impl Native {
    /// The system of a plan, with every node about to start.
    pub(crate) fn new(
        plan: &Plan,
        kind: &dyn Kind,
        instance: Box<dyn Instance>,
        journaling: Journaling,
    ) -> Self {
        let mut engine = Self(Cluster::new(plan, kind, instance, journaling));
        for node in &plan.topology.nodes {
            engine.start(&node.name);
        }
        engine
    }
}

impl Engine for Native {
    fn cluster(&self) -> &Cluster {
        &self.0
    }

    fn cluster_mut(&mut self) -> &mut Cluster {
        &mut self.0
    }

    fn run_until(&mut self, limit: SimTime) -> Ran {
        self.0.sim.run_until(limit)
    }

    fn start(&mut self, node: &NodeName) {
        let software = self.0.software(node);
        self.0.sim.start(node, software);
    }

    fn end(self: Box<Self>) -> Ended {
        self.0.end()
    }
}
