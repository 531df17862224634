//! The batch cluster: a replicated control plane for batch jobs.
//!
//! So far there is what everything else stands on: [`raft`], a replicated log under a state machine
//! of the user's choice. The cluster knows nothing of the harness that tests it: it stands on
//! `squall-io`, tells what happens inside in the words of the vocabulary `raft`, and takes its
//! planted bugs as data at construction.

pub mod bugs;
pub mod codec;
mod error;
pub mod raft;

pub use bugs::{BUGS, Bug, Bugs};
pub use error::Error;
