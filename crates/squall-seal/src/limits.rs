//! The bounds of one run. Reaching any of them is a named death, never a hang.

use std::time::Duration;

/// Bounds of one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Wall time from the fork to the whole reply; reaching it is [`DeathKind::Timeout`](crate::DeathKind).
    pub wall: Duration,
    /// Wall time without a change of [`progress::tick`](crate::progress::tick); reaching it is
    /// [`DeathKind::Stuck`](crate::DeathKind).
    pub stuck: Duration,
    /// Bytes the run may take beyond what the worker holds already; the stack is not counted.
    /// Enforced on Linux alone (`RLIMIT_DATA`).
    pub memory: u64,
    /// Bytes of stack of the run's thread. Only what is touched costs memory.
    pub stack: u64,
}

impl Default for Limits {
    /// A minute, five seconds without progress, 2 GiB of memory, 64 MiB of stack.
    fn default() -> Self {
        Self {
            wall: Duration::from_secs(60),
            stuck: Duration::from_secs(5),
            memory: 2 << 30,
            stack: 64 << 20,
        }
    }
}
