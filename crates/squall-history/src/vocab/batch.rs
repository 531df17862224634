//! The words of a batch cluster: a replicated control plane hands tasks of jobs to workers, takes
//! their outputs and publishes datasets (Dean and Ghemawat, "MapReduce", OSDI 2004; fencing by
//! epochs after Gray and Cheriton, "Leases", SOSP 1989).
//!
//! Two kinds of words. What carries an `index` is told by every controller as it applies that entry
//! of the replicated log; one entry may tell several, in one go. So a judge takes the words of an
//! index from the first who tells them. What carries none is told by a worker of itself.
//!
//! Ids are places in the log and never used twice: a job's is that of its submission, an attempt's
//! that of its assignment, an epoch that of the registration that granted it.

use serde::{Deserialize, Serialize};

use super::Observation;
use crate::{Boot, NodeName, Record};

/// What a batch cluster tells.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A new leader took over the scheduling: what earlier leaders had under way is known to it.
    OfficeTaken {
        /// Index of the entry.
        index: u64,
        /// The leader's term.
        term: u64,
        /// The leader.
        controller: NodeName,
    },
    /// A worker has a new lease.
    Registered {
        /// Index of the entry.
        index: u64,
        /// The worker.
        node: NodeName,
        /// Names the lease; fences all earlier ones of this worker.
        epoch: u64,
        /// Which incarnation of the worker, by its own account: a number that no other one has.
        incarnation: u64,
    },
    /// A worker's lease is taken for expired: nothing done under it counts any more.
    NodeDead {
        /// Index of the entry.
        index: u64,
        /// The worker.
        node: NodeName,
        /// The lease.
        epoch: u64,
    },
    /// A job was accepted.
    Submitted {
        /// Index of the entry.
        index: u64,
        /// The job's id.
        job: u64,
        /// Whose it is.
        client: String,
        /// The client's count of jobs: with `client` it names one submission, however often sent.
        seq: u64,
        /// The dataset that it will publish.
        dataset: String,
        /// How often a task may fail by its own fault before the job fails.
        retries: u32,
    },
    /// A task was given to a worker.
    Assigned {
        /// Index of the entry.
        index: u64,
        /// The attempt's id.
        attempt: u64,
        /// The task.
        task: Task,
        /// The worker.
        node: NodeName,
        /// The lease under which it works.
        epoch: u64,
    },
    /// An attempt is over without an output that counts; its task goes to another.
    AttemptEnded {
        /// Index of the entry.
        index: u64,
        /// The attempt.
        attempt: u64,
        /// The task.
        task: Task,
        /// Why.
        cause: Cause,
        /// With how many failures of its own the task is charged from now on.
        fails: u32,
    },
    /// An attempt's output is the task's output from now on.
    TaskCommitted {
        /// Index of the entry.
        index: u64,
        /// The attempt.
        attempt: u64,
        /// The task.
        task: Task,
        /// The worker that did it.
        node: NodeName,
        /// Under which lease.
        epoch: u64,
        /// How often the task's output had been lost before: from 0.
        generation: u32,
        /// What the attempt read: of a map, its split; of a reduce, all that it consumed.
        input: Tally,
        /// What it wrote: of a map, by partition; of a reduce, one.
        outputs: Vec<Tally>,
        /// Of a reduce: what it took from each map.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        consumed: Vec<Consumed>,
    },
    /// An attempt asked to commit and was refused.
    CommitRefused {
        /// Index of the entry.
        index: u64,
        /// The attempt.
        attempt: u64,
        /// Why.
        why: Refusal,
    },
    /// The output of a committed map is gone; its task is to be done again.
    OutputLost {
        /// Index of the entry.
        index: u64,
        /// The attempt whose output it was.
        attempt: u64,
        /// The task.
        task: Task,
    },
    /// A dataset became visible, whole.
    Published {
        /// Index of the entry.
        index: u64,
        /// The job.
        job: u64,
        /// Its name.
        dataset: String,
        /// Its version: from 1.
        version: u64,
        /// The attempts whose outputs it consists of, by reduce task.
        attempts: Vec<u64>,
    },
    /// A job reached its end.
    JobEnded {
        /// Index of the entry.
        index: u64,
        /// The job.
        job: u64,
        /// How.
        outcome: Outcome,
    },
    /// A worker began an attempt.
    AttemptStarted {
        /// The attempt.
        attempt: u64,
        /// The task.
        task: Task,
        /// Under which lease.
        epoch: u64,
    },
    /// An attempt failed by its own fault (its input cannot be read, say), as its worker saw it.
    AttemptFailed {
        /// The attempt.
        attempt: u64,
        /// The task.
        task: Task,
        /// What went wrong.
        why: String,
    },
    /// A worker's lease ran out by its own clock: it stopped all work.
    Suspended {
        /// The lease.
        epoch: u64,
    },
}

