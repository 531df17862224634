//! What is asked of a run and what comes back: plain data, so that it can cross a pipe.

use serde::{Deserialize, Serialize};
use squall_check::SeedResult;
use squall_history::{NodeName, Plan};

/// How much a run keeps. It changes nothing else: the digest is the same either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recording {
    /// The result and the bound plan.
    Summary,
    /// The history and the journal of packets as well.
    Full,
}

/// What a host is asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunRequest {
    /// What to run.
    pub plan: Plan,
    /// How much to keep.
    pub recording: Recording,
}

/// What comes back.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunReply {
    /// What it came to.
    pub result: SeedResult,
    /// The plan with literal targets; absent if the run's process died.
    pub bound: Option<Plan>,
    /// `history.ndjson`, if recording was full.
    pub history: Option<String>,
    /// `journal.ndjson`, if recording was full.
    pub journal: Option<String>,
    /// What the system logged through `tracing`, if recording was full; what its process wrote to
    /// its standard error, if it died (which is not reproducible).
    #[serde(default)]
    pub log: String,
}

/// What a run tells its host while it goes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hooks {
    /// Gets the number of events executed, every few thousand.
    pub progress: Option<fn(u64)>,
    /// Gets the node and the place of the task before every poll of a full recording.
    pub place: Option<fn(&NodeName, &str)>,
}
