//! What clients and replicas say to each other: a line of JSON each way, on a connection of its own.

use serde::{Deserialize, Serialize};

/// Where replicas listen.
pub const PORT: u16 = 7000;

/// Orders the values of a register. No two writes have the same.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Tag {
    /// Higher than all that the writer heard of.
    pub number: u64,
    /// Who wrote.
    pub writer: String,
}

/// A register at some time. One that was never written has the lowest tag and no value.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tagged {
    /// Which of its values it is.
    pub tag: Tag,
    /// The value.
    pub value: Option<u64>,
}

/// From a client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// What do you have in this register?
    Query {
        /// Its name.
        register: String,
    },
    /// Keep this, unless you have something later.
    Store {
        /// The register's name.
        register: String,
        /// What to keep.
        tagged: Tagged,
    },
}
