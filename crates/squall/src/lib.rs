//! Squall: put a distributed system under seeded faults, judge what it did, and get every failure
//! back as one command.
//!
//! A system implements [`System`] on the ground of [`squall_io`]; a [`Registry`] gives it a
//! name; [`run()`] runs one [`Plan`] of it on an engine and judges the history; [`Campaign`] runs
//! many seeds and [`shrink()`] makes a failing plan small. All of them work on plain data and know
//! no process, file or terminal: what forks, writes and prints is `squall-cli`.
//!
//! # A system, whole
//!
//! ```
//! use std::io;
//! use squall::check::black_box;
//! use squall::check::blackbox::UniqueIds;
//! use squall::io::net::UdpSocket;
//! use squall::io::time::{sleep, timeout};
//! use squall::scenario::build::{Fault, Nodes, act};
//! use squall::scenario::Scenario;
//! use squall::{
//!     BugSet, Checker, ClientCtx, FaultBudget, NodeCtx, NodeFuture, Registry, Role, RoleKind, System, SystemError,
//!     Topology,
//! };
//! use std::time::Duration;
//!
//! /// A server that counts, and clients that ask it how far it is.
//! struct Counter;
//!
//! impl System for Counter {
//!     type Config = ();
//!     type Workload = ();
//!
//!     fn roles() -> Vec<Role> {
//!         vec![
//!             Role { name: "server", count: 1, kind: RoleKind::Server },
//!             Role { name: "client", count: 2, kind: RoleKind::Client },
//!         ]
//!     }
//!
//!     fn new((): (), (): (), _: BugSet) -> Result<Self, SystemError> {
//!         Ok(Self)
//!     }
//!
//!     fn node(&self, _: NodeCtx) -> NodeFuture {
//!         Box::pin(async {
//!             let socket = UdpSocket::bind(("0.0.0.0", 7000)).await?;
//!             let mut question = [0; 1];
//!             for count in 1_u64.. {
//!                 let (_, from) = socket.recv_from(&mut question).await?;
//!                 socket.send_to(&count.to_be_bytes(), from).await?;
//!             }
//!             Ok(())
//!         })
//!     }
//!
//!     fn client(&self, ctx: ClientCtx) -> NodeFuture {
//!         Box::pin(async move {
//!             loop {
//!                 sleep(Duration::from_millis(50)).await;
//!                 // What came of it is in the history; the client goes on.
//!                 ctx.op("next").run(ask()).await.ok();
//!             }
//!         })
//!     }
//!
//!     fn tolerates(&self, _: &Topology) -> FaultBudget {
//!         FaultBudget::default()
//!     }
//!
//!     fn checkers(&self) -> Vec<Box<dyn Checker>> {
//!         vec![black_box(UniqueIds::handed_out_by("next"))]
//!     }
//! }
//!
//! async fn ask() -> io::Result<u64> {
//!     let socket = UdpSocket::bind(("0.0.0.0", 0)).await?;
//!     socket.send_to(b"?", ("server-1", 7000)).await?;
//!     let mut answer = [0; 8];
//!     timeout(Duration::from_secs(1), socket.recv_from(&mut answer)).await??;
//!     Ok(u64::from_be_bytes(answer))
//! }
//!
//! let registry = Registry::new().add::<Counter>("counter");
//! let second = Duration::from_secs(1);
//! let scenario = Scenario::builder("counts", "counter")
//!     .duration(second * 5)
//!     .seeds(3)
//!     .fault(Fault::at(second).lasting(second).does(act::pause(Nodes::role("server"))))
//!     .build(&registry.catalogue())
//!     .unwrap_or_else(|problems| panic!("{problems}"));
//! squall::assert_passes(&registry, &scenario);
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | a system of one's own | [`System`], [`Registry`], [`ClientCtx::op`] |
//! | what it is judged by | [`check`]: [`check::linearizable`], [`check::invariant_fn`], [`check::raft_invariants`] |
//! | words of its own | [`io::Word`], [`io::observe`] |
//! | a scenario in Rust | [`scenario::Scenario::builder`], [`assert_passes`] |
//! | the command line, and scenarios as tests | `squall_cli::main`, `squall_cli::test_main` |
//! | plans, histories, seeds | [`history`] |

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
