//! Client operations, in the four phases Jepsen made standard.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{OpId, ProcessId};

/// One step in the life of a client operation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Op {
    /// The operation; its invocation and its completion share it.
    pub id: OpId,
    /// Who performs it.
    pub process: ProcessId,
    /// Invocation, or which kind of completion.
    pub phase: Phase,
    /// What is done: `get`, `put`, `submit`, …
    pub f: Arc<str>,
    /// The object acted upon, where the operation has one: histories are split by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// The argument of an invocation, the result of an `ok`, the reason of a `fail` or `info`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

impl crate::vocab::Observation for Op {
    fn into_body(self) -> crate::Body {
        crate::Body::Op(self)
    }
}

/// Phase of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The client sends the request.
    Invoke,
    /// It happened.
    Ok,
    /// It did not happen, and never will.
    Fail,
    /// Nobody knows: it may have happened, may happen later, or never.
    Info,
}
