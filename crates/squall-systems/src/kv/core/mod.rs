//! The server without its surroundings: time and input in, outputs out.
//!
//! No socket, file, clock, task or randomness is in here, so that a test can drive any interleaving
//! as plain data. The shell in [`server`](crate::kv::server) owes the core four things: `now` is
//! read from one monotonic clock *after* the input was received; outputs are carried out in order;
//! what carries `after: Some(token)` waits until [`Input::Persisted`] of that token; records of
//! lower tokens are durable before those of higher ones. Why the whole is right is told in
//! [`kv`](crate::kv).

mod election;
mod input;
mod log;
mod replication;
mod requests;
mod role;
mod store;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

pub use input::{Input, Moment, Output, ReplyTo, Settings, Token, Word};
pub use log::Log;
pub use store::{Known, Store};

use role::{Grant, Role};
use squall_history::vocab::{Custom, raft};

use crate::kv::bugs::Bug;
use crate::kv::protocol::Message;
use crate::kv::wal::{Durable, Record};

/// Most entries in one message.
pub const BATCH_ENTRIES: usize = 64;
/// A message takes no further entry once its entries' arguments have this many bytes.
pub const BATCH_BYTES: usize = 256 << 10;
/// Most writes that may wait for a majority, and most reads that may wait for the lease; more are
/// turned away as busy. It also bounds what may wait for a backup's disk.
pub const MAX_WAITING: usize = 1_024;
/// The share of the lease that the primary uses, in percent. Two clocks that each run up to 2 %
/// wrong differ by a factor of up to 1.02 / 0.98, so 0.96 of the lease is over on the primary's
/// clock before the whole is on a backup's.
pub const LEASE_USED_PERCENT: u32 = 96;
/// A primary that no majority has answered for this many leases gives up its office. Long enough for
/// round trips of a second; short enough that one which can speak but hears nothing, and so renews
/// the others' grants, is replaced within five leases.
pub const OFFICE_LEASES: u32 = 3;

/// One server of the replicated store.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    /// Followed from now on: no epoch below this one. Durable before anybody hears of it.
    promised: u64,
    /// The highest epoch heard of, so that the next try goes beyond it.
    seen: u64,
    log: Log,
    store: Store,
    /// Committed, and applied to the store, up to here.
    commit: u64,
    /// The own log is durable up to here.
    durable: u64,
    /// Log ends that become durable with tokens on their way.
    unsynced: VecDeque<(Token, u64)>,
    /// The last token handed out.
    issued: Token,
    role: Role,
    grant: Grant,
    primary: Option<usize>,
    /// When a backup that heard nothing stands for election.
    election_at: Moment,
    failed_rounds: u32,
    jitter: Duration,
    records: Vec<Record>,
    outputs: Vec<Output>,
}

impl Core {
    /// A server that starts at `now` with what its disk kept; `draw` is 64 random bits.
    ///
    /// # Panics
    /// If the settings name fewer servers than its own place.
    pub fn new(settings: Settings, durable: Durable, now: Moment, draw: u64) -> Self {
        assert!(settings.place < settings.servers.len(), "a server is one of the servers");
        let mut core = Self {
            promised: durable.promised,
            seen: durable.promised,
            durable: durable.log.end().index,
            log: durable.log,
            store: Store::default(),
            commit: 0,
            unsynced: VecDeque::new(),
            issued: Token(0),
            role: Role::Backup,
            // It may have granted a lease just before it went down, to whom is not known.
            grant: Grant { holder: None, until: now + settings.lease },
            primary: None,
            election_at: now,
            failed_rounds: 0,
            jitter: Duration::ZERO,
            records: Vec::new(),
            outputs: Vec::new(),
            settings,
        };
        core.draw_jitter(draw);
        core.election_at = core.grant.until + core.jitter;
        core
    }

    /// Takes an input; gives what is to be done, in order.
    pub fn step(&mut self, now: Moment, input: Input) -> Vec<Output> {
        match input {
            Input::Tick { draw } => self.on_tick(now, draw),
            Input::Persisted { token } => self.on_persisted(now, token),
            Input::Message { from, message } => self.on_message(now, from, message),
            Input::Request { reply_to, request } => self.on_request(now, reply_to, request),
        }
        if !self.records.is_empty() {
            let records = std::mem::take(&mut self.records);
            self.unsynced.push_back((self.issued, self.log.end().index));
            self.outputs.insert(0, Output::Persist { token: self.issued, records });
        }
        std::mem::take(&mut self.outputs)
    }

    /// When it wants its next [`Input::Tick`].
    pub fn wake_at(&self) -> Moment {
        match &self.role {
            Role::Backup => self.election_at,
            Role::Candidate(candidate) => candidate.again_at.min(candidate.give_up_at),
            Role::Primary(primary) => primary.heartbeat_at,
        }
    }

