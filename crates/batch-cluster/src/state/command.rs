//! What the log says about jobs, and what the state answers.
//!
//! A decision is proposed by whoever leads, on the state as it knew it; whether it still fits is
//! decided when it is applied, and what does not fit changes nothing. So the log may hold decisions
//! of a leader that no longer was one.

use serde::{Deserialize, Serialize};

use crate::job::{AttemptId, Epoch, Incarnation, JobId, JobSpec, Manifest, Submission, TaskId};

/// A command of the replicated log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// A client's: run a job. Answered with [`Submitted`].
    Submit {
        /// Names this submission.
        submission: Submission,
        /// The job.
        spec: JobSpec,
    },
    /// A leader's: several decisions at once, in order. Answered with a `Vec` of [`Ruling`], one for
    /// each.
    Decide(Vec<Decision>),
    /// A client's: write a setting. Answered with [`Configured`].
    Configure {
        /// Its name.
        name: String,
        /// Its new value.
        value: String,
        /// Only if this is its version; 0 is that of a setting never written.
        if_version: Option<u64>,
    },
}

/// One decision of the leader.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The leader takes over the scheduling. Until this is applied it does not know all that its
    /// predecessors decided.
    TakeOffice {
        /// Its name.
        controller: String,
    },
    /// A worker gets a lease. Earlier leases of that worker are fenced.
    Register {
        /// The worker.
        node: String,
        /// Its incarnation.
        incarnation: Incarnation,
        /// How many attempts it takes at a time.
        slots: u32,
        /// Map outputs that lie intact on its disk.
        kept: Vec<AttemptId>,
    },
    /// A worker's lease is over.
    NodeDead {
        /// The worker.
        node: String,
        /// The lease.
        epoch: Epoch,
    },
    /// A task goes to a worker.
    Assign {
        /// The task.
        task: TaskId,
        /// The worker.
        node: String,
        /// The lease.
        epoch: Epoch,
    },
    /// An attempt is over without an output that counts.
    EndAttempt {
        /// The attempt.
        attempt: AttemptId,
        /// The lease under which it worked.
        epoch: Epoch,
        /// Why.
        failure: Failure,
    },
    /// An attempt's output becomes the task's, if the attempt still counts.
    Commit {
        /// The attempt.
        attempt: AttemptId,
        /// The lease under which it worked.
        epoch: Epoch,
        /// The output.
        manifest: Manifest,
    },
    /// All reduces are committed: the dataset becomes visible, and the job ends, in one step.
    Publish {
        /// The job.
        job: JobId,
    },
    /// A published job ends; only the planted bug `rerun-after-success` needs it.
    EndJob {
        /// The job.
        job: JobId,
    },
}

/// Why an attempt is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// By its own fault; this alone is charged to the task.
    Task {
        /// What went wrong.
        why: String,
    },
    /// It could not fetch a map's output.
    Fetch {
        /// Whose output.
        map: AttemptId,
        /// What its holder said.
        lack: Lack,
    },
    /// It made no progress.
    Stalled,
    /// Its worker does not know it, and will not begin it (it fails without having been begun).
    Unknown,
}

/// Why a fetch failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// The holder answered that it does not have it, or it is damaged there.
    Gone,
    /// The holder did not answer.
    Unreachable,
}

/// What became of a [`Decision`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// It took effect.
    Done,
    /// A worker is registered under this lease.
    Registered {
        /// The lease.
        epoch: Epoch,
    },
    /// A task is assigned as this attempt.
    Assigned {
        /// The attempt.
        attempt: AttemptId,
    },
    /// The attempt's output is the task's (now, or since an earlier try).
    Committed,
    /// It no longer fitted, and changed nothing.
    Void,
}

/// Answer to a submission.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Submitted {
    /// It is this job.
    Accepted {
        /// Its id.
        job: JobId,
    },
    /// It cannot be run.
    Refused {
        /// Why.
        why: String,
    },
}

/// Answer to a [`Command::Configure`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Configured {
    /// It is written.
    Written {
        /// As this version.
        version: u64,
    },
    /// Another version stands, and goes on to stand.
    Conflict {
        /// Which.
        version: u64,
    },
    /// It cannot be written.
    Refused {
        /// Why.
        why: String,
    },
}

/// A question to the state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// How far a job is. Answered with [`JobStatus`].
    Status {
        /// The job.
        job: JobId,
    },
    /// A published dataset, in its newest version. Answered with `Option<Dataset>`.
    Get {
        /// Its name.
        dataset: String,
    },
    /// A setting. Answered with `Option<Setting>`.
    Setting {
        /// Its name.
        name: String,
    },
}

/// How far a job is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// There is no such job.
    Unknown,
    /// It runs.
    Running {
        /// Tasks that are committed.
        done: u32,
        /// Tasks in all.
        tasks: u32,
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

/// A published dataset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Dataset {
    /// Its version, from 1.
    pub version: u64,
    /// The job that made it.
    pub job: JobId,
    /// Its parts, by reduce task, as text: a line `word count` for each word, sorted.
    pub parts: Vec<String>,
}

/// A setting that was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Setting {
    /// Its version: how often it was written.
    pub version: u64,
    /// Its value.
    pub value: String,
}
