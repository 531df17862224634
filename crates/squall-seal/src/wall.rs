//! Wall time, for the watchdogs alone: the one place of this crate that reads it. It decides when
//! a run is given up, and reaches nothing that a run returns.

use std::time::{Duration, Instant};

/// Now, in wall time.
#[expect(clippy::disallowed_methods, reason = "watching wall time is what a watchdog does")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A moment to give up at; none if it lies beyond what the clock can count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// The moment `span` from now.
    pub(crate) fn after(span: Duration) -> Self {
        Self(now().checked_add(span))
    }

    /// What is left until then; `None` for ever, zero if it has passed.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(now()))
    }

    /// Whether it has passed.
    pub(crate) fn passed(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_at_once_or_never() {
        assert!(Deadline::after(Duration::ZERO).passed());
        assert!(!Deadline::after(Duration::MAX).passed());
        assert_eq!(Deadline::after(Duration::MAX).left(), None);
    }
}
