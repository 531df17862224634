//! A worker: takes attempts at tasks from whoever leads, does them, and serves what its maps wrote
//! to the reduces of other workers.
//!
//! The [`core`] decides, without I/O; the shell ([`run`]) has the line to a controller, a task for
//! each attempt, the files and the port for the others.

mod config;
pub mod core;
mod shell;

pub use config::WorkerConfig;
pub use shell::run;
