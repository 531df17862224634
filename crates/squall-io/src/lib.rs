//! The ground a system stands on: `net`, `time`, `task`, `fs`, `rand`, `stop`, [`select!`] and
//! [`observe()`], with tokio's names and tokio's `AsyncRead`/`AsyncWrite`; and what a system offers to a
//! harness by itself: [`buggify!`], [`knob!`], [`hook!`] and the assertions of [`mod@assert`].
//!
//! Which ground is under these functions is found at run time: inside a simulation the simulator,
//! else the current tokio runtime. One build of a system therefore runs simulated and real; there
//! is no provider trait, no type parameter and no `cfg` in the system. Which is deliberately absent:
//! a way to ask which ground it is. A system that knows it is being tested is not being tested.
//!
//! Outside a simulation and outside a tokio runtime the constructors panic and say so; they never
//! fall through from a lost simulation to real IO.

pub mod assert;
pub mod catalogue;
mod coop;
pub mod fs;
mod ground;
#[cfg(all(feature = "sim", madsim))]
mod madsim;
pub mod net;
mod observe;
pub mod rand;
pub mod real;
mod select;
pub mod stop;
pub mod task;
pub mod time;
#[cfg(all(feature = "turmoil", not(madsim)))]
mod turmoil;

pub use observe::observe;
pub use squall_history::vocab;

/// What the macros of this crate expand to; not for use by name.
#[doc(hidden)]
pub mod private {
    pub use crate::assert::{broken, reached};
    pub use crate::coop::{fires, knob, pass, pass_now, take};
    pub use crate::select::{Out2, Out3, Out4, Out5, first_branch};
    pub use inventory;
    pub use squall_history::Ppm;
}
