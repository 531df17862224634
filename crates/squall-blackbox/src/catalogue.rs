//! The analyses by name, for whoever chooses one with a word: `judge --model kv`, a listing.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Analysis, KvModel, Linearizable, RegisterModel};

/// An analysis that has a name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The word that chooses it, kebab-case.
    pub name: &'static str,
    /// What it promises, in one sentence, lower case, no full stop.
    pub meaning: &'static str,
    /// The options it takes, for people: `accounts: count, total: sum`; empty if it takes none.
    pub options: &'static str,
    pub(crate) build: fn(&Value) -> Result<Box<dyn Analysis>, String>,
}

impl Entry {
    /// The analysis with these options: a JSON object, or `null` for none.
    ///
    /// # Errors
    /// What is wrong with the options.
    pub fn build(&self, options: &Value) -> Result<Box<dyn Analysis>, String> {
        (self.build)(options)
    }
}

const ENTRIES: &[Entry] = &[
    Entry {
        name: "kv",
        meaning: "each key is a linearizable object with `get`, `put`, `append`, `cas` and `delete`",
        options: "",
        build: |options| none(options).map(|()| Box::new(Linearizable::new(KvModel)) as _),
    },
    Entry {
        name: "register",
        meaning: "each key is a linearizable register with `read`, `write` and `cas`",
        options: "",
        build: |options| none(options).map(|()| Box::new(Linearizable::new(RegisterModel)) as _),
    },
    crate::sets::SET,
    crate::sets::SET_FULL,
    crate::queues::QUEUE,
    crate::queues::FIFO_QUEUE,
    crate::log::ENTRY,
    crate::counter::ENTRY,
    crate::bank::ENTRY,
    crate::long_fork::ENTRY,
    crate::monotonic::ENTRY,
    crate::sessions::ENTRIES[0],
    crate::sessions::ENTRIES[1],
    crate::sessions::ENTRIES[2],
    crate::sessions::ENTRIES[3],
    crate::stats::ENTRY,
    crate::unique_ids::ENTRY,
];

/// All of them, by name.
pub fn catalogue() -> &'static [Entry] {
    ENTRIES
}

/// Options as a type that knows its keys; `null` for what it is by default.
pub(crate) fn read_options<T: DeserializeOwned + Default>(options: &Value) -> Result<T, String> {
    if options.is_null() {
        return Ok(T::default());
    }
    T::deserialize(options).map_err(|why| why.to_string())
}

/// For an analysis that takes no options.
pub(crate) fn none(options: &Value) -> Result<(), String> {
    let empty = options.is_null() || options.as_object().is_some_and(serde_json::Map::is_empty);
    if empty { Ok(()) } else { Err(format!("it takes no options, but was given {options}")) }
}
