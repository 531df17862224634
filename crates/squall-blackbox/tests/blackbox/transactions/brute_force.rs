//! Tiny histories, judged by trying every execution.
//!
//! A history is serialisable if some order of its transactions explains all reads, with or without each
//! of those of which nobody knows whether they happened. It is snapshot-isolated if some order of begins and commits does, in which
//! no two that overlap write the same key. Stronger levels obey the order of processes or of real time.

use serde_json::{Value, json};
use squall_blackbox::{Analysis, Consistency, ListAppend, RwRegister};
use squall_history::Phase;

use super::history::{Row, Txns};
use super::random::Random;

/// What the keys are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Data {
    Lists,
    Registers,
}

impl Data {
    pub(crate) fn write(self) -> &'static str {
        match self {
            Self::Lists => "append",
            Self::Registers => "w",
        }
    }

    /// What a read returns of the values written so far.
    pub(crate) fn shown(self, written: &[u64]) -> Value {
        match self {
            Self::Lists => json!(written),
            Self::Registers => json!(written.last()),
        }
    }

    pub(crate) fn analysis(self, level: Consistency) -> Box<dyn Analysis> {
        match self {
            Self::Lists => Box::new(ListAppend::new(level)),
            Self::Registers => Box::new(RwRegister::new(level)),
        }
    }
}

/// Keys of tiny histories.
const KEYS: [&str; 2] = ["x", "y"];

/// A history of two to four transactions. Its reads mostly show prefixes of one order of writes, so that
/// many of them can be explained and many cannot.
fn tiny(data: Data, random: &mut Random) -> Txns {
    let count = 2 + random.below(3);
    let mut written: [Vec<u64>; 2] = Default::default();
    let mut plans: Vec<Vec<(usize, Option<u64>)>> = Vec::new();
    for _ in 0..count {
        let micros = (0..1 + random.below(3)).map(|_| {
            let key = random.below(2) as usize;
            let value = (random.below(2) == 0).then(|| {
                let value = written[key].len() as u64 + 1;
                written[key].push(value);
                value
            });
            (key, value)
        });
        plans.push(micros.collect());
    }
    written.iter_mut().for_each(|order| random.shuffle(order));
    let rows = plans.into_iter().enumerate().map(|(place, plan)| {
        let shown = |key: usize, random: &mut Random| {
            let length = random.below(written[key].len() as u64 + 1) as usize;
            let mut list = written[key][..length].to_vec();
            if random.below(12) == 0 {
                random.shuffle(&mut list);
            }
            data.shown(&list)
        };
        row(data, place, &plan, shown, random)
    });
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by_key(|row| row.invoked);
    Txns { rows }
}

fn row(
    data: Data,
    place: usize,
    plan: &[(usize, Option<u64>)],
    shown: impl Fn(usize, &mut Random) -> Value,
    random: &mut Random,
) -> Row {
    let micro = |(key, value): (usize, Option<u64>), read: Value| match value {
        Some(value) => json!([data.write(), KEYS[key], value]),
        None => json!(["r", KEYS[key], read]),
    };
    let phase = match random.below(12) {
        0 => Phase::Fail,
        1 => Phase::Info,
        _ => Phase::Ok,
    };
    // Half of all processes perform several transactions, each in a time of its own.
    let process = random.below(4);
    let invoked = place * 20 + random.below(10) as usize * 2;
    let end = place * 20 + 19 + if random.below(2) == 0 { random.below(3) as usize * 20 } else { 0 };
    let alone = end > place * 20 + 19 || phase == Phase::Info;
    Row {
        process: if alone { 10 + place as u64 } else { process },
        invoked,
        completed: Some((end, phase)),
        input: plan.iter().map(|&at| micro(at, Value::Null)).collect(),
        output: plan.iter().map(|&at| micro(at, shown(at.0, random))).collect(),
    }
}

/// Which order besides the reads an execution must obey.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    Any,
    Processes,
    RealTime,
}

