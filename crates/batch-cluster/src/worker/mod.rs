//! A worker: a pure core for its lease and its attempts, and the shell around it.

pub mod core;
