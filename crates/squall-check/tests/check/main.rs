//! What the judge says of histories written by hand, module by module.

#![expect(clippy::unwrap_used, reason = "a case that is written wrongly may panic")]

mod batch;
mod brute_force;
mod campaign;
mod disk_truth;
mod expectations;
mod judge;
mod linearizability;
mod support;
