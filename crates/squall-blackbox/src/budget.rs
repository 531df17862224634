//! How much work a checker may do.

use std::fmt;
use std::time::Instant;

/// What a checker may still spend. Steps and bytes are counted, never timed, so that a verdict is
/// reproducible; the time limit is for people who wait, and no scenario has one.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Steps left (one step: one state visited, one edge followed).
    pub steps: u64,
    /// Bytes of state it may keep at a time.
    pub bytes: u64,
    /// Hears, every few thousand steps, how many are left: whoever watches the judging process knows
    /// that it gets somewhere. It cannot change a verdict.
    pub on_progress: Option<fn(u64)>,
    /// When to give up by the wall clock. Asked every few thousand steps.
    pub deadline: Option<Instant>,
}

/// Which part of a budget ran out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exhausted {
    /// The steps.
    Steps,
    /// The bytes.
    Bytes,
    /// The time.
    Time,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "steps",
            Self::Bytes => "memory",
            Self::Time => "time",
        })
    }
}

/// Steps between two looks at the clock, and two calls of [`Budget::on_progress`].
const PROGRESS_STEPS: u64 = 1 << 14;

impl Default for Budget {
    /// 20 million steps and 256 MiB: seconds, not minutes.
    fn default() -> Self {
        Self { steps: 20_000_000, bytes: 256 << 20, on_progress: None, deadline: None }
    }
}

impl Budget {
    /// Takes one step.
    ///
    /// # Errors
    /// If there is none left, or the time is over.
    pub fn step(&mut self) -> Result<(), Exhausted> {
        self.steps = self.steps.checked_sub(1).ok_or(Exhausted::Steps)?;
        if self.steps.is_multiple_of(PROGRESS_STEPS) {
            self.look_up()?;
        }
        Ok(())
    }

    /// Takes many steps at once, for work that is cheap to count and dear to count one by one.
    ///
    /// # Errors
    /// If there are not so many left, or the time is over; then none is left.
    pub fn spend(&mut self, steps: u64) -> Result<(), Exhausted> {
        let before = self.steps;
        let Some(left) = before.checked_sub(steps) else {
            self.steps = 0;
            return Err(Exhausted::Steps);
        };
        self.steps = left;
        if before / PROGRESS_STEPS != left / PROGRESS_STEPS {
            self.look_up()?;
        }
        Ok(())
    }

    /// Holds this many bytes until they are [released](Self::release).
    ///
    /// # Errors
    /// If there are not so many left; then none is taken.
    pub fn hold(&mut self, bytes: u64) -> Result<(), Exhausted> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Exhausted::Bytes)?;
        Ok(())
    }

    /// Gives bytes back.
    pub fn release(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    #[cold]
    fn look_up(&self) -> Result<(), Exhausted> {
        if let Some(hook) = self.on_progress {
            hook(self.steps);
        }
        match self.deadline {
            // A deadline is only ever set by `judge`, outside of any simulation.
            #[allow(clippy::disallowed_methods)]
            Some(deadline) if Instant::now() >= deadline => Err(Exhausted::Time),
            _ => Ok(()),
        }
    }
}
