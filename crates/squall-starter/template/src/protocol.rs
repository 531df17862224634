//! What clients and the server say to each other: one JSON value a line.

use serde::{Deserialize, Serialize};

/// Where the server listens.
pub const PORT: u16 = 7000;

/// From a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Reads a key.
    Get { key: String },
    /// Sets a key to `to` if its value is `from`; `None` is the value of a key that was never set.
    CompareAndSet {
        key: String,
        from: Option<String>,
        to: String,
    },
}

/// From the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The value of a key.
    Value(Option<String>),
    /// Whether the key was set.
    Set(bool),
}
