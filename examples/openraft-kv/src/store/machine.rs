//! openraft's state machine: keys, values, the last answer to each client; and its snapshots.
//!
//! The state is in memory. A start reads the newest snapshot, and openraft applies what follows from the log.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use openraft::storage::RaftStateMachine;
use openraft::{
    BasicNode, Entry, EntryPayload, LogId, OptionalSend, RaftSnapshotBuilder, Snapshot, SnapshotMeta,
    StorageError, StorageIOError, StoredMembership,
};
use serde::{Deserialize, Serialize};
use squall_io::vocab::raft::{self, Event};
use squall_io::{fs, observe};
use squall_wire::{decode, encode, frame, read_frame};

use super::files::{self, NameSync, numbered, remove_before};
use super::{ballot, hash, word_index};
use crate::bugs::Bugs;
use crate::protocol::{Answer, Kv, Op, Request};

const PREFIX: &str = "snapshot-";

type Meta = SnapshotMeta<u64, BasicNode>;

/// All that applying the log has made.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct State {
    applied: Option<LogId<u64>>,
    membership: StoredMembership<u64, BasicNode>,
    values: BTreeMap<String, String>,
    /// By client: its last request and the answer.
    sessions: BTreeMap<String, (u64, Answer)>,
}

/// The state machine. Clones share one state.
#[derive(Clone)]
pub(crate) struct Machine {
    bugs: Bugs,
    state: Arc<Mutex<State>>,
    newest: Newest,
}

/// The newest snapshot on disk; held while another is written, since one may be built and another
/// installed at the same time.
type Newest = Arc<tokio::sync::Mutex<Option<Stored>>>;

#[derive(Clone)]
struct Stored {
    meta: Meta,
    data: Vec<u8>,
    /// As the words tell it.
    word: raft::Snapshot,
}

impl Machine {
    pub(super) async fn open(bugs: Bugs) -> io::Result<Self> {
        let newest = match numbered(PREFIX).await?.pop() {
            Some((_, name)) => {
                let bytes = fs::read(files::path(&name)).await?;
                let (meta, data): (Meta, Vec<u8>) = read_frame(&mut &bytes[..]).await?;
                Some(Stored::new(meta, data)?)
            }
            None => None,
        };
        let state = newest.as_ref().map_or_else(|| Ok(State::default()), Stored::state)?;
        let newest = Arc::new(tokio::sync::Mutex::new(newest));
        Ok(Self { bugs, state: Arc::new(Mutex::new(state)), newest })
    }

