//! What a member is at a moment, with the state that only this role has.

use std::collections::{BTreeMap, BTreeSet};

use super::{Moment, ReadId, Snapshot, Token};

/// Dissertation, section 3.4, with the extra round of section 9.6.
#[derive(Debug)]
pub(super) enum Role {
    Follower,
    /// Asks who would vote for it; its term is still the old one.
    PreCandidate {
        granted: BTreeSet<usize>,
    },
    /// Asks for votes. Its own counts when the token is durable.
    Candidate {
        granted: BTreeSet<usize>,
        own: Token,
    },
    Leader(Leader),
}

/// What a leader keeps.
#[derive(Debug)]
pub(super) struct Leader {
    /// Index of its first entry, the empty one.
    pub(super) first: u64,
    pub(super) heartbeat_at: Moment,
    pub(super) peers: BTreeMap<usize, Peer>,
    /// How many rounds of reads were begun; goes with each message and comes back.
    pub(super) round: u64,
    /// Reads that wait, each with the round whose answer it needs.
    pub(super) reads: Vec<(ReadId, u64)>,
    /// Whether its first append was told.
    pub(super) has_spoken: bool,
}

/// What a leader knows of a follower.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Its log equals the leader's, durably, up to here. Never falls.
    pub(super) matched: u64,
    /// The next entry to send; runs ahead of answers.
    pub(super) next: u64,
    /// When it was last heard.
    pub(super) heard: Moment,
    /// When something was last sent with nothing under way, or an answer brought progress.
    pub(super) progress_at: Moment,
    /// The latest round of reads it answered.
    pub(super) round: u64,
    /// The snapshot it is being sent.
    pub(super) sending: Option<Sending>,
}

/// A snapshot on its way to a follower.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub(super) snapshot: Snapshot,
    /// Checksum of the whole.
    pub(super) crc: u32,
    /// How much of it the follower has.
    pub(super) offset: u64,
}
