//! What servers and clients say to each other.

use serde::{Deserialize, Serialize};
use squall_wire::peer::Receipt;

/// Where servers listen.
pub const PORT: u16 = 20_160;

/// What a connection carries towards a server.
#[derive(Debug, Serialize, Deserialize)]
pub enum Inbound {
    /// From another server: a message of the library, as the library writes it.
    Raft {
        /// The message.
        message: Vec<u8>,
        /// Whether the line asks for a receipt.
        receipt: Receipt,
    },
    /// From a client. Answered with a [`Reply`].
    Client(Op),
}

/// What a client wants. Reads go through the log, as writes do.
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The value read; nothing, if it was written.
    Done(Option<String>),
    /// Nothing was done: I do not lead. Maybe that one does.
    NotLeader(Option<String>),
}
