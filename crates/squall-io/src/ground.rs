//! Which ground is under the caller.
//!
//! Two questions, since an engine may have tasks and a network of its own and borrow the rest: on what
//! tasks, time and packets run ([`current`]), and whose the machine is, with its disks, its wall clock and its
//! randomness ([`machine`]).

use std::sync::Arc;

use crate::real::Place;

/// A ground, with what its functions need to know of the caller.
pub(crate) enum Ground {
    /// The simulator runs on this thread.
    #[cfg(feature = "sim")]
    Sim,
    /// The simulator has this node's machine, turmoil its tasks and packets.
    #[cfg(all(feature = "turmoil", not(madsim)))]
    Turmoil,
    /// The simulator has this node's machine, madsim its tasks and packets.
    #[cfg(all(feature = "sim", madsim))]
    Madsim,
    /// A tokio runtime; with the node's place, if the thread belongs to a [`real`](crate::real) node.
    Tokio(Option<Arc<Place>>),
}

/// A machine, as far as it is not the ground's own.
pub(crate) enum Machine {
    /// The simulator's.
    #[cfg(feature = "sim")]
    Simulated,
    /// The real one; with the node's place on it, if it is a [`real`](crate::real) node.
    Real(Option<Arc<Place>>),
}

/// The ground under the caller.
///
/// # Panics
/// Outside a simulation and outside a tokio runtime.
#[inline]
pub(crate) fn current() -> Ground {
    #[cfg(feature = "sim")]
    if squall_sim::in_simulation() {
        return simulated();
    }
    Ground::Tokio(place_on_tokio())
}

/// The machine that the caller is on.
///
/// # Panics
/// As [`current`].
#[inline]
pub(crate) fn machine() -> Machine {
    #[cfg(feature = "sim")]
    if squall_sim::in_simulation() {
        return Machine::Simulated;
    }
    Machine::Real(place_on_tokio())
}

#[cfg(feature = "sim")]
#[inline]
fn simulated() -> Ground {
    #[cfg(madsim)]
    if squall_sim::has_guests() {
        return Ground::Madsim;
    }
    #[cfg(all(feature = "turmoil", not(madsim)))]
    if squall_sim::has_guests() {
        return Ground::Turmoil;
    }
    Ground::Sim
}

fn place_on_tokio() -> Option<Arc<Place>> {
    assert!(
        tokio::runtime::Handle::try_current().is_ok(),
        "squall_io was used outside a simulation and outside a tokio runtime: run this code as a node \
         of a system, or inside `tokio::runtime::Runtime::block_on`"
    );
    crate::real::place()
}
