//! What an object should do when it is used by one client at a time.

use std::hash::Hash;

use serde_json::Value;
use squall_history::ProcessId;

use super::values::{ValueId, Values};
use crate::{CheckError, Operation};

/// A sequential specification, as plain values. It is deterministic: a state and a call have at
/// most one next state.
pub trait Model: Sync {
    /// State of the object (of one key, under [`Split::PerKey`]). Equal states must hash alike.
    type State: Clone + Eq + Hash + Send;

    /// An operation as the model reads it, with its result if that is known. Equal calls must be
    /// interchangeable: the search tries only one of them.
    type Call: Clone + Eq + Hash + Send;

    /// Its name, for people.
    fn name(&self) -> &'static str;

    /// Whether keys are independent objects.
    fn split(&self) -> Split;

    /// The state before any operation.
    fn init(&self) -> Self::State;

    /// Reads an operation; done once for each, before the search. `values` makes small numbers of
    /// JSON values.
    ///
    /// # Errors
    /// If the model has no such operation, or cannot read its argument or result. The checker then
    /// has no answer.
    fn call<'h>(&self, op: OpView<'h>, values: &mut Values<'h>) -> Result<Self::Call, CheckError>;

    /// The state after `call`, or `None` if it cannot take effect in `state` with the result it
    /// had. A call whose result is not known may have any.
    fn step(&self, state: &Self::State, call: &Self::Call) -> Option<Self::State>;

    /// What kind of call it is. The more the search knows, the less it has to try;
    /// [`Effect::Changes`] is always true.
    fn effect(&self, _call: &Self::Call) -> Effect {
        Effect::Changes
    }

    /// The call as one of a plain register that begins as `null`, if it is no more than that. A
    /// history of nothing else is judged without a search if no value is written twice.
    fn register(&self, _call: &Self::Call) -> Option<RegisterCall> {
        None
    }

    /// A state as evidence of a violation; `order` led to it.
    fn show(&self, _state: &Self::State, _order: &[&Self::Call], _values: &Values<'_>) -> Value {
        Value::Null
    }

    /// Bytes that a state holds besides its own size, for the budget.
    fn heap_bytes(&self, _state: &Self::State) -> u64 {
        0
    }
}

/// What a call can do to a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// In each state it has no place, or leaves the state as it is: a read.
    Observes,
    /// It has a place in each state, and what comes after does not depend on what was before: a
    /// write.
    Overwrites,
    /// Anything.
    Changes,
}

/// A call of a plain register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RegisterCall {
    /// Returns this value; `None`: which, is not known.
    Read(Option<ValueId>),
    /// Writes this value.
    Write(ValueId),
}

/// Whether the operations of a history act on one object or on many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Split {
    /// Each key is an object of its own. A history is linearizable if and only if it is for each
    /// object (Herlihy & Wing 1990, theorem 1), so keys are searched one by one.
    PerKey,
    /// All keys together are one object: there are operations over several.
    Whole,
    /// Each result of each key is an object of its own; what has no result acts on none. For models
    /// that promise something of each result by itself.
    PerResult,
}

/// An operation as the history tells it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpView<'h> {
    /// Who performs it.
    pub process: ProcessId,
    /// What is done.
    pub f: &'h str,
    /// The object acted upon.
    pub key: Option<&'h str>,
    /// The argument of the invocation.
    pub input: &'h Value,
    /// The result of an `ok`; `None` if the operation ended in `info` or never completed.
    pub output: Option<&'h Value>,
}

impl<'h> OpView<'h> {
    /// What a model may see of an operation.
    pub fn of(operation: &Operation<'h>) -> Self {
        let Operation { process, f, key, input, .. } = *operation;
        Self { process, f, key, input, output: operation.ok().map(|(_, output)| output) }
    }

    /// The result, where having none and not knowing it are the same.
    pub(super) fn result(&self) -> Option<&'h Value> {
        self.output.filter(|output| !output.is_null())
    }

    pub(super) fn unknown_to(&self, model: &'static str) -> CheckError {
        CheckError::Operation { model, f: self.f.to_owned() }
    }

    pub(super) fn bad_argument(&self, model: &'static str, takes: &'static str) -> CheckError {
        CheckError::Argument { model, f: self.f.to_owned(), argument: self.input.clone(), takes }
    }

    pub(super) fn bad_result(&self, model: &'static str, gives: &'static str) -> CheckError {
        let (f, result) = (self.f.to_owned(), self.output.cloned().unwrap_or_default());
        CheckError::Result { model, f, result, gives }
    }

    /// That there is no result, or the argument again: what operations return that only happen.
    pub(super) fn returns_nothing(&self, model: &'static str) -> Result<(), CheckError> {
        match self.result() {
            None => Ok(()),
            Some(value) if value == self.input => Ok(()),
            Some(_) => Err(self.bad_result(model, "nothing, or its argument again")),
        }
    }
}
