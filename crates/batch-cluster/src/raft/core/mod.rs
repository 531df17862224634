//! A member without its surroundings: time and input in, outputs out.
//!
//! No socket, file, clock, task or randomness is in here, so that a test can drive any interleaving
//! as plain data. Whoever drives it owes it five things: `now` is read from one monotonic clock
//! after the input was received; outputs are carried out in order; what carries `after: Some(token)`
//! waits until [`Input::Persisted`] of that token (a [`Gate`] does that); writes of lower tokens are
//! durable before those of higher ones; a read is answered only if all [`Output::Apply`] before its
//! [`Output::ReadReady`] were. Why the whole is right is told in [`raft`](crate::raft).

mod election;
mod gate;
mod input;
mod log;
mod reads;
mod replication;
mod role;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

pub use gate::Gate;
pub use input::{Durable, Input, Moment, Output, ReadId, Settings, Snapshot, Token, Write};
pub use log::Log;

use role::Role;
use snapshot::Incoming;
use squall_io::vocab::raft;

use super::message::{Message, Payload};

/// Most entries in one message.
pub const BATCH_ENTRIES: usize = 64;
/// A message takes no further entry once its entries have this many bytes.
pub const BATCH_BYTES: usize = 256 << 10;
/// A follower is sent no more entries beyond what it has acknowledged; it bounds what may wait for
/// a follower's disk.
pub const WINDOW: u64 = 512;
/// Bytes of a snapshot in one message.
pub const CHUNK_BYTES: usize = 64 << 10;
/// One in so many of the entries between two snapshots stays in the log although the snapshot holds
/// it: a follower that is a little behind needs no snapshot.
pub const TRAIL_PART: u64 = 8;

/// One member of the group.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    term: u64,
    vote: Option<usize>,
    log: Log,
    /// The newest durable snapshot, for followers whose entries are gone.
    snapshot: Option<Snapshot>,
    /// Snapshots on their way to the disk.
    unsynced_snapshots: VecDeque<(Token, Snapshot)>,
    /// A snapshot of which pieces have come.
    incoming: Option<Incoming>,
    /// Committed up to here.
    commit: u64,
    /// Handed out to be applied up to here.
    applied: u64,
    /// The own log is durable up to here.
    durable: u64,
    /// Log ends that become durable with tokens on their way.
    unsynced: VecDeque<(Token, u64)>,
    /// The last token handed out.
    issued: Token,
    role: Role,
    leader: Option<usize>,
    /// When the leader was last heard.
    leader_heard: Option<Moment>,
    /// When it stands for election.
    election_at: Moment,
    jitter: Duration,
    writes: Vec<Write>,
    outputs: Vec<Output>,
}

impl Core {
    /// A member that starts at `now` with what its disk kept; `draw` is 64 random bits.
    ///
    /// # Panics
    /// If the settings name fewer members than its own place, or the disk's parts do not fit.
    pub fn new(settings: Settings, durable: Durable, now: Moment, draw: u64) -> Self {
        assert!(settings.place < settings.members.len(), "a member is one of the members");
        let snapshot = durable.snapshot.as_ref().map_or(0, |snapshot| snapshot.id.index);
        assert!(durable.log.base().index <= snapshot, "what the log lacks is in the snapshot");
        assert!(snapshot <= durable.log.end().index, "a log reaches at least as far as its snapshot");
        let mut core = Self {
            term: durable.term,
            vote: durable.vote,
            durable: durable.log.end().index,
            log: durable.log,
            snapshot: durable.snapshot,
            unsynced_snapshots: VecDeque::new(),
            incoming: None,
            commit: durable.applied,
            applied: durable.applied,
            unsynced: VecDeque::new(),
            issued: Token(0),
            role: Role::Follower,
            leader: None,
            leader_heard: None,
            election_at: now,
            jitter: Duration::ZERO,
            writes: Vec::new(),
            outputs: Vec::new(),
            settings,
        };
        core.draw_jitter(draw);
        core.await_leader(now);
        core
    }

    /// Takes an input; gives what is to be done, in order.
    pub fn step(&mut self, now: Moment, input: Input) -> Vec<Output> {
        match input {
            Input::Tick { draw } => self.on_tick(now, draw),
            Input::Persisted { token } => self.on_persisted(now, token),
            Input::Message { from, message } => self.on_message(now, from, message),
            Input::Propose { command } => self.on_propose(now, Payload::Command(command)),
            Input::Read { id } => self.on_read(now, id),
            Input::Snapshot(snapshot) => self.on_own_snapshot(snapshot),
        }
        if !self.writes.is_empty() {
            let writes = std::mem::take(&mut self.writes);
            self.unsynced.push_back((self.issued, self.log.end().index));
            self.outputs.insert(0, Output::Persist { token: self.issued, writes });
        }
        std::mem::take(&mut self.outputs)
    }

