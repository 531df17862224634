//! Whose disks have broken their promises, read from `truth.fault` records.

use std::collections::BTreeSet;

use squall_history::{Action, Body, DiskFault, FaultEvent, NodeName, Record, Selector};

/// Nodes that cannot know what their disks hold. What a disk did to its data is not undone when the
/// fault ends.
#[derive(Clone, Debug, Default)]
pub struct DiskDoubt(BTreeSet<NodeName>);

impl DiskDoubt {
    /// Takes the next record of a history.
    pub fn observe(&mut self, record: &Record) {
        let Body::Fault(FaultEvent::Applied { action: Action::Disk(fault), .. }) = &record.body else {
            return;
        };
        let DiskFault { target: Selector::Nodes(nodes), trouble, .. } = fault else { return };
        if trouble.breaks_promises() {
            self.0.extend(nodes.iter().cloned());
        }
    }

    /// Whether a node's disk has ever lied, rotted or put writes elsewhere.
    pub fn is_doubtful(&self, node: &NodeName) -> bool {
        self.0.contains(node)
    }

    /// All whose disks have.
    pub fn nodes(&self) -> impl Iterator<Item = &NodeName> {
        self.0.iter()
    }
}
