//! The operations of the control interface, as the history tells them.
//!
//! What is none of these is an error, and leaves the checker without an answer.

use std::sync::Arc;

use serde_json::Value;
use squall_blackbox::{CheckError, OpView};
use squall_history::Folder;

/// An operation, with what was seen by it; `None` where that is not known.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ControlCall {
    /// A job is submitted; it got this id.
    Submit(Option<u64>),
    /// How far a job is.
    Status {
        /// The job.
        job: u64,
        /// The answer.
        seen: Option<Progress>,
    },
    /// The newest version of the dataset, if there is one.
    Get(Option<Option<Read>>),
    /// A setting is written.
    Write {
        /// The new value.
        value: Arc<str>,
        /// Only if this is its version; 0 is that of a setting never written.
        if_version: Option<u64>,
        /// The answer.
        seen: Option<Written>,
    },
    /// A setting is read.
    ReadSetting(Option<Option<Setting>>),
}

/// How far a job is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Progress {
    /// There is no such job.
    Unknown,
    /// It has not ended.
    Running,
    /// It has published this version.
    Succeeded {
        /// The version of its dataset.
        version: u64,
    },
    /// It failed.
    Failed {
        /// Why, as the client was told.
        why: Arc<str>,
    },
}

/// A version of a dataset.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Read {
    /// Its version.
    pub version: u64,
    /// The job that made it.
    pub job: u64,
    /// Digest of its content.
    pub content: u128,
}

/// A setting that was written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Setting {
    /// Its version, from 1.
    pub version: u64,
    /// Its value.
    pub value: Arc<str>,
}

/// What became of a write.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Written {
    /// It took effect, as this version.
    Version(u64),
    /// It had no effect: this version stands.
    Conflict(u64),
}

impl ControlCall {
    /// # Errors
    /// As [`Model::call`](squall_blackbox::Model::call), for the model of this name.
    pub(super) fn read(model: &'static str, op: OpView<'_>) -> Result<Self, CheckError> {
        let reader = Reader { model, op };
        match op.f {
            "submit" => reader.result("`job`", job).map(Self::Submit),
            "status" => {
                let asked = job(op.input).ok_or_else(|| reader.bad_argument("`job`"))?;
                let seen = reader.result("`state` with what belongs to it", progress)?;
                Ok(Self::Status { job: asked, seen })
            }
            "get" => {
                reader.result("nothing, or `version`, `job` and `text`", absent_or(dataset)).map(Self::Get)
            }
            "config-write" => reader.write(),
            "config-read" => {
                reader.result("nothing, or `version` and `value`", absent_or(setting)).map(Self::ReadSetting)
            }
            _ => Err(CheckError::Operation { model, f: op.f.to_owned() }),
        }
    }
}

struct Reader<'a> {
    model: &'static str,
    op: OpView<'a>,
}

impl Reader<'_> {
    fn write(&self) -> Result<ControlCall, CheckError> {
        let takes = "`value`, a text, and perhaps `if-version`, a number";
        let value = text(self.op.input, "value").ok_or_else(|| self.bad_argument(takes))?;
        let if_version = match self.op.input.get("if-version") {
            None | Some(Value::Null) => None,
            Some(version) => Some(version.as_u64().ok_or_else(|| self.bad_argument(takes))?),
        };
        let seen = self.result("`version` or `conflict`", written)?;
        Ok(ControlCall::Write { value, if_version, seen })
    }

    /// The result by `read`, if it is known; `gives` says what it should be.
    fn result<T>(
        &self,
        gives: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, CheckError> {
        let Some(result) = self.op.output else { return Ok(None) };
        let (model, f) = (self.model, self.op.f);
        let bad = || CheckError::Result { model, f: f.to_owned(), result: result.clone(), gives };
        read(result).ok_or_else(bad).map(Some)
    }

    fn bad_argument(&self, takes: &'static str) -> CheckError {
        let (f, argument) = (self.op.f.to_owned(), self.op.input.clone());
        CheckError::Argument { model: self.model, f, argument, takes }
    }
}

/// Null is the answer that there is none.
fn absent_or<T>(read: impl Fn(&Value) -> Option<T>) -> impl Fn(&Value) -> Option<Option<T>> {
    move |value| if value.is_null() { Some(None) } else { read(value).map(Some) }
}

fn number(value: &Value, field: &str) -> Option<u64> {
    value.get(field)?.as_u64()
}

fn text(value: &Value, field: &str) -> Option<Arc<str>> {
    value.get(field)?.as_str().map(Into::into)
}

fn job(value: &Value) -> Option<u64> {
    number(value, "job")
}

fn progress(value: &Value) -> Option<Progress> {
    match value.get("state")?.as_str()? {
        "unknown" => Some(Progress::Unknown),
        "running" => Some(Progress::Running),
        "succeeded" => Some(Progress::Succeeded { version: number(value, "version")? }),
        "failed" => Some(Progress::Failed { why: text(value, "why").unwrap_or_default() }),
        _ => None,
    }
}

fn dataset(value: &Value) -> Option<Read> {
    let mut content = Folder::default();
    content.fold_bytes(value.get("text")?.as_str()?.as_bytes());
    Some(Read { version: number(value, "version")?, job: job(value)?, content: content.digest().0 })
}

fn setting(value: &Value) -> Option<Setting> {
    Some(Setting { version: number(value, "version")?, value: text(value, "value")? })
}

fn written(value: &Value) -> Option<Written> {
    match (number(value, "version"), number(value, "conflict")) {
        (Some(version), None) => Some(Written::Version(version)),
        (None, Some(version)) => Some(Written::Conflict(version)),
        _ => None,
    }
}
