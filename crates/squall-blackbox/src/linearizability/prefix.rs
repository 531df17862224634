//! The shortest illegal prefix of an object's history, as a history of its own.
//!
//! The search knows what every operation returned in the end. In a prefix that is not known yet of
//! operations that complete behind it, and such a one may have any result. So the completion at which
//! the search got stuck may lie too early; it never lies too late. What failed in the end is left out
//! of every prefix.

use super::job::span;
use super::objects::{self, Object};
use super::plan::Plan;
use super::search::{Progress, Search};
use super::zones::Conflict;
use super::{Effect, Limits, Model, OpView, Values};
use crate::{Budget, Operation};

/// An object without a legal order, up to the completion that makes it so.
pub(super) struct Illegal<'h, M: Model> {
    pub(super) object: Object<'h>,
    /// Whose completion it is.
    pub(super) stuck: Operation<'h>,
    /// What is known of the operations on the object.
    pub(super) operations: Vec<Operation<'h>>,
    pub(super) calls: Vec<M::Call>,
    pub(super) values: Values<'h>,
    /// A legal order of all that completed before. `stuck` may be in it, with another result.
    pub(super) order: Vec<usize>,
    /// What the zones said, if they did.
    pub(super) conflict: Option<Conflict>,
    /// Whether no shorter prefix is illegal; else the budget ran out before that was certain.
    pub(super) is_shortest: bool,
}

/// An object without a legal order, of which no more is known than what the zones show.
pub(super) struct Unexplained<'h, M: Model> {
    pub(super) object: Object<'h>,
    pub(super) calls: Vec<M::Call>,
    pub(super) values: Values<'h>,
    pub(super) conflict: Conflict,
}

/// A prefix that was judged.
struct Judged<'h, M: Model> {
    operations: Vec<Operation<'h>>,
    calls: Vec<M::Call>,
    values: Values<'h>,
    /// The completion that none of its orders passes, if it is illegal.
    stuck: Option<usize>,
    order: Vec<usize>,
}

/// Finds the shortest illegal prefix, from where the search on the whole history got stuck.
pub(super) fn shortest<'h, M: Model>(
    model: &M,
    limits: Limits,
    all: &[Operation<'h>],
    mut found: Illegal<'h, M>,
    budget: &mut Budget,
) -> Illegal<'h, M> {
    let stuck = place(&found.stuck);
    if is_known(model, &found, stuck) {
        return found;
    }
    let mut ends: Vec<(usize, Operation<'h>)> = Vec::new();
    ends.extend(found.operations.iter().filter(|op| op.ok().is_some()).map(|op| (place(op), *op)));
    ends.retain(|(end, _)| *end >= stuck);
    ends.sort_unstable_by_key(|(end, _)| *end);
    // `low` first ends are legal; steps double until one is illegal, then they halve.
    let (mut low, mut stride, mut high) = (0, 1, ends.len());
    let (mut legal, mut illegal) = (None, None);
    while low < high {
        let middle = match illegal {
            None => (low + stride - 1).min(high - 1),
            Some(_) => low + (high - low) / 2,
        };
        match judge(model, limits, all, &found.object, ends[middle].0, budget) {
            Some(judged) if judged.stuck.is_none() => {
                (low, stride, legal) = (middle + 1, stride * 2, Some(judged));
            }
            Some(judged) => (high, illegal) = (middle, Some(judged)),
            None => {
                found.is_shortest = false;
                return found;
            }
        }
    }
    // What came before is legal and shows how, unless nothing was tried before.
    let judged = legal.or(illegal).expect("at least one prefix was judged");
    let Judged { operations, calls, values, order, .. } = judged;
    Illegal { stuck: ends[low].1, operations, calls, values, order, ..found }
}

/// Where an operation that has a result completed.
fn place(operation: &Operation<'_>) -> usize {
    operation.ok().expect("it has a result").0.place
}

/// Whether what completes behind this place has no result that the search could have used.
fn is_known<'h, M: Model>(model: &M, found: &Illegal<'h, M>, cut: usize) -> bool {
    let mut values = found.values.clone();
    let mut is_same = |(operation, call): (&Operation<'h>, &M::Call)| {
        // Reads that only may have happened change as little as those that did.
        model.call(OpView { output: None, ..OpView::of(operation) }, &mut values).is_ok_and(|open| {
            let observe = model.effect(&open) == Effect::Observes && model.effect(call) == Effect::Observes;
            observe || open == *call
        })
    };
    let completes_behind = |operation: &Operation<'_>| {
        operation.invoked.place < cut && operation.ok().is_some_and(|(moment, _)| moment.place > cut)
    };
    let pending = found.operations.iter().zip(&found.calls);
    pending.filter(|(operation, _)| completes_behind(operation)).all(&mut is_same)
}

/// Judges the object's history up to this place, if the budget suffices.
fn judge<'h, M: Model>(
    model: &M,
    limits: Limits,
    all: &[Operation<'h>],
    object: &Object<'h>,
    cut: usize,
    budget: &mut Budget,
) -> Option<Judged<'h, M>> {
    let operations = object.operations_until(all, cut);
    let mut values = Values::default();
    let calls = objects::calls(model, operations.iter(), &mut values).ok()?;
    let mut search = Search::new(model, limits, Plan::new(model, operations.iter().map(span), &calls));
    let progress = loop {
        match search.advance(u64::MAX, budget) {
            Progress::Running => {}
            end => break end,
        }
    };
    let judged = match progress {
        Progress::Legal => Some((None, search.order())),
        Progress::Illegal => Some((Some(search.stuck()), search.order())),
        Progress::Running | Progress::Exhausted(_) => None,
    };
    search.release(budget);
    judged.map(|(stuck, order)| Judged { operations, calls, values, stuck, order })
}
