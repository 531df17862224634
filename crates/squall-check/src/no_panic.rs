//! `no-panic`: the system's software neither panics nor returns an error.
//!
//! It needs no vocabulary, since the engine itself tells of node events, and it judges every run
//! whatever the scenario names. It does not ask whether a node should have exited at all.
//!
//! An error is no violation on a disk that gives cause for one: a program must not go on after its
//! disk failed, since what a failed sync left behind is not known. A panic is, whatever the disk did.
//!
//! Nor is an end that the topology's supervisor of that role answers (`restart`): such a role is made
//! to crash and come back, and the other oracles judge what it leaves behind.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use squall_history::{
    Action, Body, DiskFault, DiskTrouble, Expect, FaultEvent, FaultId, Header, NodeEvent, NodeName, Record,
    RestartOn, Selector, Topology,
};

use crate::truth::DiskDoubt;
use crate::{Findings, Invariant, Oracle};

/// The invariant's name.
pub const NAME: &str = "no-panic";

/// No task of a node panics, and no node's software returns an error without cause. Exercised by
/// every start of a node.
///
/// Cause for an error has an incarnation that ran while a fault made the node's disk answer with
/// errors (`error`, `full`), and every one after its disk broke a promise (`lying-sync`, `corrupt`,
/// `misdirected`).
#[derive(Clone, Debug, Default)]
pub struct NoPanic {
    /// Disks that answer with errors.
    failing: BTreeMap<FaultId, BTreeSet<NodeName>>,
    /// Nodes whose living incarnation met such a disk.
    met: BTreeSet<NodeName>,
    doubt: DiskDoubt,
    /// Which ends of which roles a supervisor answers.
    topology: Topology,
}

impl NoPanic {
    fn hear(&mut self, fault: &FaultEvent) {
        match fault {
            FaultEvent::Applied { id, action: Action::Disk(fault), .. } => {
                let DiskFault { target: Selector::Nodes(nodes), trouble, .. } = fault else { return };
                let nodes = nodes.iter().cloned();
                if matches!(trouble, DiskTrouble::Error { .. } | DiskTrouble::Full) {
                    self.failing.insert(id.clone(), nodes.clone().collect());
                    self.met.extend(nodes);
                }
            }
            FaultEvent::Ended { id } => _ = self.failing.remove(id),
            _ => {}
        }
    }

    fn started(&mut self, node: &NodeName) {
        if !self.failing.values().any(|nodes| nodes.contains(node)) {
            self.met.remove(node);
        }
    }

    fn has_cause(&self, node: &NodeName) -> bool {
        self.met.contains(node) || self.doubt.is_doubtful(node)
    }

    /// Whether this end of a node's software is one that the scenario, or a disk, allows.
    fn is_allowed(&self, node: &NodeName, event: &NodeEvent) -> bool {
        match event {
            NodeEvent::Panicked { .. } => self.topology.restarts(node, RestartOn::Panic),
            NodeEvent::Exited { error: Some(_) } => {
                self.has_cause(node) || self.topology.restarts(node, RestartOn::Exit)
            }
            _ => true,
        }
    }
}

impl Oracle for NoPanic {
    fn name(&self) -> &'static str {
        NAME
    }
}

impl Invariant for NoPanic {
    fn begin(&mut self, header: &Header, _expect: &Expect) {
        self.topology.clone_from(&header.topology);
    }

    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let event = match &record.body {
            Body::Node(event) => event,
            Body::Fault(fault) => {
                self.doubt.observe(record);
                return self.hear(fault);
            }
            _ => return,
        };
        let name = record.node.as_ref().map_or("a node", |node| node.as_str());
        let found = match event {
            NodeEvent::Started => {
                record.node.iter().for_each(|node| self.started(node));
                return findings.exercised();
            }
            event if record.node.iter().any(|node| self.is_allowed(node, event)) => return,
            NodeEvent::Panicked { message, location } => findings
                .violated(record.at, format!("{name} panicked: {}", first_line(message)))
                .evidence(json!({ "message": message, "location": location, "boot": record.boot })),
            NodeEvent::Exited { error: Some(error) } => findings
                .violated(record.at, format!("{name} ended with an error: {}", first_line(error)))
                .evidence(json!({ "error": error, "boot": record.boot })),
            _ => return,
        };
        if let Some(node) = &record.node {
            found.node(node);
        }
    }
}

/// A violation's message is one sentence; the whole text is in the evidence.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}
