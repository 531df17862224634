//! Linearizability: operations seem to take effect one at a time, each at some moment between its
//! invocation and its completion (Herlihy & Wing 1990).
//!
//! The parts, in the order of the work: `objects` splits a history, `turns` lets all objects come to
//! their right, `job` is what is done for one of them. A [`Model`] says what it should do (those that
//! come with Squall: [`models`]); `zones` judges plain registers without a search; else `plan` makes small
//! numbers of the operations and `search` looks for a legal order. If there is none, `prefix` finds the
//! shortest beginning without one, and `explain` says why. Deciding it is NP-complete (Gibbons & Korach
//! 1997), so the search has a budget, and "unknown" is an answer.

mod explain;
mod job;
mod model;
pub mod models;
mod objects;
mod plan;
mod prefix;
mod search;
mod turns;
mod values;
mod zones;

pub use model::{Effect, Model, OpView, RegisterCall, Split};
pub use models::{KvModel, RegisterModel};
pub use values::{ValueId, Values};

use crate::{Analysis, Budget, Findings, Operation};
use turns::Ending;

/// Whether the operations are linearizable with respect to a model.
///
/// Operations that ended in `fail` did not happen and are left out. Those that ended in `info`, or
/// never completed, may take effect at any time after their invocation, with any result, or never.
/// Exercised once for each `ok`. A prefix of a linearizable history is linearizable, so a run that
/// was stopped early is judged as well.
///
/// An operation that the model cannot read leaves it without an answer.
#[derive(Clone, Copy, Debug)]
pub struct Linearizable<M> {
    model: M,
    limits: Limits,
}

/// How one object is searched.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// See [`Linearizable::with_width`].
    width: usize,
    /// See [`Linearizable::with_threads`].
    threads: usize,
    /// Whether registers are judged without a search where that is possible.
    zones: bool,
}

/// Configurations at one completion: some megabytes, and far more than a history of a register ever
/// has.
const WIDTH: usize = 1 << 15;

impl<M> Linearizable<M> {
    /// With respect to `model`.
    pub const fn new(model: M) -> Self {
        Self { model, limits: Limits { width: WIDTH, threads: 1, zones: true } }
    }

    /// How many configurations the search may visit at one completion before it goes on in depth. The
    /// verdict does not depend on it, only time and memory.
    #[must_use]
    pub const fn with_width(mut self, width: usize) -> Self {
        self.limits.width = width;
        self
    }

    /// How many threads judge objects side by side; 1 unless this is called, since inside of a
    /// simulated run there may be no other. The verdict does not depend on it, as long as the budget
    /// suffices: threads share the budget, so a little less may suffice for one than for several.
    #[must_use]
    pub const fn with_threads(mut self, threads: usize) -> Self {
        self.limits.threads = threads;
        self
    }

    /// Searches even where a register can be judged without: slower, with the same verdict.
    #[must_use]
    pub const fn always_searching(mut self) -> Self {
        self.limits.zones = false;
        self
    }
}

impl<M: Model> Analysis for Linearizable<M> {
    fn name(&self) -> &'static str {
        "linearizable"
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        operations.iter().filter(|operation| operation.ok().is_some()).for_each(|_| findings.exercised());
        let bytes = budget.bytes;
        let objects = objects::split(&self.model, operations);
        let of = objects.len();
        match turns::take(&self.model, self.limits, operations, objects, budget) {
            Ending::Legal => {}
            Ending::Illegal(found) => {
                let found = prefix::shortest(&self.model, self.limits, operations, *found, budget);
                explain::illegal(&self.model, &found, findings);
            }
            Ending::Contradictory(found) => explain::contradictory(operations, &self.model, &found, findings),
            Ending::Unreadable(why) => findings.unknown(why),
            Ending::Undecided { objects, what } => {
                findings.unknown(format!("{what} ran out with {objects} of {of} objects undecided"));
            }
        }
        // Whatever was held is given back by now.
        budget.bytes = bytes;
    }
}
