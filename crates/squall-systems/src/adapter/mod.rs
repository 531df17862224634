//! What joins the shipped systems to the harness: configuration, workload, recorded operations.

mod kv;

pub use kv::{Kv, KvConfig, KvMix, KvWorkload};

/// The shipped systems by name.
pub fn registry() -> squall::Registry {
    squall::Registry::new().add::<Kv>("kv")
}
