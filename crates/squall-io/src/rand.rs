//! Randomness for a system's own decisions (jitter of back-offs, election timeouts).
//!
//! In a simulation each draw is addressed by the task that makes it and a counter of that task, so
//! a draw of one task never shifts another's; elsewhere it comes from the operating system.

use std::time::Duration;

use crate::ground::{Machine, machine};

/// 64 uniform bits.
#[inline]
pub fn bits() -> u64 {
    match machine() {
        #[cfg(feature = "sim")]
        Machine::Simulated => squall_sim::task_draw(),
        Machine::Real(_) => machine_bits(),
    }
}

fn machine_bits() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    u64::from_le_bytes(bytes)
}

/// Uniform in `0..bound`; zero if `bound` is zero.
#[inline]
pub fn below(bound: u64) -> u64 {
    ((u128::from(bits()) * u128::from(bound)) >> 64) as u64
}

/// Uniform in `low..=high`, in nanoseconds.
///
/// # Panics
/// If `low > high`.
pub fn between(low: Duration, high: Duration) -> Duration {
    let width = high.checked_sub(low).expect("a range of durations runs from low to high");
    let width = u64::try_from(width.as_nanos()).unwrap_or(u64::MAX);
    low + Duration::from_nanos(below(width.saturating_add(1)))
}
