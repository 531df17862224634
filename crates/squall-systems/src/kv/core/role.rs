//! What a server is at the moment, and what it needs only as long as it is that.

use std::collections::{BTreeMap, BTreeSet};

use super::{Moment, ReplyTo, Token};

/// Backup, candidate or primary. None of it is durable: a restarted server is a backup.
#[derive(Debug)]
pub(super) enum Role {
    /// It follows, or waits for somebody to follow.
    Backup,
    /// It wants to become primary.
    Candidate(Candidate),
    /// It is primary.
    Primary(Primary),
}

/// The word given to a primary: until then nobody else is promised an epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    /// To whom; `None`: not known.
    pub(super) holder: Option<usize>,
    /// By the own clock.
    pub(super) until: Moment,
}

/// A try to become primary.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) epoch: u64,
    pub(super) stage: Stage,
    /// Those willing, or those that promised.
    pub(super) supporters: BTreeSet<usize>,
    /// When the others are asked again.
    pub(super) again_at: Moment,
    pub(super) give_up_at: Moment,
}

/// How far a candidate is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Who would promise?
    Asking,
    /// Promise! The own promise is durable with this token.
    Preparing(Token),
}

/// The office of a primary.
#[derive(Debug)]
pub(super) struct Primary {
    pub(super) epoch: u64,
    /// Its first entry. Once that is committed, all that was ever acknowledged is in the store.
    pub(super) first: u64,
    pub(super) since: Moment,
    pub(super) heartbeat_at: Moment,
    /// Whether the lease was held when last looked at; only for telling of its loss.
    pub(super) had_lease: bool,
    pub(super) peers: BTreeMap<usize, Peer>,
    /// Who waits for the outcome of which write, by client and count.
    pub(super) writes: BTreeMap<(String, u64), Vec<ReplyTo>>,
    pub(super) reads: Vec<WaitingRead>,
}

/// What the primary knows of a backup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    /// The next entry to send; those between `matched` and here are on their way.
    pub(super) next: u64,
    /// Up to here its log equals the primary's, durably.
    pub(super) matched: u64,
    /// When the latest message that it answered was *sent*.
    pub(super) heard: Option<Moment>,
    /// When `matched` last grew, or entries were first under way.
    pub(super) progress_at: Moment,
}

/// A read that came while there was no lease.
#[derive(Clone, Debug)]
pub(super) struct WaitingRead {
    pub(super) to: ReplyTo,
    pub(super) key: String,
    pub(super) arrived: Moment,
}
