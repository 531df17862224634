//! openraft's log storage: a file of entries to which is appended, and [`Hard`] beside it.
//!
//! ```text
//! log-000007: frame(Head) frame(Record) frame(Record) …
//! ```
//! A start, and a purge, write the entries that stay into a file of the next number, and remove the other
//! one when the new one is durable. At a start that is needed besides: what is read then may lie in the
//! page cache alone, and a sync that failed before the crash may have dropped it from what is still to be
//! written. Entries are held in memory, too; the file is what outlasts.
//!
//! A frame that is not whole is the tail of an append that was never acknowledged, unless the file says that it
//! was synced: then the disk has rotted, and the server must not start. That is told for all but the last
//! append (Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018).

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{self, SeekFrom};
use std::ops::RangeBounds;
use std::sync::{Arc, Mutex, MutexGuard};

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{Entry, LogId, LogState, OptionalSend, RaftLogReader, StorageError, StorageIOError, Vote};
use serde::{Deserialize, Serialize};
use squall_io::fs::{self, File};
use squall_io::vocab::raft::{Event, LoggedEntry};
use squall_io::{hook, observe};
use squall_wire::{frame, read_frame};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::files::{self, NameSync, numbered, remove_before};
use super::hard::Hard;
use super::{ballot, hash, word_index};
use crate::bugs::Bugs;
use crate::protocol::Kv;
use crate::server::ServerConfig;

const PREFIX: &str = "log-";

/// The log of a server.
pub(crate) struct Log {
    id: u64,
    servers: Vec<String>,
    bugs: Bugs,
    hard: Hard,
    /// The ballot that it leads, by its own vote.
    leads: Option<u64>,
    number: u64,
    file: File,
    /// Length of the file.
    length: u64,
    entries: Entries,
}

/// The entries in memory, also for whoever reads beside.
#[derive(Clone, Default)]
pub(crate) struct Entries(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    purged: Option<LogId<u64>>,
    by_index: BTreeMap<u64, Placed>,
}

struct Placed {
    entry: Entry<Kv>,
    offset: u64,
    length: u64,
}

/// Begins a file.
#[derive(Serialize, Deserialize)]
struct Head {
    purged: Option<LogId<u64>>,
    /// How many entries were written with it, and synced before the file got its name.
    entries: usize,
}

/// An entry in a file.
#[derive(Serialize, Deserialize)]
struct Record {
    /// So many bytes of the file were synced when it was written.
    synced: u64,
    entry: Entry<Kv>,
}

impl Log {
    pub(super) async fn open(config: &ServerConfig, hard: Hard) -> io::Result<Self> {
        let newest = numbered(PREFIX).await?.pop();
        let (number, kept) = match newest {
            Some((number, name)) => (number + 1, Inner::read(&name).await?),
            None => (1, Inner::default()),
        };
        let entries = Entries(Arc::new(Mutex::new(kept)));
        let (file, length) = entries.write(number).await?;
        remove_before(PREFIX, number).await?;
        Ok(Self {
            id: config.id,
            servers: config.servers.clone(),
            bugs: config.bugs,
            leads: hard.led_by(config.id),
            hard,
            number,
            file,
            length,
            entries,
        })
    }

    pub(super) const fn hard(&self) -> &Hard {
        &self.hard
    }

    /// Where the log ends, in the vocabulary's count.
    pub(super) fn end(&self) -> u64 {
        word_index(self.entries.lock().last().as_ref())
    }

    /// Tells what the log holds, and whether its owner leads: openraft goes on to lead a term after a
    /// restart.
    pub(super) fn tell(&self) {
        self.tell_logged(0);
        if let Some(term) = self.leads {
            observe(Event::BecameLeader { term });
        }
    }

    /// Tells of the entries from `start` on.
    fn tell_logged(&self, start: u64) {
        let entries = self.entries.lock().logged(start);
        if !entries.is_empty() {
            observe(Event::Logged { file: file_name(self.number), entries });
        }
    }

    async fn rewrite(&mut self) -> io::Result<()> {
        self.number += 1;
        (self.file, self.length) = self.entries.write(self.number).await?;
        self.tell_logged(0);
        remove_before(PREFIX, self.number).await
    }

