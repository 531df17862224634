//! The analyses by name, for whoever chooses one with a word: `judge --model kv`, a listing.

use std::num::NonZeroUsize;

use serde::Deserialize;
use serde_json::Value;

use crate::entry::read_options;
use crate::linearizability::{Linearizable, Model, models};
use crate::{Analysis, Entry, ListAppend, RwRegister};

/// The option of all models.
const THREADS: &str = "threads: how many judge objects side by side (1)";

const ENTRIES: &[Entry] = &[
    Entry {
        name: "register",
        meaning: "each key is a linearizable register with `read`, `write` and `cas`",
        options: THREADS,
        build: |options| linear(options, models::RegisterModel),
    },
    Entry {
        name: "kv",
        meaning: "each key is a linearizable object with `get`, `put`, `append`, `cas` and `delete`",
        options: THREADS,
        build: |options| linear(options, models::KvModel),
    },
    Entry {
        name: "multi-register",
        meaning: "transactions `txn` of reads and writes over several registers are strictly serializable",
        options: THREADS,
        build: |options| linear(options, models::MultiRegisterModel),
    },
    Entry {
        name: "linear-set",
        meaning: "each key is a linearizable set with `add`, `remove`, `contains` and `read`",
        options: THREADS,
        build: |options| linear(options, models::SetModel),
    },
    Entry {
        name: "linear-queue",
        meaning: "each key is a linearizable unordered queue with `enqueue` and `dequeue`",
        options: THREADS,
        build: |options| linear(options, models::QueueModel),
    },
    Entry {
        name: "linear-fifo-queue",
        meaning: "each key is a linearizable first-in-first-out queue with `enqueue` and `dequeue`",
        options: THREADS,
        build: |options| linear(options, models::FifoQueueModel),
    },
    Entry {
        name: "linear-counter",
        meaning: "each key is a linearizable counter with `add`, `add-and-get` and `read`",
        options: THREADS,
        build: |options| linear(options, models::CounterModel),
    },
    Entry {
        name: "lock",
        meaning: "each key is a linearizable lock with `acquire` and `release`, its fencing tokens grow",
        options: THREADS,
        build: |options| linear(options, models::LockModel),
    },
    Entry {
        name: "linear-unique-ids",
        meaning: "`generate` gives no id twice",
        options: THREADS,
        build: |options| linear(options, models::UniqueIdsModel),
    },
    Entry {
        name: "list-append",
        meaning: "transactions that append to lists and read them keep to a level of isolation",
        options: "consistency: a level, `strict-serializable` unless given",
        build: |options| ListAppend::from_options(options).map(|list| Box::new(list) as _),
    },
    Entry {
        name: "rw-register",
        meaning: "transactions that write registers and read them keep to a level of isolation",
        options: "consistency: a level, `strict-serializable` unless given; initial: the value before any \
                  write; versions: a list of what orders them, of initial-state, writes-follow-reads, \
                  sequential-keys, linearizable-keys (the first two unless given)",
        build: |options| RwRegister::from_options(options).map(|register| Box::new(register) as _),
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

/// All of them: what one copy could have answered, then transactions, then promises that are less.
pub fn catalogue() -> &'static [Entry] {
    ENTRIES
}

/// Linearizability with respect to `model`.
fn linear<M: Model + 'static>(options: &Value, model: M) -> Result<Box<dyn Analysis>, String> {
    let options: LinearOptions = read_options(options)?;
    let threads = options.threads.map_or(1, NonZeroUsize::get);
    Ok(Box::new(Linearizable::new(model).with_threads(threads)))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LinearOptions {
    threads: Option<NonZeroUsize>,
}
