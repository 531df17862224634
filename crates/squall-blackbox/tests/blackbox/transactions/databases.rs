//! Databases in memory, of known isolation, with interleaved clients.
//!
//! Two designs. *In place*: writes are seen at once, locked or not, and taken back if their transaction
//! aborts. *Versions*: a transaction reads a snapshot, keeps its writes to itself, and is checked when it
//! commits. Which snapshots there are and what is checked makes the level. Lists and registers are the
//! same here: a read of a register returns a list's last element.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use squall_history::Phase;

use super::brute_force::Data;
use super::history::{Row, Txns};
use super::random::Random;

/// What a database promises.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Database {
    /// In place, without locks.
    Nothing,
    /// In place, writes locked until the end.
    ReadUncommitted,
    /// The same, and only what is committed is seen by others.
    ReadCommitted,
    /// Two sites that tell each other of commits later; the first to write a version wins.
    ParallelSnapshot,
    /// Snapshots of the past; the first to commit wins.
    Snapshot,
    /// Snapshots of now; the first to commit wins.
    StrongSnapshot,
    /// Snapshots of the past; whoever writes must have read what is valid still.
    Serializable,
    /// The same; a process sees what it has seen.
    StrongSessionSerializable,
    /// The same with snapshots of now.
    StrictSerializable,
}

use Database as D;

const KEYS: u64 = 3;
const CLIENTS: usize = 5;

/// How far back a snapshot may lie, in commits.
const PAST: u64 = 5;

/// Steps of clients, on average, between two commits that a site hears of.
const LAG: u64 = 16;

struct Element {
    value: u64,
    /// The transaction that wrote it, or what it committed as.
    by: By,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Pending(usize),
    Commit(usize),
}

struct Running {
    txn: usize,
    process: u64,
    site: usize,
    invoked: usize,
    plan: Vec<(usize, bool)>,
    asked: Vec<Value>,
    done: Vec<Value>,
    /// Commits that it sees.
    snapshot: BTreeSet<usize>,
    buffered: Vec<(usize, u64)>,
    read: BTreeSet<usize>,
}

struct Store {
    database: Database,
    data: Data,
    random: Random,
    keys: Vec<Vec<Element>>,
    /// The snapshot of each commit.
    commits: Vec<BTreeSet<usize>>,
    sites: [BTreeSet<usize>; 2],
    values: u64,
    txns: usize,
    place: usize,
    processes: u64,
    /// By client: its process, and the first commit it must see.
    sessions: [(u64, usize); CLIENTS],
    rows: Vec<Row>,
}

/// What so many transactions of clients saw.
pub(crate) fn history(database: Database, data: Data, seed: u64, transactions: usize) -> Txns {
    let mut store = Store {
        database,
        data,
        random: Random::new(seed),
        keys: (0..KEYS).map(|_| Vec::new()).collect(),
        commits: Vec::new(),
        sites: Default::default(),
        values: 0,
        txns: 0,
        place: 0,
        processes: CLIENTS as u64,
        sessions: std::array::from_fn(|client| (client as u64, 0)),
        rows: Vec::new(),
    };
    let mut running: [Option<Running>; CLIENTS] = Default::default();
    while store.txns < transactions || running.iter().any(Option::is_some) {
        store.replicate();
        let client = store.random.below(CLIENTS as u64) as usize;
        match running[client].take() {
            None if store.txns < transactions => running[client] = Some(store.begin(client)),
            None => {}
            Some(txn) => running[client] = store.step(client, txn),
        }
    }
    store.rows.sort_by_key(|row| row.invoked);
    Txns { rows: store.rows }
}

impl Store {
    fn in_place(&self) -> bool {
        self.database <= D::ReadCommitted
    }

    fn now(&mut self) -> usize {
        self.place += 1;
        self.place
    }

    fn begin(&mut self, client: usize) -> Running {
        self.txns += 1;
        let (process, seen) = self.sessions[client];
        let micros = 1 + self.random.below(4);
        let plan = (0..micros).map(|_| (self.random.below(KEYS) as usize, self.random.below(2) == 0));
        let plan: Vec<_> = plan.collect();
        let site = self.random.below(2) as usize;
        let commits = self.commits.len();
        let back = self.random.below(PAST) as usize;
        let upto = match self.database {
            D::Snapshot | D::Serializable => commits.saturating_sub(back),
            D::StrongSessionSerializable => commits.saturating_sub(back).max(seen),
            _ => commits,
        };
        let snapshot = match self.database {
            D::ParallelSnapshot => self.sites[site].clone(),
            _ => (0..upto).collect(),
        };
        let invoked = self.now();
        Running {
            txn: self.txns,
            process,
            site,
            invoked,
            plan,
            asked: Vec::new(),
            done: Vec::new(),
            snapshot,
            buffered: Vec::new(),
            read: BTreeSet::new(),
        }
    }

