//! What nodes and clients say to each other: questions, each with one answer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::object::{Clock, Item, Object};

/// Where nodes listen.
pub const PORT: u16 = 8_087;

/// A question to a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Question {
    /// From a client: the cart of this key, by a quorum of those who keep it.
    Get {
        /// The key.
        key: String,
    },
    /// From a client: these items, in place of what the context covers.
    Put {
        /// The key.
        key: String,
        /// The clock of what the client read.
        context: Clock,
        /// What is to be in the cart.
        items: BTreeSet<Item>,
    },
    /// From a coordinator: what do you hold?
    Fetch {
        /// The key.
        key: String,
    },
    /// From a coordinator, or from who kept a hint: take this in.
    Store {
        /// The key.
        key: String,
        /// The coordinator's object.
        object: Object,
    },
    /// As [`Store`](Self::Store), from a read's coordinator to a replica that was behind.
    Repair {
        /// The key.
        key: String,
        /// What the read found.
        object: Object,
    },
    /// From a coordinator that does not reach a replica: keep this for it.
    Hint {
        /// The replica.
        home: String,
        /// The key.
        key: String,
        /// The coordinator's object.
        object: Object,
    },
}

/// A node's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The cart.
    Cart(Object),
    /// It is durable.
    Done,
    /// Too few others answered. A write may be seen all the same, later.
    NoQuorum,
}
