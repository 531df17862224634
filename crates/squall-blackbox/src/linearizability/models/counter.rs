//! A counter.

use serde_json::Value;

use crate::CheckError;
use crate::linearizability::{Effect, Model, OpView, Split, Values};

/// A counter, or one for each key. It begins at 0.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `add` | an integer, also a negative one | nothing, or the argument again |
/// | `add-and-get` | an integer | the new value |
/// | `read` | – | the value |
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CounterModel;

/// An operation on a counter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CounterCall {
    /// Adds; the value afterwards, if it was returned.
    Add(i64, Option<i64>),
    /// Returns the value; `None`: which, is not known.
    Read(Option<i64>),
}

impl Model for CounterModel {
    /// Wide enough for any sum of a history's integers.
    type State = i128;
    type Call = CounterCall;

    fn name(&self) -> &'static str {
        "counter"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> i128 {
        0
    }

    fn call<'h>(&self, op: OpView<'h>, _values: &mut Values<'h>) -> Result<CounterCall, CheckError> {
        let name = self.name();
        let amount = || op.input.as_i64().ok_or_else(|| op.bad_argument(name, "an integer"));
        let value = || {
            let read = |output: &Value| output.as_i64().ok_or_else(|| op.bad_result(name, "an integer"));
            op.output.map(read).transpose()
        };
        match op.f {
            "add" => {
                op.returns_nothing(name)?;
                Ok(CounterCall::Add(amount()?, None))
            }
            "add-and-get" => Ok(CounterCall::Add(amount()?, value()?)),
            "read" => Ok(CounterCall::Read(value()?)),
            _ => Err(op.unknown_to(name)),
        }
    }

    fn step(&self, state: &i128, call: &CounterCall) -> Option<i128> {
        let (next, told) = match *call {
            CounterCall::Add(amount, told) => (state + i128::from(amount), told),
            CounterCall::Read(told) => (*state, told),
        };
        told.is_none_or(|told| i128::from(told) == next).then_some(next)
    }

    fn effect(&self, call: &CounterCall) -> Effect {
        if matches!(call, CounterCall::Read(_)) { Effect::Observes } else { Effect::Changes }
    }

    fn show(&self, state: &i128, _order: &[&CounterCall], _values: &Values<'_>) -> Value {
        i64::try_from(*state).map_or_else(|_| Value::from(state.to_string()), Value::from)
    }
}
