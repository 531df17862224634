//! The analyses by name, for whoever chooses one with a word: `judge --model kv`, a listing.

use serde_json::Value;

use crate::Analysis;
use crate::linearizability::{Linearizable, Model, models};

/// An analysis that has a name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The word that chooses it, kebab-case.
    pub name: &'static str,
    /// What it promises, in one sentence, lower case, no full stop.
    pub meaning: &'static str,
    /// The options it takes, for people: `accounts: count, total: sum`; empty if it takes none.
    pub options: &'static str,
    build: fn(&Value) -> Result<Box<dyn Analysis>, String>,
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
        build: |options| linear(options, models::KvModel),
    },
    Entry {
        name: "register",
        meaning: "each key is a linearizable register with `read`, `write` and `cas`",
        options: "",
        build: |options| linear(options, models::RegisterModel),
    },
    Entry {
        name: "multi-register",
        meaning: "transactions `txn` of reads and writes over several registers are strictly serializable",
        options: "",
        build: |options| linear(options, models::MultiRegisterModel),
    },
    Entry {
        name: "linear-set",
        meaning: "each key is a linearizable set with `add`, `remove`, `contains` and `read`",
        options: "",
        build: |options| linear(options, models::SetModel),
    },
    Entry {
        name: "linear-queue",
        meaning: "each key is a linearizable unordered queue with `enqueue` and `dequeue`",
        options: "",
        build: |options| linear(options, models::QueueModel),
    },
    Entry {
        name: "linear-fifo-queue",
        meaning: "each key is a linearizable first-in-first-out queue with `enqueue` and `dequeue`",
        options: "",
        build: |options| linear(options, models::FifoQueueModel),
    },
    Entry {
        name: "linear-counter",
        meaning: "each key is a linearizable counter with `add`, `add-and-get` and `read`",
        options: "",
        build: |options| linear(options, models::CounterModel),
    },
    Entry {
        name: "lock",
        meaning: "each key is a linearizable lock with `acquire` and `release`, its fencing tokens grow",
        options: "",
        build: |options| linear(options, models::LockModel),
    },
    Entry {
        name: "linear-unique-ids",
        meaning: "`generate` gives no id twice",
        options: "",
        build: |options| linear(options, models::UniqueIdsModel),
    },
];

/// All of them, by name.
pub fn catalogue() -> &'static [Entry] {
    ENTRIES
}

/// Linearizability with respect to `model`.
fn linear<M: Model + 'static>(options: &Value, model: M) -> Result<Box<dyn Analysis>, String> {
    none(options).map(|()| Box::new(Linearizable::new(model)) as _)
}

/// For an analysis that takes no options.
fn none(options: &Value) -> Result<(), String> {
    let empty = options.is_null() || options.as_object().is_some_and(serde_json::Map::is_empty);
    if empty { Ok(()) } else { Err(format!("it takes no options, but was given {options}")) }
}
