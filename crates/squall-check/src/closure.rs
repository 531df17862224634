//! Oracles from a function: for what needs no type of its own.

use squall_history::{History, Record};

use crate::{Budget, Checker, Findings, Invariant, Oracle};

/// An invariant that keeps `state` and looks at each record as it comes. Call
/// [`Findings::exercised`] whenever there is something to judge: an invariant that never had is named in
/// the report.
///
/// ```
/// use squall_check::{Findings, invariant_fn};
/// use squall_history::{Body, NodeEvent, Record};
///
/// /// No node starts more often than so many times.
/// let invariant = invariant_fn("few-starts", 0, |starts: &mut u32, record: &Record, findings: &mut Findings| {
///     if matches!(record.body, Body::Node(NodeEvent::Started)) {
///         findings.exercised();
///         *starts += 1;
///         if *starts > 100 {
///             findings.violated(record.at, "nodes start again and again");
///         }
///     }
/// });
/// assert_eq!(invariant.name(), "few-starts");
/// ```
pub fn invariant_fn<S: 'static>(
    name: &'static str,
    state: S,
    observe: impl FnMut(&mut S, &Record, &mut Findings) + 'static,
) -> Box<dyn Invariant> {
    Box::new(Watching { name, state, observe })
}

/// A checker that looks at the finished history, within its budget.
pub fn checker_fn(
    name: &'static str,
    check: impl Fn(&History, &mut Budget, &mut Findings) + 'static,
) -> Box<dyn Checker> {
    Box::new(Checking { name, check })
}

struct Watching<S, F> {
    name: &'static str,
    state: S,
    observe: F,
}

impl<S, F> Oracle for Watching<S, F> {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl<S, F: FnMut(&mut S, &Record, &mut Findings)> Invariant for Watching<S, F> {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        (self.observe)(&mut self.state, record, findings);
    }
}

struct Checking<F> {
    name: &'static str,
    check: F,
}

impl<F> Oracle for Checking<F> {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl<F: Fn(&History, &mut Budget, &mut Findings)> Checker for Checking<F> {
    fn check(&self, history: &History, budget: &mut Budget, findings: &mut Findings) {
        (self.check)(history, budget, findings);
    }
}
