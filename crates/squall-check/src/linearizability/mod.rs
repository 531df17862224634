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
mod operations;
mod search;

use std::collections::BTreeMap;

pub use model::{Model, OpView, Split};
pub use objects::{KvModel, RegisterModel, ValueCall};

use operations::Operation;
use search::{Progress, Search};
use squall_history::History;

use crate::{Budget, Checker, Findings, Oracle};

pub(crate) const NAME: &str = "linearizable";

/// Moves of a key's first turn. Easy keys end within it; turns double, so that a hard one costs
/// few changes of turn.
const FIRST_TURN: u64 = 1_024;

/// Whether the client operations of a history are linearizable with respect to a model.
///
/// Operations that ended in `fail` did not happen and are left out. Those that ended in `info`, or
/// never completed, may take effect at any time after their invocation, with any result, or never.
/// Exercised once for each `ok`. A prefix of a linearizable history is linearizable, so a run that
/// was stopped early is judged as well.
///
/// An ill-formed history (see the violation's message) is a violation. An operation that the model
/// cannot read leaves the checker without an answer.
#[derive(Clone, Copy, Debug)]
pub struct Linearizable<M> {
    model: M,
    name: &'static str,
    id: Option<&'static str>,
}

/// The checker for `model`, ready for a system's list of checkers.
pub fn linearizable<M: Model + 'static>(model: M) -> Box<dyn Checker> {
    Box::new(Linearizable::new(model))
}

impl<M> Linearizable<M> {
    /// The checker for `model`, named `linearizable`.
    pub const fn new(model: M) -> Self {
        Self { model, name: NAME, id: None }
    }

    /// Under a name of its own and an id, for a system with several or with a catalogue.
    #[must_use]
    pub fn named(self, name: &'static str, id: Option<&'static str>) -> Self {
        Self { name, id, ..self }
    }
}

impl<M> Oracle for Linearizable<M> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn id(&self) -> Option<&'static str> {
        self.id
    }
}

impl<M: Model> Checker for Linearizable<M> {
    fn check(&self, history: &History, budget: &mut Budget, findings: &mut Findings) {
        let operations = match operations::operations(history) {
            Ok(operations) => operations,
            Err(ill_formed) => return explain::ill_formed(&ill_formed, findings),
        };
        operations.iter().filter(|operation| operation.ok.is_some()).for_each(|_| findings.exercised());
        let objects = match self.objects(operations) {
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
                let call = self.model.call(operation.view());
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
    Undecided { objects: usize, what: &'static str },
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
                Progress::OutOfBytes => {
                    // What it held may let the others come to an end.
                    object.search.release(budget);
                    given_up += 1;
                }
                Progress::OutOfSteps => {
                    let objects = given_up + waiting.len() + of - done;
                    return Ending::Undecided { objects, what: "steps" };
                }
            }
        }
        running = waiting;
        turn = turn.saturating_mul(2);
    }
    match given_up {
        0 => Ending::Legal,
        objects => Ending::Undecided { objects, what: "memory" },
    }
}
