//! An operation performed and recorded in one call.
//!
//! Whoever records by hand has three ways to be wrong: to forget the record where the function leaves
//! early, to call an outcome `fail` that is not known, to lose the record when the future is dropped.
//! Here the end of the future is the end of the operation, and what is not certain is `info`.

use std::fmt::Display;
use std::future::Future;

use serde::Serialize;
use serde_json::Value;

use super::ClientCtx;

/// An operation that [`ClientCtx::op`] describes: performed and recorded by [`run`](Self::run).
///
/// ```
/// # use squall::{ClientCtx, OpError};
/// # struct Store;
/// #[derive(Debug)]
/// enum StoreError {
///     Refused,
///     NoAnswer,
/// }
///
/// impl std::fmt::Display for StoreError {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "{self:?}")
///     }
/// }
///
/// impl OpError for StoreError {
///     // Whoever refuses has done nothing. A missing answer says nothing: the default is `info`.
///     fn never_happened(&self) -> bool {
///         matches!(self, Self::Refused)
///     }
/// }
/// # impl Store {
/// #     async fn get(&self, _: &str) -> Result<Option<u64>, StoreError> { Ok(None) }
/// #     async fn put(&self, _: &str, _: u64) -> Result<(), StoreError> { Err(StoreError::NoAnswer) }
/// # }
///
/// async fn increment(ctx: &ClientCtx, store: &Store) -> Result<(), StoreError> {
///     let before = ctx.op("get").key("x").run(store.get("x")).await?.unwrap_or(0);
///     ctx.op("put").key("x").value(before + 1).run(store.put("x", before + 1)).await
/// }
/// # let _ = increment;
/// ```
///
/// The invocation is recorded when the future is first polled, its end when it is ready:
///
/// | the future | the history |
/// |---|---|
/// | gives `Ok` | `ok`, with the result as JSON |
/// | gives an error that [never happened](OpError::never_happened) | `fail`, with the error's text |
/// | gives any other error | `info`, with the error's text |
/// | is dropped before its end (`select!`, a time-out, an abort), or panics | `info`, at that moment, saying so |
/// | was never polled | nothing |
/// | is in flight when its client is killed or loses its power | `info`, at that moment |
/// | is in flight when the run ends | stays in flight |
#[derive(Debug)]
#[must_use = "nothing is performed before `run`"]
pub struct Recorded<'a> {
    ctx: &'a ClientCtx,
    f: &'a str,
    key: Option<&'a str>,
    value: Value,
}

/// An error of a client's operation: whether it leaves the outcome open.
pub trait OpError: Display {
    /// Whether the operation certainly had no effect and never will: nothing was sent, or whoever
    /// got it refused it. By default nobody knows, and a checker allows both; to claim that something
    /// did not happen which did makes a correct system look wrong.
    fn never_happened(&self) -> bool {
        false
    }
}

/// Nobody knows what became of what was sent.
impl OpError for std::io::Error {}

/// How an operation ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Completed {
    /// It happened, with this result.
    Ok(Value),
    /// It did not happen and never will; why.
    Fail(String),
    /// Nobody knows whether it happened; why.
    Info(String),
}

impl<'a> Recorded<'a> {
    pub(super) const fn new(ctx: &'a ClientCtx, f: &'a str) -> Self {
        Self { ctx, f, key: None, value: Value::Null }
    }

    /// The object that it acts upon: checkers split histories by it.
    pub const fn key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    /// Its argument; none by default.
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = value.into();
        self
    }

    /// Performs it and records what came of it; gives the result back. A result that has no JSON form
    /// (a map whose keys are no text) is recorded as unknown.
    ///
    /// # Errors
    /// The operation's own.
    pub async fn run<T: Serialize, E: OpError>(
        self,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.run_as(operation, Completed::of).await
    }

    /// As [`run`](Self::run), for an error of another crate: `never_happened` says of it what
    /// [`OpError::never_happened`] says.
    ///
    /// # Errors
    /// The operation's own.
    pub async fn run_with<T: Serialize, E: Display>(
        self,
        operation: impl Future<Output = Result<T, E>>,
        never_happened: impl FnOnce(&E) -> bool,
    ) -> Result<T, E> {
        let read = |outcome: &Result<T, E>| match outcome {
            Err(error) if never_happened(error) => Completed::Fail(error.to_string()),
            Err(error) => Completed::Info(error.to_string()),
            Ok(result) => Completed::of_result(result),
        };
        self.run_as(operation, read).await
    }

    /// As [`run`](Self::run), where `read` says how the outcome stands in the history.
    pub async fn run_as<R>(
        self,
        operation: impl Future<Output = R>,
        read: impl FnOnce(&R) -> Completed,
    ) -> R {
        let invocation = self.ctx.invoke(self.f, self.key, self.value);
        let outcome = operation.await;
        match read(&outcome) {
            Completed::Ok(result) => invocation.ok(result),
            Completed::Fail(why) => invocation.fail(&why),
            Completed::Info(why) => invocation.info(&why),
        }
        outcome
    }
}

impl Completed {
    /// What a result says of itself.
    pub fn of<T: Serialize, E: OpError>(outcome: &Result<T, E>) -> Self {
        match outcome {
            Ok(result) => Self::of_result(result),
            Err(error) => Self::of_error(error),
        }
    }

    /// It happened, with a result that is recorded as JSON.
    pub fn of_result<T: Serialize>(result: &T) -> Self {
        match serde_json::to_value(result) {
            Ok(result) => Self::Ok(result),
            Err(error) => Self::Info(format!("the result has no JSON form: {error}")),
        }
    }

    /// What an error says of itself.
    pub fn of_error<E: OpError>(error: &E) -> Self {
        match error.never_happened() {
            true => Self::Fail(error.to_string()),
            false => Self::Info(error.to_string()),
        }
    }
}
