//! What the nemesis does with a plan: whom it chooses, what it refuses, when it ends things.
//!
//! Whether a fault does what it says to sockets and files is shown by `partition_trail.rs` and by
//! the tests of `squall-io`.

mod library;

#[path = "nemesis/budget.rs"]
mod budget;
#[path = "nemesis/choice.rs"]
mod choice;
#[path = "nemesis/core.rs"]
mod core;
#[path = "nemesis/shapes.rs"]
mod shapes;
#[path = "nemesis/steps.rs"]
mod steps;
#[path = "nemesis/supervisors.rs"]
mod supervisors;
#[path = "nemesis/times.rs"]
mod times;

use library::{Recorded, planned, recorded};
use squall::Plan;
use squall::history::{Action, FaultEvent, FaultId, NodeEvent, NodeName, Selector};

/// Ten seconds of `probe` with these fault entries.
fn plan(faults: &str, seed: u64) -> Plan {
    let text = format!(
        "
system: {{ name: probe, config: {{ leaders: [{{ node: server-2, at: 1s }}, {{ node: server-4, at: 3s }}] }} }}
duration: 10s
faults:
{faults}
expect: {{ recovery: {{ within: 1s }} }}
"
    );
    planned(&text, seed)
}

/// The same, run.
fn run(faults: &str, seed: u64) -> Recorded {
    recorded(&plan(faults, seed))
}

/// The names a fault's literal node action has; none for a fault that was not applied.
fn chosen(run: &Recorded, fault: &str) -> Vec<String> {
    let fault = FaultId(fault.into());
    let nodes = run.faults().into_iter().find_map(|(_, event)| match event {
        FaultEvent::Applied { id, action, .. } if id == fault => match action {
            Action::Kill(Selector::Nodes(nodes))
            | Action::PowerLoss(Selector::Nodes(nodes))
            | Action::Pause(Selector::Nodes(nodes)) => Some(nodes),
            other => panic!("not a literal node action: {other:?}"),
        },
        _ => None,
    });
    nodes.unwrap_or_default().iter().map(NodeName::to_string).collect()
}

/// When, in milliseconds, something happened to a node.
fn life(run: &Recorded, node: &str, event: &NodeEvent) -> Vec<u64> {
    let own = run.records.iter().filter(|record| {
        record.node.as_ref().is_some_and(|name| name.as_str() == node)
            && record.body == squall::history::Body::Node(event.clone())
    });
    own.map(|record| record.at.0 / 1_000_000).collect()
}

/// Why a fault was not applied, if it was not.
fn refused(run: &Recorded, fault: &str) -> Option<String> {
    run.faults().into_iter().find_map(|(_, event)| match event {
        FaultEvent::NotApplied { id, why } if &*id.0 == fault => Some(why),
        _ => None,
    })
}