    /// When it wants its next [`Input::Tick`].
    pub fn wake_at(&self) -> Moment {
        if let Role::Leader(leader) = &self.role { leader.heartbeat_at } else { self.election_at }
    }

    /// Its term.
    pub fn term(&self) -> u64 {
        self.term
    }

    /// Whether it leads its term.
    pub fn leads(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Who leads, as far as it knows.
    pub fn leader(&self) -> Option<usize> {
        self.leader
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The index up to which it knows the log to be committed.
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// What it has to know of its surroundings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn on_tick(&mut self, now: Moment, draw: u64) {
        self.draw_jitter(draw);
        match &self.role {
            Role::Leader(_) => self.tick_leader(now),
            _ if now >= self.election_at => self.sound_out(now),
            _ => {}
        }
    }

    fn on_message(&mut self, now: Moment, from: usize, message: Message) {
        if from >= self.settings.members.len() || from == self.settings.place {
            return;
        }
        match message {
            Message::PreVote { term, last } => self.on_pre_vote(now, from, term, last),
            Message::PreVoteReply { term, asked, granted } => {
                self.on_pre_vote_reply(now, from, term, (asked, granted));
            }
            Message::Vote { term, last } => self.on_vote(now, from, term, last),
            Message::VoteReply { term, granted } => self.on_vote_reply(now, from, term, granted),
            Message::Append(append) => self.on_append(now, from, append),
            Message::AppendReply { term, round, outcome } => {
                self.on_append_reply(now, from, (term, round), outcome);
            }
            Message::Chunk(chunk) => self.on_chunk(now, from, chunk),
            Message::ChunkReply { term, round, id, offset } => {
                self.on_chunk_reply(now, from, (term, round), (id, offset));
            }
        }
    }

    fn on_persisted(&mut self, now: Moment, token: Token) {
        while let Some((_, end)) = self.unsynced.pop_front_if(|(waiting, _)| *waiting <= token) {
            self.durable = end;
        }
        self.on_snapshots_persisted(token);
        match &self.role {
            Role::Candidate { own, .. } if *own <= token => self.count_vote(now, self.settings.place),
            Role::Leader(_) => self.advance_commit(now),
            _ => {}
        }
    }

    /// Puts something into this step's batch for the disk.
    fn persist(&mut self, write: Write) {
        if self.writes.is_empty() {
            self.issued = Token(self.issued.0 + 1);
        }
        self.writes.push(write);
    }

    /// A term is entered, or a vote given. Whatever tells of it must wait for [`Self::issued`].
    fn set_hard_state(&mut self, term: u64, vote: Option<usize>) {
        (self.term, self.vote) = (term, vote);
        self.persist(Write::HardState { term, vote });
    }

    fn send(&mut self, to: usize, message: Message) {
        self.outputs.push(Output::Send { to, message, after: None });
    }

    /// Sends what tells of the own disk: not before all that was handed to it so far is durable.
    fn send_durable(&mut self, to: usize, message: Message) {
        self.outputs.push(Output::Send { to, message, after: Some(self.issued) });
    }

    fn observe(&mut self, event: raft::Event) {
        self.outputs.push(Output::Observe { event, after: None });
    }

    fn name(&self, place: usize) -> &str {
        &self.settings.members[place]
    }

    fn majority(&self) -> usize {
        self.settings.members.len() / 2 + 1
    }

    /// What the members of some majority all reach, where each other member reaches what `of` gives
    /// and this one reaches `own`.
    fn majority_reaches<T: Ord + Copy>(&self, own: T, of: impl Fn(&role::Peer) -> T) -> Option<T> {
        let Role::Leader(leader) = &self.role else { return None };
        let mut all: Vec<T> = leader.peers.values().map(of).chain([own]).collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        Some(all[self.majority() - 1])
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let own = self.settings.place;
        (0..self.settings.members.len()).filter(move |&place| place != own)
    }

    /// Up to one more election time-out: wide against a round trip, so that one stands first.
    fn draw_jitter(&mut self, draw: u64) {
        let width = u64::try_from(self.settings.election.as_nanos()).unwrap_or(u64::MAX);
        let drawn = (u128::from(draw) * u128::from(width)) >> 64;
        self.jitter = Duration::from_nanos(u64::try_from(drawn).expect("below the width"));
    }

    /// Whether a planted bug is on: its harm must show outside, not as an assertion of our own.
    fn is_sabotaged(&self) -> bool {
        !self.settings.bugs.is_empty()
    }
}
