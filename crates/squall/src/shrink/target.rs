//! What must stay while a plan is made small, and what would be another failure.
//!
//! The same *oracle* must be violated: the first that the original violated. Other violations besides
//! do not matter, unless it is one of liveness that the original kept; another in its place does. Two
//! oracles judge many things under one name, so of these the same assertion, or the same place of the
//! panic, is asked for.
//!
//! That is not enough for an oracle with a bound in time (liveness): a cluster that is too small for its
//! work is late without any mistake. For these, a change of anything but the faults counts only if the
//! changed plan *passes* without its faults, and servers stay ([`Target::is_touchy`]).

use std::collections::BTreeSet;

use serde_json::Value;
use squall_check::{Outcome, Promise, SeedResult, Violation};
use squall_history::{Plan, SimTime};

use crate::{Registry, Shrunk};

/// What must stay.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Target {
    what: What,
    promise: Promise,
    /// Oracles of liveness that the original kept.
    kept: BTreeSet<String>,
}

#[derive(Clone, PartialEq, Debug)]
enum What {
    /// This oracle is violated; if it judges more than one thing, in this respect.
    Oracle { name: String, respect: Option<(&'static str, Value)> },
    /// The process ends like this.
    Outcome(Outcome),
}

/// What evidence tells apart that goes by one name.
const RESPECTS: [&str; 2] = ["location", "assertion"];

impl Target {
    /// Of a run that failed; `None` if it did not, or in a way that the system has no part in.
    pub(crate) fn of(result: &SeedResult, plan: &Plan, registry: &Registry) -> Option<Self> {
        if !result.outcome.is_failure() {
            return None;
        }
        let liveness = registry.liveness(plan);
        let is_kept = |name: &&String| result.violations.iter().all(|violation| violation.oracle != **name);
        let kept = liveness.iter().filter(is_kept).cloned().collect();
        let Some(violation) = result.violations.first() else {
            return Some(Self { what: What::Outcome(result.outcome), promise: Promise::Safety, kept });
        };
        let respect = |key: &&'static str| Some((*key, violation.evidence.get(*key)?.clone()));
        let name = violation.oracle.clone();
        let promise = if liveness.contains(&name) { Promise::Liveness } else { Promise::Safety };
        let what = What::Oracle { name, respect: RESPECTS.iter().find_map(respect) };
        Some(Self { what, promise, kept })
    }

    /// Of a shrunk plan: what stayed in it.
    pub(crate) fn of_shrunk(shrunk: &Shrunk, registry: &Registry) -> Option<Self> {
        let mut result = shrunk.result.clone();
        // The one that stayed comes first, since the first is what must stay.
        if let Some(stayed) = &shrunk.violation {
            result.violations.sort_by_key(|violation| violation != stayed);
        }
        Self::of(&result, &shrunk.plan, registry)
    }

    /// Whether a run fails in the same way.
    pub(crate) fn is_met(&self, result: &SeedResult) -> bool {
        match &self.what {
            What::Oracle { .. } => {
                let is_new = |violation: &Violation| self.kept.contains(&violation.oracle);
                self.violation(result).is_some() && !result.violations.iter().any(is_new)
            }
            What::Outcome(outcome) => result.outcome == *outcome,
        }
    }

    /// When it was violated first.
    pub(crate) fn broken_at(&self, result: &SeedResult) -> Option<SimTime> {
        self.violation(result).map(|violation| violation.at)
    }

    /// What kind of promise was broken.
    pub(crate) const fn promise(&self) -> Promise {
        self.promise
    }

    /// Whether a correct system, too, would fail like this if it were given too little.
    pub(crate) fn is_touchy(&self) -> bool {
        self.promise == Promise::Liveness
    }

    /// The violation that is the same.
    pub(crate) fn violation<'r>(&self, result: &'r SeedResult) -> Option<&'r Violation> {
        let What::Oracle { name, respect } = &self.what else { return None };
        let is_same = |violation: &&Violation| {
            let same = |(key, value): &(&str, Value)| violation.evidence.get(*key) == Some(value);
            violation.oracle == *name && respect.as_ref().is_none_or(same)
        };
        result.violations.iter().find(is_same)
    }
}
