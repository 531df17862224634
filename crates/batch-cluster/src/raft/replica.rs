//! The state that the log drives: the user's state machine and what each client was last answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use squall_io::vocab::raft;

use crate::codec::{Malformed, decode, encode, hash};
use crate::{Bug, Bugs, Error};

use super::core::Snapshot;
use super::message::{Command, Entry, EntryId, Payload};

/// What is replicated. All members apply the same commands in the same order, so whatever it does
/// must depend on those alone: no clock, no randomness, no hash order.
pub trait StateMachine {
    /// Applies a command; the reply goes to the client. `index` and `term` name the entry; an index
    /// is never used twice.
    fn apply(&mut self, index: u64, term: u64, command: &[u8]) -> Vec<u8>;

    /// Answers a question without changing anything. It sees all that was applied before.
    fn query(&self, question: &[u8]) -> Vec<u8>;

    /// The whole state. Called every few hundred entries.
    fn snapshot(&self) -> Vec<u8>;

    /// Takes over a state that [`snapshot`](Self::snapshot) gave.
    ///
    /// # Errors
    /// If those bytes are no state.
    fn restore(&mut self, state: &[u8]) -> Result<(), Error>;

    /// A number that differs where states differ. Called after every entry, so it should be kept up
    /// to date rather than computed.
    fn digest(&self) -> u64;
}

/// What became of a client's last command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Session {
    seq: u64,
    #[serde(with = "serde_bytes")]
    reply: Vec<u8>,
}

/// What is known of a command before it is applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing.
    New,
    /// It was applied, with this reply.
    Answered(Vec<u8>),
    /// The client has gone on to a later one; this one will never be applied any more.
    Superseded,
}

/// State machine and sessions, both functions of the log (dissertation, section 6.3).
#[derive(Debug)]
pub struct Replica<S> {
    machine: S,
    sessions: BTreeMap<String, Session>,
    /// Sum of the sessions' hashes, so that the digest need not visit all.
    sessions_sum: u64,
    last: EntryId,
    bugs: Bugs,
}

/// A snapshot's content.
#[derive(Serialize, Deserialize)]
struct Frozen {
    sessions: BTreeMap<String, Session>,
    #[serde(with = "serde_bytes")]
    machine: Vec<u8>,
}

impl<S: StateMachine> Replica<S> {
    /// Before the first entry.
    pub fn new(machine: S, bugs: Bugs) -> Self {
        Self { machine, sessions: BTreeMap::new(), sessions_sum: 0, last: EntryId::default(), bugs }
    }

    /// The state machine.
    pub fn machine(&self) -> &S {
        &self.machine
    }

    /// The last entry applied.
    pub fn last(&self) -> EntryId {
        self.last
    }

    /// Digest of state machine and sessions.
    pub fn digest(&self) -> u64 {
        hash(&[&self.machine.digest().to_le_bytes(), &self.sessions_sum.to_le_bytes()])
    }

    /// Whether a command was applied already.
    pub fn known(&self, client: &str, seq: u64) -> Known {
        match self.sessions.get(client) {
            Some(session) if session.seq == seq => Known::Answered(session.reply.clone()),
            Some(session) if session.seq > seq => Known::Superseded,
            _ => Known::New,
        }
    }

    /// Applies an entry, a repeated command not again. Gives what to tell of it.
    pub fn apply(&mut self, entry: &Entry) -> Vec<raft::Event> {
        let EntryId { term, index } = entry.id;
        assert!(index == self.last.index + 1 || !self.bugs.is_empty(), "entries are applied in order");
        let executed = match &entry.payload {
            Payload::Command(command) if self.known(&command.client, command.seq) == Known::New => {
                Some(self.execute(entry.id, command))
            }
            Payload::Command(_) | Payload::Noop => None,
        };
        self.last = entry.id;
        let hash = entry.hash();
        let applied = raft::Event::AppliedEntry { index, term, hash, state: self.digest() };
        executed.into_iter().chain([applied]).collect()
    }

    fn execute(&mut self, id: EntryId, command: &Command) -> raft::Event {
        let EntryId { term, index } = id;
        let Command { client, seq, command } = command;
        let reply = self.machine.apply(index, term, command);
        let reply_hash = hash(&[&reply]);
        let session = Session { seq: *seq, reply };
        self.sessions_sum = self.sessions_sum.wrapping_add(weight(client, &session));
        if let Some(before) = self.sessions.insert(client.clone(), session) {
            self.sessions_sum = self.sessions_sum.wrapping_sub(weight(client, &before));
        }
        raft::Event::Executed { client: client.clone(), seq: *seq, index, reply: reply_hash }
    }

