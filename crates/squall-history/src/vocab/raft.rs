//! The words of leader-based consensus (Ongaro, "Consensus: Bridging Theory and Practice", 2014,
//! chapter 3). A primary/backup system speaks them for its primary.

use serde::{Deserialize, Serialize};

use super::Observation;
use crate::NodeName;

/// What a member of a consensus group tells.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It acts as leader from now on.
    BecameLeader {
        /// Its term (view, epoch, ballot).
        term: u64,
    },
    /// It no longer acts as leader.
    SteppedDown {
        /// The term it led.
        term: u64,
    },
    /// It gave its vote, durably.
    Voted {
        /// In this term.
        term: u64,
        /// To this candidate.
        candidate: NodeName,
    },
    /// Entries lie in its log.
    Appended {
        /// Index of the last one, from 1.
        index: u64,
        /// Term of the last one.
        term: u64,
    },
    /// It knows the log up to here to be committed.
    Committed {
        /// Index of the last committed entry.
        index: u64,
    },
    /// It applied an entry to its state machine.
    Applied {
        /// Index of the entry.
        index: u64,
        /// Term of the entry.
        term: u64,
    },
    /// As [`Applied`](Self::Applied), with what tells whether all members did the same. A member
    /// says one or the other.
    AppliedEntry {
        /// Index of the entry.
        index: u64,
        /// Term of the entry.
        term: u64,
        /// Hash of the entry.
        hash: u64,
        /// Digest of the whole state after it, clients' sessions included.
        state: u64,
    },
    /// It told others that it leads: its first append of a term left. Said once for each term led.
    SentAppend {
        /// The term.
        term: u64,
    },
    /// As leader it knows a member's log to match its own up to here.
    Matched {
        /// The term it leads.
        term: u64,
        /// Whose log.
        peer: NodeName,
        /// Index of the last entry known to match.
        index: u64,
    },
    /// Term and vote lie on its disk, by its own account.
    HardState {
        /// Its term.
        term: u64,
        /// To whom it gave its vote in that term.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vote: Option<NodeName>,
    },
    /// Entries were written behind the others of its log, not necessarily synced.
    Logged {
        /// The file, relative to the member's own directory.
        file: String,
        /// The entries, in order.
        entries: Vec<LoggedEntry>,
    },
    /// Entries behind this index are gone from its log.
    Truncated {
        /// Index of the last entry kept.
        index: u64,
    },
    /// By its own account its log is durable up to here. What was really synced the engine knows.
    Durable {
        /// Index of the last durable entry.
        index: u64,
    },
    /// A snapshot of its own state lies on its disk.
    SnapshotTaken(Snapshot),
    /// A snapshot that the leader sent lies on its disk.
    SnapshotInstalled(Snapshot),
    /// Its state machine was set back, or forward, to a snapshot.
    SnapshotRestored {
        /// The last entry in it.
        index: u64,
        /// That entry's term.
        term: u64,
        /// Digest of the state, as found after restoring.
        state: u64,
    },
    /// It started, and this is what its disk kept. What its log holds beyond the snapshot follows
    /// in [`Logged`](Self::Logged).
    Recovered {
        /// Its term.
        term: u64,
        /// To whom it gave its vote in that term.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vote: Option<NodeName>,
        /// Its newest snapshot.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        snapshot: Option<Snapshot>,
        /// Index of the last entry in its log or snapshot.
        index: u64,
    },
    /// The state machine executed a client's command. A repetition that was recognised says nothing.
    Executed {
        /// The client.
        client: String,
        /// The client's count of commands.
        seq: u64,
        /// Index of the entry.
        index: u64,
        /// Hash of the reply.
        reply: u64,
    },
    /// A client's command was answered.
    Replied {
        /// The client.
        client: String,
        /// The client's count of commands.
        seq: u64,
        /// Hash of the reply.
        reply: u64,
    },
}

/// Where an entry lies. One (index, term) names one `hash` and one `previous_term` in a group: by
/// induction then the whole prefix is the same.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LoggedEntry {
    /// Its index.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// The term of the entry before it.
    pub previous_term: u64,
    /// Its hash.
    pub hash: u64,
    /// Where its record begins in the file, in bytes.
    pub offset: u64,
    /// Length of the record in bytes.
    pub length: u64,
}

/// A snapshot on a disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Snapshot {
    /// The last entry in it.
    pub index: u64,
    /// That entry's term.
    pub term: u64,
    /// Digest of the state, as its maker found it.
    pub state: u64,
    /// The file, relative to the member's own directory.
    pub file: String,
    /// Length of the file in bytes.
    pub length: u64,
}

impl Observation for Event {
    fn into_body(self) -> crate::Body {
        crate::Body::Raft(self)
    }
}
