//! Squall: put a distributed system under seeded faults, judge what it did, and get every failure
//! back as one command.
//!
//! A system implements [`System`] on the ground of [`squall_io`]; a [`Registry`] gives it a
//! name; [`run()`] runs one [`Plan`] of it on an engine and judges the history; [`Campaign`] runs
//! many seeds and [`shrink()`] makes a failing plan small. All of them work on plain data and know
//! no process, file or terminal: what forks, writes and prints is `squall-cli`.

mod campaign;
mod cause;
mod client;
mod diff;
mod engine;
mod explore;
mod host;
mod in_process;
mod interrupt;
mod keep;
mod nemesis;
mod pool;
mod registry;
mod rejudge;
mod request;
mod run;
mod shrink;
mod system;
mod trace;
pub mod zoo;

pub use campaign::{
    Campaign, Counts, Finished, Job, Policy, Progress, Reached, Second, Slice, SliceError, Stint, Turn,
    difference, has_differed,
};
pub use cause::{CauseTerms, Explained, cause};
pub use client::{ClientCtx, Completed, Invocation, OpError, Recorded};
pub use diff::{Difference, Runs, diff_runs};
pub use engine::capability;
pub use explore::{Exhausted, Exploration, ExploreEnded, Guidance};
pub use host::{HostError, InProcess, RunHost, Spent};
pub use in_process::{BASE_SEED, Tested, assert_passes, test};
pub use interrupt::Interrupt;
pub use keep::{KeepTerms, Kept, keep};
pub use nemesis::{Budget, Unavailable};
pub use pool::{Pool, Searched};
pub use registry::Registry;
pub use rejudge::{Terms, rejudge};
pub use request::{Hooks, Recording, RunReply, RunRequest, Trace, TracedEvent, Window};
pub use run::{RunError, built, run};
pub use shrink::{Extent, ShrinkEnd, ShrinkStep, ShrinkTerms, Shrunk, shrink};
pub use system::{
    BugSet, FaultBudget, NodeCtx, NodeFuture, NodeResult, PlantedBug, Role, RoleKind, System, SystemError,
};

/// What code under test is told when it asks the operating system, on a thread that runs a
/// simulation: a host that interposes libc hands these on.
pub mod simulated {
    pub use squall_sim::{current_node, entropy, monotonic_ns, now, refuse, wall_ns};
}

/// For the efficacy tests of faults: a kind of fault that does nothing.
#[doc(hidden)]
pub use squall_sim::neutralise;

pub use squall_check as check;
pub use squall_check::{Checker, Invariant, Oracle, Promise};
pub use squall_history as history;
pub use squall_history::{Plan, Seed, SimDuration, SimTime, Topology};
pub use squall_io as io;
pub use squall_scenario as scenario;

/// The Rust of the guides, compiled and run.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../../docs/your-system/invariants.md")]
    struct Invariants;
    #[doc = include_str!("../../../docs/write-a-scenario.md")]
    struct WriteAScenario;
}
