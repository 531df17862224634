//! Bugs planted in what this crate adds to openraft; openraft itself is left as it is.
//!
//! Each is what a user of openraft may well get wrong, marked `// planted bug` where it is taken.

use squall::{BugSet, PlantedBug};

/// All of them.
pub(crate) const BUGS: &[PlantedBug] = &[
    PlantedBug { name: "vote-not-synced", what: "a saved vote's file is renamed, its directory not synced" },
    PlantedBug { name: "append-not-synced", what: "an append is acknowledged without a sync" },
    PlantedBug { name: "local-read", what: "a read is served without asking whether one still leads" },
    PlantedBug { name: "committed-not-saved", what: "`save_committed`, optional to openraft, is left out" },
    PlantedBug { name: "retry-applied-twice", what: "a repeated write is applied again" },
];

/// Those that are switched on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bugs {
    pub(crate) vote_not_synced: bool,
    pub(crate) append_not_synced: bool,
    pub(crate) local_read: bool,
    pub(crate) committed_not_saved: bool,
    pub(crate) retry_applied_twice: bool,
}

impl From<BugSet> for Bugs {
    fn from(bugs: BugSet) -> Self {
        Self {
            vote_not_synced: bugs.has("vote-not-synced"),
            append_not_synced: bugs.has("append-not-synced"),
            local_read: bugs.has("local-read"),
            committed_not_saved: bugs.has("committed-not-saved"),
            retry_applied_twice: bugs.has("retry-applied-twice"),
        }
    }
}
