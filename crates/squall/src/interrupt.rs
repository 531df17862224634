//! The wish that long work ends early: it stops between two runs and keeps what it has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that whoever waits raises once, and that long work looks at between two runs. Clones are
/// the same flag.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Ends the work soon.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work is to end.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for a handler of signals, which may do no more than store.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }
}
