//! Events as they are read, checked for what every recording must keep: an operation is invoked
//! once, completes at most once and by the process that invoked it, a process has one operation in
//! flight, and neither times nor indices run backwards.
//!
//! [`operations`](crate::operations) insists on the same of any events. It is checked here as well,
//! since here the text is still at hand to point at.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use squall_history::{NodeName, Op, OpId, Phase, ProcessId, SimTime};

use super::malformed::Problem;
use super::{Entry, Times};

/// One event as a format tells it, with the places of what may be wrong in the text at hand.
pub(super) struct Told<'t> {
    pub(super) line: u64,
    /// Its operation, where the format names it. Otherwise an operation completes by its process.
    pub(super) id: Option<u64>,
    pub(super) process: u64,
    pub(super) phase: Phase,
    /// May be absent from a completion.
    pub(super) f: Option<&'t str>,
    pub(super) key: Option<&'t str>,
    pub(super) value: Value,
    /// In nanoseconds.
    pub(super) time: Option<u64>,
    pub(super) index: Option<u64>,
    pub(super) node: Option<NodeName>,
    pub(super) spans: Spans,
}

/// Where in the text the parts of an event stand; the whole event for those that are not there.
#[derive(Clone, Default, Debug)]
pub(super) struct Spans {
    pub(super) id: Range<usize>,
    pub(super) process: Range<usize>,
    pub(super) f: Range<usize>,
    pub(super) time: Range<usize>,
    pub(super) index: Range<usize>,
}

/// When the events of a format get their times.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamps {
    /// As they are written.
    AsWritten,
    /// Perhaps a little before: threads stamp on their own, and then wait to write. The order is that of
    /// the file, in which Jepsen numbers them too.
    BeforeWriting,
}

/// By how much such a stamp may be too early: one second. More is no waiting, but another order.
const EARLY_MAX_NS: u64 = 1_000_000_000;

/// Events so far.
pub(super) struct Collector {
    pub(super) entries: Vec<Entry>,
    times: Times,
    stamps: Stamps,
    /// What a process is at, or why it never acts again.
    processes: FxHashMap<u64, Doing>,
    /// Operations that a format names; all of them, since each is invoked once.
    named: FxHashMap<u64, Named>,
    words: FxHashSet<Arc<str>>,
    /// Entries so far, those left out as well.
    place: u64,
    last_time: Option<u64>,
    last_index: Option<u64>,
}

/// An operation's id, `f` and key.
type Words = (OpId, Arc<str>, Option<Arc<str>>);

#[derive(Clone, Copy)]
enum Doing {
    /// In flight: its invocation is this entry.
    Operation(usize),
    /// It ended in `info` on this line.
    Gone(u64),
}

#[derive(Clone, Copy)]
enum Named {
    Invoked(usize),
    Completed { line: u64 },
}

impl Collector {
    pub(super) fn new(times: Times, stamps: Stamps) -> Self {
        Self {
            entries: Vec::new(),
            times,
            stamps,
            processes: FxHashMap::default(),
            named: FxHashMap::default(),
            words: FxHashSet::default(),
            place: 0,
            last_time: None,
            last_index: None,
        }
    }

    /// What ordered the events.
    pub(super) fn times(&self) -> Times {
        if self.last_time.is_some() { Times::Recorded } else { Times::Ignored }
    }

    /// An event of no client: it keeps its place, and nothing else.
    pub(super) fn leave_out(&mut self) {
        self.place += 1;
    }

    /// Takes the next event.
    pub(super) fn take(&mut self, mut told: Told<'_>) -> Result<(), Problem> {
        self.check_index(&told)?;
        let at = self.time(&told)?;
        let (id, f, key) = match told.phase {
            Phase::Invoke => self.invoke(&told)?,
            Phase::Ok | Phase::Fail | Phase::Info => self.complete(&mut told)?,
        };
        let process = ProcessId(told.process);
        let op = Op { id, process, phase: told.phase, f, key, value: told.value };
        self.entries.push(Entry { line: told.line, at, node: told.node, op });
        self.place += 1;
        Ok(())
    }

    fn check_index(&mut self, told: &Told<'_>) -> Result<(), Problem> {
        let (before, index) = (self.last_index, told.index);
        let problem = match (before, index) {
            (Some(before), Some(index)) if index <= before => {
                let title = format!("the index runs backwards: {index} after {before}");
                Problem::new(told.spans.index.clone(), title).label("must be greater")
            }
            (Some(_), None) => {
                Problem::new(told.spans.index.clone(), "an index is missing, though other events have one")
            }
            (None, Some(_)) if !self.entries.is_empty() => Problem::new(
                told.spans.index.clone(),
                "this event has an index, though earlier ones have none",
            ),
            _ => {
                self.last_index = index;
                return Ok(());
            }
        };
        Err(problem)
    }

