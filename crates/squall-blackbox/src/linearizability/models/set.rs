//! A set.

use serde_json::Value;

use crate::CheckError;
use crate::linearizability::{Effect, Model, OpView, Split, ValueId, Values};

/// A set, or one for each key. It begins empty.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `add` | the element | nothing, or the argument again; or whether it was new |
/// | `remove` | the element | nothing, or the argument again; or whether it was there |
/// | `contains` | the element | whether it is there |
/// | `read` | – | all elements as a list, in any order |
///
/// A list that names an element twice is the result of no set. Elements that are truth values
/// themselves cannot be told from "whether it was new".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SetModel;

/// An operation on a set.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SetCall {
    /// Adds an element; whether it was new, if that is known.
    Add(ValueId, Option<bool>),
    /// Removes an element; whether it was there, if that is known.
    Remove(ValueId, Option<bool>),
    /// Asks for an element; whether it is there, if that is known.
    Contains(ValueId, Option<bool>),
    /// Returns all elements; `None`: which, is not known.
    Read(Option<Vec<ValueId>>),
}

impl Model for SetModel {
    /// The elements, in order.
    type State = Vec<ValueId>;
    type Call = SetCall;

    fn name(&self) -> &'static str {
        "set"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> Self::State {
        Vec::new()
    }

    fn call<'h>(&self, op: OpView<'h>, values: &mut Values<'h>) -> Result<SetCall, CheckError> {
        let name = self.name();
        let told = match op.output {
            Some(Value::Bool(told)) => Some(*told),
            _ => None,
        };
        let happens = || if told.is_some() { Ok(()) } else { op.returns_nothing(name) };
        match op.f {
            "add" => happens().map(|()| SetCall::Add(values.id(op.input), told)),
            "remove" => happens().map(|()| SetCall::Remove(values.id(op.input), told)),
            "contains" if op.output.is_some() && told.is_none() => {
                Err(op.bad_result(name, "whether it is there"))
            }
            "contains" => Ok(SetCall::Contains(values.id(op.input), told)),
            "read" => match op.output {
                None => Ok(SetCall::Read(None)),
                Some(Value::Array(elements)) => {
                    let mut elements: Vec<_> = elements.iter().map(|element| values.id(element)).collect();
                    elements.sort_unstable();
                    Ok(SetCall::Read(Some(elements)))
                }
                Some(_) => Err(op.bad_result(name, "the list of all elements")),
            },
            _ => Err(op.unknown_to(name)),
        }
    }

    fn step(&self, state: &Self::State, call: &SetCall) -> Option<Self::State> {
        let fits = |told: Option<bool>, is: bool| told.is_none_or(|told| told == is);
        match call {
            SetCall::Add(element, new) => match state.binary_search(element) {
                Ok(_) => fits(*new, false).then(|| state.clone()),
                Err(at) => fits(*new, true).then(|| {
                    let mut next = Vec::with_capacity(state.len() + 1);
                    next.extend_from_slice(&state[..at]);
                    next.push(*element);
                    next.extend_from_slice(&state[at..]);
                    next
                }),
            },
            SetCall::Remove(element, there) => match state.binary_search(element) {
                Ok(at) => fits(*there, true).then(|| [&state[..at], &state[at + 1..]].concat()),
                Err(_) => fits(*there, false).then(|| state.clone()),
            },
            SetCall::Contains(element, there) => {
                fits(*there, state.binary_search(element).is_ok()).then(|| state.clone())
            }
            SetCall::Read(elements) => {
                elements.as_ref().is_none_or(|elements| elements == state).then(|| state.clone())
            }
        }
    }

    fn effect(&self, call: &SetCall) -> Effect {
        match call {
            SetCall::Add(_, Some(false))
            | SetCall::Remove(_, Some(false))
            | SetCall::Contains(..)
            | SetCall::Read(_) => Effect::Observes,
            SetCall::Add(..) | SetCall::Remove(..) => Effect::Changes,
        }
    }

    fn show(&self, state: &Self::State, _order: &[&SetCall], values: &Values<'_>) -> Value {
        state.iter().map(|&element| values.value(element).clone()).collect()
    }

    fn heap_bytes(&self, state: &Self::State) -> u64 {
        size_of_val(state.as_slice()) as u64
    }
}
