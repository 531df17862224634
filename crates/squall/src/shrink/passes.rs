//! The passes, and the order they come in.
//!
//! First what makes all later runs short: no fault at all, nothing behind the violation. Then what a
//! reader has most of: faults, nodes, operations. Then what is said of each fault, and round numbers
//! last, since every change before them would undo them. All of it again until nothing changes.

use squall_history::Plan;

use super::search::Search;
use super::{Scene, faults, horizon, nodes, sections, strength, surroundings, targets, times};
use crate::HostError;

/// Makes plans simpler in one respect.
pub(super) struct Pass {
    /// What it is about, for progress.
    pub(super) name: &'static str,
    /// Plans that are simpler than the scene's, the most wanted first. Pure; they may well be plans that
    /// the system refuses.
    pub(super) candidates: fn(&Scene<'_>) -> Vec<Plan>,
}

/// Once, at the beginning.
const FIRST: [Pass; 2] = [
    Pass { name: "no faults", candidates: faults::none },
    Pass { name: "horizon", candidates: horizon::roomy },
];

/// Again and again.
const ROUND: [Pass; 11] = [
    Pass { name: "faults", candidates: faults::fewer },
    Pass { name: "injections", candidates: faults::fewer_injections },
    Pass { name: "nodes", candidates: nodes::fewer },
    Pass { name: "operations", candidates: sections::less_work },
    Pass { name: "surroundings", candidates: surroundings::plainer },
    Pass { name: "settings", candidates: sections::fewer_settings },
    Pass { name: "targets", candidates: targets::fewer },
    Pass { name: "times", candidates: times::sooner },
    Pass { name: "strength", candidates: strength::weaker },
    Pass { name: "round times", candidates: times::rounder },
    Pass { name: "horizon", candidates: horizon::tight },
];

/// Once, at the end: what makes no difference to the run need not be said.
const LAST: Pass = Pass { name: "needless words", candidates: sections::unsaid };

/// Runs the passes until none of them wins anything; false if the search was over before.
///
/// # Errors
/// Those of the hosts.
pub(super) fn all(search: &mut Search<'_, '_>) -> Result<bool, HostError> {
    search.keep_to_budget()?;
    for pass in &FIRST {
        search.sweep(pass)?;
    }
    loop {
        let mut won = false;
        for pass in &ROUND {
            won |= search.sweep(pass)?;
            if search.is_over() {
                return Ok(false);
            }
        }
        if !won {
            search.sweep_unchanged(&LAST)?;
            return Ok(!search.is_over());
        }
    }
}
