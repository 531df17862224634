//! What servers, sentinels and clients say to each other: questions, each with one answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where servers listen.
pub const SERVER_PORT: u16 = 6_379;
/// Where sentinels listen.
pub const SENTINEL_PORT: u16 = 26_379;

/// How far a store has come. Of two stores the one with the later epoch is the newer, then the one with
/// more writes: an epoch has one primary, and a primary makes one write after the other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Version {
    /// The epoch of the primary that made it.
    pub epoch: u64,
    /// How many writes are in it.
    pub writes: u64,
}

/// The whole store. It goes whole to replicas and disks: a few keys are shorter than a log of them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Store {
    /// How far it has come.
    pub version: Version,
    /// The values.
    pub values: BTreeMap<String, String>,
}

/// A question to a server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToServer {
    /// From a client.
    Client(Op),
    /// From a sentinel: are you a primary?
    Ping,
    /// From a sentinel: follow no epoch below this one, and say how far you have come.
    Fence {
        /// The epoch.
        epoch: u64,
    },
    /// From a sentinel: be the primary of this epoch.
    Promote {
        /// The epoch.
        epoch: u64,
    },
    /// From the primary: take over this store.
    Replicate {
        /// The primary's epoch.
        epoch: u64,
        /// Its store.
        store: Store,
    },
}

/// What a client wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Op {
    /// The value of a key.
    Get(String),
    /// Another value for a key.
    Put(String, String),
    /// More text behind the value of a key.
    Append(String, String),
}

/// A server's answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FromServer {
    /// The value read.
    Value(Option<String>),
    /// Written.
    Done,
    /// I am not the primary; nothing was done.
    NotPrimary,
    /// The epoch in which I am the primary, if I am.
    Pong(Option<u64>),
    /// Fenced; so far have I come.
    Fenced(Version),
    /// I am the primary of that epoch.
    Promoted,
    /// What that primary has, I have.
    Replicated,
    /// No: I follow this epoch, a later one.
    Refused(u64),
}

/// Who is the primary, by what a sentinel knows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Config {
    /// The primary's epoch; 0 as long as there was none.
    pub epoch: u64,
    /// Its name; empty as long as there was none.
    pub primary: String,
}

/// A question to a sentinel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ToSentinel {
    /// From a client: who is the primary?
    WhoIsPrimary,
    /// From another sentinel: what it knows, to be answered with the same.
    Hello(Hello),
    /// From another sentinel: may I appoint the primary of this epoch?
    Vote {
        /// The epoch.
        epoch: u64,
    },
}

/// What a sentinel tells the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// Who tells it.
    pub from: String,
    /// Who is the primary.
    pub config: Config,
    /// Whether that primary is down, as far as this sentinel alone can tell.
    pub is_down: bool,
}

/// A sentinel's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum FromSentinel {
    /// Who is the primary.
    Primary(Config),
    /// What it knows.
    Hello(Hello),
    /// You may.
    Granted,
    /// No: I voted in this epoch, which is not before yours.
    Refused(u64),
}