    /// The state as it is now.
    pub fn freeze(&self) -> Snapshot {
        // planted bug
        let forgets = self.bugs.has(Bug::SnapshotNoSessions);
        let sessions = if forgets { BTreeMap::new() } else { self.sessions.clone() };
        let frozen = Frozen { sessions, machine: self.machine.snapshot() };
        let data = encode(&frozen);
        Snapshot { id: self.last, state: self.digest(), data: Arc::new(data) }
    }

    /// Takes over a state, as that after entry `applied`. Gives what to tell of it.
    ///
    /// # Errors
    /// [`Error::Snapshot`] if it is none.
    pub fn thaw(&mut self, snapshot: &Snapshot, applied: EntryId) -> Result<raft::Event, Error> {
        let bad = |why: Malformed| Error::Snapshot(why.to_string());
        let frozen: Frozen = decode(&snapshot.data).map_err(bad)?;
        self.machine.restore(&frozen.machine)?;
        let weights = frozen.sessions.iter().map(|(client, session)| weight(client, session));
        self.sessions_sum = weights.fold(0, u64::wrapping_add);
        self.sessions = frozen.sessions;
        self.last = applied;
        let EntryId { term, index } = snapshot.id;
        Ok(raft::Event::SnapshotRestored { index, term, state: self.digest() })
    }
}

fn weight(client: &str, session: &Session) -> u64 {
    hash(&[client.as_bytes(), &session.seq.to_le_bytes(), &session.reply])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A list of byte strings; the reply to a command is its place.
    #[derive(Default, Debug, PartialEq, Eq)]
    pub(crate) struct List(pub(crate) Vec<Vec<u8>>);

    impl StateMachine for List {
        fn apply(&mut self, _: u64, _: u64, command: &[u8]) -> Vec<u8> {
            self.0.push(command.to_vec());
            self.0.len().to_string().into_bytes()
        }

        fn query(&self, _: &[u8]) -> Vec<u8> {
            self.0.concat()
        }

        fn snapshot(&self) -> Vec<u8> {
            encode(&self.0)
        }

        fn restore(&mut self, state: &[u8]) -> Result<(), Error> {
            self.0 = decode(state).map_err(|error| Error::Snapshot(error.to_string()))?;
            Ok(())
        }

        fn digest(&self) -> u64 {
            hash(&self.0.iter().map(Vec::as_slice).collect::<Vec<_>>())
        }
    }

    fn entry(index: u64, seq: u64) -> Entry {
        let command = Command { client: "c".into(), seq, command: format!("{seq},").into_bytes() };
        Entry { id: EntryId { term: 1, index }, payload: Payload::Command(command) }
    }

    #[test]
    fn a_repeated_command_is_applied_once() {
        let mut replica = Replica::new(List::default(), Bugs::none());
        for (place, seq) in [1, 1, 2, 1, 2, 3].into_iter().enumerate() {
            let told = replica.apply(&entry(place as u64 + 1, seq));
            let executed = told.iter().any(|event| matches!(event, raft::Event::Executed { .. }));
            assert_eq!(executed, [true, false, true, false, false, true][place]);
        }
        assert_eq!(replica.machine().query(b""), b"1,2,3,");
        assert_eq!(replica.known("c", 3), Known::Answered(b"3".to_vec()));
        assert_eq!(replica.known("c", 2), Known::Superseded);
        assert_eq!(replica.known("c", 4), Known::New);
        assert_eq!(replica.known("d", 1), Known::New);
    }

    #[test]
    fn a_snapshot_carries_the_sessions() {
        let mut one = Replica::new(List::default(), Bugs::none());
        one.apply(&entry(1, 1));
        one.apply(&entry(2, 2));
        let mut other = Replica::new(List::default(), Bugs::none());
        let frozen = one.freeze();
        other.thaw(&frozen, frozen.id).unwrap();
        assert_eq!((other.digest(), other.last()), (one.digest(), one.last()));
        assert_eq!(other.known("c", 2), Known::Answered(b"2".to_vec()));
        assert_eq!(frozen.state, one.digest());
        let mut bad = frozen;
        bad.data = Arc::new(b"{}".to_vec());
        assert!(matches!(other.thaw(&bad, bad.id), Err(Error::Snapshot(_))));
    }

    #[test]
    fn the_digest_sees_machine_and_sessions() {
        let mut one = Replica::new(List::default(), Bugs::none());
        let before = one.digest();
        one.apply(&entry(1, 1));
        let first = one.digest();
        assert_ne!(before, first);
        let mut other = Replica::new(List::default(), Bugs::none());
        let Entry { id, payload: Payload::Command(mut command) } = entry(1, 1) else { unreachable!() };
        command.seq = 9;
        other.apply(&Entry { id, payload: Payload::Command(command) });
        assert_eq!(one.machine(), other.machine());
        assert_ne!(other.digest(), first, "the same state for another session");
    }
}
