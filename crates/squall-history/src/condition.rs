//! Named conditions over a history, for `sometimes` (and later `wait-for`).
//!
//! A condition is a name that some records make true. Each vocabulary exports its own; a system's
//! custom words are conditions by themselves, as `vocab/name`; so is what it `sometimes!` finds true.

use std::collections::BTreeSet;

use crate::{Assertion, Body, FaultEvent, NodeEvent, NodeName, Op, Phase, Record, vocab::batch, vocab::raft};

/// Every condition that needs no system-specific word, with its meaning.
pub const CONDITIONS: [(&str, &str); 22] = [
    ("leader-elected", "a node became leader"),
    ("leader-changed", "a node became leader that was not the leader before"),
    ("leader-deposed", "a leader stepped down by itself or for a higher term"),
    ("snapshot-installed", "a member took over a snapshot that its leader sent"),
    ("node-killed", "a node's process was killed"),
    ("node-restarted", "a node started again after a stop"),
    ("power-lost", "a node lost power"),
    ("node-paused", "a node stood still"),
    ("node-stopping", "a node was asked to stop"),
    ("node-wiped", "a node lost its disks"),
    ("fault-applied", "a fault took effect"),
    ("fault-observed", "a fault left a trace that was counted: packets dropped, tasks lost, writes torn"),
    ("fault-vetoed", "the fault budget refused a fault"),
    ("op-failed", "a client operation ended in `fail`"),
    ("op-unknown", "a client operation ended in `info`"),
    ("worker-declared-dead", "a worker's lease was taken for expired"),
    ("lease-lost", "a worker's lease ran out by its own clock, and it stopped all work"),
    ("task-reassigned", "a task was given to a worker again"),
    ("output-lost", "the output of a committed task was found to be gone"),
    ("commit-refused", "a commit came too late and was refused"),
    ("dataset-published", "a job published its dataset"),
    ("job-failed", "a job failed"),
];

/// Tells, record by record, which conditions occur.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    leader: Option<NodeName>,
    started: BTreeSet<NodeName>,
    told: batch::FirstTold,
    assigned: BTreeSet<batch::Task>,
}

impl Conditions {
    /// The latest node in true time to become leader, if any.
    pub fn leader(&self) -> Option<&NodeName> {
        self.leader.as_ref()
    }

    /// Takes the next record of a history and passes each condition that it makes true to `occurs`.
    pub fn observe(&mut self, record: &Record, mut occurs: impl FnMut(&str)) {
        match &record.body {
            Body::Raft(raft::Event::BecameLeader { .. }) => {
                occurs("leader-elected");
                if self.leader.is_some() && self.leader != record.node {
                    occurs("leader-changed");
                }
                self.leader.clone_from(&record.node);
            }
            Body::Raft(raft::Event::SteppedDown { .. }) => occurs("leader-deposed"),
            Body::Raft(raft::Event::SnapshotInstalled(_)) => occurs("snapshot-installed"),
            Body::Node(event) => self.observe_node(record, event, occurs),
            Body::Fault(FaultEvent::Applied { .. }) => occurs("fault-applied"),
            Body::Fault(FaultEvent::Observed { effects, .. }) if !effects.is_empty() => {
                occurs("fault-observed");
            }
            Body::Fault(FaultEvent::Vetoed { .. }) => occurs("fault-vetoed"),
            Body::Op(Op { phase: Phase::Fail, .. }) => occurs("op-failed"),
            Body::Op(Op { phase: Phase::Info, .. }) => occurs("op-unknown"),
            Body::Batch(event) => self.observe_batch(record, event, occurs),
            Body::Custom(word) => occurs(&format!("{}/{}", word.vocab, word.name)),
            Body::Assert(Assertion::Reached { name }) => occurs(name),
            Body::Raft(_) | Body::Fault(_) | Body::Op(_) | Body::Disk(_) | Body::Assert(_) => {}
        }
    }

    fn observe_node(&mut self, record: &Record, event: &NodeEvent, mut occurs: impl FnMut(&str)) {
        match event {
            NodeEvent::Started => {
                let node = record.node.clone().expect("the engine names the node of a node event");
                if !self.started.insert(node) {
                    occurs("node-restarted");
                }
            }
            NodeEvent::Killed => occurs("node-killed"),
            NodeEvent::PowerLost => occurs("power-lost"),
            NodeEvent::Paused => occurs("node-paused"),
            NodeEvent::Stopping => occurs("node-stopping"),
            NodeEvent::Wiped => occurs("node-wiped"),
            NodeEvent::Resumed | NodeEvent::Exited { .. } | NodeEvent::Panicked { .. } => {}
        }
    }

    fn observe_batch(&mut self, record: &Record, event: &batch::Event, mut occurs: impl FnMut(&str)) {
        use batch::Event::{Assigned, CommitRefused, JobEnded, NodeDead, OutputLost, Published, Suspended};
        if !self.told.is_news(record, event) {
            return;
        }
        match event {
            NodeDead { .. } => occurs("worker-declared-dead"),
            Suspended { .. } => occurs("lease-lost"),
            Assigned { task, .. } if !self.assigned.insert(*task) => occurs("task-reassigned"),
            OutputLost { .. } => occurs("output-lost"),
            CommitRefused { .. } => occurs("commit-refused"),
            Published { .. } => occurs("dataset-published"),
            JobEnded { outcome: batch::Outcome::Failed, .. } => occurs("job-failed"),
            _ => {}
        }
    }
}