/// Whether one transaction must come before the other.
fn before(order: Order, a: &Row, b: &Row) -> bool {
    let Some((end, Phase::Ok)) = a.completed else { return false };
    match order {
        Order::Any => false,
        Order::Processes => a.process == b.process && a.invoked < b.invoked,
        Order::RealTime => end < b.invoked,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Isolation {
    Serializable,
    Snapshot,
}

/// Whether some execution explains the history.
fn explained(data: Data, history: &Txns, isolation: Isolation, order: Order) -> bool {
    let phase = |row: &&Row| row.completed.map_or(Phase::Info, |(_, phase)| phase);
    let certain: Vec<&Row> = history.rows.iter().filter(|row| phase(row) == Phase::Ok).collect();
    let open: Vec<&Row> = history.rows.iter().filter(|row| phase(row) == Phase::Info).collect();
    (0..1_u32 << open.len()).any(|subset| {
        let happened = open.iter().enumerate().filter(|(place, _)| subset & 1 << place != 0);
        let mut rows = certain.clone();
        rows.extend(happened.map(|(_, row)| *row));
        Execution { data, order, isolation, rows, begun: Vec::new(), committed: Vec::new() }.search()
    })
}

/// An execution under way: who began, with how many commits before, and who committed.
struct Execution<'r> {
    data: Data,
    order: Order,
    isolation: Isolation,
    rows: Vec<&'r Row>,
    begun: Vec<(usize, usize)>,
    committed: Vec<usize>,
}

impl Execution<'_> {
    /// Whether it can be brought to an end.
    fn search(&mut self) -> bool {
        if self.committed.len() == self.rows.len() {
            return true;
        }
        for next in 0..self.rows.len() {
            if self.committed.contains(&next) {
                continue;
            }
            let commits_before = self.committed.len();
            let begun = self.begun.iter().find(|(txn, _)| *txn == next).copied();
            let worked = match begun {
                Some((_, snapshot)) => self.try_commit(next, snapshot),
                None if self.isolation == Isolation::Serializable => {
                    self.may_begin(next) && self.try_commit(next, commits_before)
                }
                None => {
                    self.may_begin(next) && {
                        self.begun.push((next, commits_before));
                        let found = self.search();
                        self.begun.pop();
                        found
                    }
                }
            };
            if worked {
                return true;
            }
        }
        false
    }

    fn may_begin(&self, next: usize) -> bool {
        let must_be_first = |&other: &usize| before(self.order, self.rows[other], self.rows[next]);
        (0..self.rows.len()).filter(must_be_first).all(|other| self.committed.contains(&other))
    }

    fn try_commit(&mut self, next: usize, snapshot: usize) -> bool {
        if !self.reads_right(next, snapshot) || self.conflicts(next, snapshot) {
            return false;
        }
        self.committed.push(next);
        let found = self.search();
        self.committed.pop();
        found
    }

    /// Whether what it read is the snapshot and its own writes.
    fn reads_right(&self, txn: usize, snapshot: usize) -> bool {
        let row = self.rows[txn];
        let mut state: [Vec<u64>; 2] = Default::default();
        for &earlier in &self.committed[..snapshot] {
            writes(self.rows[earlier]).for_each(|(key, value)| state[key].push(value));
        }
        let reads = matches!(row.completed, Some((_, Phase::Ok)));
        let micros = row.output.as_array().unwrap();
        micros.iter().all(|micro| {
            let key = key(micro);
            if micro[0] == "r" {
                !reads || self.data.shown(&state[key]) == micro[2]
            } else {
                state[key].push(micro[2].as_u64().unwrap());
                true
            }
        })
    }

    /// Whether anybody who committed since the snapshot wrote the same key.
    fn conflicts(&self, txn: usize, snapshot: usize) -> bool {
        let since = &self.committed[snapshot..];
        writes(self.rows[txn]).any(|(key, _)| {
            since.iter().any(|&other| writes(self.rows[other]).any(|(theirs, _)| theirs == key))
        })
    }
}

