//! Many objects, one budget: each is searched for a while, then the next.

use super::objects::{self, Object};
use super::plan::Plan;
use super::prefix::Illegal;
use super::search::{Progress, Search};
use super::{Limits, Model, Values};
use crate::{Budget, Exhausted, Operation};

/// Steps of an object's first turn. Easy objects end within it; turns double, so that a hard one
/// costs few changes of turn.
const FIRST_TURN: u64 = 1_024;

/// What came of all objects together.
pub(super) enum Ending<'h, M: Model> {
    /// Each has a legal order.
    Legal,
    /// This one has none.
    Illegal(Box<Illegal<'h, M>>),
    /// The model cannot read an operation.
    Unreadable(String),
    /// The budget ran out.
    Undecided { objects: usize, what: Exhausted },
}

/// Lets the searches take turns, each longer than the last, until one finds that there is no legal
/// order: one object may have no end while another is quickly illegal.
pub(super) fn take<'h, M: Model>(
    model: &M,
    limits: Limits,
    operations: &[Operation<'h>],
    objects: Vec<Object<'h>>,
    budget: &mut Budget,
) -> Ending<'h, M> {
    let mut running: Vec<Running<'h, '_, M>> = Vec::new();
    for object in objects {
        match Running::new(model, limits, object, operations) {
            Ok(object) => running.push(object),
            Err(why) => return Ending::Unreadable(why),
        }
    }
    let mut given_up = 0;
    let mut turn = FIRST_TURN;
    while !running.is_empty() {
        let mut waiting = Vec::new();
        let of = running.len();
        for (done, mut object) in running.into_iter().enumerate() {
            match object.search.advance(turn, budget) {
                Progress::Running => waiting.push(object),
                Progress::Legal => object.search.release(budget),
                Progress::Illegal => return Ending::Illegal(Box::new(object.illegal(operations))),
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

/// An object whose search is not over.
struct Running<'h, 'm, M: Model> {
    object: Object<'h>,
    calls: Vec<M::Call>,
    values: Values<'h>,
    search: Search<'m, M>,
}

impl<'h, 'm, M: Model> Running<'h, 'm, M> {
    fn new(
        model: &'m M,
        limits: Limits,
        object: Object<'h>,
        operations: &[Operation<'h>],
    ) -> Result<Self, String> {
        let mut values = Values::default();
        let operations = object.operations(operations);
        let calls = objects::calls(model, &operations, &mut values)?;
        let search = Search::new(model, limits, Plan::new(model, &operations, &calls));
        Ok(Self { object, calls, values, search })
    }

    fn illegal(self, operations: &[Operation<'h>]) -> Illegal<'h, M> {
        let Self { object, calls, values, search } = self;
        let operations = object.operations(operations);
        let (stuck, order) = (operations[search.stuck()], search.order());
        Illegal { object, stuck, operations, calls, values, order, is_shortest: true }
    }
}
