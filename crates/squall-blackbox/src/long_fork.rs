//! `long-fork`: two reads may not see two independent writes in different orders.
//!
//! A long fork is what parallel snapshot isolation allows and snapshot isolation does not (Sovran et
//! al., "Transactional storage for geo-replicated systems", SOSP 2011, section 3). If every key is
//! written once, a read of a group of keys is the set of those it found written, and snapshots of one
//! state that only grows are ordered by inclusion. So the reads of a group are a chain, or there is a
//! fork: sorted by size, each must contain the one before it.

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::anomalies::{Anomalies, Example, shown};
use crate::answer::{NoAnswer, answer, bad_argument, bad_result, hold, no_such_operation};
use crate::entry::none;
use crate::keys::Interner;
use crate::{Analysis, Budget, Entry, Findings, Operation};

pub(crate) const ENTRY: Entry = Entry {
    name: "long-fork",
    meaning: "no two reads see two independent writes in different orders",
    options: "",
    build: |options| none(options).map(|()| Box::new(LongFork) as _),
};

/// Transactions that write keys, each at most once in the whole history, and read groups of them.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `txn`, `read` or `write` | a list of `["r", key, null]` and `["w", key, value]` | the same with what was read; `null` is a key not yet written |
///
/// | anomaly | what it is |
/// |---|---|
/// | `long-fork` | of two reads of the same keys, each sees a write that the other does not |
/// | `unexpected` | a read sees a value that nobody wrote there, or that was only written after it ended |
///
/// Exercised once for each transaction that reads at least two keys that it has not written itself. Only
/// reads of the same keys are compared, as in Jepsen; forks between reads of different groups are found
/// by the analyses of transactions. A key that is written twice leaves the history without an answer.
/// The operations' `key` is not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct LongFork;

impl Analysis for LongFork {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&["long-fork", "unexpected"]);
            let mut reader = Reader::default();
            for operation in operations {
                reader.writes(operation, budget)?;
            }
            for operation in operations {
                reader.reads(operation, (&mut anomalies, budget), findings)?;
            }
            reader.forks(&mut anomalies);
            anomalies.report(findings);
            Ok(())
        });
    }
}

/// What a transaction does to a key.
struct Step<'h> {
    kind: Kind,
    key: &'h Value,
    value: &'h Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

/// The steps of an operation, as they came back if they did. A `write` need not give them back.
fn steps<'h>(
    operation: &Operation<'h>,
) -> Result<impl Iterator<Item = Result<Step<'h>, NoAnswer>>, NoAnswer> {
    if !matches!(operation.f, "txn" | "read" | "write") {
        return Err(no_such_operation(ENTRY.name, operation));
    }
    let operation = *operation;
    let output = operation.ok().map(|(_, output)| output);
    let output = output.filter(|output| operation.f != "write" || !output.is_null());
    let unreadable = move || {
        let shape = "a list of `[\"r\", key, value]` and `[\"w\", key, value]`";
        match output {
            Some(_) => bad_result(ENTRY.name, &operation, shape),
            None => bad_argument(ENTRY.name, &operation, shape),
        }
    };
    let list = output.unwrap_or(operation.input).as_array().ok_or_else(unreadable)?;
    Ok(list.iter().map(move |step| {
        let Some([f, key, value]) = step.as_array().map(Vec::as_slice) else { return Err(unreadable()) };
        let kind = match f.as_str() {
            Some("r") => Kind::Read,
            Some("w") => Kind::Write,
            _ => return Err(unreadable()),
        };
        Ok(Step { kind, key, value })
    }))
}