    async fn write_entries(&mut self, entries: impl IntoIterator<Item = Entry<Kv>>) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut start = None;
        for entry in entries {
            start.get_or_insert(entry.log_id.index);
            let record = Record { synced: self.length, entry };
            let framed = frame(&record);
            let offset = self.length + bytes.len() as u64;
            self.entries.lock().insert(Placed { entry: record.entry, offset, length: framed.len() as u64 });
            bytes.extend(framed);
        }
        self.file.write_all(&bytes).await?;
        self.file.flush().await?;
        self.length += bytes.len() as u64;
        // planted bug
        if !self.bugs.append_not_synced {
            hook!("openraft-kv/between-append-and-sync").await;
            self.file.sync_all().await?;
        }
        // Told now and not before: a leader that loses its power goes on to lead its term, and what it had
        // not synced, nobody was sent. Other entries may come to lie there, of the same term.
        self.tell_logged(start.unwrap_or(u64::MAX));
        observe(Event::Durable { index: self.end() });
        Ok(())
    }

    async fn cut(&mut self, from: u64) -> io::Result<()> {
        let Some(offset) = self.entries.lock().cut(from) else { return Ok(()) };
        self.file.set_len(offset).await?;
        self.file.sync_all().await?;
        self.file.seek(SeekFrom::Start(offset)).await?;
        self.length = offset;
        observe(Event::Truncated { index: from });
        Ok(())
    }

    async fn keep_vote(&mut self, vote: Vote<u64>) -> io::Result<()> {
        let mut hard = self.hard.clone();
        hard.vote = Some(vote);
        let leads = hard.led_by(self.id);
        if let Some(term) = self.leads.filter(|_| leads != self.leads) {
            observe(Event::SteppedDown { term });
        }
        // planted bug
        let name_sync = if self.bugs.vote_not_synced { NameSync::Later } else { NameSync::Now };
        hard.write(name_sync).await?;
        observe(Event::HardState { term: hard.ballot(), vote: hard.voted_for(&self.servers) });
        if let Some(term) = leads.filter(|_| leads != self.leads) {
            observe(Event::BecameLeader { term });
        }
        (self.hard, self.leads) = (hard, leads);
        hook!("openraft-kv/vote-saved").await;
        Ok(())
    }

    async fn keep_committed(&mut self, committed: Option<LogId<u64>>) -> io::Result<()> {
        // planted bug
        if !self.bugs.committed_not_saved {
            self.hard.committed = committed;
            self.hard.write(NameSync::Now).await?;
        }
        observe(Event::Committed { index: word_index(committed.as_ref()) });
        Ok(())
    }
}

fn file_name(number: u64) -> String {
    format!("{PREFIX}{number:06}")
}

impl Entries {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nobody panics while holding the entries")
    }

    /// Writes all of them as a new file; gives it, and its length.
    async fn write(&self, number: u64) -> io::Result<(File, u64)> {
        let bytes = self.lock().place();
        let file = files::replace(&file_name(number), &bytes, NameSync::Now).await?;
        Ok((file, bytes.len() as u64))
    }
}

