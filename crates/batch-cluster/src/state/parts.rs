//! What the replicated state consists of: plain data.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use squall_io::vocab::batch::Cause;

use crate::job::{AttemptId, Epoch, Incarnation, JobSpec, Segment};

/// Who schedules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Office {
    /// The leader's term.
    pub term: u64,
    /// The leader.
    pub controller: String,
}

/// A worker as the log knows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Node {
    /// Its incarnation.
    pub incarnation: Incarnation,
    /// Its lease.
    pub epoch: Epoch,
    /// How many attempts it takes at a time.
    pub slots: u32,
    /// Whether the lease counts.
    pub standing: Standing,
}

/// Whether a worker's lease counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It does.
    Up,
    /// It is over.
    Dead,
}

/// A job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Job {
    /// What was asked for.
    pub spec: JobSpec,
    /// How far it is.
    pub phase: Phase,
    /// Committed maps.
    pub maps_done: u32,
    /// Committed reduces.
    pub reduces_done: u32,
}

/// How far a job is. The last two are for ever.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Its tasks are done.
    Running,
    /// Its dataset is visible, yet it has not ended: only with the planted bug
    /// `rerun-after-success`.
    Published {
        /// The dataset's version.
        version: u64,
    },
    /// Its dataset is published.
    Succeeded {
        /// The dataset's version.
        version: u64,
    },
    /// A task failed too often.
    Failed {
        /// What went wrong the last time.
        why: String,
    },
}

/// A task of a job that has not ended.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Task {
    /// Where it is.
    pub progress: Progress,
    /// How often it failed by its own fault.
    pub fails: u32,
    /// How often its output was lost.
    pub generation: u32,
    /// Its last attempt that is over without an output that counts.
    pub last: Option<Ended>,
}

/// Where a task is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Nobody does it.
    #[default]
    Waiting,
    /// Somebody does it.
    Live(Attempt),
    /// It is done.
    Committed(Committed),
}

/// One worker's try at a task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The worker.
    pub node: String,
    /// The lease under which it works.
    pub epoch: Epoch,
}

/// An attempt that is over without an output that counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Ended {
    /// The attempt.
    pub attempt: Attempt,
    /// Why.
    pub cause: Cause,
}

/// A task's output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Committed {
    /// The attempt that made it.
    pub attempt: Attempt,
    /// What it is.
    pub output: Output,
    /// How often it could not be fetched because its holder did not answer.
    pub reports: u32,
    /// Who said so.
    pub reporters: BTreeSet<String>,
}

/// What is kept of a manifest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// Of a map: where the partitions lie in its file, on the worker's disk.
    Map {
        /// By partition.
        segments: Vec<Segment>,
    },
    /// Of a reduce: its part of the result.
    Reduce {
        /// The part, as text.
        part: String,
    },
}

impl Node {
    /// Whether this lease of it counts.
    pub fn holds(&self, epoch: Epoch) -> bool {
        self.standing == Standing::Up && self.epoch == epoch
    }
}

impl Job {
    /// Whether outputs of its maps are needed: it runs, and a reduce is still to be done.
    pub fn needs_maps(&self) -> bool {
        self.phase == Phase::Running && self.reduces_done < self.spec.reduces
    }

    /// Whether nothing is left to do but to publish.
    pub fn is_complete(&self) -> bool {
        self.phase == Phase::Running && self.reduces_done == self.spec.reduces
    }
}

impl Task {
    /// The attempt that works on it.
    pub fn live(&self) -> Option<&Attempt> {
        if let Progress::Live(attempt) = &self.progress { Some(attempt) } else { None }
    }

    /// Its output.
    pub fn committed(&self) -> Option<&Committed> {
        if let Progress::Committed(committed) = &self.progress { Some(committed) } else { None }
    }

    /// The worker on which it did not go well the last time.
    pub fn avoids(&self) -> Option<&str> {
        // What is dropped was not the worker's fault.
        let last = self.last.as_ref().filter(|last| last.cause != Cause::Dropped)?;
        Some(&last.attempt.node)
    }
}