    fn time(&mut self, told: &Told<'_>) -> Result<SimTime, Problem> {
        if self.times == Times::Ignored {
            return Ok(SimTime(self.place));
        }
        let span = told.spans.time.clone();
        match (self.last_time, told.time) {
            (Some(before), Some(time)) if time < before && self.is_early(before - time, told) => {
                Ok(SimTime(before))
            }
            (Some(before), Some(time)) if time < before => {
                let title = format!("time runs backwards: {time}ns after {before}ns");
                Err(Problem::new(span, title).label("must not be less").help(
                    "if the events stand in the order in which they happened, `--times ignored` takes that order",
                ))
            }
            (Some(_), None) => Err(Problem::new(span, "the time is missing, though other events have one")),
            (None, Some(_)) if !self.entries.is_empty() => {
                Err(Problem::new(span, "this event has a time, though earlier ones have none"))
            }
            (_, Some(time)) => {
                self.last_time = Some(time);
                Ok(SimTime(time))
            }
            (None, None) => Ok(SimTime(self.place)),
        }
    }

    /// Whether a stamp that is this much too early may be: the order is known otherwise. Who numbers events
    /// says in which order they happened.
    fn is_early(&self, ns: u64, told: &Told<'_>) -> bool {
        told.index.is_some() || (self.stamps == Stamps::BeforeWriting && ns <= EARLY_MAX_NS)
    }

    fn invoke(&mut self, told: &Told<'_>) -> Result<Words, Problem> {
        let (process, spans) = (told.process, &told.spans);
        match self.processes.get(&process) {
            Some(&Doing::Operation(invoked)) => {
                let line = self.entries[invoked].line;
                let title =
                    format!("process {process} invokes an operation while another of its is in flight");
                let label = format!("what it invoked on line {line} has not completed");
                return Err(Problem::new(spans.process.clone(), title).label(label));
            }
            Some(Doing::Gone(line)) => {
                let title = format!("process {process} acts again after an operation of it ended in `info`");
                let label = format!("what ended in `info` on line {line} may still happen");
                let help = "a client goes on under another process number after an `info`";
                return Err(Problem::new(spans.process.clone(), title).label(label).help(help));
            }
            None => {}
        }
        let Some(f) = told.f else {
            return Err(Problem::new(spans.f.clone(), "an invocation without `f`: what is done?"));
        };
        let entry = self.entries.len();
        let id = match told.id {
            None => told.index.unwrap_or(self.place),
            Some(id) => {
                if self.named.insert(id, Named::Invoked(entry)).is_some() {
                    return Err(Problem::new(spans.id.clone(), format!("op {id} is invoked twice")));
                }
                id
            }
        };
        self.processes.insert(process, Doing::Operation(entry));
        let (f, key) = (self.word(f), told.key.map(|key| self.word(key)));
        Ok((OpId(id), f, key))
    }

    fn complete(&mut self, told: &mut Told<'_>) -> Result<Words, Problem> {
        let (process, spans) = (told.process, &told.spans);
        let invoked = match told.id {
            None => self.in_flight(told)?,
            Some(id) => self.named_in_flight(id, told)?,
        };
        let op = &self.entries[invoked].op;
        let (id, f, key) = (op.id, op.f.clone(), op.key.clone());
        if let Some(other) = told.f.filter(|other| **other != *f) {
            let line = self.entries[invoked].line;
            let title = format!("process {process} invoked `{f}`, and completes `{other}`");
            return Err(Problem::new(spans.f.clone(), title).label(format!("`{f}` on line {line}")));
        }
        // What went wrong often has the argument again where the reason could be.
        if told.phase != Phase::Ok && told.value == op.value {
            told.value = Value::Null;
        }
        match told.phase {
            Phase::Info => self.processes.insert(process, Doing::Gone(told.line)),
            _ => self.processes.remove(&process),
        };
        Ok((id, f, key))
    }

    /// The invocation that a process completes.
    fn in_flight(&self, told: &Told<'_>) -> Result<usize, Problem> {
        let (process, span) = (told.process, told.spans.process.clone());
        match self.processes.get(&process) {
            Some(&Doing::Operation(invoked)) => Ok(invoked),
            Some(Doing::Gone(line)) => {
                let title = format!("process {process} completes an operation twice");
                Err(Problem::new(span, title).label(format!("it ended in `info` on line {line}")))
            }
            None => {
                let title = format!("process {process} completes an operation that it never invoked");
                Err(Problem::new(span, title).label("nothing of it is in flight"))
            }
        }
    }

    fn named_in_flight(&mut self, id: u64, told: &Told<'_>) -> Result<usize, Problem> {
        let span = told.spans.id.clone();
        let invoked = match self.named.get(&id) {
            Some(&Named::Invoked(invoked)) => invoked,
            Some(Named::Completed { line }) => {
                let label = format!("its first completion is on line {line}");
                return Err(Problem::new(span, format!("op {id} completes twice")).label(label));
            }
            None => return Err(Problem::new(span, format!("op {id} completes, but was never invoked"))),
        };
        let invoker = self.entries[invoked].op.process.0;
        if invoker != told.process {
            let title = format!("process {} completes op {id} of process {invoker}", told.process);
            return Err(Problem::new(told.spans.process.clone(), title));
        }
        self.named.insert(id, Named::Completed { line: told.line });
        Ok(invoked)
    }

    /// The one copy of a word that is in many operations.
    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.words.get(text) {
            return word.clone();
        }
        let word: Arc<str> = text.into();
        self.words.insert(word.clone());
        word
    }
}
