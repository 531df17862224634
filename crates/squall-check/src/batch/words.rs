//! Reading the words of a batch cluster and the operations of its clients: what the oracles share.
//!
//! It judges nothing.

use serde_json::Value;
use squall_history::vocab::batch::{Event, FirstTold, Stage, Task};
use squall_history::{Body, Op, Record};

/// The capability that words of a batch cluster are.
pub(super) const BATCH: &str = "vocab.batch";
/// The capability that client operations are.
pub(super) const OP: &str = "vocab.op";

/// Gives each word once.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(FirstTold);

impl Told {
    /// The word in `record`, if there is one and it is news.
    pub(super) fn news<'r>(&mut self, record: &'r Record) -> Option<&'r Event> {
        let Body::Batch(event) = &record.body else { return None };
        self.0.is_news(record, event).then_some(event)
    }
}

/// A task in words.
pub(super) fn named(task: Task) -> String {
    let stage = match task.stage {
        Stage::Map => "map",
        Stage::Reduce => "reduce",
    };
    format!("{stage} {} of job {}", task.number, task.job)
}

/// The operation in `record`, if it is one of those that these oracles read.
pub(super) fn operation(record: &Record) -> Option<Asked<'_>> {
    let Body::Op(op) = &record.body else { return None };
    let kind = match &*op.f {
        "submit" => Kind::Submit,
        "status" => Kind::Status,
        "get" => Kind::Get,
        _ => return None,
    };
    op.key.as_deref().map(|dataset| Asked { kind, dataset, op })
}

/// An operation on a dataset.
#[derive(Clone, Copy)]
pub(super) struct Asked<'r> {
    pub(super) kind: Kind,
    pub(super) dataset: &'r str,
    pub(super) op: &'r Op,
}

/// What a client asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Submit,
    Status,
    Get,
}

/// The job that a value names.
pub(super) fn job(value: &Value) -> Option<u64> {
    value.get("job")?.as_u64()
}
