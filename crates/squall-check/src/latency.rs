//! `latency`: clients do not wait too long.
//!
//! What is measured is virtual time from invocation to completion, over the whole run, faults included:
//! percentiles say how much of it may be slow.

use serde_json::json;
use squall_blackbox::{Operation, events, operations};
use squall_history::{History, LatencyBounds, Phase, SimDuration};

use crate::recovery::Faults;
use crate::{Budget, Checker, Findings, Oracle, Promise, Scope};

pub(crate) const NAME: &str = "latency";

/// Over all operations that ended in `ok`, and with its time-out over each that ended in `info`: the
/// median, the 99th percentile and the longest are at most the bounds that are given.
///
/// - The p-th percentile of n operations is the ⌈p·n/100⌉-th shortest (nearest rank): at least p percent
///   took no longer.
/// - What failed or never completed does not count: the former was refused, of the latter nobody knows
///   when it would have been given up.
/// - Not applicable: if a fault went beyond the budget, since then only safety is judged; if the run was
///   stopped early; if no operation counts; if the clients' records are ill-formed.
///
/// Exercised once for each operation that counts.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    bounds: LatencyBounds,
}

impl Latency {
    /// The bounds.
    pub const fn new(bounds: LatencyBounds) -> Self {
        Self { bounds }
    }
}

impl Oracle for Latency {
    fn name(&self) -> &'static str {
        NAME
    }

    fn promise(&self) -> Promise {
        Promise::Liveness
    }
}

impl Checker for Latency {
    fn scope(&self) -> Scope {
        Scope::WholeRun
    }

    fn check(&self, history: &History, _budget: &mut Budget, findings: &mut Findings) {
        let mut faults = Faults::default();
        history.records.iter().for_each(|record| faults.observe(record));
        if let Err(why) = faults.within_budget() {
            return findings.not_applicable(why);
        }
        let operations = match operations(events(history)) {
            Ok(operations) => operations,
            Err(problem) => {
                return findings.not_applicable(format!("the history is ill-formed: {problem}"));
            }
        };
        let mut taken: Vec<(SimDuration, &Operation<'_>)> =
            operations.iter().filter_map(|op| Some((time_taken(op)?, op))).collect();
        if taken.is_empty() {
            return findings.not_applicable("no operation ended in `ok` or `info`");
        }
        findings.exercised += taken.len() as u64;
        taken.sort_by_key(|(span, op)| (*span, op.invoked.place));
        let LatencyBounds { p50, p99, max } = self.bounds;
        for (name, percent, bound) in [("p50", 50, p50), ("p99", 99, p99), ("max", 100, max)] {
            if let Some(bound) = bound {
                judge(&taken, (name, percent), bound, findings);
            }
        }
    }
}

/// How long an operation took, if it counts.
fn time_taken(op: &Operation<'_>) -> Option<SimDuration> {
    let end = op.completed.filter(|end| matches!(end.phase, Phase::Ok | Phase::Info))?;
    Some(end.moment.at - op.invoked.at)
}

/// `taken` is in order.
fn judge(
    taken: &[(SimDuration, &Operation<'_>)],
    (name, percent): (&str, usize),
    bound: SimDuration,
    findings: &mut Findings,
) {
    let rank = (taken.len() * percent).div_ceil(100);
    let (found, op) = taken[rank - 1];
    if found <= bound {
        return;
    }
    let what = match name {
        "p50" => "half of the operations took longer than",
        "p99" => "more than one operation in a hundred took longer than",
        _ => "an operation took longer than",
    };
    let over = taken.len() - taken.partition_point(|(span, _)| *span <= bound);
    let message = format!("{what} {bound}: {name} is {found} of {} operations", taken.len());
    let end = op.completed.map_or(op.invoked.at, |end| end.moment.at);
    let finding = findings.violated(end, message);
    finding.op(op.id).evidence(json!({
        "bound": { name: bound },
        "found": found,
        "operations": taken.len(),
        "longer": over,
    }));
    if let Some(node) = op.node {
        finding.node(node);
    }
}
