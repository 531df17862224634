//! The seam between the nemesis and what runs the nodes.

mod native;

use squall_history::{Body, DiskFault, Identity, NodeName, Seed, SimTime};
use squall_sim::{DiskRuleId, Effects, Ran, Rule, RuleId};

pub(crate) use native::Native;

/// What can be done to running nodes and their links. The native engine is the simulator; an engine
/// that cannot do one of these must refuse the scenario before it starts, never ignore it.
pub trait Engine {
    /// Runs to `limit`, or until there is something to tell.
    fn run_until(&mut self, limit: SimTime) -> Ran;
    /// Adds what the harness itself does to the history.
    fn record(&mut self, node: Option<&NodeName>, body: Body);
    /// Whether a node's software runs.
    fn is_up(&self, node: &NodeName) -> bool;
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
    /// Lays a rule on directed links.
    fn add_rule(&mut self, identity: Identity, rule: Rule, links: &[(NodeName, NodeName)]) -> RuleId;
    /// Takes it off again.
    fn remove_rule(&mut self, rule: RuleId) -> Effects;
    /// Lays a fault on the disks of nodes, whatever its own target says.
    fn add_disk_rule(&mut self, identity: Identity, fault: &DiskFault, nodes: &[NodeName]) -> DiskRuleId;
    /// Takes it off again.
    fn remove_disk_rule(&mut self, rule: DiskRuleId) -> Effects;
    /// Draws come from another seed from now on.
    fn reseed(&mut self, seed: Seed);
}
