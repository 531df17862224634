//! The planted bugs: deviations that a harness must find.
//!
//! Each is one small step beside the correct line, marked `// planted bug` where it is taken, and
//! off unless it is named. They are data handed in at construction, never a global.
//!
//! What brings them to light: `ack-before-replicate` and `retry-applied-twice` any mix of kills and
//! cuts under load. `reply-before-fsync` a loss of power of a majority at once, the better the
//! slower the fsync. `stale-primary-read` a primary cut off from the other servers but not from a
//! client that only reads: one that writes soon leaves it, and it leaves its office after three
//! leases, about one after its successor took over.

use std::collections::BTreeSet;

use super::Error;

/// Every planted bug with its meaning in one line.
pub const BUGS: &[(&str, &str)] = &[
    ("ack-before-replicate", "a write is answered once it is durable at the primary alone"),
    ("reply-before-fsync", "a server counts an append as durable before its fsync has ended"),
    ("stale-primary-read", "a primary serves reads after its lease has run out"),
    ("retry-applied-twice", "a retried write is applied again: (client, seq) is not looked up"),
];

/// One planted bug.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Bug {
    /// `ack-before-replicate`
    AckBeforeReplicate,
    /// `reply-before-fsync`
    ReplyBeforeFsync,
    /// `stale-primary-read`
    StalePrimaryRead,
    /// `retry-applied-twice`
    RetryAppliedTwice,
}

impl Bug {
    /// All of them, in the order of [`BUGS`].
    pub const ALL: [Self; 4] =
        [Self::AckBeforeReplicate, Self::ReplyBeforeFsync, Self::StalePrimaryRead, Self::RetryAppliedTwice];

    /// Its name in [`BUGS`].
    pub const fn name(self) -> &'static str {
        BUGS[self as usize].0
    }
}

/// The bugs that are switched on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bugs(BTreeSet<Bug>);

impl Bugs {
    /// No bug: the correct system.
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// The bugs of these names.
    ///
    /// # Errors
    /// [`Error::UnknownBug`] for a name that [`BUGS`] does not list.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let find = |name: &str| Bug::ALL.into_iter().find(|bug| bug.name() == name);
        let bugs = names.into_iter().map(|name| find(name).ok_or_else(|| Error::UnknownBug(name.to_owned())));
        bugs.collect::<Result<_, _>>().map(Self)
    }

    /// Whether this one is on.
    pub fn has(&self, bug: Bug) -> bool {
        self.0.contains(&bug)
    }

    /// Whether none is on.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_is_found_by_its_name() {
        assert_eq!(BUGS.len(), Bug::ALL.len());
        for bug in Bug::ALL {
            let bugs = Bugs::from_names([bug.name()]).unwrap();
            assert_eq!(Bug::ALL.map(|other| bugs.has(other)), Bug::ALL.map(|other| other == bug));
        }
        assert_eq!(Bug::RetryAppliedTwice.name(), "retry-applied-twice");
    }

    #[test]
    fn an_unknown_name_is_refused() {
        let error = Bugs::from_names(["retry-applied-twice", "typo"]).unwrap_err();
        assert_eq!(error.to_string(), "no planted bug of `kv` is named `typo`");
    }
}
