//! Operations as transactions: flat lists of micro-operations, each key and value a number.
//!
//! A transaction is an operation `txn` whose value is a list of micro-operations `["r", key, value]`
//! and `["append", key, value]` or `["w", key, value]`. What an `ok` did stands in its completion, with
//! what it read; what others may have done stands in their invocation, and their reads say nothing.

use serde_json::Value;
use squall_history::Phase;

use super::atoms::{Atom, Atoms};
use super::edges::Class;
use crate::{Budget, Exhausted, Operation};

/// Why there is no answer.
pub(super) enum Stop {
    /// The budget ran out.
    Exhausted(Exhausted),
    /// Something cannot be read or told apart.
    Unreadable(String),
}

impl From<Exhausted> for Stop {
    fn from(which: Exhausted) -> Self {
        Self::Exhausted(which)
    }
}

/// Which micro-operation writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Workload {
    /// `append`, and reads return lists.
    ListAppend,
    /// `w`, and reads return what was written last.
    RwRegister,
}

impl Workload {
    pub(super) fn write(self) -> &'static str {
        match self {
            Self::ListAppend => "append",
            Self::RwRegister => "w",
        }
    }
}

/// Whether a transaction happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// It did.
    Committed,
    /// Nobody knows.
    Open,
    /// It did not.
    Aborted,
}

/// A number of a transaction: its place among the operations.
pub(super) type Txn = u32;

/// No such place.
pub(super) const NONE: u32 = u32::MAX;

/// A micro-operation.
#[derive(Clone, Copy)]
pub(super) struct Micro<'h> {
    pub(super) txn: Txn,
    pub(super) key: u32,
    pub(super) act: Act<'h>,
}

/// What a micro-operation does.
#[derive(Clone, Copy)]
pub(super) enum Act<'h> {
    /// It writes or appends this.
    Write(Atom),
    /// It returned this. Only committed transactions have reads here.
    Read(&'h Value),
}

/// The transactions of a history.
pub(super) struct Transactions<'h> {
    pub(super) operations: &'h [Operation<'h>],
    pub(super) outcomes: Vec<Outcome>,
    pub(super) micros: Vec<Micro<'h>>,
    pub(super) atoms: Atoms<'h>,
    pub(super) keys: Vec<Atom>,
    /// Where each transaction begins in `micros`, and the last one's end.
    starts: Vec<u32>,
    /// Places in `micros`, ordered by key, and where each key begins.
    by_key: Vec<u32>,
    key_starts: Vec<u32>,
    pub(super) workload: Workload,
}

/// More micro-operations, or operations, than this have no numbers: a node of the graph takes 28 bits,
/// and there are at most two for each operation and one for each micro-operation.
const MOST: usize = 1 << 26;

impl<'h> Transactions<'h> {
    /// Reads them.
    pub(super) fn read(
        workload: Workload,
        operations: &'h [Operation<'h>],
        budget: &mut Budget,
    ) -> Result<Self, Stop> {
        let mut reader = Reader {
            workload,
            atoms: Atoms::default(),
            key_numbers: rustc_hash::FxHashMap::default(),
            keys: Vec::new(),
            micros: Vec::with_capacity(operations.len()),
        };
        let mut outcomes = Vec::with_capacity(operations.len());
        let mut starts = Vec::with_capacity(operations.len() + 1);
        for (place, operation) in operations.iter().enumerate() {
            budget.step()?;
            starts.push(number(reader.micros.len())?);
            outcomes.push(outcome(operation));
            let before = reader.micros.len();
            let read = reader.operation(number(place)?, operation);
            read.map_err(|why| Stop::Unreadable(format!("op {}: {why}", operation.id.0)))?;
            budget.spend((reader.micros.len() - before) as u64)?;
        }
        starts.push(number(reader.micros.len())?);
        let Reader { atoms, keys, micros, .. } = reader;
        let (by_key, key_starts) = by_key(&micros, keys.len());
        let all = Self { operations, outcomes, micros, atoms, keys, starts, by_key, key_starts, workload };
        budget.hold(all.bytes())?;
        Ok(all)
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        let micros = self.micros.len() * (size_of::<Micro<'_>>() + size_of::<u32>());
        let keys = self.keys.len() * 2 * (size_of::<Atom>() + size_of::<u32>());
        let txns = self.outcomes.len() * (size_of::<u32>() + size_of::<Outcome>());
        (micros + keys + txns) as u64 + self.atoms.bytes()
    }

    /// The places in `micros` of what concerns a key, in order.
    pub(super) fn of_key(&self, key: u32) -> &[u32] {
        let key = key as usize;
        &self.by_key[self.key_starts[key] as usize..self.key_starts[key + 1] as usize]
    }

    /// The micro-operations of a transaction.
    pub(super) fn of_txn(&self, txn: Txn) -> &[Micro<'h>] {
        let txn = txn as usize;
        &self.micros[self.starts[txn] as usize..self.starts[txn + 1] as usize]
    }

    /// The key as the history has it.
    pub(super) fn key(&self, key: u32) -> Value {
        self.atoms.value(self.keys[key as usize])
    }

    pub(super) fn outcome(&self, txn: Txn) -> Outcome {
        self.outcomes[txn as usize]
    }

    pub(super) fn operation(&self, txn: Txn) -> &'h Operation<'h> {
        &self.operations[txn as usize]
    }

    /// The class of the edge between two that wrote one key, neither of which failed.
    pub(super) fn ww(&self, a: Txn, b: Txn) -> Class {
        let committed = |txn| self.outcome(txn) == Outcome::Committed;
        if committed(a) && committed(b) { Class::Ww } else { Class::WwOpen }
    }

    /// `op 17`.
    pub(super) fn name(&self, txn: Txn) -> String {
        format!("op {}", self.operation(txn).id.0)
    }
}

