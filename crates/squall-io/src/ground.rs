//! Which ground is under the caller.

use std::sync::Arc;

use crate::real::Place;

/// A ground, with what its functions need to know of the caller.
pub(crate) enum Ground {
    /// The simulator runs on this thread.
    #[cfg(feature = "sim")]
    Sim,
    /// A tokio runtime; with the node's place, if the thread belongs to a [`real`](crate::real) node.
    Tokio(Option<Arc<Place>>),
}

/// The ground under the caller.
///
/// # Panics
/// Outside a simulation and outside a tokio runtime.
#[inline]
pub(crate) fn current() -> Ground {
    #[cfg(feature = "sim")]
    if squall_sim::in_simulation() {
        return Ground::Sim;
    }
    of_tokio()
}

fn of_tokio() -> Ground {
    assert!(
        tokio::runtime::Handle::try_current().is_ok(),
        "squall_io was used outside a simulation and outside a tokio runtime: run this code as a node \
         of a system, or inside `tokio::runtime::Runtime::block_on`"
    );
    Ground::Tokio(crate::real::place())
}
