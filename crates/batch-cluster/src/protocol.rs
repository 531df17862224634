//! What workers and controllers, and workers among each other, say on the wire. Frames of
//! [`codec`](crate::codec).
//!
//! A worker keeps one connection, to the controller that it takes for the leader. Whatever it says
//! may be lost with the connection and is said again on the next one; everything is named by
//! attempt and epoch, so saying it twice does no harm.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::{AttemptId, Epoch, Incarnation, Manifest, Segment, Source, TaskId};
use crate::state::Failure;

/// Where controllers listen for workers unless told otherwise.
pub const WORKER_PORT: u16 = 7_200;
/// Where workers serve map outputs unless told otherwise.
pub const SHUFFLE_PORT: u16 = 7_300;

/// From a worker to a controller.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromWorker {
    /// Asks for a lease.
    Register {
        /// Its name.
        node: String,
        /// Its incarnation.
        incarnation: Incarnation,
        /// How many attempts it takes at a time.
        slots: u32,
        /// Map outputs that lie intact on its disk.
        kept: Vec<AttemptId>,
    },
    /// Asks for a longer lease, and says what it does. The first words on a new connection, if it
    /// has a lease.
    Heartbeat {
        /// Its name.
        node: String,
        /// The lease.
        epoch: Epoch,
        /// Comes back with the answer.
        seq: u64,
        /// Attempts it has begun and that are not settled: each with its count of work done.
        attempts: Vec<(AttemptId, u64)>,
        /// Map outputs on its disk.
        outputs: Vec<AttemptId>,
    },
    /// An attempt has finished, its output is durable.
    Commit {
        /// The attempt.
        attempt: AttemptId,
        /// The lease.
        epoch: Epoch,
        /// The output.
        manifest: Manifest,
    },
    /// An attempt failed.
    Failed {
        /// The attempt.
        attempt: AttemptId,
        /// The lease.
        epoch: Epoch,
        /// Why.
        failure: Failure,
    },
}

/// From a controller to a worker. `term` is the leader's: a worker that has heard a later one takes
/// no notice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWorker {
    /// Not here.
    NotLeader {
        /// The leader's place among the controllers, if it is known.
        leader: Option<usize>,
    },
    /// It has a lease, from when it asked.
    Registered {
        /// The leader's term.
        term: u64,
        /// The incarnation that asked.
        incarnation: Incarnation,
        /// The lease.
        epoch: Epoch,
        /// How long it lasts.
        lease: Duration,
    },
    /// Its lease is longer, from when it asked.
    Heard {
        /// The leader's term.
        term: u64,
        /// The lease.
        epoch: Epoch,
        /// The heartbeat's.
        seq: u64,
        /// Attempts that count no more: to be stopped.
        stop: Vec<AttemptId>,
        /// Outputs that nobody needs any more: to be deleted.
        forget: Vec<AttemptId>,
    },
    /// The lease is not the current one: it must stop all work and register.
    Fenced {
        /// The leader's term.
        term: u64,
        /// The lease that it named.
        epoch: Epoch,
    },
    /// It is to work on a task.
    Launch {
        /// The leader's term.
        term: u64,
        /// The attempt.
        attempt: AttemptId,
        /// The lease.
        epoch: Epoch,
        /// What to do.
        work: Work,
    },
    /// What became of a [`FromWorker::Commit`] or [`FromWorker::Failed`].
    Settled {
        /// The leader's term.
        term: u64,
        /// The attempt.
        attempt: AttemptId,
        /// Whether its output is the task's.
        ruling: Settlement,
    },
}

/// What became of a finished attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// Its output is the task's.
    Committed,
    /// It does not count.
    Refused,
}

/// What an attempt is to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Count the words of a split.
    Map {
        /// The task.
        task: TaskId,
        /// The input.
        source: Source,
        /// Into how many splits it is cut; the task's number says which one is meant.
        splits: u32,
        /// Into how many partitions the words go.
        partitions: u32,
    },
    /// Sum up a partition.
    Reduce {
        /// The task; its number is the partition.
        task: TaskId,
        /// Where the maps' outputs lie, by map.
        inputs: Vec<Input>,
    },
}

impl Work {
    /// The task.
    pub const fn task(&self) -> TaskId {
        match self {
            Self::Map { task, .. } | Self::Reduce { task, .. } => *task,
        }
    }
}

/// A partition of one map's output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Input {
    /// The map's place in its stage.
    pub map: u32,
    /// The attempt that wrote it.
    pub attempt: AttemptId,
    /// The worker on whose disk it lies.
    pub node: String,
    /// Where in the file.
    pub segment: Segment,
}

/// From one worker to another: send me a piece of a map's output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fetch {
    /// The attempt that wrote it.
    pub attempt: AttemptId,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// The answer to a [`Fetch`]; the bytes follow it as they are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fetched {
    /// As many bytes follow.
    Follows {
        /// How many.
        length: u64,
    },
    /// There is no such output here.
    Gone,
}