fn outcome(operation: &Operation<'_>) -> Outcome {
    match operation.completed.map(|end| end.phase) {
        Some(Phase::Ok) => Outcome::Committed,
        Some(Phase::Fail) => Outcome::Aborted,
        Some(Phase::Info | Phase::Invoke) | None => Outcome::Open,
    }
}

fn number(count: usize) -> Result<u32, Stop> {
    match u32::try_from(count) {
        Ok(number) if count < MOST => Ok(number),
        _ => Err(Stop::Unreadable(format!("there are more than {MOST} micro-operations"))),
    }
}

struct Reader<'h> {
    workload: Workload,
    atoms: Atoms<'h>,
    key_numbers: rustc_hash::FxHashMap<Atom, u32>,
    keys: Vec<Atom>,
    micros: Vec<Micro<'h>>,
}

impl<'h> Reader<'h> {
    fn operation(&mut self, txn: Txn, operation: &'h Operation<'h>) -> Result<(), String> {
        if operation.f != "txn" {
            return Err(format!("transactions are called `txn`, not `{}`", operation.f));
        }
        let ok = operation.ok().map(|(_, output)| output);
        let micros = ok.unwrap_or(operation.input);
        let Value::Array(micros) = micros else {
            return Err(format!("a transaction is a list of micro-operations, not {micros}"));
        };
        for micro in micros {
            let act = self.micro(micro, ok.is_some())?;
            let Some((key, act)) = act else { continue };
            let key = self.key(key);
            self.micros.push(Micro { txn, key, act });
        }
        Ok(())
    }

    /// What it does and to which key; nothing if it is a read of what did not commit.
    fn micro(&mut self, micro: &'h Value, committed: bool) -> Result<Option<(Atom, Act<'h>)>, String> {
        let parts = micro.as_array().map(Vec::as_slice);
        let Some([Value::String(f), key, value]) = parts else {
            return Err(format!("a micro-operation is [f, key, value], not {micro}"));
        };
        let act = match &**f {
            "r" if !committed => return Ok(None),
            "r" if self.workload == Workload::ListAppend && !(value.is_array() || value.is_null()) => {
                return Err(format!("a read of a list returns a list, not {value}"));
            }
            "r" => Act::Read(value),
            write if write == self.workload.write() => Act::Write(self.atoms.intern(value)),
            other => {
                let known = self.workload.write();
                return Err(format!("micro-operations here are `r` and `{known}`, not `{other}`"));
            }
        };
        Ok(Some((self.atoms.intern(key), act)))
    }

    fn key(&mut self, key: Atom) -> u32 {
        *self.key_numbers.entry(key).or_insert_with(|| {
            self.keys.push(key);
            // There are no more keys than micro-operations, and those are counted.
            self.keys.len() as u32 - 1
        })
    }
}

/// Places ordered by key (a counting sort), and where each key begins.
fn by_key(micros: &[Micro<'_>], keys: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; keys + 1];
    for micro in micros {
        starts[micro.key as usize + 1] += 1;
    }
    for key in 0..keys {
        starts[key + 1] += starts[key];
    }
    let mut next = starts.clone();
    let mut places = vec![0_u32; micros.len()];
    for (place, micro) in micros.iter().enumerate() {
        let slot = &mut next[micro.key as usize];
        places[*slot as usize] = place as u32;
        *slot += 1;
    }
    (places, starts)
}

/// The elements of a list that was read; no list is an empty one.
pub(super) fn elements(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}
