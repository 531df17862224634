//! A lock with fencing tokens.

use serde_json::{Value, json};
use squall_history::ProcessId;

use crate::CheckError;
use crate::linearizability::{Effect, Model, OpView, Split, ValueId, Values};

/// A lock, or one for each key. It begins free.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `acquire` | who; nothing: the process | the fencing token, an integer greater than each before; nothing if the lock has none; `false` if it was held and the acquisition refused |
/// | `release` | who; nothing: the process | nothing or `true`; `false` if it did not hold the lock |
///
/// It is not reentrant. An acquisition without an answer uses up no token. `true` is what an `acquire`
/// without a token may return too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LockModel;

/// Who may hold a lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    /// A process of the history.
    Process(ProcessId),
    /// Whom the operation names.
    Named(ValueId),
}

/// State of a lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Held {
    /// Who holds it.
    pub by: Option<Owner>,
    /// The greatest token that was given.
    pub token: Option<i64>,
}

/// An operation on a lock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LockCall {
    /// Takes the lock, with this token if one was told.
    Acquire(Owner, Option<i64>),
    /// Was refused, since the lock was held.
    Refused,
    /// Takes the lock if it is free; nobody knows.
    AcquireUnknown(Owner),
    /// Frees the lock.
    Release(Owner),
    /// Did not hold the lock.
    NotHeld(Owner),
    /// Frees the lock if it held it; nobody knows.
    ReleaseUnknown(Owner),
}

impl Model for LockModel {
    type State = Held;
    type Call = LockCall;

    fn name(&self) -> &'static str {
        "lock"
    }

    fn split(&self) -> Split {
        Split::PerKey
    }

    fn init(&self) -> Held {
        Held::default()
    }

    fn call<'h>(&self, op: OpView<'h>, values: &mut Values<'h>) -> Result<LockCall, CheckError> {
        let who = match op.input {
            Value::Null => Owner::Process(op.process),
            name => Owner::Named(values.id(name)),
        };
        match (op.f, op.output) {
            ("acquire", None) => Ok(LockCall::AcquireUnknown(who)),
            ("acquire", Some(Value::Bool(false))) => Ok(LockCall::Refused),
            ("acquire", Some(Value::Null | Value::Bool(true))) => Ok(LockCall::Acquire(who, None)),
            ("acquire", Some(token)) => match token.as_i64() {
                Some(token) => Ok(LockCall::Acquire(who, Some(token))),
                None => Err(op.bad_result(self.name(), "a token, nothing, or whether it was acquired")),
            },
            ("release", None) => Ok(LockCall::ReleaseUnknown(who)),
            ("release", Some(Value::Bool(false))) => Ok(LockCall::NotHeld(who)),
            ("release", Some(Value::Null | Value::Bool(true))) => Ok(LockCall::Release(who)),
            ("release", Some(_)) => Err(op.bad_result(self.name(), "nothing, or whether it was released")),
            _ => Err(op.unknown_to(self.name())),
        }
    }

    fn step(&self, &state: &Held, call: &LockCall) -> Option<Held> {
        let free = Held { by: None, ..state };
        match *call {
            LockCall::Acquire(who, token) => {
                let grows = token.is_none_or(|token| state.token.is_none_or(|last| token > last));
                let next = Held { by: Some(who), token: token.or(state.token) };
                (state.by.is_none() && grows).then_some(next)
            }
            LockCall::Refused => state.by.is_some().then_some(state),
            LockCall::AcquireUnknown(who) => Some(Held { by: state.by.or(Some(who)), ..state }),
            LockCall::Release(who) => (state.by == Some(who)).then_some(free),
            LockCall::NotHeld(who) => (state.by != Some(who)).then_some(state),
            LockCall::ReleaseUnknown(who) => Some(if state.by == Some(who) { free } else { state }),
        }
    }

    fn effect(&self, call: &LockCall) -> Effect {
        match call {
            LockCall::Refused | LockCall::NotHeld(_) => Effect::Observes,
            _ => Effect::Changes,
        }
    }

    fn show(&self, state: &Held, _order: &[&LockCall], values: &Values<'_>) -> Value {
        let by = state.by.map(|owner| match owner {
            Owner::Process(process) => json!({ "process": process }),
            Owner::Named(name) => values.value(name).clone(),
        });
        json!({ "held-by": by, "token": state.token })
    }
}
