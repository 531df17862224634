//! What is asked of a run and what comes back: plain data, so that it can cross a pipe.

use serde::{Deserialize, Serialize};
use squall_check::SeedResult;
use squall_check::coverage::Coverage;
use squall_history::{Digest, NodeName, Plan, SimTime};

/// How much a run keeps. It changes nothing else: the digest is the same either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recording {
    /// The result and the bound plan.
    Summary,
    /// The result, the bound plan, and what the run went through.
    Coverage,
    /// The history and the journal of packets as well.
    Full,
    /// In place of these: the digest along the way, and some events in full.
    Events(Window),
}

/// Some events of a run that follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Window {
    /// How many events come before it.
    pub after: u64,
    /// How many are in it. Each is kept in memory.
    pub count: u64,
}

/// The digest of a run along the way, and the events of a window.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Trace {
    /// After each 4,096 events: how many, and the digest.
    pub checkpoints: Vec<(u64, Digest)>,
    /// The events of the window.
    pub events: Vec<TracedEvent>,
}

/// One event of a run, in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TracedEvent {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: SimTime,
    /// What it was: `poll`, an event of the simulator, or `end of the run`.
    pub what: String,
    /// Where; for what crosses a link, both ends of it.
    pub nodes: Vec<NodeName>,
    /// Where the polled task was started, if it is a poll; absent for a node's first task.
    pub place: Option<String>,
    /// What came of it, in order: records, packets, bytes written.
    pub told: Vec<String>,
    /// The digest after it.
    pub digest: Digest,
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
    /// What the run went through, if coverage was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// The trace, if events were recorded.
    #[serde(default)]
    pub trace: Option<Trace>,
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
