//! A queue that gives in any order.

use serde_json::{Value, json};

use super::fifo_queue::QueueCall;
use crate::CheckError;
use crate::linearizability::{Model, OpView, Split, ValueId, Values};

/// An unordered queue (a bag), or one for each key. It begins empty, and an element may be in it
/// several times.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `enqueue` | the element | nothing, or the argument again |
/// | `dequeue` | – | some element; nothing if there is none |
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct QueueModel;

/// What is in a bag.
///
/// A `dequeue` without an answer took some element. Which, stays open until it matters: when the
/// queue is found empty, they took all that is left. Nothing is lost by that, since such a
/// `dequeue` may take effect arbitrarily late.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Queued {
    /// In order.
    pub elements: Vec<ValueId>,
    /// How many of them were taken, nobody knows which.
    pub taken: usize,
}

impl Model for QueueModel {
    type State = Queued;
    type Call = QueueCall;

    fn name(&self) -> &'static str {
        "queue"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> Queued {
        Queued::default()
    }

    fn call<'h>(&self, op: OpView<'h>, values: &mut Values<'h>) -> Result<QueueCall, CheckError> {
        QueueCall::read(self.name(), op, values)
    }

    fn step(&self, state: &Queued, call: &QueueCall) -> Option<Queued> {
        let mut next = state.clone();
        let left = state.elements.len() - state.taken;
        match call {
            QueueCall::Enqueue(element) => {
                let at = next.elements.partition_point(|other| other < element);
                next.elements.insert(at, *element);
            }
            QueueCall::Dequeue(element) => {
                let at = next.elements.binary_search(element).ok().filter(|_| left > 0)?;
                next.elements.remove(at);
            }
            QueueCall::FindEmpty if left > 0 => return None,
            QueueCall::FindEmpty => next = Queued::default(),
            QueueCall::DequeueUnknown => next.taken += usize::from(left > 0),
        }
        Some(next)
    }

    fn show(&self, state: &Queued, _order: &[&QueueCall], values: &Values<'_>) -> Value {
        let elements: Vec<_> = state.elements.iter().map(|&element| values.value(element)).collect();
        json!({ "elements": elements, "taken-unknown": state.taken })
    }

    fn heap_bytes(&self, state: &Queued) -> u64 {
        size_of_val(state.elements.as_slice()) as u64
    }
}
