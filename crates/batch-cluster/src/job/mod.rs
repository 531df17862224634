//! What jobs are made of: plain data that every part of the cluster shares.
//!
//! Nothing shared is mutable: an attempt's output is named by the attempt and never changes; what
//! is visible changes only by an entry of the log.

mod manifest;
mod spec;

pub use manifest::{Consumed, Manifest, Segment, Tally};
pub use spec::{JobSpec, Source, Stage, Submission, TaskId};

use serde::{Deserialize, Serialize};

/// A job: the log index of its submission.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

/// An attempt at a task: no other one, in any job, ever has the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub u64);

impl AttemptId {
    /// Assignments that one entry of the log can make.
    pub const PER_ENTRY: u64 = 1 << 10;

    /// The attempt that the entry at `index` assigns as its `place`-th, from 0.
    ///
    /// # Panics
    /// Beyond [`PER_ENTRY`](Self::PER_ENTRY).
    pub fn new(index: u64, place: u64) -> Self {
        assert!(place < Self::PER_ENTRY, "the overseer bounds what it decides at once");
        Self(index * Self::PER_ENTRY + place)
    }
}

/// A worker's lease: the place in the log of the registration that granted it, numbered as attempts
/// are. Later is greater, for ever, so it fences what was done under an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// One incarnation of a worker's process: a random number, so that none has to be kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u64);
