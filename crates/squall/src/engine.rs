//! The seam between the nemesis and what runs the nodes.

mod faults;
mod native;

use squall_history::{
    Body, DiskFault, Identity, Injection, LinkTrouble, NodeName, NodeTrouble, Seed, SimTime,
};
use squall_sim::{DiskRuleId, Effects, Ran, RuleId};

pub(crate) use native::Native;

/// A fault of running nodes that is in force.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NodeFaultId(pub(crate) u32);

/// What a hook did to a node that passed its point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Strike {
    /// Of which fault.
    pub fault: NodeFaultId,
    /// Where.
    pub at: Injection,
    /// Whether the node is down now.
    pub crashed: Crashed,
}

/// Whether a strike took a node down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crashed {
    /// It goes on.
    No,
    /// It is down, and whoever crashed it starts it again.
    Yes,
}

/// What can be done to running nodes and their links. The native engine is the simulator; an engine
/// that cannot do one of these must refuse the scenario before it starts, never ignore it.
pub trait Engine {
    /// Runs to `limit`, or until there is something to tell.
    fn run_until(&mut self, limit: SimTime) -> Ran;
    /// Adds what the harness itself does to the history.
    fn record(&mut self, node: Option<&NodeName>, body: Body);
    /// Whether a node's software runs.
    fn is_up(&self, node: &NodeName) -> bool;
    /// Whether a node's software waits for its disks.
    fn has_io_in_flight(&self, node: &NodeName) -> bool;
    /// Starts the next incarnation of a node that is down.
    fn start(&mut self, node: &NodeName);
    /// Kills a node's process.
    fn kill(&mut self, node: &NodeName) -> Effects;
    /// Cuts a node's power.
    fn power_loss(&mut self, node: &NodeName) -> Effects;
    /// Makes a node's process stand still.
    fn pause(&mut self, node: &NodeName);
    /// Lets it go on.
    fn resume(&mut self, node: &NodeName) -> Effects;
    /// What a node that stands still has missed so far.
    fn missed(&self, node: &NodeName) -> Effects;
    /// Asks a node's software to stop. Once it returns the node is down; killed later, whatever is
    /// left, it says how the stop went.
    fn ask_to_stop(&mut self, node: &NodeName) -> Effects;
    /// Kills a node's process if there is one, and empties its disks. The node is down then.
    fn wipe(&mut self, node: &NodeName) -> Effects;
    /// Cuts directed links.
    fn cut(&mut self, identity: Identity, links: &[(NodeName, NodeName)]) -> RuleId;
    /// Lays a fault that takes time on directed links.
    fn add_link_fault(
        &mut self,
        identity: Identity,
        trouble: &LinkTrouble,
        links: &[(NodeName, NodeName)],
    ) -> RuleId;
    /// Takes a cut or a fault off again.
    fn remove_rule(&mut self, rule: RuleId) -> Effects;
    /// Resets the connections whose packets take these directed links.
    fn reset(&mut self, links: &[(NodeName, NodeName)]) -> Effects;
    /// Lays a fault on running nodes; what of it is an instant is done at once.
    fn add_node_fault(
        &mut self,
        identity: Identity,
        trouble: &NodeTrouble,
        nodes: &[NodeName],
    ) -> NodeFaultId;
    /// Takes it off again.
    fn remove_node_fault(&mut self, fault: NodeFaultId) -> Effects;
    /// What hooks did since the last call, in order.
    fn take_strikes(&mut self) -> Vec<Strike>;
    /// Lays a fault on the disks of nodes, whatever its own target says.
    fn add_disk_rule(&mut self, identity: Identity, fault: &DiskFault, nodes: &[NodeName]) -> DiskRuleId;
    /// Takes it off again.
    fn remove_disk_rule(&mut self, rule: DiskRuleId) -> Effects;
    /// Draws come from another seed from now on.
    fn reseed(&mut self, seed: Seed);
}
