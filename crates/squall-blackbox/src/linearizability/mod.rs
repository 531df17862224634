//! Linearizability: operations seem to take effect one at a time, each at some moment between its
//! invocation and its completion (Herlihy & Wing 1990).
//!
//! The parts, in the order of the work: `operations` reads a history, a [`Model`] says what the
//! object should do, `search` looks for a legal order on each key, `explain` says why there is
//! none. Deciding it is NP-complete (Gibbons & Korach 1997), so the search has a budget, and
//! "unknown" is an answer. It does not judge transactions over several keys unless the model takes
//! them all for one object.

mod explain;
mod model;
mod objects;
mod search;

use std::collections::BTreeMap;

pub use model::{Model, OpView, Split};
pub use objects::{KvModel, RegisterModel, ValueCall};

use search::{Progress, Search};

use crate::{Analysis, Budget, Exhausted, Findings, Operation};

/// Moves of a key's first turn. Easy keys end within it; turns double, so that a hard one costs
/// few changes of turn.
const FIRST_TURN: u64 = 1_024;

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
}

impl<M> Linearizable<M> {
    /// With respect to `model`.
    pub const fn new(model: M) -> Self {
        Self { model }
    }
}

impl<M: Model> Analysis for Linearizable<M> {
    fn name(&self) -> &'static str {
        "linearizable"
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        operations.iter().filter(|operation| operation.ok().is_some()).for_each(|_| findings.exercised());
        let effective = operations.iter().filter(|operation| !operation.failed()).copied().collect();
        let objects = match self.objects(effective) {
            Ok(objects) => objects,
            Err(why) => return findings.unknown(why),
        };
        let of = objects.len();
        match take_turns(objects, budget) {
            Ending::Legal => {}
            Ending::Illegal(object) => {
                let Object { key, operations, search } = *object;
                let furthest = search.into_furthest();
                explain::illegal(&self.model, key, &operations, &furthest, findings);
            }
            Ending::Undecided { objects, what } => {
                findings.unknown(format!("{what} ran out with {objects} of {of} objects undecided"));
            }
        }
    }
}

/// The operations on one object, and the search for their order.
struct Object<'h, 'm, M: Model> {
    key: Option<&'h str>,
    operations: Vec<Operation<'h>>,
    search: Search<'m, M>,
}

impl<M: Model> Linearizable<M> {
    fn objects<'h>(&self, operations: Vec<Operation<'h>>) -> Result<Vec<Object<'h, '_, M>>, String> {
        let mut by_key: BTreeMap<Option<&str>, Vec<Operation<'_>>> = BTreeMap::new();
        for operation in operations {
            let key = match self.model.split() {
                Split::PerKey => operation.key,
                Split::Whole => None,
            };
            by_key.entry(key).or_default().push(operation);
        }
        let object = |(key, operations): (_, Vec<Operation<'h>>)| {
            let read = |operation: &Operation<'_>| {
                let call = self.model.call(OpView::of(operation));
                call.map_err(|why| format!("op {}: {why}", operation.id.0))
            };
            let calls = operations.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let search = Search::new(&self.model, &operations, calls);
            Ok(Object { key, operations, search })
        };
        by_key.into_iter().map(object).collect()
    }
}

/// What came of all objects together.
enum Ending<'h, 'm, M: Model> {
    /// Each has a legal order.
    Legal,
    /// This one has none.
    Illegal(Box<Object<'h, 'm, M>>),
    /// The budget ran out.
    Undecided { objects: usize, what: Exhausted },
}

/// Lets the searches take turns, each longer than the last, until one finds that there is no legal
/// order: one object may have no end while another is quickly illegal.
fn take_turns<'h, 'm, M: Model>(
    mut running: Vec<Object<'h, 'm, M>>,
    budget: &mut Budget,
) -> Ending<'h, 'm, M> {
    let mut given_up = 0;
    let mut turn = FIRST_TURN;
    while !running.is_empty() {
        let mut waiting = Vec::new();
        let of = running.len();
        for (done, mut object) in running.into_iter().enumerate() {
            match object.search.advance(turn, budget) {
                Progress::Running => waiting.push(object),
                Progress::Legal => object.search.release(budget),
                Progress::Illegal => return Ending::Illegal(Box::new(object)),
                Progress::Exhausted(Exhausted::Bytes) => {
                    // What it held may let the others come to an end.
                    object.search.release(budget);
                    given_up += 1;
                }
                Progress::Exhausted(what) => {
                    let objects = given_up + waiting.len() + of - done;
                    return Ending::Undecided { objects, what };
                }
            }
        }
        running = waiting;
        turn = turn.saturating_mul(2);
    }
    match given_up {
        0 => Ending::Legal,
        objects => Ending::Undecided { objects, what: Exhausted::Bytes },
    }
}