fn key(micro: &Value) -> usize {
    KEYS.iter().position(|key| micro[1] == *key).unwrap()
}

fn writes(row: &Row) -> impl Iterator<Item = (usize, u64)> {
    let micros = row.input.as_array().unwrap().iter();
    micros.filter(|micro| micro[0] != "r").map(|micro| (key(micro), micro[2].as_u64().unwrap()))
}

/// Whether every write is read, so that lists tell their whole order, and every outcome is known.
fn tells_all(history: &Txns) -> bool {
    let known = history.rows.iter().all(|row| row.completed.is_some_and(|(_, phase)| phase == Phase::Ok));
    let read = |key: usize, value: u64| {
        let micros = history.rows.iter().flat_map(|row| row.output.as_array().unwrap());
        let mut reads = micros.filter(|micro| micro[0] == "r" && micro[1] == KEYS[key]);
        reads.any(|read| read[2].as_array().is_some_and(|list| list.contains(&json!(value))))
    };
    known && history.rows.iter().all(|row| writes(row).all(|(key, value)| read(key, value)))
}

const LEVELS: [(Consistency, Isolation, Order); 6] = [
    (Consistency::Serializable, Isolation::Serializable, Order::Any),
    (Consistency::StrongSessionSerializable, Isolation::Serializable, Order::Processes),
    (Consistency::StrictSerializable, Isolation::Serializable, Order::RealTime),
    (Consistency::SnapshotIsolation, Isolation::Snapshot, Order::Any),
    (Consistency::StrongSessionSnapshotIsolation, Isolation::Snapshot, Order::Processes),
    (Consistency::StrongSnapshotIsolation, Isolation::Snapshot, Order::RealTime),
];

/// How many histories cannot be explained, how many of them the checker found, and how many that tell
/// all it missed.
#[derive(Default, Debug)]
struct Tally {
    right: u32,
    wrong: u32,
    found: u32,
    missed_though_told: u32,
}

fn compare(data: Data, histories: u64) -> Vec<(&'static str, Tally)> {
    let mut tallies: Vec<(&str, Tally)> = Vec::new();
    for (level, isolation, order) in LEVELS {
        let mut tally = Tally::default();
        let mut random = Random::new(7);
        for _ in 0..histories {
            let history = tiny(data, &mut random);
            let findings = history.judged(&*data.analysis(level));
            assert_eq!(findings.unknown, None);
            let found = !findings.violations.is_empty();
            if explained(data, &history, isolation, order) {
                tally.right += 1;
                let rows: Vec<_> =
                    history.operations().iter().map(|row| row.evidence().to_string()).collect();
                assert!(!found, "{level:?} holds, but {:?} in\n{}", findings.violations, rows.join("\n"));
            } else {
                tally.wrong += 1;
                tally.found += u32::from(found);
                tally.missed_though_told += u32::from(!found && tells_all(&history));
            }
        }
        tallies.push((level.name(), tally));
    }
    tallies
}

/// Histories that are tried for each level.
const HISTORIES: u64 = 5_000;

#[test]
fn lists_are_judged_as_by_trying_every_execution() {
    for (level, tally) in compare(Data::Lists, HISTORIES) {
        println!("{level}: {tally:?}");
        assert!(tally.right > 1_000 && tally.wrong > 1_000, "{level}: {tally:?} tells little");
        assert_eq!(tally.missed_though_told, 0, "{level}: reads told the order of all writes");
        let enough = if level.ends_with("serializable") { tally.wrong } else { tally.wrong * 199 / 200 };
        assert!(tally.found >= enough, "{level}: {tally:?}");
    }
}

#[test]
fn registers_are_judged_soundly_and_mostly_as_by_trying_every_execution() {
    for (level, tally) in compare(Data::Registers, HISTORIES) {
        println!("{level}: {tally:?}");
        assert!(tally.right > 1_000 && tally.wrong > 1_000, "{level}: {tally:?} tells little");
        assert!(tally.found >= tally.wrong * 99 / 100, "{level}: {tally:?}");
    }
}