#[derive(Default)]
struct Reader<'a, 'h> {
    keys: Interner<'h>,
    /// Who wrote each key, and what; and who failed to.
    written: Vec<Option<(&'a Operation<'h>, &'h Value)>>,
    failed: Vec<Option<(&'a Operation<'h>, &'h Value)>>,
    /// The last operation that read or wrote each key, by its place among those with a result, from 1.
    met: Vec<usize>,
    with_result: usize,
    /// The number of each list of keys that is read, and its reads.
    groups: FxHashMap<Vec<u32>, usize>,
    reads: Vec<Vec<Read<'a, 'h>>>,
    /// The keys that reads found written, in order, one read after the other.
    seen: Vec<u32>,
}

/// A read of a group, and its part of `seen`.
#[derive(Clone, Copy)]
struct Read<'a, 'h> {
    operation: &'a Operation<'h>,
    begin: usize,
    end: usize,
}

impl<'a, 'h> Reader<'a, 'h> {
    /// Notes what an operation writes.
    fn writes(&mut self, operation: &'a Operation<'h>, budget: &mut Budget) -> Result<(), NoAnswer> {
        for step in steps(operation)? {
            budget.spend(1)?;
            let Step { kind, key, value } = step?;
            let id = self.key(key, budget)?;
            if kind == Kind::Read {
                continue;
            }
            if operation.failed() {
                self.failed[id] = Some((operation, value));
            } else if let Some((first, _)) = self.written[id].replace((operation, value)) {
                let (first, second) = (first.id.0, operation.id.0);
                return Err(NoAnswer::Unfit(format!(
                    "key {} is written by op {first} and again by op {second}",
                    shown(key)
                )));
            }
        }
        Ok(())
    }

    fn key(&mut self, key: &'h Value, budget: &mut Budget) -> Result<usize, NoAnswer> {
        let id = self.keys.id(key, budget)?;
        if id == self.written.len() {
            hold::<([Option<(&Operation<'_>, &Value)>; 2], usize)>(budget, 1)?;
            self.written.push(None);
            self.failed.push(None);
            self.met.push(0);
        }
        Ok(id)
    }

    /// Notes what an operation read from others.
    fn reads(
        &mut self,
        operation: &'a Operation<'h>,
        (anomalies, budget): (&mut Anomalies, &mut Budget),
        findings: &mut Findings,
    ) -> Result<(), NoAnswer> {
        if operation.ok().is_none() {
            return Ok(());
        }
        self.with_result += 1;
        let (mut group, mut seen) = (Vec::new(), Vec::new());
        for step in steps(operation)? {
            let Step { kind, key, value } = step?;
            let id = self.key(key, budget)?;
            let number = u32::try_from(id).expect("the interner gives no larger number");
            // What it has written or read before says nothing of others.
            let met = std::mem::replace(&mut self.met[id], self.with_result);
            if kind == Kind::Write || met == self.with_result {
                continue;
            }
            group.push(number);
            if !value.is_null() {
                self.expect(operation, id, value, anomalies);
                seen.push(number);
            }
        }
        if group.len() < 2 {
            return Ok(());
        }
        findings.exercised();
        group.sort_unstable();
        seen.sort_unstable();
        hold::<(Read<'_, '_>, u32)>(budget, 1 + group.len())?;
        let begin = self.seen.len();
        self.seen.append(&mut seen);
        let next = self.reads.len();
        let group = *self.groups.entry(group).or_insert(next);
        if group == next {
            self.reads.push(Vec::new());
        }
        self.reads[group].push(Read { operation, begin, end: self.seen.len() });
        Ok(())
    }

    /// Tells a value that cannot have been there.
    fn expect(&self, read: &Operation<'_>, key: usize, value: &Value, anomalies: &mut Anomalies) {
        let completed = read.ok().expect("it has a result").0;
        let written = self.written[key].filter(|&(_, other)| other == value);
        if written.is_some_and(|(write, _)| write.invoked.place < completed.place) {
            return;
        }
        let failed = self.failed[key].filter(|&(_, other)| other == value);
        let why = match (written, failed) {
            (Some(_), _) => "was only written afterwards",
            (None, Some(_)) => "could not be written",
            (None, None) => "nobody wrote there",
        };
        anomalies.found("unexpected", completed.at, || {
            let key = shown(self.keys.value(key));
            let message = format!("a read of key {key} gave {}, which {why}", shown(value));
            let example = Example::new(message).op("read", read);
            match written.or(failed) {
                Some((write, _)) => example.op("write", write),
                None => example,
            }
        });
    }

    /// Tells neighbours in the order of size of which none contains the other. If there are none, all
    /// reads of the group are a chain.
    fn forks(&mut self, anomalies: &mut Anomalies) {
        for mut reads in std::mem::take(&mut self.reads) {
            // The sort is stable: among equal sizes, reads stay in order of invocation.
            reads.sort_by_key(|read| read.end - read.begin);
            for pair in reads.windows(2) {
                let (small, large) = (self.seen(pair[0]), self.seen(pair[1]));
                if let Some(only_small) = first_missing(small, large) {
                    let only_large = first_missing(large, small).expect("it is no smaller, and another set");
                    self.tell(pair, [only_small, only_large], anomalies);
                }
            }
        }
    }

    fn seen(&self, read: Read<'_, '_>) -> &[u32] {
        &self.seen[read.begin..read.end]
    }

    fn tell(&self, pair: &[Read<'_, '_>], keys: [u32; 2], anomalies: &mut Anomalies) {
        let ended = |read: &Read<'_, '_>| read.operation.ok().expect("only such are kept").0.at;
        let at = ended(&pair[0]).max(ended(&pair[1]));
        anomalies.found("long-fork", at, || {
            let [first, second] = keys.map(|key| self.keys.value(key as usize));
            let message = format!(
                "one read sees the write of key {} and not that of key {}, another read the reverse",
                shown(first),
                shown(second)
            );
            let example = Example::new(message)
                .op("read", pair[0].operation)
                .op("other-read", pair[1].operation)
                .with("keys", json!([first, second]));
            let writer = |key: u32| self.written[key as usize].map(|(write, _)| write);
            match (writer(keys[0]), writer(keys[1])) {
                (Some(first), Some(second)) => example.op("write", first).op("other-write", second),
                _ => example,
            }
        });
    }
}

/// The first of `these` that is not among `those`. Both are in order.
fn first_missing(these: &[u32], those: &[u32]) -> Option<u32> {
    let mut those = those.iter().copied().peekable();
    these.iter().copied().find(|&one| {
        while those.next_if(|&other| other < one).is_some() {}
        those.peek() != Some(&one)
    })
}
