//! The batch cluster: a replicated control plane for batch jobs.
//!
//! So far there is what everything else stands on: [`raft`], a replicated log under a state machine
//! of the user's choice. The cluster knows nothing of the harness that tests it: it stands on
//! `squall-io`, tells what happens inside in the words of the vocabulary `raft`, and takes its
//! planted bugs as data at construction.

pub mod bugs;
pub mod client;
pub mod codec;
pub mod controller;
mod error;
pub mod job;
pub mod overseer;
pub mod protocol;
pub mod raft;
pub mod state;
pub mod wordcount;
pub mod worker;

pub use bugs::{BUGS, Bug, Bugs};
pub use error::Error;
