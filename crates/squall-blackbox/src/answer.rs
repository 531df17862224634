//! How an analysis comes to no answer: a history that it cannot read, or a budget that ran out.
//!
//! Neither says anything about the system under test.

use squall_history::OpId;

use crate::{Budget, CheckError, Exhausted, Findings, Operation};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// An operation is none that the analysis knows.
    #[error("op {}: {why}", op.0)]
    Unreadable {
        /// The operation.
        op: OpId,
        /// What is wrong with it.
        why: CheckError,
    },
    /// The history as a whole is not what the analysis assumes.
    #[error("{0}")]
    Unfit(String),
    /// The budget ran out.
    #[error("{0} ran out")]
    Exhausted(Exhausted),
}

impl From<Exhausted> for NoAnswer {
    fn from(what: Exhausted) -> Self {
        Self::Exhausted(what)
    }
}

/// Lets `judge` judge; if it comes to no answer, that is the answer. What it held of the budget's
/// bytes is free afterwards.
pub(crate) fn answer(
    budget: &mut Budget,
    findings: &mut Findings,
    judge: impl FnOnce(&mut Budget, &mut Findings) -> Result<(), NoAnswer>,
) {
    let bytes = budget.bytes;
    if let Err(why) = judge(budget, findings) {
        findings.unknown(why.to_string());
    }
    budget.bytes = bytes;
}

/// Holds memory for so many things of type `T`.
pub(crate) fn hold<T>(budget: &mut Budget, count: usize) -> Result<(), NoAnswer> {
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    Ok(budget.hold(bytes)?)
}

/// `model` has no such operation.
pub(crate) fn no_such_operation(model: &'static str, op: &Operation<'_>) -> NoAnswer {
    let f = op.f.to_owned();
    NoAnswer::Unreadable { op: op.id, why: CheckError::Operation { model, f } }
}

/// The argument is not what `model` takes.
pub(crate) fn bad_argument(model: &'static str, op: &Operation<'_>, takes: &'static str) -> NoAnswer {
    let (f, argument) = (op.f.to_owned(), op.input.clone());
    NoAnswer::Unreadable { op: op.id, why: CheckError::Argument { model, f, argument, takes } }
}

/// The result is not what `model` gives.
pub(crate) fn bad_result(model: &'static str, op: &Operation<'_>, gives: &'static str) -> NoAnswer {
    let f = op.f.to_owned();
    let result = op.ok().map(|(_, output)| output.clone()).unwrap_or_default();
    NoAnswer::Unreadable { op: op.id, why: CheckError::Result { model, f, result, gives } }
}
