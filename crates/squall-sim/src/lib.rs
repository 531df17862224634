//! The deterministic simulator: a whole cluster on one thread, in virtual time, from one seed.
//!
//! Event-driven: what a run costs follows its events, never nodes × ticks. One closed event enum
//! (`event`), one loop ([`Sim::run_until`]), ties broken by sequence number. The parts own their
//! state: the `queue` of events, the `task`s and which is next, the nodes, the network
//! ([`net`]), the disks ([`disk`]), what systems offer ([`coop`]), the `trace` with its rolling digest.
//!
//! Two faces. A *harness* holds a [`Sim`]: it starts and stops nodes, lays rules on links, drives
//! time and takes the records. *Software* running on a node meets the free functions of this crate
//! ([`spawn`], [`Sleep`], [`net`], [`disk`]) through `squall-io`; they find the simulator through a
//! thread-local, so its handles are plain numbers and `Send`.
//!
//! What it deliberately does not do: decide which fault strikes when (that is the nemesis), judge,
//! or read anything of the outside world.

mod caller;
mod clock;
pub mod coop;
mod cpu;
pub mod disk;
mod effects;
mod event;
mod guest;
pub mod net;
mod neutral;
mod node;
mod node_rule;
mod panics;
mod queue;
mod refusal;
mod sim;
mod stop;
mod task;
mod timer;
mod trace;
mod waker;
mod watch;
mod world;

pub use caller::{
    current_node, entropy, in_simulation, is_alive, now, observe, task_draw, workload_draw, yield_now,
};
pub use clock::{clock_uncertainty_ns, monotonic_ns, wall_ns};
pub use coop::buggify::{BuggifyId, BuggifySettings};
pub use coop::hook::{HookAct, HookId, HookRule, HookWhen, Injected};
pub use cpu::POLL_COST;
pub use disk::fault::DiskRuleId;
pub use effects::Effects;
pub use guest::{Guest, Resolver, Task, fold_guests, guest_task, has_guests, host_guests};
pub use net::rule::{Rule, RuleId};
#[doc(hidden)]
pub use neutral::{is_neutral, is_neutral_rule, neutralise};
pub use node_rule::{NodeRule, NodeRuleId};
pub use refusal::{Refusals, refuse};
pub use sim::{Ended, Ran, Sim, SimConfig, SimLimits};
pub use stop::{StopWait, is_stopping};
pub use task::{JoinError, JoinHandle, Software, spawn};
pub use timer::Sleep;
pub use trace::{Checkpoint, JournalEntry, Journaling};
pub use watch::{BYTES_KEPT, Told, WatchedEvent};
