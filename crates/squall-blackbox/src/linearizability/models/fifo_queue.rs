//! A queue that gives in the order in which it was given.

use serde_json::Value;

use crate::CheckError;
use crate::linearizability::{Effect, Model, OpView, Split, ValueId, Values};

/// A first-in-first-out queue, or one for each key. It begins empty.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `enqueue` | the element | nothing, or the argument again |
/// | `dequeue` | – | the oldest element; nothing if there is none |
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FifoQueueModel;

/// An operation on a queue of either kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QueueCall {
    /// Gives an element.
    Enqueue(ValueId),
    /// Takes this element.
    Dequeue(ValueId),
    /// Finds that there is nothing to take.
    FindEmpty,
    /// Takes an element if there is one; which, is not known.
    DequeueUnknown,
}

impl QueueCall {
    pub(super) fn read<'h>(
        model: &'static str,
        op: OpView<'h>,
        values: &mut Values<'h>,
    ) -> Result<Self, CheckError> {
        match (op.f, op.output) {
            ("enqueue", _) if op.input.is_null() => {
                Err(op.bad_argument(model, "an element other than `null`"))
            }
            ("enqueue", _) => op.returns_nothing(model).map(|()| Self::Enqueue(values.id(op.input))),
            ("dequeue", None) => Ok(Self::DequeueUnknown),
            ("dequeue", Some(Value::Null)) => Ok(Self::FindEmpty),
            ("dequeue", Some(element)) => Ok(Self::Dequeue(values.id(element))),
            _ => Err(op.unknown_to(model)),
        }
    }
}

impl Model for FifoQueueModel {
    /// The elements, the oldest first.
    type State = Vec<ValueId>;
    type Call = QueueCall;

    fn name(&self) -> &'static str {
        "fifo-queue"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> Self::State {
        Vec::new()
    }

    fn call<'h>(&self, op: OpView<'h>, values: &mut Values<'h>) -> Result<QueueCall, CheckError> {
        QueueCall::read(self.name(), op, values)
    }

    fn step(&self, state: &Self::State, call: &QueueCall) -> Option<Self::State> {
        match call {
            QueueCall::Enqueue(element) => {
                let mut next = Vec::with_capacity(state.len() + 1);
                next.extend_from_slice(state);
                next.push(*element);
                Some(next)
            }
            QueueCall::Dequeue(element) => (state.first() == Some(element)).then(|| state[1..].to_vec()),
            QueueCall::FindEmpty => state.is_empty().then(Vec::new),
            QueueCall::DequeueUnknown => Some(state.get(1..).unwrap_or_default().to_vec()),
        }
    }

    fn effect(&self, call: &QueueCall) -> Effect {
        if *call == QueueCall::FindEmpty { Effect::Observes } else { Effect::Changes }
    }

    fn show(&self, state: &Self::State, _order: &[&QueueCall], values: &Values<'_>) -> Value {
        state.iter().map(|&element| values.value(element).clone()).collect()
    }

    fn heap_bytes(&self, state: &Self::State) -> u64 {
        size_of_val(state.as_slice()) as u64
    }
}