impl Inner {
    /// What a file holds, but for the torn tail of an append.
    async fn read(name: &str) -> io::Result<Self> {
        let bytes = fs::read(files::path(name)).await?;
        let mut rest = &bytes[..];
        let head: Head = read_frame(&mut rest).await?;
        let mut inner = Self { purged: head.purged, by_index: BTreeMap::new() };
        loop {
            let bad = bytes.len() - rest.len();
            match read_frame::<Record>(&mut rest).await {
                Ok(Record { entry, .. }) => inner.insert(Placed { entry, offset: 0, length: 0 }),
                Err(_) if inner.by_index.len() < head.entries || was_synced(&bytes, bad).await => {
                    let why = format!("`{name}` is damaged at byte {bad}, which was synced");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
                Err(_) => return Ok(inner),
            }
        }
    }

    /// A file's content; where each entry lies in it is noted.
    fn place(&mut self) -> Vec<u8> {
        let mut bytes = frame(&Head { purged: self.purged, entries: self.by_index.len() });
        for placed in self.by_index.values_mut() {
            placed.offset = bytes.len() as u64;
            bytes.extend(frame(&Record { synced: 0, entry: placed.entry.clone() }));
            placed.length = bytes.len() as u64 - placed.offset;
        }
        bytes
    }

    fn insert(&mut self, placed: Placed) {
        self.by_index.insert(placed.entry.log_id.index, placed);
    }

    fn last(&self) -> Option<LogId<u64>> {
        self.by_index.last_key_value().map(|(_, placed)| placed.entry.log_id).or(self.purged)
    }

    /// Drops the entries from `from` on; gives the offset of the first, if there is one.
    fn cut(&mut self, from: u64) -> Option<u64> {
        self.by_index.split_off(&from).into_values().next().map(|placed| placed.offset)
    }

    fn logged(&self, start: u64) -> Vec<LoggedEntry> {
        let term_at =
            |index: u64| self.by_index.get(&index).map(|placed| ballot(&placed.entry.log_id.leader_id));
        let term_of_purged = self.purged.map_or(0, |purged| ballot(&purged.leader_id));
        let logged = self.by_index.range(start..).map(|(&index, placed)| LoggedEntry {
            index: index + 1,
            term: ballot(&placed.entry.log_id.leader_id),
            previous_term: index.checked_sub(1).and_then(term_at).unwrap_or(term_of_purged),
            hash: hash(&placed.entry),
            offset: placed.offset,
            length: placed.length,
        });
        logged.collect()
    }
}

/// Whether a record behind the bad one says that the bad one was synced before it.
async fn was_synced(bytes: &[u8], bad: usize) -> bool {
    for start in bad + 1..bytes.len() {
        let later = read_frame::<Record>(&mut &bytes[start..]).await;
        if later.is_ok_and(|record| record.synced > bad as u64) {
            return true;
        }
    }
    false
}

fn failed(error: &io::Error) -> StorageError<u64> {
    StorageIOError::write_logs(error).into()
}

impl RaftLogReader<Kv> for Entries {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry<Kv>>, StorageError<u64>> {
        Ok(self.lock().by_index.range(range).map(|(_, placed)| placed.entry.clone()).collect())
    }
}

impl RaftLogReader<Kv> for Log {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry<Kv>>, StorageError<u64>> {
        self.entries.try_get_log_entries(range).await
    }
}

impl RaftLogStorage<Kv> for Log {
    type LogReader = Entries;

    async fn get_log_state(&mut self) -> Result<LogState<Kv>, StorageError<u64>> {
        let entries = self.entries.lock();
        Ok(LogState { last_purged_log_id: entries.purged, last_log_id: entries.last() })
    }

    async fn get_log_reader(&mut self) -> Entries {
        self.entries.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<u64>) -> Result<(), StorageError<u64>> {
        self.keep_vote(*vote).await.map_err(|error| StorageIOError::write_vote(&error).into())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<u64>>, StorageError<u64>> {
        Ok(self.hard.vote)
    }

    async fn save_committed(&mut self, committed: Option<LogId<u64>>) -> Result<(), StorageError<u64>> {
        self.keep_committed(committed).await.map_err(|error| failed(&error))
    }

    async fn read_committed(&mut self) -> Result<Option<LogId<u64>>, StorageError<u64>> {
        Ok(self.hard.committed)
    }

    async fn append<I>(&mut self, entries: I, flushed: LogFlushed<Kv>) -> Result<(), StorageError<u64>>
    where
        I: IntoIterator<Item = Entry<Kv>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry<Kv>> = entries.into_iter().collect();
        self.write_entries(entries).await.map_err(|error| failed(&error))?;
        flushed.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, from: LogId<u64>) -> Result<(), StorageError<u64>> {
        self.cut(from.index).await.map_err(|error| failed(&error))
    }

    async fn purge(&mut self, upto: LogId<u64>) -> Result<(), StorageError<u64>> {
        {
            let mut entries = self.entries.lock();
            entries.purged = Some(upto);
            entries.by_index = entries.by_index.split_off(&(upto.index + 1));
        }
        self.rewrite().await.map_err(|error| failed(&error))
    }
}
