//! What must happen again for a run to have failed in the same way.

use squall_check::{Outcome, SeedResult};
use squall_history::SimTime;

/// The first oracle that was violated, or how the run ended.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Symptom {
    what: What,
    /// When.
    pub(super) at: SimTime,
}

#[derive(Clone, PartialEq, Debug)]
enum What {
    Oracle(String),
    Outcome(Outcome),
}

impl Symptom {
    /// Of a result; `None` if it did not fail, or only by what a machine decides (the wall limit).
    pub(super) fn of(result: &SeedResult) -> Option<Self> {
        match result.violations.first() {
            _ if result.outcome == Outcome::Timeout => None,
            _ if !result.outcome.is_failure() => None,
            Some(found) => Some(Self { what: What::Oracle(found.oracle.clone()), at: found.at }),
            None => Some(Self { what: What::Outcome(result.outcome), at: SimTime(result.sim_ns) }),
        }
    }

    /// Whether a result shows it.
    pub(super) fn is_in(&self, result: &SeedResult) -> bool {
        match &self.what {
            What::Oracle(name) => result.violations.iter().any(|found| found.oracle == *name),
            What::Outcome(outcome) => result.outcome == *outcome,
        }
    }

    /// The oracle's name, or the outcome's.
    pub(super) fn name(&self) -> &str {
        match &self.what {
            What::Oracle(name) => name,
            What::Outcome(outcome) => outcome.name(),
        }
    }
}
