//! Models of one value under a key: a register, and a key of a key-value store.

use std::sync::Arc;

use serde_json::Value;

use super::{Model, OpView, Split};
use crate::CheckError;

/// A key-value store, every key on its own. Absent is the same as `null`, and how a key begins.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `get` | – | the value |
/// | `put` | the value | nothing, or the argument again |
/// | `append` | a text | nothing, or the new text; an absent value counts as empty, and what is no text cannot be appended to |
/// | `cas` | `[from, to]` | whether it matched; nothing, or the argument again, if it did |
/// | `delete` | – | nothing, or whether there was a value |
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct KvModel;

/// A register, or one for each key: `read`, `write` and `cas`, which are the `get`, `put` and
/// `cas` of [`KvModel`]. It begins as `null`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RegisterModel;

/// An operation on one value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ValueCall {
    /// Returns the value; `None`: which, is not known.
    Read(Option<Value>),
    /// Replaces the value.
    Write(Arc<Value>),
    /// Replaces the value if it is the expected one.
    Cas {
        /// The expected value.
        from: Arc<Value>,
        /// The new value.
        to: Arc<Value>,
        /// Whether it matched, if that is known.
        matched: Option<bool>,
    },
    /// Adds to the end of a text.
    Append {
        /// What is added.
        text: String,
        /// The text afterwards, if that is known.
        result: Option<String>,
    },
    /// Takes the value away; whether there was one, if that is known.
    Delete(Option<bool>),
}

impl Model for KvModel {
    type State = Arc<Value>;
    type Call = ValueCall;

    fn name(&self) -> &'static str {
        "kv"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> Self::State {
        Arc::new(Value::Null)
    }

    fn call(&self, op: OpView<'_>) -> Result<ValueCall, CheckError> {
        let reader = Reader { model: self.name(), op };
        match op.f {
            "get" => Ok(ValueCall::Read(op.output.cloned())),
            "put" => reader.write(),
            "append" => reader.append(),
            "cas" => reader.cas(),
            "delete" => reader.delete(),
            _ => Err(reader.no_such_operation()),
        }
    }

    fn step(&self, state: &Self::State, call: &ValueCall) -> Option<Self::State> {
        step(state, call)
    }

    fn show(&self, state: &Self::State) -> Value {
        Value::clone(state)
    }

    fn heap_bytes(&self, state: &Self::State) -> u64 {
        heap_bytes(state)
    }
}

impl Model for RegisterModel {
    type State = Arc<Value>;
    type Call = ValueCall;

    fn name(&self) -> &'static str {
        "register"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> Self::State {
        Arc::new(Value::Null)
    }

    fn call(&self, op: OpView<'_>) -> Result<ValueCall, CheckError> {
        let reader = Reader { model: self.name(), op };
        match op.f {
            "read" => Ok(ValueCall::Read(op.output.cloned())),
            "write" => reader.write(),
            "cas" => reader.cas(),
            _ => Err(reader.no_such_operation()),
        }
    }

    fn step(&self, state: &Self::State, call: &ValueCall) -> Option<Self::State> {
        step(state, call)
    }

    fn show(&self, state: &Self::State) -> Value {
        Value::clone(state)
    }

    fn heap_bytes(&self, state: &Self::State) -> u64 {
        heap_bytes(state)
    }
}

fn step(state: &Arc<Value>, call: &ValueCall) -> Option<Arc<Value>> {
    match call {
        ValueCall::Read(value) => value.as_ref().is_none_or(|value| value == &**state).then(|| state.clone()),
        ValueCall::Write(value) => Some(value.clone()),
        ValueCall::Cas { from, to, matched } => {
            let matches = state == from;
            let next = if matches { to } else { state };
            matched.is_none_or(|matched| matched == matches).then(|| next.clone())
        }
        ValueCall::Append { text, result } => {
            let next = match &**state {
                Value::Null => text.clone(),
                Value::String(old) => format!("{old}{text}"),
                _ => return None,
            };
            let allowed = result.as_ref().is_none_or(|result| *result == next);
            allowed.then(|| Arc::new(Value::String(next)))
        }
        ValueCall::Delete(existed) => {
            existed.is_none_or(|existed| existed != state.is_null()).then(|| Arc::new(Value::Null))
        }
    }
}

/// Texts are what grows; the rest is small.
fn heap_bytes(state: &Value) -> u64 {
    size_of::<Value>() as u64 + state.as_str().map_or(0, |text| text.len() as u64)
}

/// Reads one operation.
struct Reader<'a> {
    model: &'static str,
    op: OpView<'a>,
}

impl Reader<'_> {
    fn write(&self) -> Result<ValueCall, CheckError> {
        match self.result() {
            None => {}
            Some(value) if value == self.op.input => {}
            Some(_) => return Err(self.bad_result("nothing, or its argument again")),
        }
        Ok(ValueCall::Write(Arc::new(self.op.input.clone())))
    }

    fn cas(&self) -> Result<ValueCall, CheckError> {
        let Some([from, to]) = self.op.input.as_array().map(Vec::as_slice) else {
            return Err(self.bad_argument("the pair `[from, to]`"));
        };
        let matched = match self.op.output {
            None => None,
            Some(Value::Null) => Some(true),
            Some(Value::Bool(matched)) => Some(*matched),
            Some(value) if value == self.op.input => Some(true),
            Some(_) => return Err(self.bad_result("whether it matched")),
        };
        Ok(ValueCall::Cas { from: Arc::new(from.clone()), to: Arc::new(to.clone()), matched })
    }

    fn append(&self) -> Result<ValueCall, CheckError> {
        let text = self.op.input.as_str().ok_or_else(|| self.bad_argument("a text"))?.to_owned();
        let result = match self.result() {
            None => None,
            Some(Value::String(result)) => Some(result.clone()),
            Some(_) => return Err(self.bad_result("nothing, or the new text")),
        };
        Ok(ValueCall::Append { text, result })
    }

    fn delete(&self) -> Result<ValueCall, CheckError> {
        match self.result() {
            None => Ok(ValueCall::Delete(None)),
            Some(Value::Bool(existed)) => Ok(ValueCall::Delete(Some(*existed))),
            Some(_) => Err(self.bad_result("nothing, or whether there was a value")),
        }
    }

    /// The result, where having none and not knowing it are the same.
    fn result(&self) -> Option<&Value> {
        self.op.output.filter(|output| !output.is_null())
    }

    fn no_such_operation(&self) -> CheckError {
        CheckError::Operation { model: self.model, f: self.op.f.to_owned() }
    }

    fn bad_argument(&self, takes: &'static str) -> CheckError {
        let (f, argument) = (self.op.f.to_owned(), self.op.input.clone());
        CheckError::Argument { model: self.model, f, argument, takes }
    }

    fn bad_result(&self, gives: &'static str) -> CheckError {
        let (f, result) = (self.op.f.to_owned(), self.op.output.cloned().unwrap_or_default());
        CheckError::Result { model: self.model, f, result, gives }
    }
}