    /// The epoch in which it is primary.
    pub fn primary_epoch(&self) -> Option<u64> {
        if let Role::Primary(primary) = &self.role { Some(primary.epoch) } else { None }
    }

    /// Whether it may answer a read from its own store at `now`, with no word from anybody.
    pub fn holds_lease(&self, now: Moment) -> bool {
        self.lease_until(now).is_some_and(|until| now < until)
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The index up to which it knows the log to be committed.
    pub fn commit(&self) -> u64 {
        self.commit
    }

    fn on_tick(&mut self, now: Moment, draw: u64) {
        self.draw_jitter(draw);
        match &self.role {
            Role::Backup => self.tick_backup(now),
            Role::Candidate(_) => self.tick_candidate(now),
            Role::Primary(_) => self.tick_primary(now),
        }
    }

    fn on_message(&mut self, now: Moment, from: usize, message: Message) {
        if from >= self.settings.servers.len() || from == self.settings.place {
            return;
        }
        match message {
            Message::Ask { epoch, end } => self.on_ask(now, from, epoch, end),
            Message::Prepare { epoch, end } => self.on_prepare(now, from, epoch, end),
            Message::Willing { epoch } => self.on_willing(now, from, epoch),
            Message::Promise { epoch } => self.on_promise(now, from, epoch),
            Message::Append(append) => self.on_append(now, from, append),
            Message::Appended { epoch, sent, matched } => self.on_appended(now, from, epoch, sent, matched),
            Message::Mismatch { epoch, sent, previous, hint } => {
                self.on_mismatch(now, from, epoch, sent, [previous, hint]);
            }
            Message::Refuse { epoch, promised } => self.on_refuse(now, epoch, promised),
        }
    }

    fn on_persisted(&mut self, now: Moment, token: Token) {
        while let Some((_, end)) = self.unsynced.pop_front_if(|(waiting, _)| *waiting <= token) {
            self.durable = end;
        }
        match &self.role {
            Role::Backup => {}
            Role::Candidate(_) => self.count_own_promise(now, token),
            Role::Primary(_) => self.advance_commit(now),
        }
    }

    /// How far the own log counts towards a majority.
    fn own_match(&self) -> u64 {
        // planted bug
        if self.settings.bugs.has(Bug::ReplyBeforeFsync) { self.log.end().index } else { self.durable }
    }

    /// What an acknowledgement of entries waits for: all that was handed to the disk so far, since
    /// entries of an earlier step may still be on their way.
    fn entries_durable(&self) -> Option<Token> {
        // planted bug
        if self.settings.bugs.has(Bug::ReplyBeforeFsync) { None } else { Some(self.issued) }
    }

    /// Puts a record into this step's batch for the disk.
    fn persist(&mut self, record: Record) {
        if self.records.is_empty() {
            self.issued = Token(self.issued.0 + 1);
        }
        self.records.push(record);
    }

    /// Promises an epoch. Whatever tells of it must wait for [`Self::issued`].
    fn promise(&mut self, epoch: u64) {
        assert!(epoch > self.promised, "a promise is never taken back nor given twice");
        self.promised = epoch;
        self.seen = self.seen.max(epoch);
        self.persist(Record::Promise { epoch });
    }

    fn send(&mut self, to: usize, message: Message) {
        self.outputs.push(Output::Send { to, message, after: None });
    }

    fn send_after(&mut self, to: usize, message: Message, after: Option<Token>) {
        self.outputs.push(Output::Send { to, message, after });
    }

    fn observe(&mut self, event: raft::Event) {
        self.outputs.push(Output::Observe { word: Word::Raft(event), after: None });
    }

    fn observe_custom(&mut self, word: Custom) {
        self.outputs.push(Output::Observe { word: Word::Custom(word), after: None });
    }

    fn majority(&self) -> usize {
        self.settings.servers.len() / 2 + 1
    }

    /// The server that alone may use an epoch.
    fn owner(&self, epoch: u64) -> usize {
        let servers = self.settings.servers.len() as u64;
        usize::try_from(epoch % servers).expect("below the number of servers")
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let own = self.settings.place;
        (0..self.settings.servers.len()).filter(move |&place| place != own)
    }

    /// Up to three fifths of a lease: wide against a round trip, so that one stands first; narrow
    /// enough for a new primary within two leases.
    fn draw_jitter(&mut self, draw: u64) {
        let width = u64::try_from(self.settings.lease.as_nanos()).unwrap_or(u64::MAX) / 5 * 3;
        let drawn = (u128::from(draw) * u128::from(width)) >> 64;
        self.jitter = Duration::from_nanos(u64::try_from(drawn).expect("below the width"));
    }
}
