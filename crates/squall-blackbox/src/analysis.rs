//! The seam that every black-box checker fits: [`Analysis`].

use squall_history::SimTime;

use crate::{Budget, Findings, Operation};

/// Judges the client operations of a history by one promise.
pub trait Analysis {
    /// Its name, kebab-case: `linearizable`.
    fn name(&self) -> &'static str;

    /// How much of the run it must see.
    fn scope(&self) -> Scope {
        Scope::Prefix
    }

    /// Examines the operations, in order of invocation, those that failed included.
    ///
    /// It counts in `findings` each operation that it could judge, adds what is violated with the
    /// operations that prove it, and says `unknown` if `budget` ran out first. An operation that it
    /// cannot read leaves it without an answer: also `unknown`.
    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings);
}

/// How much of a run a checker must see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Whatever there is: what is wrong in a prefix of a run is wrong in the whole.
    Prefix,
    /// The run up to this time.
    Until(SimTime),
    /// The run to its end.
    WholeRun,
}
