//! What must stay while a plan is made small, and what would be another failure.
//!
//! The same *oracle* must be violated: the first that the original violated. Other violations besides
//! do not matter, unless it is one of liveness that the original kept; another in its place does. Two
//! oracles judge many things under one name, so of these the same assertion, the same place of the
//! panic, or the same error but for the numbers in it, is asked for.
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
const RESPECTS: [&str; 3] = ["location", "assertion", ERROR];

/// The text that software ended with. It may name offsets and nodes, which are others in a smaller plan.
const ERROR: &str = "error";

/// What a violation's evidence says in one respect.
fn seen(violation: &Violation, key: &str) -> Option<Value> {
    let value = violation.evidence.get(key)?;
    Some(match value.as_str() {
        Some(text) if key == ERROR => text.replace(|c: char| c.is_ascii_digit(), "").into(),
        _ => value.clone(),
    })
}

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
        let respect = |key: &&'static str| Some((*key, seen(violation, key)?));
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
            let same = |(key, value): &(&str, Value)| seen(violation, key).as_ref() == Some(value);
            violation.oracle == *name && respect.as_ref().is_none_or(same)
        };
        result.violations.iter().find(is_same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(evidence: Value) -> SeedResult {
        let violation = serde_json::json!({
            "oracle": "no-panic", "at": 1, "message": "…", "nodes": [], "ops": [], "evidence": evidence,
        });
        let value = serde_json::json!({
            "v": 1, "scenario": "a", "seed": "0x1", "engine": "native", "outcome": "fail", "digest": null,
            "events": 1, "sim_ns": 1, "violations": [violation], "exercised": {}, "conditions": {},
            "faults": {},
        });
        serde_json::from_value(value).expect("a result")
    }

    #[test]
    fn one_name_is_not_yet_the_same_failure() {
        let error = |text: &str| result(serde_json::json!({ "error": text, "boot": 2 }));
        let respect =
            ("error", seen(&error("record 7 at 512 is torn").violations[0], "error").expect("told"));
        let what = What::Oracle { name: "no-panic".to_owned(), respect: Some(respect) };
        let target = Target { what, promise: Promise::Safety, kept: BTreeSet::new() };
        assert!(target.is_met(&error("record 7 at 512 is torn")));
        assert!(target.is_met(&error("record 81 at 10240 is torn")), "where it lies is another matter");
        assert!(!target.is_met(&error("there is no member")));
        let panic = serde_json::json!({ "message": "record 7 at 512 is torn", "location": "a.rs:1:1" });
        assert!(!target.is_met(&result(panic)), "a panic is another failure");
    }
}
