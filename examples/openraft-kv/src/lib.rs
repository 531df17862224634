//! A key-value store on [openraft](https://docs.rs/openraft/0.9), on the ground of `squall_io`.
//!
//! openraft brings the consensus. What a user of it brings is here, a file each: the runtime it runs on
//! (`runtime`), its network (`network`), its log, votes and snapshots on disk (`store`), the service
//! (`server`) and a client of it (`client`). None of these knows of Squall but for the words they tell
//! through `squall_io::observe`. What joins them to the harness is `system`
//! and `workload`.
//!
//! Indexes of openraft's log start at 0, those of the vocabulary `raft` at 1: the words add one.

mod bugs;
mod client;
mod network;
mod protocol;
mod runtime;
mod server;
mod store;
mod system;
mod workload;

pub use system::{KvConfig, OpenraftKv};
pub use workload::KvWorkload;

/// The system by its name in scenarios, `openraft-kv`.
pub fn registry() -> squall::Registry {
    squall::Registry::new().add::<OpenraftKv>("openraft-kv")
}
