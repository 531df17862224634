//! A register with compare and swap.

use serde_json::Value;

use crate::CheckError;
use crate::linearizability::{Effect, Model, OpView, RegisterCall, Split, ValueId, Values};

/// A register, or one for each key. It begins as `null`.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `read` | – | the value |
/// | `write` | the value | nothing, or the argument again |
/// | `cas` | `[from, to]` | whether it matched; nothing, or the argument again, if it did |
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RegisterModel;

/// An operation on a register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValueCall {
    /// Returns the value; `None`: which, is not known.
    Read(Option<ValueId>),
    /// Replaces the value.
    Write(ValueId),
    /// Replaces the value if it is the expected one.
    Cas {
        /// The expected value.
        from: ValueId,
        /// The new value.
        to: ValueId,
        /// Whether it matched, if that is known.
        matched: Option<bool>,
    },
}

impl Model for RegisterModel {
    type State = ValueId;
    type Call = ValueCall;

    fn name(&self) -> &'static str {
        "register"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> ValueId {
        ValueId::NULL
    }

    fn call<'h>(&self, op: OpView<'h>, values: &mut Values<'h>) -> Result<ValueCall, CheckError> {
        match op.f {
            "read" => Ok(ValueCall::Read(op.output.map(|value| values.id(value)))),
            "write" => {
                op.returns_nothing(self.name())?;
                Ok(ValueCall::Write(values.id(op.input)))
            }
            "cas" => {
                let (from, to, matched) = swap(self.name(), op)?;
                Ok(ValueCall::Cas { from: values.id(from), to: values.id(to), matched })
            }
            _ => Err(op.unknown_to(self.name())),
        }
    }

    fn step(&self, &state: &ValueId, call: &ValueCall) -> Option<ValueId> {
        match *call {
            ValueCall::Read(value) => value.is_none_or(|value| value == state).then_some(state),
            ValueCall::Write(value) => Some(value),
            ValueCall::Cas { from, to, matched } => {
                let matches = state == from;
                let next = if matches { to } else { state };
                matched.is_none_or(|matched| matched == matches).then_some(next)
            }
        }
    }

    fn effect(&self, call: &ValueCall) -> Effect {
        match call {
            ValueCall::Read(_) | ValueCall::Cas { matched: Some(false), .. } => Effect::Observes,
            ValueCall::Write(_) => Effect::Overwrites,
            ValueCall::Cas { .. } => Effect::Changes,
        }
    }

    fn register(&self, call: &ValueCall) -> Option<RegisterCall> {
        match *call {
            ValueCall::Read(value) => Some(RegisterCall::Read(value)),
            ValueCall::Write(value) => Some(RegisterCall::Write(value)),
            ValueCall::Cas { .. } => None,
        }
    }

    fn show(&self, &state: &ValueId, _order: &[&ValueCall], values: &Values<'_>) -> Value {
        values.value(state).clone()
    }
}

/// The argument of a `cas`, and whether it matched if that is known.
pub(super) fn swap<'h>(
    model: &'static str,
    op: OpView<'h>,
) -> Result<(&'h Value, &'h Value, Option<bool>), CheckError> {
    let Some([from, to]) = op.input.as_array().map(Vec::as_slice) else {
        return Err(op.bad_argument(model, "the pair `[from, to]`"));
    };
    let matched = match op.output {
        None => None,
        Some(Value::Null) => Some(true),
        Some(Value::Bool(matched)) => Some(*matched),
        Some(value) if value == op.input => Some(true),
        Some(_) => return Err(op.bad_result(model, "whether it matched")),
    };
    Ok((from, to, matched))
}