/// One task of a job.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Task {
    /// The job.
    pub job: u64,
    /// The stage.
    pub stage: Stage,
    /// Its place in the stage, from 0.
    pub number: u32,
}

/// A stage of a job; all of the first is committed before any of the second begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reads splits of the input, writes partitions.
    Map,
    /// Reads one partition of every map, writes a part of the dataset.
    Reduce,
}

/// How much data, whatever its order and however it was combined: equal data have equal tallies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tally {
    /// Records; one that stands for several counts as many.
    pub records: u64,
    /// Sum of the records' hashes, wrapping; one that stands for several counts as often.
    pub digest: u64,
}

/// What a reduce took from one map.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Consumed {
    /// The map's place in its stage.
    pub map: u32,
    /// The attempt whose output it read.
    pub attempt: u64,
    /// How much it read.
    pub tally: Tally,
}

/// Why an attempt ended without an output that counts.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Its worker's lease is over.
    NodeLost,
    /// It failed by its own fault; this alone is charged to the task.
    Failed,
    /// It could not fetch the output of a map.
    FetchFailed,
    /// It made no progress.
    Stalled,
    /// Nobody needs it any more: its job has ended, or its input is to be made again.
    Dropped,
}

/// Why a commit was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// The attempt, or the lease under which it worked, was over.
    Fenced,
    /// What a reduce consumed is no longer the output of the maps.
    Outdated,
}

/// How a job ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its dataset is published.
    Succeeded,
    /// A task failed too often by its own fault.
    Failed,
}

impl Event {
    /// The entry of the log that it tells of, if a controller told it.
    pub const fn index(&self) -> Option<u64> {
        match self {
            Self::OfficeTaken { index, .. }
            | Self::Registered { index, .. }
            | Self::NodeDead { index, .. }
            | Self::Submitted { index, .. }
            | Self::Assigned { index, .. }
            | Self::AttemptEnded { index, .. }
            | Self::TaskCommitted { index, .. }
            | Self::CommitRefused { index, .. }
            | Self::OutputLost { index, .. }
            | Self::Published { index, .. }
            | Self::JobEnded { index, .. } => Some(*index),
            Self::AttemptStarted { .. } | Self::AttemptFailed { .. } | Self::Suspended { .. } => None,
        }
    }
}

impl Observation for Event {
    fn into_body(self) -> crate::Body {
        crate::Body::Batch(self)
    }
}

/// Takes each entry's words from the first controller that tells them, and drops the repetitions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FirstTold {
    index: u64,
    teller: Option<(NodeName, Boot)>,
}

impl FirstTold {
    /// Whether `event`, told by `record`'s node, is news. Words without an index always are.
    pub fn is_news(&mut self, record: &Record, event: &Event) -> bool {
        let Some(index) = event.index() else { return true };
        let teller = record.node.clone().zip(record.boot);
        if index > self.index {
            (self.index, self.teller) = (index, teller);
            return true;
        }
        index == self.index && teller == self.teller
    }
}
