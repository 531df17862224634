//! The planted bugs: deviations that a harness must find.
//!
//! Each is one small step beside the correct line, marked `// planted bug` where it is taken, and
//! off unless it is named. They are data handed in at construction, never a global. A member with a
//! planted bug must not be stopped by an assertion of its own: the harm has to show outside.

use std::collections::BTreeSet;

use crate::Error;

/// Every planted bug with its meaning in one line.
pub const BUGS: &[(&str, &str)] = &[
    ("vote-not-durable", "a vote is answered before it is durable"),
    ("vote-cleared-on-stepdown", "stepping down within a term forgets the vote of that term"),
    ("commit-regress", "a follower takes over the leader's commit index even if it is lower"),
    ("no-conflict-truncate", "entries that contradict the leader's stay in the log"),
    ("truncate-always", "every append cuts what lies behind it, although it matches"),
    ("fsync-omitted", "the log counts as durable without an fsync"),
    ("torn-tail-kept", "a torn tail is not cut off before more is written behind it"),
    ("applied-index-split", "the applied index is stored apart from the state it belongs to"),
    ("snapshot-no-sessions", "a snapshot leaves out what each client was last answered"),
    ("leader-drops-tail", "a new leader cuts its own uncommitted entries"),
    (
        "no-prevote",
        "a member that hears nothing stands for election without asking first, and a leader goes on without a majority",
    ),
    ("zombie-commit", "an output is committed although the lease under which it was made is over"),
    ("dead-output-kept", "outputs of a worker's earlier leases stay registered when it dies or comes back"),
    ("short-read-is-eof", "a fetch that breaks off is taken for complete"),
    ("submit-not-idempotent", "a submission that is sent again is another job"),
    ("epoch-not-bumped", "a worker that comes back within its lease keeps the epoch"),
    (
        "rerun-after-success",
        "a job ends in a step after its dataset is published, and a new leader runs again what has not ended",
    ),
    ("two-masters", "a leader launches attempts before the log has them"),
    ("double-handling", "the death of a worker is charged to its tasks, and again by each new leader"),
    (
        "local-leader-read",
        "a leader answers questions from its own state without asking whether it still leads",
    ),
];

/// One planted bug.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Bug {
    /// `vote-not-durable`
    VoteNotDurable,
    /// `vote-cleared-on-stepdown`
    VoteClearedOnStepdown,
    /// `commit-regress`
    CommitRegress,
    /// `no-conflict-truncate`
    NoConflictTruncate,
    /// `truncate-always`
    TruncateAlways,
    /// `fsync-omitted`
    FsyncOmitted,
    /// `torn-tail-kept`
    TornTailKept,
    /// `applied-index-split`
    AppliedIndexSplit,
    /// `snapshot-no-sessions`
    SnapshotNoSessions,
    /// `leader-drops-tail`
    LeaderDropsTail,
    /// `no-prevote`
    NoPrevote,
    /// `zombie-commit`
    ZombieCommit,
    /// `dead-output-kept`
    DeadOutputKept,
    /// `short-read-is-eof`
    ShortReadIsEof,
    /// `submit-not-idempotent`
    SubmitNotIdempotent,
    /// `epoch-not-bumped`
    EpochNotBumped,
    /// `rerun-after-success`
    RerunAfterSuccess,
    /// `two-masters`
    TwoMasters,
    /// `double-handling`
    DoubleHandling,
    /// `local-leader-read`
    LocalLeaderRead,
}

impl Bug {
    /// All of them, in the order of [`BUGS`].
    pub const ALL: [Self; 20] = [
        Self::VoteNotDurable,
        Self::VoteClearedOnStepdown,
        Self::CommitRegress,
        Self::NoConflictTruncate,
        Self::TruncateAlways,
        Self::FsyncOmitted,
        Self::TornTailKept,
        Self::AppliedIndexSplit,
        Self::SnapshotNoSessions,
        Self::LeaderDropsTail,
        Self::NoPrevote,
        Self::ZombieCommit,
        Self::DeadOutputKept,
        Self::ShortReadIsEof,
        Self::SubmitNotIdempotent,
        Self::EpochNotBumped,
        Self::RerunAfterSuccess,
        Self::TwoMasters,
        Self::DoubleHandling,
        Self::LocalLeaderRead,
    ];

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

impl From<Bug> for Bugs {
    fn from(bug: Bug) -> Self {
        Self(BTreeSet::from([bug]))
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
            assert_eq!(bugs, Bugs::from(bug));
            assert_eq!(Bug::ALL.map(|other| bugs.has(other)), Bug::ALL.map(|other| other == bug));
        }
        assert_eq!(Bug::LeaderDropsTail.name(), "leader-drops-tail");
    }

    #[test]
    fn an_unknown_name_is_refused() {
        let error = Bugs::from_names(["fsync-omitted", "typo"]).unwrap_err();
        assert_eq!(error.to_string(), "no planted bug of the batch cluster is named `typo`");
    }
}
