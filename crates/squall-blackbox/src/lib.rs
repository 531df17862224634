//! Black-box checkers: they judge a system by what its clients saw, and know nothing else of it.
//!
//! `operation` pairs invocations with completions, whoever recorded them; an [`Analysis`] reads the
//! operations and says what contradicts its promise. `recording` reads what others wrote down. Nothing here knows a simulator, a scenario or a
//! node: a history that another tool recorded is judged like one of Squall's own.

pub mod analysis;
pub mod bank;
pub mod budget;
pub mod catalogue;
pub mod counter;
pub mod entry;
pub mod error;
pub mod findings;
pub mod linearizability;
pub mod log;
pub mod long_fork;
pub mod monotonic;
pub mod operation;
pub mod queues;
pub mod recording;
pub mod sessions;
pub mod sets;
pub mod stats;
pub mod transactions;
pub mod unique_ids;

mod anomalies;
mod answer;
mod graph;
mod keys;

pub use analysis::{Analysis, Scope};
pub use bank::{Bank, Overdraft};
pub use budget::{Budget, Exhausted};
pub use catalogue::catalogue;
pub use counter::Counter;
pub use entry::Entry;
pub use error::CheckError;
pub use findings::{Finding, Findings};
pub use linearizability::{KvModel, Linearizable, Model, OpView, RegisterModel, Split};
pub use log::Log;
pub use long_fork::LongFork;
pub use monotonic::{Across, Growth, Monotonic};
pub use operation::{Completion, Event, IllFormed, Moment, Operation, events, operations};
pub use queues::{Delivery, Drained, FifoOrder, FifoQueue, Queue};
pub use recording::Recording;
pub use sessions::{Guarantee, Session, WriteOrder};
pub use sets::{SetAtEnd, SetFull, Visibility};
pub use stats::Stats;
pub use transactions::{Consistency, ListAppend, RwRegister};
pub use unique_ids::UniqueIds;
