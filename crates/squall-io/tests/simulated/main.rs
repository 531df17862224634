//! The simulated ground, met as a system meets it: through `squall_io`, on a stage of nodes that a
//! test starts, stops and cuts off. Each fault has its efficacy test: the same programs with and
//! without it, so that a fault that does nothing is seen to do nothing.
#![expect(clippy::unwrap_used, reason = "what the tests have in common stands outside of them")]

mod addresses;
mod assertions;
mod buggify;
mod busy;
mod choices;
mod clocks;
mod corruption;
mod deaths;
mod digests;
mod disk_astray;
mod disk_errors;
mod disk_laws;
mod disk_lies;
mod disk_several;
mod disk_times;
mod disk_torn;
mod exits;
mod files;
mod foreign;
mod holds;
mod hooks;
mod inflight;
mod kills;
mod laws;
mod leases;
mod limits;
mod links;
mod mixed;
mod names;
mod partitions;
mod pauses;
mod power;
mod properties;
mod resets;
mod shapes;
mod silence;
mod slow;
mod speeds;
mod stage;
mod stops;
mod streams;
mod tasks;
mod timers;
mod traffic;
mod waiting;
mod watching;
mod wipes;
