//! The systems that Squall ships to be tested.
//!
//! Each module is software on [`squall_io`] like any user's: it runs simulated or on real sockets
//! and files, and does not know which. What joins a system to the harness (its configuration in a
//! scenario, its workload, what its clients' operations look like in a history) is not in the
//! system's own module.

mod adapter;
pub mod cluster;
pub mod kv;

pub use adapter::{Batch, BatchConfig, BatchMix, BatchWorkload, Rate};
pub use adapter::{Kv, KvConfig, KvMix, KvWorkload, registry};
