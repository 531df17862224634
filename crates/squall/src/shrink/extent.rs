//! How large a plan is, in what a reader has to take in.

use squall_history::{Action, HookWhen, NodeTrouble, Plan, SimDuration};

use super::operations;
use crate::RunReply;

/// The size of a plan and of its run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Faults; each passage that a hook struck counts as one.
    pub faults: usize,
    /// Nodes.
    pub nodes: usize,
    /// Operations that clients began; unknown if the run's process died.
    pub operations: Option<u64>,
    /// Length of the run, as the plan has it.
    pub duration: SimDuration,
}

impl Extent {
    /// Of a plan and its recorded run.
    pub(super) fn of(plan: &Plan, reply: &RunReply) -> Self {
        let faults = reply.bound.as_ref().map_or(&plan.faults, |bound| &bound.faults);
        Self {
            faults: faults.iter().map(|fault| strikes(&fault.action)).sum(),
            nodes: plan.topology.nodes.len(),
            operations: operations(reply.history.as_deref()),
            duration: plan.duration,
        }
    }
}

/// How many things a fault does.
fn strikes(action: &Action) -> usize {
    match action {
        Action::Node(fault) => match &fault.trouble {
            NodeTrouble::Hook(hook) => match &hook.when {
                HookWhen::Listed(places) => places.len().max(1),
                HookWhen::Nth(_) | HookWhen::Percent(_) => 1,
            },
            _ => 1,
        },
        _ => 1,
    }
}