    /// The value of a key, here and now.
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.lock().values.get(key).cloned()
    }

    pub(super) async fn snapshot(&self) -> Option<raft::Snapshot> {
        self.newest.lock().await.as_ref().map(|stored| stored.word.clone())
    }

    /// Tells of the state that a snapshot has set.
    pub(super) fn tell(&self) {
        let state = self.lock();
        if let Some(applied) = &state.applied {
            observe(Event::SnapshotRestored {
                index: word_index(Some(applied)),
                term: ballot(&applied.leader_id),
                state: hash(&*state),
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding the state")
    }
}

impl Stored {
    fn new(meta: Meta, data: Vec<u8>) -> io::Result<Self> {
        let index = word_index(meta.last_log_id.as_ref());
        let word = raft::Snapshot {
            index,
            term: meta.last_log_id.map_or(0, |id| ballot(&id.leader_id)),
            state: 0,
            file: format!("{PREFIX}{index:06}"),
            length: frame(&(&meta, &data)).len() as u64,
        };
        let mut stored = Self { meta, data, word };
        stored.word.state = hash(&stored.state()?);
        Ok(stored)
    }

    fn state(&self) -> io::Result<State> {
        decode(&self.data).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// Writes it, in the place of older ones.
    async fn write(self, newest: &Newest) -> io::Result<()> {
        let mut newest = newest.lock().await;
        if newest.as_ref().is_some_and(|newest| newest.word.index >= self.word.index) {
            return Ok(());
        }
        files::replace(&self.word.file, &frame(&(&self.meta, &self.data)), NameSync::Now).await?;
        let index = self.word.index;
        *newest = Some(self);
        remove_before(PREFIX, index).await
    }

    fn to_openraft(&self) -> Snapshot<Kv> {
        Snapshot { meta: self.meta.clone(), snapshot: Box::new(self.data.clone()) }
    }
}

impl State {
    /// Applies an entry, tells of it, and gives the answer.
    fn apply(&mut self, entry: Entry<Kv>, bugs: Bugs) -> Answer {
        let (id, hash_of_entry) = (entry.log_id, hash(&entry));
        let index = word_index(Some(&id));
        self.applied = Some(id);
        let answer = match entry.payload {
            EntryPayload::Blank => Answer::Done,
            EntryPayload::Membership(members) => {
                self.membership = StoredMembership::new(Some(id), members);
                Answer::Done
            }
            EntryPayload::Normal(request) => self.execute(request, index, bugs),
        };
        let (term, state) = (ballot(&id.leader_id), hash(self));
        observe(Event::AppliedEntry { index, term, hash: hash_of_entry, state });
        answer
    }

    /// Executes a request, once.
    fn execute(&mut self, Request { client, seq, op }: Request, index: u64, bugs: Bugs) -> Answer {
        match self.sessions.get(&client) {
            Some((last, _)) if seq < *last => return Answer::Superseded,
            // planted bug
            Some((last, answer)) if seq == *last && !bugs.retry_applied_twice => return answer.clone(),
            _ => {}
        }
        let answer = self.perform(op);
        observe(Event::Executed { client: client.clone(), seq, index, reply: hash(&answer) });
        self.sessions.insert(client, (seq, answer.clone()));
        answer
    }

    fn perform(&mut self, op: Op) -> Answer {
        match op {
            Op::Get { key } => return Answer::Value(self.values.get(&key).cloned()),
            Op::Put { key, value } => _ = self.values.insert(key, value),
            Op::Append { key, text } => self.values.entry(key).or_default().push_str(&text),
            Op::Cas { key, expected, new } => {
                let matches = self.values.get(&key) == expected.as_ref();
                if matches {
                    self.values.insert(key, new);
                }
                return Answer::Swapped(matches);
            }
        }
        Answer::Done
    }
}

/// Builds a snapshot of the state as it was when it was asked for.
pub(crate) struct Builder {
    state: State,
    newest: Newest,
}

impl RaftSnapshotBuilder<Kv> for Builder {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Kv>, StorageError<u64>> {
        let State { applied, membership, .. } = &self.state;
        let snapshot_id = format!("{}", word_index(applied.as_ref()));
        let meta = Meta { last_log_id: *applied, last_membership: membership.clone(), snapshot_id };
        let stored = Stored::new(meta, encode(&self.state)).map_err(|error| failed(&error))?;
        let (snapshot, word) = (stored.to_openraft(), stored.word.clone());
        stored.write(&self.newest).await.map_err(|error| failed(&error))?;
        observe(Event::SnapshotTaken(word));
        Ok(snapshot)
    }
}

fn failed(error: &io::Error) -> StorageError<u64> {
    StorageIOError::write_snapshot(None, error).into()
}

impl RaftStateMachine<Kv> for Machine {
    type SnapshotBuilder = Builder;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogId<u64>>, StoredMembership<u64, BasicNode>), StorageError<u64>> {
        let state = self.lock();
        Ok((state.applied, state.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Answer>, StorageError<u64>>
    where
        I: IntoIterator<Item = Entry<Kv>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut state = self.lock();
        Ok(entries.into_iter().map(|entry| state.apply(entry, self.bugs)).collect())
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder { state: self.lock().clone(), newest: self.newest.clone() }
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Vec<u8>>, StorageError<u64>> {
        Ok(Box::default())
    }

    async fn install_snapshot(&mut self, meta: &Meta, data: Box<Vec<u8>>) -> Result<(), StorageError<u64>> {
        let stored = Stored::new(meta.clone(), *data).map_err(|error| failed(&error))?;
        let state = stored.state().map_err(|error| failed(&error))?;
        let word = stored.word.clone();
        stored.write(&self.newest).await.map_err(|error| failed(&error))?;
        observe(Event::SnapshotInstalled(word));
        *self.lock() = state;
        self.tell();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Kv>>, StorageError<u64>> {
        Ok(self.newest.lock().await.as_ref().map(Stored::to_openraft))
    }
}
