//! What an object should do when it is used by one client at a time.

use std::hash::Hash;

use serde_json::Value;

use crate::{CheckError, Operation};

/// A sequential specification, as plain values. It is deterministic: a state and a call have at
/// most one next state.
pub trait Model {
    /// State of the object (of one key, under [`Split::PerKey`]). Equal states must hash alike.
    type State: Clone + Eq + Hash;

    /// An operation as the model reads it, with its result if that is known.
    type Call;

    /// Its name, for people.
    fn name(&self) -> &'static str;

    /// Whether keys are independent objects.
    fn split(&self) -> Split;

    /// The state before any operation.
    fn init(&self) -> Self::State;

    /// Reads an operation; done once for each, before the search.
    ///
    /// # Errors
    /// If the model has no such operation, or cannot read its argument or result. The checker then
    /// has no answer.
    fn call(&self, op: OpView<'_>) -> Result<Self::Call, CheckError>;

    /// The state after `call`, or `None` if it cannot take effect in `state` with the result it
    /// had. A call whose result is not known may have any.
    fn step(&self, state: &Self::State, call: &Self::Call) -> Option<Self::State>;

    /// A state as evidence of a violation.
    fn show(&self, _state: &Self::State) -> Value {
        Value::Null
    }

    /// Bytes that a state holds besides its own size, for the budget.
    fn heap_bytes(&self, _state: &Self::State) -> u64 {
        0
    }
}

/// Whether the operations of a history act on one object or on many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Split {
    /// Each key is an object of its own. A history is linearizable if and only if it is for each
    /// object (Herlihy & Wing 1990, theorem 1), so keys are searched one by one.
    PerKey,
    /// All keys together are one object: there are operations over several.
    Whole,
}

/// An operation as the history tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpView<'a> {
    /// What is done.
    pub f: &'a str,
    /// The object acted upon.
    pub key: Option<&'a str>,
    /// The argument of the invocation.
    pub input: &'a Value,
    /// The result of an `ok`; `None` if the operation ended in `info` or never completed.
    pub output: Option<&'a Value>,
}

impl<'a> OpView<'a> {
    pub(super) fn of(operation: &Operation<'a>) -> Self {
        let Operation { f, key, input, .. } = *operation;
        Self { f, key, input, output: operation.ok().map(|(_, output)| output) }
    }
}
