//! What each session did, and the versions of each key.

use rustc_hash::FxHashMap;
use serde_json::Value;
use squall_history::ProcessId;

use super::WriteOrder;
use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, bad_argument, bad_result, hold, no_such_operation};
use crate::{Budget, Operation};

/// A version of a key.
pub(super) struct Version<'a, 'h> {
    pub(super) key: u32,
    pub(super) value: &'h Value,
    /// Where versions are numbers, its number; less than all if the key was not written yet.
    pub(super) rank: i128,
    pub(super) written: Option<Written<'a, 'h>>,
}

/// Who wrote a version.
#[derive(Clone, Copy)]
pub(super) struct Written<'a, 'h> {
    pub(super) by: &'a Operation<'h>,
    pub(super) session: u32,
    /// Its place among what the session did.
    pub(super) place: u32,
}

/// A read with its result, or a write that may have happened.
pub(super) struct Act<'a, 'h> {
    pub(super) kind: Kind,
    pub(super) key: u32,
    pub(super) version: u32,
    pub(super) by: &'a Operation<'h>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

/// The history by sessions.
pub(super) struct Sessions<'a, 'h> {
    order: WriteOrder,
    /// What each session did, in order.
    pub(super) acts: Vec<Vec<Act<'a, 'h>>>,
    pub(super) keys: Vec<Option<&'h str>>,
    /// The first of each key is the one before all writes.
    pub(super) versions: Vec<Version<'a, 'h>>,
    /// For each key, that first version.
    pub(super) unwritten: Vec<u32>,
}

#[derive(Default)]
struct Index<'h> {
    sessions: FxHashMap<ProcessId, usize>,
    keys: FxHashMap<Option<&'h str>, u32>,
    versions: FxHashMap<(u32, &'h Value), u32>,
}

/// What an operation, a session's act and a version cost here, in their lists and the index.
type Costs<'a, 'h> = (Act<'a, 'h>, [(u32, &'h Value, u32); 2], Version<'a, 'h>);

impl<'a, 'h> Sessions<'a, 'h> {
    pub(super) fn of(
        (name, order): (&'static str, WriteOrder),
        operations: &'a [Operation<'h>],
        (anomalies, budget): (&mut Anomalies, &mut Budget),
    ) -> Result<Self, NoAnswer> {
        if u32::try_from(operations.len()).is_err() {
            return Err(NoAnswer::Unfit("it has more than four billion operations".to_owned()));
        }
        budget.spend(operations.len() as u64)?;
        let (acts, keys, versions, unwritten) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut this, mut index) = (Self { order, acts, keys, versions, unwritten }, Index::default());
        let mut failed: FxHashMap<(u32, &Value), &Operation<'_>> = FxHashMap::default();
        for operation in operations {
            hold::<Costs<'_, '_>>(budget, 1)?;
            let kind = match operation.f {
                "read" => Kind::Read,
                "write" => Kind::Write,
                _ => return Err(no_such_operation(name, operation)),
            };
            let key = this.key(operation.key, &mut index);
            if operation.failed() && kind == Kind::Write {
                failed.insert((key, operation.input), operation);
            }
            let Some(value) = value(name, order, kind, operation)? else { continue };
            let version = this.version(key, value, &mut index);
            this.act(Act { kind, key, version, by: operation }, &mut index)?;
        }
        if !this.is_ranked() {
            this.tell_unexpected(&failed, anomalies);
        }
        Ok(this)
    }

    /// Whether versions are numbers, and the larger is the newer.
    pub(super) fn is_ranked(&self) -> bool {
        matches!(self.order, WriteOrder::Values | WriteOrder::Results)
    }

    /// The newer of two versions that one session met, if that is known; else the one met last.
    pub(super) fn newer<T>(&self, (before, met): (u32, T), (now, meets): (u32, T)) -> (u32, T) {
        let rank = |version: u32| self.versions[version as usize].rank;
        if self.is_ranked() && rank(before) > rank(now) { (before, met) } else { (now, meets) }
    }

    fn key(&mut self, key: Option<&'h str>, index: &mut Index<'h>) -> u32 {
        let next = number(self.keys.len());
        let id = *index.keys.entry(key).or_insert(next);
        if id == next {
            self.keys.push(key);
            self.unwritten.push(number(self.versions.len()));
            self.version(id, &Value::Null, index);
        }
        id
    }

    fn version(&mut self, key: u32, value: &'h Value, index: &mut Index<'h>) -> u32 {
        let next = number(self.versions.len());
        let id = *index.versions.entry((key, value)).or_insert(next);
        if id == next {
            let rank = integer(value).unwrap_or(i128::MIN);
            self.versions.push(Version { key, value, rank, written: None });
        }
        id
    }

    fn act(&mut self, act: Act<'a, 'h>, index: &mut Index<'h>) -> Result<(), NoAnswer> {
        let next = self.acts.len();
        let session = *index.sessions.entry(act.by.process).or_insert(next);
        if session == next {
            self.acts.push(Vec::new());
        }
        let is_by_value = !self.is_ranked();
        if act.kind == Kind::Write {
            let written = &mut self.versions[act.version as usize].written;
            let place = number(self.acts[session].len());
            let again = Written { by: act.by, session: number(session), place };
            let first = written.replace(again);
            if let Some(Written { by: first, .. }) = first.filter(|_| is_by_value) {
                let (value, of) = (shown(act.by.input), of_key(act.by.key));
                let (first, second) = (first.id.0, act.by.id.0);
                let why = format!("the value {value}{of} is written by op {first} and again by op {second}");
                return Err(NoAnswer::Unfit(why));
            }
        }
        self.acts[session].push(act);
        Ok(())
    }

    fn tell_unexpected(&self, failed: &FxHashMap<(u32, &Value), &Operation<'_>>, anomalies: &mut Anomalies) {
        let reads = self.acts.iter().flatten().filter(|act| act.kind == Kind::Read);
        for act in reads {
            let version = &self.versions[act.version as usize];
            let (completed, _) = act.by.ok().expect("only reads with a result are acts");
            let is_there = |written: Written<'_, '_>| written.by.invoked.place < completed.place;
            if version.value.is_null() || version.written.is_some_and(is_there) {
                continue;
            }
            let failed = failed.get(&(act.key, version.value)).copied();
            let why = match (version.written, failed) {
                (Some(_), _) => "was only written afterwards",
                (None, Some(_)) => "could not be written",
                (None, None) => "nobody wrote",
            };
            anomalies.found("unexpected", completed.at, || {
                let (of, value) = (of_key(act.by.key), shown(version.value));
                let example =
                    Example::new(format!("`read`{of} gave {value}, which {why}")).op("read", act.by);
                match version.written.map(|written| written.by).or(failed) {
                    Some(write) => example.op("write", write),
                    None => example,
                }
            });
        }
    }
}

/// The value that names the version which an operation read or wrote, if it may have and that is known.
fn value<'h>(
    name: &'static str,
    order: WriteOrder,
    kind: Kind,
    operation: &Operation<'h>,
) -> Result<Option<&'h Value>, NoAnswer> {
    let output = operation.ok().map(|(_, output)| output);
    let value = match (kind, order) {
        (Kind::Read, WriteOrder::Results) | (Kind::Write, WriteOrder::Results) => {
            output.map(|output| output.get(0).unwrap_or(output))
        }
        (Kind::Read, _) => output,
        (Kind::Write, _) => (!operation.failed()).then_some(operation.input),
    };
    let Some(value) = value else { return Ok(None) };
    let is_number = integer(value).is_some();
    let is_fit = match (kind, order) {
        (Kind::Read, WriteOrder::Values | WriteOrder::Results) => is_number || value.is_null(),
        (Kind::Write, WriteOrder::Values | WriteOrder::Results) => is_number,
        (Kind::Write, _) => !value.is_null(),
        (Kind::Read, _) => true,
    };
    match (is_fit, kind, order) {
        (true, ..) => Ok(Some(value)),
        (false, Kind::Write, WriteOrder::Values) => Err(bad_argument(name, operation, "an integer")),
        (false, Kind::Write, WriteOrder::Results) | (false, Kind::Read, _) => {
            Err(bad_result(name, operation, "an integer"))
        }
        (false, Kind::Write, _) => Err(bad_argument(name, operation, "a value")),
    }
}

fn integer(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or(value.as_u64().map(i128::from))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("there are no more versions than twice the operations, which were counted")
}
