//! What the library must not forget, on the ground's disk; and the store that the log makes.
//!
//! The library reads from its own `MemStorage`, which is made anew from the disk's records at each start.

use std::collections::BTreeMap;
use std::io;

use protobuf::Message as _;
use raft::eraftpb::{Entry, HardState};
use raft::storage::{MemStorage, Storage as _};
use serde::{Deserialize, Serialize};
use squall_io::observe;
use squall_io::vocab::raft::Event;
use squall_wire::{crc32c, decode, encode};

use crate::disk::Log;
use crate::protocol::Op;

/// What is added to the disk at a time.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// Term, vote and commit index, if they changed.
    hard: Option<(u64, u64, u64)>,
    /// Entries as the library writes them; they replace what the log had from the first of them on.
    entries: Vec<Vec<u8>>,
}

/// The library's storage and the disk under it.
pub struct Storage {
    log: Log,
    memory: MemStorage,
    /// What is remembered and not on the disk yet: nothing, but for a planted bug.
    behind: Vec<Record>,
}

impl Storage {
    /// What the disk has, for a group of so many servers with ids from 1.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn open(servers: usize) -> io::Result<Self> {
        let (log, records) = Log::open::<Record>().await?;
        let voters: Vec<u64> = (1..=servers as u64).collect();
        let memory = MemStorage::new_with_conf_state((voters, Vec::new()));
        let storage = Self { log, memory, behind: Vec::new() };
        for Record { hard, entries } in records {
            let entries = entries.iter().map(|bytes| Entry::parse_from_bytes(bytes));
            let hard =
                hard.map(|(term, vote, commit)| HardState { term, vote, commit, ..HardState::default() });
            storage.remember(&entries.collect::<Result<Vec<_>, _>>()?, hard.as_ref())?;
        }
        Ok(storage)
    }

    /// For the library to read from; a clone is the same.
    pub fn memory(&self) -> MemStorage {
        self.memory.clone()
    }

    /// The index of the last entry.
    pub fn last_index(&self) -> u64 {
        self.memory.last_index().expect("memory has no errors")
    }

    /// Makes entries and the hard state durable, as far as there are any.
    ///
    /// # Errors
    /// What the disk says. The server must stop then.
    pub async fn persist(&mut self, entries: &[Entry], hard: Option<&HardState>) -> io::Result<()> {
        self.persist_later(entries, hard)?;
        self.catch_up().await
    }

    /// As [`persist`](Self::persist), but what is durable is so only after [`catch_up`](Self::catch_up).
    ///
    /// # Errors
    /// If an entry cannot be written.
    pub fn persist_later(&mut self, entries: &[Entry], hard: Option<&HardState>) -> io::Result<()> {
        if !entries.is_empty() || hard.is_some() {
            let bytes = entries.iter().map(|entry| entry.write_to_bytes()).collect::<Result<Vec<_>, _>>()?;
            let hard = hard.map(|hard| (hard.term, hard.vote, hard.commit));
            self.behind.push(Record { hard, entries: bytes });
        }
        self.remember(entries, hard)
    }

    /// Writes what is not on the disk yet.
    ///
    /// # Errors
    /// What the disk says. The server must stop then.
    pub async fn catch_up(&mut self) -> io::Result<()> {
        for record in std::mem::take(&mut self.behind) {
            self.log.add(&record).await?;
        }
        Ok(())
    }

    fn remember(&self, entries: &[Entry], hard: Option<&HardState>) -> io::Result<()> {
        self.memory.wl().append(entries).map_err(io::Error::other)?;
        if let Some(hard) = hard {
            self.memory.wl().set_hardstate(hard.clone());
        }
        Ok(())
    }
}

/// The state machine: what the committed entries make, in order.
#[derive(Debug, Default, Serialize)]
pub struct Store(BTreeMap<String, String>);

impl Store {
    /// Applies the next committed entry; the answer for whoever proposed it. An empty entry is a new leader's.
    pub fn apply(&mut self, entry: &Entry) -> Option<String> {
        let answer = match decode(&entry.data) {
            Ok(Op::Get(key)) => self.0.get(&key).cloned(),
            Ok(Op::Put(key, value)) => {
                self.0.insert(key, value);
                None
            }
            Ok(Op::Append(key, text)) => {
                self.0.entry(key).or_default().push_str(&text);
                None
            }
            Err(_) => None,
        };
        observe(Event::AppliedEntry {
            index: entry.index,
            term: entry.term,
            hash: crc32c(0, &entry.data).into(),
            state: crc32c(0, &encode(self)).into(),
        });
        answer
    }
}
