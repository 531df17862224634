//! Finds tasks by attempt, and what is not done. It follows from the state, so it is no part of the
//! snapshot.

use std::collections::{BTreeMap, BTreeSet};

use crate::job::{AttemptId, JobId, TaskId};

use super::parts::{Job, Phase, Progress, Task};
use super::weighed::Weighed;

/// Derived from jobs and tasks.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Index {
    /// Jobs that have not ended.
    pub(super) open: BTreeSet<JobId>,
    /// Tasks by the attempt that works on them.
    pub(super) live: BTreeMap<AttemptId, TaskId>,
    /// Tasks by the attempt whose output is theirs.
    pub(super) committed: BTreeMap<AttemptId, TaskId>,
}

impl Index {
    pub(super) fn of(jobs: &Weighed<JobId, Job>, tasks: &Weighed<TaskId, Task>) -> Self {
        let is_open = |job: &Job| matches!(job.phase, Phase::Running | Phase::Published { .. });
        let mut index = Self::default();
        index.open.extend(jobs.iter().filter(|(_, job)| is_open(job)).map(|(id, _)| *id));
        for (id, task) in tasks.iter() {
            match &task.progress {
                Progress::Waiting => None,
                Progress::Live(attempt) => index.live.insert(attempt.id, *id),
                Progress::Committed(committed) => index.committed.insert(committed.attempt.id, *id),
            };
        }
        index
    }
}
