//! What clients, servers and logs say: operations, entries, requests, messages.
//!
//! Plain data; how it becomes bytes is said in [`squall_wire`].

use serde::{Deserialize, Serialize};
use squall_wire::peer::Receipt;

/// Longest key, in bytes.
pub const MAX_KEY: usize = 1 << 10;
/// Longest argument of an operation, in bytes.
pub const MAX_ARGUMENT: usize = 64 << 10;
/// Longest value, in bytes; an append beyond it is answered with [`Answer::TooLarge`].
pub const MAX_VALUE: usize = 256 << 10;

/// An operation of a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Reads a key.
    Get {
        /// Which.
        key: String,
    },
    /// Sets a key.
    Put {
        /// Which.
        key: String,
        /// To this.
        value: String,
    },
    /// Adds to the end of a key's value; an absent one counts as empty.
    Append {
        /// Which.
        key: String,
        /// What is added.
        text: String,
    },
    /// Sets a key if it has the expected value.
    Cas {
        /// Which.
        key: String,
        /// The value it must have; `None`: it must be absent.
        expected: Option<String>,
        /// Its value afterwards.
        new: String,
    },
    /// Removes a key.
    Delete {
        /// Which.
        key: String,
    },
}

impl Op {
    /// The key acted upon.
    pub fn key(&self) -> &str {
        match self {
            Self::Get { key }
            | Self::Put { key, .. }
            | Self::Append { key, .. }
            | Self::Cas { key, .. }
            | Self::Delete { key } => key,
        }
    }

    /// Bytes of its arguments, the key left out.
    pub fn argument_len(&self) -> usize {
        match self {
            Self::Get { .. } | Self::Delete { .. } => 0,
            Self::Put { value, .. } => value.len(),
            Self::Append { text, .. } => text.len(),
            Self::Cas { expected, new, .. } => expected.as_ref().map_or(0, String::len) + new.len(),
        }
    }
}

/// What an executed operation gives.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Of a get: the value, if there is one.
    Value(Option<String>),
    /// Of a put, append or delete.
    Done,
    /// Of a cas that found what it expected.
    Swapped,
    /// Of a cas that did not; this is what it found.
    NotSwapped(Option<String>),
    /// Of an append that would have made the value too long. Nothing changed.
    TooLarge,
}

/// A client's request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Who asks.
    pub client: String,
    /// The client's count of its operations, from 1; a retry keeps it.
    pub seq: u64,
    /// What is asked.
    pub op: Op,
}

/// A server's reply to a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The request's count.
    pub seq: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was executed.
    Executed(Answer),
    /// This server is not the primary and did nothing with the request.
    NotPrimary {
        /// Whom it takes for the primary: a place in the list of servers.
        primary: Option<usize>,
    },
    /// Too much is waiting already; nothing was done with the request.
    Busy,
    /// The server lost its office while the request was under way. It may yet be executed.
    Interrupted,
    /// The client has moved on to a later operation; this one will not be executed any more, and
    /// whether it was is not known here.
    Superseded,
}

/// One entry of the replicated log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The epoch of the primary that made it.
    pub epoch: u64,
    /// Its place in the log, from 1.
    pub index: u64,
    /// What it does.
    pub command: Command,
}

impl Entry {
    /// Bytes of its command's arguments, by which batches are bounded.
    pub fn argument_len(&self) -> usize {
        match &self.command {
            Command::Noop => 0,
            Command::Write(request) => request.op.key().len() + request.op.argument_len(),
        }
    }
}

/// What an entry does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Nothing: a new primary's first entry. Its commit commits all before it.
    Noop,
    /// A client's write.
    Write(Request),
}

/// The end of a log, by which two logs compare: the later epoch wins, then the longer log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct LogEnd {
    /// Epoch of the last entry; 0 for an empty log.
    pub epoch: u64,
    /// Index of the last entry; 0 for an empty log.
    pub index: u64,
}

/// What servers say to each other. Any message may be lost, doubled, late or overtaken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// Would you promise me this epoch? (A question only: nothing is promised by the answer.)
    Ask {
        /// The epoch the sender would take.
        epoch: u64,
        /// The end of the sender's log.
        end: LogEnd,
    },
    /// I would.
    Willing {
        /// The epoch asked about.
        epoch: u64,
    },
    /// Promise me this epoch: follow nobody with a lower one.
    Prepare {
        /// The epoch.
        epoch: u64,
        /// The end of the sender's log.
        end: LogEnd,
    },
    /// Promised, durably.
    Promise {
        /// The epoch.
        epoch: u64,
    },
    /// From the primary: entries, the commit index, a sign of life.
    Append(Append),
    /// The entries up to `matched` are in my log, durably, and I grant you the lease.
    Appended {
        /// The primary's epoch.
        epoch: u64,
        /// [`Append::sent`] of what is answered.
        sent: u64,
        /// Up to here the sender's log equals the primary's.
        matched: u64,
    },
    /// I grant you the lease, but the entries do not fit behind my log.
    Mismatch {
        /// The primary's epoch.
        epoch: u64,
        /// [`Append::sent`] of what is answered.
        sent: u64,
        /// The place that did not fit.
        previous: u64,
        /// From behind here the primary should try again.
        hint: u64,
    },
    /// No: to an ask, a prepare or an append.
    Refuse {
        /// The epoch of what is refused.
        epoch: u64,
        /// The epoch the sender has promised.
        promised: u64,
    },
}

/// From the primary: entries, the commit index, a sign of life.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Append {
    /// The primary's epoch.
    pub epoch: u64,
    /// When it was sent, by the primary's clock, in nanoseconds; echoed by the answer. The lease is
    /// counted from it.
    pub sent: u64,
    /// The entry right before `entries`.
    pub previous: LogEnd,
    /// Entries without gaps; maybe none.
    pub entries: Vec<Entry>,
    /// What the primary knows to be committed.
    pub commit: u64,
}

/// What a connection carries towards a server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Inbound {
    /// From another server.
    Server {
        /// The sender's place.
        from: usize,
        /// What it says.
        message: Message,
        /// Whether it asks for a receipt.
        receipt: Receipt,
    },
    /// From a client. Answered with a [`Reply`].
    Client(Request),
}
