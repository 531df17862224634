//! A key of a key-value store.

use serde_json::Value;

use super::register::swap;
use super::text::Text;
use crate::CheckError;
use crate::linearizability::{Effect, Model, OpView, RegisterCall, Split, ValueId, Values};

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

/// A value under a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kept {
    /// What is no text.
    Atom(ValueId),
    /// A text.
    Text(Text),
}

const ABSENT: Kept = Kept::Atom(ValueId::NULL);

/// An operation on the value under a key. What it names it names twice: as it is compared, and as
/// it is shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum KvCall {
    /// Returns the value; `None`: which, is not known.
    Get(Option<(Kept, ValueId)>),
    /// Replaces the value.
    Put(Kept, ValueId),
    /// Replaces the value if it is the expected one.
    Cas {
        /// The expected value.
        from: Kept,
        /// The new value.
        to: (Kept, ValueId),
        /// Whether it matched, if that is known.
        matched: Option<bool>,
    },
    /// Adds to the end of a text.
    Append {
        /// What is added.
        tail: (Text, ValueId),
        /// The text afterwards, if that is known.
        result: Option<Text>,
    },
    /// Takes the value away; whether there was one, if that is known.
    Delete(Option<bool>),
}

impl Model for KvModel {
    type State = Kept;
    type Call = KvCall;

    fn name(&self) -> &'static str {
        "kv"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> Kept {
        ABSENT
    }

    fn call<'h>(&self, op: OpView<'h>, values: &mut Values<'h>) -> Result<KvCall, CheckError> {
        let name = self.name();
        match op.f {
            "get" => Ok(KvCall::Get(op.output.map(|value| read(value, values)))),
            "put" => {
                op.returns_nothing(name)?;
                let (kept, id) = read(op.input, values);
                Ok(KvCall::Put(kept, id))
            }
            "append" => {
                let tail = op.input.as_str().ok_or_else(|| op.bad_argument(name, "a text"))?;
                let result = match op.result() {
                    None => None,
                    Some(Value::String(result)) => Some(Text::of(result)),
                    Some(_) => return Err(op.bad_result(name, "nothing, or the new text")),
                };
                Ok(KvCall::Append { tail: (Text::of(tail), values.id(op.input)), result })
            }
            "cas" => {
                let (from, to, matched) = swap(name, op)?;
                Ok(KvCall::Cas { from: read(from, values).0, to: read(to, values), matched })
            }
            "delete" => match op.result() {
                None => Ok(KvCall::Delete(None)),
                Some(Value::Bool(existed)) => Ok(KvCall::Delete(Some(*existed))),
                Some(_) => Err(op.bad_result(name, "nothing, or whether there was a value")),
            },
            _ => Err(op.unknown_to(name)),
        }
    }

    fn step(&self, &state: &Kept, call: &KvCall) -> Option<Kept> {
        match *call {
            KvCall::Get(value) => value.is_none_or(|(value, _)| value == state).then_some(state),
            KvCall::Put(value, _) => Some(value),
            KvCall::Cas { from, to: (to, _), matched } => {
                let matches = state == from;
                let next = if matches { to } else { state };
                matched.is_none_or(|matched| matched == matches).then_some(next)
            }
            KvCall::Append { tail: (tail, _), result } => {
                let next = match state {
                    Kept::Text(text) => text.then(&tail),
                    ABSENT => tail,
                    Kept::Atom(_) => return None,
                };
                result.is_none_or(|result| result == next).then_some(Kept::Text(next))
            }
            KvCall::Delete(existed) => {
                existed.is_none_or(|existed| existed != (state == ABSENT)).then_some(ABSENT)
            }
        }
    }

    fn effect(&self, call: &KvCall) -> Effect {
        match call {
            KvCall::Get(_) | KvCall::Cas { matched: Some(false), .. } | KvCall::Delete(Some(false)) => {
                Effect::Observes
            }
            KvCall::Put(..) | KvCall::Delete(None) => Effect::Overwrites,
            KvCall::Cas { .. } | KvCall::Append { .. } | KvCall::Delete(Some(true)) => Effect::Changes,
        }
    }

    fn register(&self, call: &KvCall) -> Option<RegisterCall> {
        match *call {
            KvCall::Get(value) => Some(RegisterCall::Read(value.map(|(_, id)| id))),
            KvCall::Put(_, id) => Some(RegisterCall::Write(id)),
            _ => None,
        }
    }

    /// A text is known by its hash alone, so the order is played again with whole texts.
    fn show(&self, &end: &Kept, order: &[&KvCall], values: &Values<'_>) -> Value {
        if let Kept::Atom(id) = end {
            return values.value(id).clone();
        }
        let (mut state, mut text) = (self.init(), String::new());
        for call in order {
            let Some(next) = self.step(&state, call) else { return Value::Null };
            let whole = |id: ValueId| values.value(id).as_str().unwrap_or_default().to_owned();
            match **call {
                KvCall::Put(_, id) => text = whole(id),
                KvCall::Cas { from, to: (_, id), .. } if from == state => text = whole(id),
                KvCall::Append { tail: (_, id), .. } => text.push_str(&whole(id)),
                KvCall::Delete(_) => text.clear(),
                KvCall::Get(_) | KvCall::Cas { .. } => {}
            }
            state = next;
        }
        Value::String(text)
    }
}

fn read<'h>(value: &'h Value, values: &mut Values<'h>) -> (Kept, ValueId) {
    let id = values.id(value);
    (value.as_str().map_or(Kept::Atom(id), |text| Kept::Text(Text::of(text))), id)
}
