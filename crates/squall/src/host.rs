//! Who carries a run out: plan in, reply out.
//!
//! Campaign and shrinking only know [`RunHost`]. The host here runs on the calling thread, for
//! debuggers and `#[test]`; the one that forks a process per run lives where processes live.

use serde::{Deserialize, Serialize};
use squall_check::SeedResult;
use squall_history::{NodeName, Plan};

use crate::{Registry, RunError, run};

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

/// A run could not be carried out. How a system under test ends is never an error of its host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The plan does not fit.
    #[error(transparent)]
    Plan(#[from] RunError),
    /// The host itself failed.
    #[error("the host of a run failed: {0}")]
    Host(String),
}

/// Carries out runs, one at a time.
pub trait RunHost: Send {
    /// Runs a plan.
    ///
    /// # Errors
    /// If the plan does not fit, or the host itself fails.
    fn run(&mut self, request: &RunRequest) -> Result<RunReply, HostError>;
}

/// What a run tells its host while it goes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hooks {
    /// Gets the number of events executed, every few thousand.
    pub progress: Option<fn(u64)>,
    /// Gets the node and the place of the task before every poll of a full recording.
    pub place: Option<fn(&NodeName, &str)>,
}

/// Runs on the calling thread. A system that aborts takes the process with it.
#[derive(Clone, Debug)]
pub struct InProcess {
    registry: Registry,
}

impl InProcess {
    /// A host of these systems.
    pub const fn new(registry: Registry) -> Self {
        Self { registry }
    }
}

impl RunHost for InProcess {
    fn run(&mut self, request: &RunRequest) -> Result<RunReply, HostError> {
        Ok(run(&self.registry, &request.plan, request.recording, &Hooks::default())?)
    }
}