    /// One micro-operation, or the end.
    fn step(&mut self, client: usize, mut txn: Running) -> Option<Running> {
        let Some(&(key, writes)) = txn.plan.get(txn.done.len()) else {
            let commits = self.random.below(12) != 0 && self.commit(client, &txn);
            self.end(client, txn, commits);
            return None;
        };
        let name = format!("k{key}");
        if !writes {
            txn.read.insert(key);
            let shown = self.data.shown(&self.visible(&txn, key));
            txn.asked.push(json!(["r", name, null]));
            txn.done.push(json!(["r", name, shown]));
            return Some(txn);
        }
        self.values += 1;
        let write = json!([self.data.write(), name, self.values]);
        txn.asked.push(write.clone());
        txn.done.push(write);
        if !self.in_place() {
            txn.buffered.push((key, self.values));
        } else if self.locked(&txn, key) {
            self.end(client, txn, false);
            return None;
        } else {
            self.keys[key].push(Element { value: self.values, by: By::Pending(txn.txn) });
        }
        Some(txn)
    }

    fn locked(&self, txn: &Running, key: usize) -> bool {
        let others = |element: &Element| matches!(element.by, By::Pending(other) if other != txn.txn);
        self.database != D::Nothing && self.keys[key].iter().any(others)
    }

    fn visible(&self, txn: &Running, key: usize) -> Vec<u64> {
        let sees = |element: &&Element| match element.by {
            By::Pending(by) => self.database != D::ReadCommitted || by == txn.txn,
            By::Commit(commit) => self.in_place() || txn.snapshot.contains(&commit),
        };
        let own = txn.buffered.iter().filter(|(written, _)| *written == key).map(|&(_, value)| value);
        self.keys[key].iter().filter(sees).map(|element| element.value).chain(own).collect()
    }

    /// Whether it may commit; then it has.
    fn commit(&mut self, client: usize, txn: &Running) -> bool {
        let commit = self.commits.len();
        let newer = |key: &usize| {
            let unseen =
                |element: &Element| matches!(element.by, By::Commit(by) if !txn.snapshot.contains(&by));
            self.keys[*key].iter().any(unseen)
        };
        let read_only = txn.buffered.is_empty();
        let validates = self.database >= D::Serializable && !read_only;
        let lost = txn.buffered.iter().any(|(key, _)| newer(key));
        if !self.in_place() && (lost || validates && txn.read.iter().any(newer)) {
            return false;
        }
        for &(key, value) in &txn.buffered {
            self.keys[key].push(Element { value, by: By::Commit(commit) });
        }
        for element in self.keys.iter_mut().flatten().filter(|element| element.by == By::Pending(txn.txn)) {
            element.by = By::Commit(commit);
        }
        self.commits.push(txn.snapshot.clone());
        self.sites[txn.site].insert(commit);
        let seen = if read_only { txn.snapshot.len() } else { commit + 1 };
        self.sessions[client].1 = seen.max(self.sessions[client].1);
        true
    }

    fn end(&mut self, client: usize, txn: Running, commits: bool) {
        if !commits {
            for key in &mut self.keys {
                key.retain(|element| element.by != By::Pending(txn.txn));
            }
        }
        let phase = match (self.random.below(20), commits) {
            (0, _) => Phase::Info,
            (_, true) => Phase::Ok,
            (_, false) => Phase::Fail,
        };
        if phase == Phase::Info {
            self.sessions[client].0 = self.processes;
            self.processes += 1;
        }
        let completed = Some((self.now(), phase));
        let output = if phase == Phase::Ok { Value::Array(txn.done) } else { json!("aborted") };
        let input = Value::Array(txn.asked);
        self.rows.push(Row { process: txn.process, invoked: txn.invoked, completed, input, output });
    }

    /// Sometimes a site hears of a commit, after all that the commit depends on.
    fn replicate(&mut self) {
        let site = self.random.below(2) as usize;
        if self.database != D::ParallelSnapshot || self.random.below(LAG) != 0 {
            return;
        }
        let known = &self.sites[site];
        let ready = |commit: &usize| !known.contains(commit) && self.commits[*commit].is_subset(known);
        if let Some(commit) = (0..self.commits.len()).find(ready) {
            self.sites[site].insert(commit);
        }
    }
}
