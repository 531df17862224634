//! The core's words towards its surroundings: moments, tokens, inputs, outputs, settings.

use std::ops::Add;
use std::sync::Arc;
use std::time::Duration;

use squall_io::vocab::raft;

use crate::Bugs;
use crate::raft::message::{Command, Entry, EntryId, Message};

use super::Log;

/// A reading of this member's monotonic clock, in nanoseconds. Two members' readings do not
/// compare, nor do those of two incarnations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment(pub u64);

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Moment {
    /// The span from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A batch of writes on its way to the disk. Later batches have higher tokens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Token(pub u64);

/// A read that waits for leave.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ReadId(pub u64);

/// What a core has to know of its surroundings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its own place in `members`.
    pub place: usize,
    /// The members' names; the same list in the same order everywhere, fixed for ever.
    pub members: Vec<String>,
    /// How often the leader is heard.
    pub heartbeat: Duration,
    /// How long a follower hears nothing before it stands for election: at least this, and up to
    /// twice as long.
    pub election: Duration,
    /// How long a leader goes on without an answer from a majority.
    pub check_quorum: Duration,
    /// After how many applied entries the state is written as a snapshot.
    pub snapshot_every: u64,
    /// Planted bugs that are on.
    pub bugs: Bugs,
}

/// The state machine's state after an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The last entry in it.
    pub id: EntryId,
    /// Digest of the state.
    pub state: u64,
    /// The state, sessions included.
    pub data: Arc<Vec<u8>>,
}

/// What a member starts with: all that its disk kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Durable {
    /// Its term.
    pub term: u64,
    /// To whom it gave its vote in that term.
    pub vote: Option<usize>,
    /// The log; its base is not behind the snapshot.
    pub log: Log,
    /// The newest snapshot.
    pub snapshot: Option<Snapshot>,
    /// Entries up to here are in the snapshot's state.
    pub applied: u64,
}

/// What can happen to a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// [`wake_at`](super::Core::wake_at) has come. Too many ticks do no harm.
    Tick {
        /// 64 random bits, from which elections take their jitter.
        draw: u64,
    },
    /// The writes of all tokens up to this one are durable.
    Persisted {
        /// The last of them.
        token: Token,
    },
    /// Another member says something.
    Message {
        /// Its place.
        from: usize,
        /// What.
        message: Message,
    },
    /// A command for the log. Ignored unless this member leads.
    Propose {
        /// What.
        command: Command,
    },
    /// Somebody wants to read the state. Fails at once unless this member leads.
    Read {
        /// Its name; fresh for each.
        id: ReadId,
    },
    /// The state after an applied entry; lets the log before it go.
    Snapshot(Snapshot),
}

/// What must reach the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Write {
    /// Term and vote.
    HardState {
        /// The term.
        term: u64,
        /// The vote given in it.
        vote: Option<usize>,
    },
    /// These entries follow the last one.
    Append {
        /// Without gaps.
        entries: Vec<Entry>,
    },
    /// Entries behind this one are void.
    Cut {
        /// The last one kept.
        last: EntryId,
    },
    /// A snapshot of the member's own state.
    Snapshot(Snapshot),
    /// A snapshot from the leader.
    Install(Snapshot),
    /// The log is void and begins anew behind this entry, which the snapshot just installed holds.
    BeginAnew {
        /// The entry.
        behind: EntryId,
    },
}

/// What a member does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Write these behind the earlier ones and sync them; then say so.
    Persist {
        /// Their name.
        token: Token,
        /// In this order.
        writes: Vec<Write>,
    },
    /// Send to another member.
    Send {
        /// Its place.
        to: usize,
        /// What.
        message: Message,
        /// Not before this token is durable.
        after: Option<Token>,
    },
    /// Apply these committed entries; they follow the last ones.
    Apply {
        /// Without gaps.
        entries: Vec<Entry>,
    },
    /// Replace the state by this one.
    Restore(Snapshot),
    /// The read may be answered from the state as it is now.
    ReadReady {
        /// Which.
        id: ReadId,
    },
    /// The read cannot be answered here.
    ReadFailed {
        /// Which.
        id: ReadId,
    },
    /// It leads no more. What was proposed and not applied may or may not come to pass; reads that
    /// wait are void.
    Deposed,
    /// Tell the harness.
    Observe {
        /// What.
        event: raft::Event,
        /// Not before this token is durable.
        after: Option<Token>,
    },
}
