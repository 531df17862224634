//! Exit codes: one for each class of ending, and which of several wins.

use crate::ScenarioVerdict;

/// How the command ends. The order is that of precedence: a later variant outweighs an earlier
/// one. No explicit discriminants, since the derived order would follow those.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ExitCode {
    /// 0: as expected.
    AsExpected,
    /// 4: nothing ran.
    NothingRan,
    /// 3: nothing failed, but the runs prove less than was asked for.
    Inconclusive,
    /// 100: an expectation failed.
    Failed,
    /// 102: a run had another digest the second time, or asked for what no seed decides.
    Nondeterministic,
    /// 74: the environment failed (output not writable, disk full).
    Environment,
    /// 70: a bug or a panic in Squall.
    HarnessBug,
    /// 65: an invalid scenario or input file.
    InvalidInput,
    /// 2: wrong usage of the command line.
    Usage,
    /// 101: cargo could not build, so nothing else was tried.
    NotBuilt,
}

impl ExitCode {
    /// The number the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::AsExpected => 0,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::NothingRan => 4,
            Self::InvalidInput => 65,
            Self::HarnessBug => 70,
            Self::Environment => 74,
            Self::Failed => 100,
            Self::NotBuilt => 101,
            Self::Nondeterministic => 102,
        }
    }

    /// The ending of one scenario. One without seeds is `NothingRan`, not inconclusive.
    pub fn of(verdict: &ScenarioVerdict) -> Self {
        if verdict.seeds == 0 { Self::NothingRan } else { verdict.status.into() }
    }
}

/// The exit code of a campaign: the one of highest precedence among its scenarios.
pub fn exit_code(verdicts: &[ScenarioVerdict]) -> u8 {
    verdicts.iter().map(ExitCode::of).max().unwrap_or(ExitCode::NothingRan).code()
}
