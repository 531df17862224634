//! What the judge says of histories written by hand, module by module.

#![expect(clippy::unwrap_used, reason = "a case that is written wrongly may panic")]

mod availability;
mod batch;
mod campaign;
mod disk_truth;
mod expectations;
mod judge;
mod latency;
mod linearizability;
mod raft_disks;
mod raft_leader_exists;
mod raft_safety;
mod raft_words;
mod support;
