//! The core's vocabulary towards its shell: moments, tokens, inputs, outputs, settings.

use std::ops::Add;
use std::time::Duration;

use squall_history::vocab::{Custom, raft};

use crate::kv::bugs::Bugs;
use crate::kv::protocol::{Message, Outcome, Request};
use crate::kv::wal::Record;

/// A reading of this server's monotonic clock, in nanoseconds. Two servers' readings do not
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

/// A batch of records on its way to the disk. Later batches have higher tokens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Token(pub u64);

/// Where the reply to one request goes; the shell gives it meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ReplyTo(pub u64);

/// What a core has to know of its surroundings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its own place in `servers`.
    pub place: usize,
    /// The servers' names.
    pub servers: Vec<String>,
    /// How long a backup keeps its word.
    pub lease: Duration,
    /// How often the primary is heard.
    pub heartbeat: Duration,
    /// Planted bugs that are on.
    pub bugs: Bugs,
}

/// What can happen to a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// [`wake_at`](super::Core::wake_at) has come. Too many ticks do no harm.
    Tick {
        /// 64 random bits, from which elections take their jitter.
        draw: u64,
    },
    /// The records of all tokens up to this one are durable.
    Persisted {
        /// The last of them.
        token: Token,
    },
    /// Another server says something.
    Message {
        /// Its place.
        from: usize,
        /// What.
        message: Message,
    },
    /// A client asks for something.
    Request {
        /// Where the one reply goes.
        reply_to: ReplyTo,
        /// What.
        request: Request,
    },
}

/// What a server does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Write these records behind the earlier ones and sync them; then say so.
    Persist {
        /// Their name.
        token: Token,
        /// In this order.
        records: Vec<Record>,
    },
    /// Send to another server.
    Send {
        /// Its place.
        to: usize,
        /// What.
        message: Message,
        /// Not before this token is durable.
        after: Option<Token>,
    },
    /// Reply to a client: once for each request.
    Reply {
        /// To which request.
        to: ReplyTo,
        /// What became of it.
        outcome: Outcome,
    },
    /// Tell the harness.
    Observe {
        /// What.
        word: Word,
        /// Not before this token is durable.
        after: Option<Token>,
    },
}

/// A word for the harness.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Word {
    /// Of the consensus vocabulary; a term is an epoch.
    Raft(raft::Event),
    /// Of the vocabulary `kv`.
    Custom(Custom),
}
