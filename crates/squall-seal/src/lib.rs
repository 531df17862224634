//! The seal around a run: each run is a process of its own, watched and limited, and its
//! simulation thread draws entropy and reads clocks from hooks instead of from the machine.
//!
//! [`Worker`] is the asking side. It starts a worker process, which calls [`worker_main`], and that
//! forks once for each [`Request`]. However the forked run ends, the caller learns it by name
//! ([`Ended`]), and the worker goes on serving. [`progress`] is how a run shows that it gets
//! somewhere, and [`seal`] is what a simulation thread puts around itself.
//!
//! What this crate deliberately does not know: simulators, scenarios, seeds. A run is a function
//! from bytes to bytes. Unix alone; memory limits and the ending of orphans need Linux, and the
//! interposed symbols need glibc as well ([`seal::SUPPORTED`]).
//!
//! Never link this crate into a production binary: on Linux its `getrandom` and `clock_gettime`
//! become the symbols of the whole process.

pub mod progress;
pub mod seal;

mod child;
mod death;
mod error;
mod host;
mod limits;
mod sys;
mod tail;
mod wall;
mod watch;
mod wire;
mod worker;

pub use death::{Death, DeathKind, Ended};
pub use error::SealError;
pub use host::{Request, Worker, WorkerCommand};
pub use limits::Limits;
pub use worker::worker_main;
