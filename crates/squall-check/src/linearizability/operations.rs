//! From the records of a history to whole operations, and what makes a history ill-formed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_history::{Body, History, NodeName, Op, OpId, Phase, ProcessId, Record, SimTime};

use super::OpView;

/// An operation that may have taken effect: it ended in `ok` or `info`, or never completed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation<'h> {
    pub(super) id: OpId,
    pub(super) process: ProcessId,
    pub(super) node: Option<&'h NodeName>,
    pub(super) f: &'h str,
    pub(super) key: Option<&'h str>,
    pub(super) input: &'h Value,
    pub(super) invoked: Moment,
    /// Its `ok`. Absent: it is open to the end of the history, and may never take effect.
    pub(super) ok: Option<(Moment, &'h Value)>,
}

/// A record's time and its place in the history; the place decides between equal times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: SimTime,
    pub(super) place: usize,
}

impl Operation<'_> {
    pub(super) fn view(&self) -> OpView<'_> {
        let output = self.ok.map(|(_, output)| output);
        OpView { f: self.f, key: self.key, input: self.input, output }
    }

    /// Whether both are under way at some moment.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let begins_before_end = |a: &Self, b: &Self| b.ok.is_none_or(|(end, _)| a.invoked.place < end.place);
        begins_before_end(self, other) && begins_before_end(other, self)
    }

    pub(super) fn evidence(&self) -> Value {
        json!({
            "op": self.id,
            "process": self.process,
            "node": self.node,
            "f": self.f,
            "input": self.input,
            "output": self.ok.map(|(_, output)| output),
            "invoked": self.invoked.at,
            "completed": self.ok.map(|(moment, _)| moment.at),
        })
    }
}

/// What is wrong with a history that is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct IllFormed {
    pub(super) at: SimTime,
    pub(super) op: OpId,
    pub(super) problem: String,
}

/// The operations of a history in order of invocation, without those that failed.
///
/// A well-formed history invokes each operation once, completes it at most once and by the same
/// process, and a process has at most one operation in flight. What ended in `info` may still be
/// in flight, so its process does not act again.
pub(super) fn operations(history: &History) -> Result<Vec<Operation<'_>>, IllFormed> {
    let mut reader = Reader::default();
    for (place, record) in history.records.iter().enumerate() {
        if let Body::Op(op) = &record.body {
            let moment = Moment { at: record.at, place };
            reader.take(record, op, moment).map_err(|problem| IllFormed {
                at: record.at,
                op: op.id,
                problem,
            })?;
        }
    }
    let effective = |told: &Told<'_>| told.ended != Some(Phase::Fail);
    Ok(reader.told.into_iter().filter(effective).map(|told| told.operation).collect())
}

/// An operation and how it ended, as far as it was read.
struct Told<'h> {
    operation: Operation<'h>,
    ended: Option<Phase>,
}

#[derive(Default)]
struct Reader<'h> {
    told: Vec<Told<'h>>,
    /// Where in `told` an operation is.
    by_id: BTreeMap<OpId, usize>,
    in_flight: BTreeMap<ProcessId, OpId>,
}

impl<'h> Reader<'h> {
    fn take(&mut self, record: &'h Record, op: &'h Op, moment: Moment) -> Result<(), String> {
        match op.phase {
            Phase::Invoke => self.invoke(record, op, moment),
            Phase::Ok | Phase::Fail | Phase::Info => self.complete(op, moment),
        }
    }

    fn invoke(&mut self, record: &'h Record, op: &'h Op, invoked: Moment) -> Result<(), String> {
        let (id, process) = (op.id, op.process);
        if self.by_id.insert(id, self.told.len()).is_some() {
            return Err(format!("op {} is invoked twice", id.0));
        }
        if let Some(other) = self.in_flight.insert(process, id) {
            return Err(format!(
                "process {} invokes op {} while its op {} may be in flight",
                process.0, id.0, other.0
            ));
        }
        let node = record.node.as_ref();
        let (f, key, input) = (&*op.f, op.key.as_deref(), &op.value);
        let operation = Operation { id, process, node, f, key, input, invoked, ok: None };
        self.told.push(Told { operation, ended: None });
        Ok(())
    }

    fn complete(&mut self, op: &'h Op, moment: Moment) -> Result<(), String> {
        let id = op.id.0;
        let told = match self.by_id.get(&op.id) {
            Some(&index) => &mut self.told[index],
            None => return Err(format!("op {id} completes but was never invoked")),
        };
        if let Some(ended) = told.ended.replace(op.phase) {
            return Err(format!("op {id} completes twice, first as {ended:?}, then as {:?}", op.phase));
        }
        let invoker = told.operation.process;
        if invoker != op.process {
            return Err(format!("process {} completes op {id} of process {}", op.process.0, invoker.0));
        }
        if op.phase == Phase::Ok {
            told.operation.ok = Some((moment, &op.value));
        }
        if op.phase != Phase::Info {
            self.in_flight.remove(&op.process);
        }
        Ok(())
    }
}
