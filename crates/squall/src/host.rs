//! Who carries a run out: plan in, reply out.
//!
//! Campaign and shrinking only know [`RunHost`]. The host here runs on the calling thread, for
//! debuggers and `#[test]`; the one that forks a process per run lives where processes live.

use crate::{Hooks, Registry, RunError, RunReply, RunRequest, run};

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
