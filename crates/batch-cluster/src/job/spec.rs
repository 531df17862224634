//! What a client asks for.

use serde::{Deserialize, Serialize};
use squall_io::vocab::batch;

use super::JobId;

/// A word count over an input, as map and reduce.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JobSpec {
    /// The name under which the result is published.
    pub dataset: String,
    /// What is counted.
    pub source: Source,
    /// Tasks of the first stage; each reads one split of the input.
    pub maps: u32,
    /// Tasks of the second stage; each owns one partition of the words.
    pub reduces: u32,
    /// How often a task may fail by its own fault before the job fails.
    pub retries: u32,
}

/// Where the input comes from.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Records made from a number, the same for whoever makes them.
    Generated {
        /// The number.
        seed: u64,
        /// How many records.
        records: u32,
    },
    /// A text file, one record a line, that lies in the directory `input` of every worker.
    File {
        /// Its name.
        name: String,
        /// Its length in bytes.
        bytes: u64,
    },
}

/// Names one submission, however often it is sent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Submission {
    /// Who submits; no two clients share a name.
    pub client: String,
    /// The client's count of jobs, from 1.
    pub seq: u64,
}

/// A stage of a job. All maps are committed before any reduce begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reads a split of the input, writes every partition.
    Map,
    /// Reads its partition of every map, writes a part of the result.
    Reduce,
}

/// One task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct TaskId {
    /// The job.
    pub job: JobId,
    /// The stage.
    pub stage: Stage,
    /// Its place in the stage, from 0.
    pub number: u32,
}

impl JobSpec {
    /// Most tasks of a stage.
    pub const TASKS_MAX: u32 = 1_000;

    /// Why it cannot be run, if it cannot.
    pub fn problem(&self) -> Option<&'static str> {
        let tasks = 1..=Self::TASKS_MAX;
        if !tasks.contains(&self.maps) || !tasks.contains(&self.reduces) {
            return Some("a stage must have between 1 and 1,000 tasks");
        }
        if self.dataset.is_empty() {
            return Some("the dataset has no name");
        }
        None
    }
}

impl From<TaskId> for batch::Task {
    fn from(task: TaskId) -> Self {
        let stage = match task.stage {
            Stage::Map => batch::Stage::Map,
            Stage::Reduce => batch::Stage::Reduce,
        };
        Self { job: task.job.0, stage, number: task.number }
    }
}
