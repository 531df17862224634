//! Who carries a run out: plan in, reply out.
//!
//! Campaign and shrinking only know [`RunHost`]. The host here runs on the calling thread, for
//! debuggers and `#[test]`; the one that forks a process per run lives where processes live.

use std::ops::{Add, Sub};
use std::time::Duration;

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

    /// What its runs have cost so far, if the host can tell. It is measured and differs from time to
    /// time: for figures beside a result, never for a result.
    fn spent(&self) -> Option<Spent> {
        None
    }
}

/// What runs have cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spent {
    /// How many there were, those included whose reply was thrown away.
    pub runs: u64,
    /// CPU time, user and system.
    pub cpu: Duration,
}

impl Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { runs: self.runs + other.runs, cpu: self.cpu + other.cpu }
    }
}

/// What was spent since then.
impl Sub for Spent {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { runs: self.runs - before.runs, cpu: self.cpu - before.cpu }
    }
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
