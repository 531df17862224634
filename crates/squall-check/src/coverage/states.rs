//! The states that features are made of: what a member of a group, a task, a job or a worker was last
//! known to be, from its own words and from the engine's.

use std::collections::{BTreeMap, BTreeSet};

use squall_history::vocab::batch::{self, Cause, Outcome, Task};
use squall_history::vocab::raft;
use squall_history::{Action, NodeEvent, NodeName, Partition, Record, Selector, Topology};

/// Nothing is known yet.
const NEW: &str = "new";

/// What is known of a cluster so far.
pub(super) struct States {
    nodes: BTreeMap<NodeName, Node>,
    tasks: BTreeMap<Task, &'static str>,
    jobs: BTreeMap<u64, &'static str>,
    workers: BTreeMap<NodeName, &'static str>,
    /// Attempts under way, and where.
    attempts: BTreeMap<u64, NodeName>,
}

struct Node {
    role: String,
    /// Its latest word that tells of a state of its own.
    word: &'static str,
    leads: bool,
    life: Option<&'static str>,
}

impl States {
    pub(super) fn new(topology: &Topology) -> Self {
        let node = |role: &String| Node { role: role.clone(), word: NEW, leads: false, life: None };
        Self {
            nodes: topology.nodes.iter().map(|it| (it.name.clone(), node(&it.role))).collect(),
            tasks: BTreeMap::new(),
            jobs: BTreeMap::new(),
            workers: BTreeMap::new(),
            attempts: BTreeMap::new(),
        }
    }

    /// A member's step from one state to the next, if the word tells of one.
    pub(super) fn raft(
        &mut self,
        record: &Record,
        event: &raft::Event,
    ) -> Option<(&'static str, &'static str)> {
        use raft::Event;
        let word = match event {
            Event::BecameLeader { .. } => "leads",
            Event::SteppedDown { .. } => "steps down",
            Event::Voted { .. } => "votes",
            Event::Truncated { .. } => "cuts its log",
            Event::SnapshotTaken(_) => "takes a snapshot",
            Event::SnapshotInstalled(_) => "installs a snapshot",
            Event::SnapshotRestored { .. } => "restores a snapshot",
            Event::Recovered { .. } => "recovers",
            // What every entry of the log brings about is no state.
            _ => return None,
        };
        let node = self.nodes.get_mut(record.node.as_ref()?)?;
        match word {
            "leads" => node.leads = true,
            "steps down" => node.leads = false,
            _ => {}
        }
        Some((std::mem::replace(&mut node.word, word), word))
    }

    /// What a node's death or return does to its state, if it has told of one.
    pub(super) fn life(
        &mut self,
        record: &Record,
        event: &NodeEvent,
    ) -> Option<(&'static str, &'static str)> {
        let node = self.nodes.get_mut(record.node.as_ref()?)?;
        let (word, life) = match event {
            NodeEvent::Started => ("starts", None),
            NodeEvent::Killed => ("is killed", Some("down")),
            NodeEvent::PowerLost => ("loses power", Some("down")),
            NodeEvent::Paused => ("stands still", Some("paused")),
            NodeEvent::Resumed => ("goes on", None),
            NodeEvent::Exited { .. } => ("exits", Some("down")),
            NodeEvent::Panicked { .. } => ("panics", node.life),
            NodeEvent::Stopping => ("is asked to stop", Some("stopping")),
            NodeEvent::Wiped => ("loses its disks", Some("down")),
        };
        node.life = life;
        if matches!(node.life, Some("down")) {
            node.leads = false;
        }
        // Whoever speaks no such words has no such states.
        let speaks = node.word != NEW;
        speaks.then(|| (std::mem::replace(&mut node.word, word), word))
    }

    /// A step of a task, a job or a worker.
    pub(super) fn batch(
        &mut self,
        event: &batch::Event,
    ) -> Option<(&'static str, &'static str, &'static str)> {
        use batch::Event;
        let (task, word) = match event {
            Event::Assigned { task, attempt, node, .. } => {
                self.attempts.insert(*attempt, node.clone());
                (task, "assigned")
            }
            Event::AttemptEnded { task, attempt, cause, .. } => {
                self.attempts.remove(attempt);
                (task, cause_word(cause))
            }
            Event::TaskCommitted { task, attempt, .. } => {
                self.attempts.remove(attempt);
                (task, "committed")
            }
            Event::OutputLost { task, .. } => (task, "output lost"),
            Event::AttemptFailed { task, .. } => (task, "failing"),
            Event::AttemptStarted { task, .. } => (task, "begun"),
            Event::CommitRefused { .. } => return Some(("commit", NEW, "refused")),
            Event::OfficeTaken { .. } => return Some(("office", NEW, "taken")),
            Event::Registered { node, .. } => return Some(self.worker(node, "registered")),
            Event::NodeDead { node, .. } => return Some(self.worker(node, "dead")),
            Event::Suspended { .. } => return Some(("worker", NEW, "suspended")),
            Event::Submitted { job, .. } => return Some(self.job(*job, "submitted")),
            Event::Published { job, .. } => return Some(self.job(*job, "published")),
            Event::JobEnded { job, outcome: Outcome::Succeeded, .. } => {
                return Some(self.job(*job, "succeeded"));
            }
            Event::JobEnded { job, outcome: Outcome::Failed, .. } => return Some(self.job(*job, "failed")),
        };
        let from = self.tasks.insert(*task, word).unwrap_or(NEW);
        Some(("task", from, word))
    }

    fn worker(&mut self, node: &NodeName, word: &'static str) -> (&'static str, &'static str, &'static str) {
        ("worker", self.workers.insert(node.clone(), word).unwrap_or(NEW), word)
    }

    fn job(&mut self, job: u64, word: &'static str) -> (&'static str, &'static str, &'static str) {
        ("job", self.jobs.insert(job, word).unwrap_or(NEW), word)
    }

    /// The states of the nodes that a fault is laid on, each once.
    pub(super) fn met_by(&self, action: &Action) -> BTreeSet<String> {
        let selectors: Vec<&Selector> = match action {
            Action::Kill(target) | Action::PowerLoss(target) | Action::Pause(target) => vec![target],
            Action::Wipe(target) | Action::Stop { target, .. } => vec![target],
            Action::Partition(Partition::Cuts(cuts)) => cuts.iter().map(|cut| &cut.from).collect(),
            Action::Link(fault) => vec![&fault.link.from],
            Action::Node(fault) => vec![&fault.target],
            Action::Disk(fault) => vec![&fault.target],
            Action::Partition(Partition::Shape(_)) | Action::Core(_) => Vec::new(),
        };
        let literal = selectors.into_iter().filter_map(|selector| match selector {
            Selector::Nodes(nodes) => Some(nodes),
            Selector::Leader | Selector::Where(_) => None,
        });
        literal.flatten().filter_map(|name| Some(self.state(name, self.nodes.get(name)?))).collect()
    }

    fn state(&self, name: &NodeName, node: &Node) -> String {
        let state = match node.life {
            Some(life) => life,
            None if node.leads => "leading",
            None if self.attempts.values().any(|busy| busy == name) => "at work",
            None if node.word == NEW => "idle",
            None => node.word,
        };
        format!("{} {state}", node.role)
    }
}

const fn cause_word(cause: &Cause) -> &'static str {
    match cause {
        Cause::NodeLost => "its worker lost",
        Cause::Failed => "failed",
        Cause::FetchFailed => "its input not fetched",
        Cause::Stalled => "stalled",
        Cause::Dropped => "dropped",
    }
}
