//! How a run ended, when it is over: with a reply, or dead of something that has a name.

use std::fmt;
use std::process::ExitStatus;

use std::os::unix::process::ExitStatusExt;

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It returned, and this is what it returned.
    Replied(Vec<u8>),
    /// It did not return.
    Died(Death),
}

/// A run that ended without a whole reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Death {
    /// What it died of.
    pub kind: DeathKind,
    /// What the run last said with [`progress::place`](crate::progress::place); empty if nothing.
    pub place: String,
    /// The last 64 KiB of what it wrote to its standard output and error. Not reproducible: the
    /// standard library prints thread ids, and addresses may stand in it.
    pub stderr: String,
}

/// What a run died of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum DeathKind {
    /// It aborted (`SIGABRT`): `abort()`, a panic while panicking, a panic that may not unwind.
    Abort,
    /// Its stack overflowed.
    StackOverflow,
    /// It died of this signal.
    Signal(i32),
    /// An allocation failed at the memory limit.
    OutOfMemory,
    /// It made no progress for as long as the limits allow.
    Stuck,
    /// It reached the wall limit, though it made progress.
    Timeout,
    /// It exited by itself with this code and without a whole reply. 101 is a panic that nobody
    /// caught; 71 is a child that could not be set up.
    Exit(i32),
}

/// Exit code of a run that panicked: the one Rust programs use.
pub(crate) const EXIT_PANICKED: i32 = 101;
/// Exit code of a child that could not be set up: `EX_OSERR` of `sysexits.h`.
pub(crate) const EXIT_SETUP: i32 = 71;

/// What the standard library prints before it aborts, and what that means.
const LAST_WORDS: [(&str, DeathKind); 3] = [
    ("has overflowed its stack", DeathKind::StackOverflow),
    ("memory allocation of ", DeathKind::OutOfMemory),
    ("failed to allocate an alternative stack", DeathKind::OutOfMemory),
];
/// How far from the end those words may begin, in bytes: they are the last thing printed, and a
/// run that logs the same words much earlier should not be believed.
const LAST_WORDS_WITHIN: usize = 1_024;

impl DeathKind {
    /// What a child that ended by itself died of.
    pub(crate) fn of(status: ExitStatus, output: &[u8]) -> Self {
        match status.signal() {
            Some(libc::SIGABRT) => {
                let end = &output[output.len().saturating_sub(LAST_WORDS_WITHIN)..];
                let end = String::from_utf8_lossy(end);
                let said = LAST_WORDS.iter().find(|(words, _)| end.contains(words));
                said.map_or(Self::Abort, |&(_, kind)| kind)
            }
            Some(signal) => Self::Signal(signal),
            None => Self::Exit(status.code().unwrap_or(-1)),
        }
    }
}

impl fmt::Display for DeathKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Abort => f.write_str("aborted"),
            Self::StackOverflow => f.write_str("the stack overflowed"),
            Self::Signal(signal) => write!(f, "killed by signal {signal}"),
            Self::OutOfMemory => f.write_str("the memory limit was reached"),
            Self::Stuck => f.write_str("stuck: no progress"),
            Self::Timeout => f.write_str("the wall limit was reached"),
            Self::Exit(EXIT_PANICKED) => f.write_str("an uncaught panic (exit code 101)"),
            Self::Exit(code) => write!(f, "exited with code {code} and no reply"),
        }
    }
}

/// The kind, and the place if there is one: `stuck: no progress, at node-3, task 12`.
impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.place.is_empty() {
            write!(f, ", at {}", self.place)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABORTED: i32 = libc::SIGABRT;

    fn of(raw: i32, output: &str) -> DeathKind {
        DeathKind::of(ExitStatus::from_raw(raw), output.as_bytes())
    }

    #[test]
    fn an_abort_is_told_by_its_last_words() {
        assert_eq!(of(ABORTED, ""), DeathKind::Abort);
        assert_eq!(of(ABORTED, "\nthread 'run' has overflowed its stack\n"), DeathKind::StackOverflow);
        assert_eq!(of(ABORTED, "memory allocation of 64 bytes failed\n"), DeathKind::OutOfMemory);
    }

    #[test]
    fn words_printed_long_before_are_not_believed() {
        let log = format!("memory allocation of 64 bytes failed\n{}", "x".repeat(LAST_WORDS_WITHIN));
        assert_eq!(of(ABORTED, &log), DeathKind::Abort);
    }

    #[test]
    fn other_endings_keep_their_number() {
        assert_eq!(of(9, "has overflowed its stack"), DeathKind::Signal(9));
        assert_eq!(of(3 << 8, ""), DeathKind::Exit(3));
    }
}
