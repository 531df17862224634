//! Whose disks have broken their promises or were emptied, read from `truth.fault` records.

use std::collections::BTreeSet;

use squall_history::{Action, Body, DiskFault, FaultEvent, NodeName, Record, Selector};

/// Nodes that cannot know what their disks hold. What a disk did to its data is not undone when the
/// fault ends.
#[derive(Clone, Debug, Default)]
pub struct DiskDoubt(BTreeSet<NodeName>);

impl DiskDoubt {
    /// Takes the next record of a history.
    pub fn observe(&mut self, record: &Record) {
        let Body::Fault(FaultEvent::Applied { action, .. }) = &record.body else { return };
        let nodes = match action {
            Action::Disk(DiskFault { target: Selector::Nodes(nodes), trouble, .. })
                if trouble.breaks_promises() =>
            {
                nodes
            }
            Action::Wipe(Selector::Nodes(nodes)) => nodes,
            _ => return,
        };
        self.0.extend(nodes.iter().cloned());
    }

    /// Whether a node's disk has ever broken a promise or been emptied.
    pub fn is_doubtful(&self, node: &NodeName) -> bool {
        self.0.contains(node)
    }

    /// All whose disks have.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.0.iter()
    }
}
