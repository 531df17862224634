//! The shared words of Squall: what every other crate means by a node, a time, a seed, a fault, an
//! operation, a plan and a record.
//!
//! Everything here is plain data with a versioned text form. Nothing here runs, draws from a clock
//! or touches a file: the flow `scenario → plan → run → history → verdict → report` passes these
//! values from stage to stage, and each stage lives in a crate of its own.

pub mod assertion;
pub mod clock;
pub mod condition;
pub mod digest;
pub mod disk;
pub mod disk_fault;
pub mod draw;
pub mod expect;
pub mod fault;
pub mod history;
pub mod id;
pub mod injection;
pub mod link_fault;
pub mod network;
pub mod node_fault;
pub mod op;
pub mod plan;
pub mod quantity;
pub mod record;
pub mod seed;
pub mod sequence;
pub mod time;
pub mod topology;
pub mod vocab;

pub use assertion::Assertion;
pub use clock::{ClockChange, ClockDrift, ClockOffset, ClockProfile};
pub use digest::{Digest, Folder};
pub use disk::{DISKS, DiskEvent, disk_mount, disk_of};
pub use disk_fault::{DiskFault, DiskOp, DiskTrouble, Rot};
pub use draw::{Domain, Draw, Draws, Identity};
pub use expect::{Availability, Expect, InvariantChoice, KnownFailure, LatencyBounds, Limits, StopOn};
pub use fault::{
    Action, BudgetRule, CoreSize, Cut, Direction, FaultId, Filter, LinkSelector, Mode, Partition,
    PartitionShape, PlannedFault, Prefer, Selector,
};
pub use history::{Header, History, HistoryError};
pub use id::{Boot, NodeName, OpId, ProcessId};
pub use injection::Injection;
pub use link_fault::{Chance, LinkFault, LinkTrouble};
pub use network::{Bandwidth, DnsTrouble, LatencyShape, LinkProfile, NetworkProfile};
pub use node_fault::{Buggify, Hook, HookAct, HookWhen, NodeFault, NodeTrouble};
pub use op::{Op, Phase};
pub use plan::{DiskProfile, Plan, Reseed, SystemPlan, Veto};
pub use quantity::Ppm;
pub use record::{Body, FaultEvent, NodeEvent, Record};
pub use seed::Seed;
pub use sequence::{Sequence, Step, StepFault};
pub use time::{SimDuration, SimTime};
pub use topology::{NodeSpec, Restart, RestartOn, Topology};

/// Version of the simulator's behaviour, written into every header. It changes only when the same
/// (scenario, seed) may give another digest, and then with a line in `CHANGELOG.md`.
pub const SIM_FORMAT: u32 = 1;
/// Version of the history file (`history.ndjson`).
pub const HISTORY_FORMAT: u32 = 1;
/// Version of a plan, as data; the YAML form carries the scenario schema's own `version`.
pub const PLAN_FORMAT: u32 = 1;
