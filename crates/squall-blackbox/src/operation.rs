//! From what was recorded to whole operations, and what makes a recording ill-formed.

use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use squall_history::{Body, History, NodeName, Op, OpId, Phase, ProcessId, SimTime};

/// One record of a client operation: it is invoked, or it completes.
#[derive(Clone, Copy, Debug)]
pub struct Event<'h> {
    /// When.
    pub at: SimTime,
    /// Where the client runs, if that is known.
    pub node: Option<&'h NodeName>,
    /// What.
    pub op: &'h Op,
}

/// The client operations among the records of a history.
pub fn events(history: &History) -> impl Iterator<Item = Event<'_>> {
    history.records.iter().filter_map(|record| match &record.body {
        Body::Op(op) => Some(Event { at: record.at, node: record.node.as_ref(), op }),
        _ => None,
    })
}

/// An operation from its invocation to its completion.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'h> {
    /// Its id.
    pub id: OpId,
    /// Who performs it.
    pub process: ProcessId,
    /// Where the client runs, if that is known.
    pub node: Option<&'h NodeName>,
    /// What is done.
    pub f: &'h str,
    /// The object acted upon.
    pub key: Option<&'h str>,
    /// The argument of the invocation.
    pub input: &'h Value,
    /// When it was invoked.
    pub invoked: Moment,
    /// How it completed. Absent: it never did, which is like [`Phase::Info`] at the end of all time.
    pub completed: Option<Completion<'h>>,
}

/// How an operation completed.
#[derive(Clone, Copy, Debug)]
pub struct Completion<'h> {
    /// When.
    pub moment: Moment,
    /// `ok`, `fail` or `info`.
    pub phase: Phase,
    /// The result of an `ok`, the reason of a `fail` or `info`.
    pub value: &'h Value,
}

/// An event's time and its place among the events; the place decides between equal times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// When.
    pub at: SimTime,
    /// Counted from 0 in the order of the recording.
    pub place: usize,
}

impl<'h> Operation<'h> {
    /// When it ended in `ok` and with which result, if it did.
    pub fn ok(&self) -> Option<(Moment, &'h Value)> {
        let completed = self.completed.filter(|end| end.phase == Phase::Ok)?;
        Some((completed.moment, completed.value))
    }

    /// Whether it certainly did not happen.
    pub fn failed(&self) -> bool {
        self.completed.is_some_and(|end| end.phase == Phase::Fail)
    }

    /// Whether both are under way at some moment. What has no result is under way for ever.
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_before_end =
            |a: &Self, b: &Self| b.ok().is_none_or(|(end, _)| a.invoked.place < end.place);
        begins_before_end(self, other) && begins_before_end(other, self)
    }

    /// Itself, for the evidence of a finding.
    pub fn evidence(&self) -> Value {
        json!({
            "op": self.id,
            "process": self.process,
            "node": self.node,
            "f": self.f,
            "input": self.input,
            "output": self.ok().map(|(_, output)| output),
            "invoked": self.invoked.at,
            "completed": self.ok().map(|(moment, _)| moment.at),
        })
    }
}

/// What is wrong with a recording that is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{problem}")]
pub struct IllFormed {
    /// Place of the event among the events, counted from 0.
    pub place: usize,
    /// Its time.
    pub at: SimTime,
    /// Its operation.
    pub op: OpId,
    /// One sentence, lower case, no full stop.
    pub problem: String,
}

/// The operations in order of invocation.
///
/// In a well-formed recording each operation is invoked once and completes at most once, by the same
/// process, and a process has at most one operation in flight. What ended in `info` may still be in
/// flight, so its process does not act again.
///
/// # Errors
/// If the recording is ill-formed, the first event that makes it so.
pub fn operations<'h>(events: impl IntoIterator<Item = Event<'h>>) -> Result<Vec<Operation<'h>>, IllFormed> {
    let mut reader = Reader::default();
    for (place, event) in events.into_iter().enumerate() {
        let Event { at, op, .. } = event;
        let taken = reader.take(event, Moment { at, place });
        taken.map_err(|problem| IllFormed { place, at, op: op.id, problem })?;
    }
    Ok(reader.operations)
}

#[derive(Default)]
struct Reader<'h> {
    operations: Vec<Operation<'h>>,
    /// Where in `operations` one is.
    by_id: FxHashMap<OpId, usize>,
    in_flight: FxHashMap<ProcessId, OpId>,
}

impl<'h> Reader<'h> {
    fn take(&mut self, event: Event<'h>, moment: Moment) -> Result<(), String> {
        match event.op.phase {
            Phase::Invoke => self.invoke(event, moment),
            Phase::Ok | Phase::Fail | Phase::Info => self.complete(event.op, moment),
        }
    }

    fn invoke(&mut self, Event { node, op, .. }: Event<'h>, invoked: Moment) -> Result<(), String> {
        let (id, process) = (op.id, op.process);
        if self.by_id.insert(id, self.operations.len()).is_some() {
            return Err(format!("op {} is invoked twice", id.0));
        }
        if let Some(other) = self.in_flight.insert(process, id) {
            return Err(format!(
                "process {} invokes op {} while its op {} may be in flight",
                process.0, id.0, other.0
            ));
        }
        let (f, key, input) = (&*op.f, op.key.as_deref(), &op.value);
        self.operations.push(Operation { id, process, node, f, key, input, invoked, completed: None });
        Ok(())
    }

    fn complete(&mut self, op: &'h Op, moment: Moment) -> Result<(), String> {
        let id = op.id.0;
        let operation = match self.by_id.get(&op.id) {
            Some(&index) => &mut self.operations[index],
            None => return Err(format!("op {id} completes but was never invoked")),
        };
        if let Some(first) = operation.completed {
            return Err(format!(
                "op {id} completes twice, first as {:?}, then as {:?}",
                first.phase, op.phase
            ));
        }
        let invoker = operation.process;
        if invoker != op.process {
            return Err(format!("process {} completes op {id} of process {}", op.process.0, invoker.0));
        }
        operation.completed = Some(Completion { moment, phase: op.phase, value: &op.value });
        if op.phase != Phase::Info {
            self.in_flight.remove(&op.process);
        }
        Ok(())
    }
}
