//! How a server becomes primary, and how it stops being one.
//!
//! Two rounds. *Ask* changes nothing anywhere: a server that was cut off cannot depose a healthy
//! primary, since the others, bound by their grants, are not willing. *Prepare* binds: a majority's
//! durable promises make the candidate primary.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use squall_history::NodeName;
use squall_history::vocab::{Custom, raft};

use crate::kv::protocol::{Command, LogEnd, Message, Outcome};

use super::role::{Candidate, Peer, Primary, Role, Stage};
use super::{Core, Moment, Output, Token, Word};

impl Core {
    pub(super) fn tick_backup(&mut self, now: Moment) {
        if now >= self.election_at {
            self.stand(now);
        }
    }

    pub(super) fn tick_candidate(&mut self, now: Moment) {
        let Role::Candidate(candidate) = &mut self.role else { return };
        if now >= candidate.give_up_at {
            self.give_up(now, Duration::ZERO);
        } else if now >= candidate.again_at {
            candidate.again_at = now + self.settings.heartbeat;
            self.canvass();
        }
    }

    /// Opens the first round. A candidate binds itself by no more than the others: it comes here
    /// only after its own grant has run out.
    fn stand(&mut self, now: Moment) {
        assert!(now >= self.grant.until, "a server bound by a grant stands for election");
        let servers = self.settings.servers.len() as u64;
        let base = self.seen + 1;
        let epoch = base + (self.settings.place as u64 + servers - base % servers) % servers;
        assert_eq!(self.owner(epoch), self.settings.place, "an epoch has one owner");
        self.primary = None;
        self.role = Role::Candidate(Candidate {
            epoch,
            stage: Stage::Asking,
            supporters: BTreeSet::from([self.settings.place]),
            again_at: now + self.settings.heartbeat,
            give_up_at: now + self.round() + self.jitter,
        });
        self.canvass();
        self.count(now);
    }

    /// How long a round may last: it doubles with each failure, up to four leases, so that slow
    /// links get their chance and rivals fall out of step.
    fn round(&self) -> Duration {
        self.settings.lease * (1 << self.failed_rounds.min(2))
    }

    fn give_up(&mut self, now: Moment, pause: Duration) {
        self.failed_rounds = self.failed_rounds.saturating_add(1);
        self.role = Role::Backup;
        self.election_at = now + pause + self.jitter;
    }

    /// Asks those that have not answered yet.
    fn canvass(&mut self) {
        let Role::Candidate(candidate) = &self.role else { return };
        let (epoch, end) = (candidate.epoch, self.log.end());
        let missing: Vec<usize> = self.others().filter(|to| !candidate.supporters.contains(to)).collect();
        let (message, after) = match candidate.stage {
            Stage::Asking => (Message::Ask { epoch, end }, None),
            Stage::Preparing(own) => (Message::Prepare { epoch, end }, Some(own)),
        };
        for to in missing {
            self.send_after(to, message.clone(), after);
        }
    }

    pub(super) fn on_ask(&mut self, now: Moment, from: usize, epoch: u64, end: LogEnd) {
        if self.would_promise(now, from, epoch, end) {
            self.send(from, Message::Willing { epoch });
        } else {
            self.refuse(from, epoch);
        }
    }

    pub(super) fn on_prepare(&mut self, now: Moment, from: usize, epoch: u64, end: LogEnd) {
        // The same prepare once more: its owner does not know the answer yet, so it is not primary,
        // so nothing here can have changed that the promise depended on.
        let again = epoch == self.promised && self.owner(epoch) == from;
        if !again {
            if !self.would_promise(now, from, epoch, end) {
                return self.refuse(from, epoch);
            }
            self.step_down();
            self.promise(epoch);
            self.role = Role::Backup;
            self.primary = None;
            // The candidate gets time to win.
            self.election_at = now + self.round() + self.jitter;
            self.observe_vote(epoch, from);
        }
        self.send_after(from, Message::Promise { epoch }, Some(self.issued));
    }

    fn would_promise(&self, now: Moment, from: usize, epoch: u64, end: LogEnd) -> bool {
        epoch > self.promised
            && self.owner(epoch) == from
            && end >= self.log.end()
            && !self.is_bound_against(now, from)
    }

    /// Whether a grant forbids helping `candidate`. A primary is bound to itself by its own lease.
    fn is_bound_against(&self, now: Moment, candidate: usize) -> bool {
        match &self.role {
            Role::Primary(_) => self.holds_lease(now),
            Role::Backup | Role::Candidate(_) => {
                now < self.grant.until && self.grant.holder != Some(candidate)
            }
        }
    }

    /// The promise that it tells of must be durable, as if it were given here.
    pub(super) fn refuse(&mut self, to: usize, epoch: u64) {
        self.send_after(to, Message::Refuse { epoch, promised: self.promised }, Some(self.issued));
    }

    pub(super) fn on_willing(&mut self, now: Moment, from: usize, epoch: u64) {
        if let Role::Candidate(candidate) = &mut self.role
            && candidate.epoch == epoch
            && candidate.stage == Stage::Asking
        {
            candidate.supporters.insert(from);
            self.count(now);
        }
    }

    pub(super) fn on_promise(&mut self, now: Moment, from: usize, epoch: u64) {
        if let Role::Candidate(candidate) = &mut self.role
            && candidate.epoch == epoch
            && candidate.stage != Stage::Asking
        {
            candidate.supporters.insert(from);
            self.count(now);
        }
    }

    pub(super) fn count_own_promise(&mut self, now: Moment, token: Token) {
        if let Role::Candidate(candidate) = &mut self.role
            && let Stage::Preparing(own) = candidate.stage
            && own <= token
        {
            candidate.supporters.insert(self.settings.place);
            self.count(now);
        }
    }

    pub(super) fn on_refuse(&mut self, now: Moment, epoch: u64, promised: u64) {
        self.seen = self.seen.max(promised);
        match &self.role {
            Role::Primary(primary) if promised > primary.epoch => {
                // That server will not follow any more; only a higher epoch wins it back.
                self.step_down();
                self.election_at = now.max(self.grant.until) + self.jitter;
            }
            Role::Candidate(candidate) if candidate.epoch == epoch && promised >= epoch => {
                match candidate.stage {
                    Stage::Asking => self.stand(now),
                    // A rival is ahead: let it win.
                    Stage::Preparing(_) => self.give_up(now, self.round()),
                }
            }
            Role::Backup | Role::Candidate(_) | Role::Primary(_) => {}
        }
    }

    fn count(&mut self, now: Moment) {
        let Role::Candidate(candidate) = &self.role else { return };
        if candidate.supporters.len() < self.majority() {
            return;
        }
        match candidate.stage {
            Stage::Asking => self.prepare(),
            Stage::Preparing(_) => self.take_office(now),
        }
    }

    /// Opens the second round. The own promise counts once it is durable.
    fn prepare(&mut self) {
        let Role::Candidate(candidate) = &mut self.role else { return };
        let epoch = candidate.epoch;
        candidate.supporters.clear();
        self.promise(epoch);
        if let Role::Candidate(candidate) = &mut self.role {
            candidate.stage = Stage::Preparing(self.issued);
        }
        self.observe_vote(epoch, self.settings.place);
        self.canvass();
    }

    fn observe_vote(&mut self, term: u64, candidate: usize) {
        let candidate = NodeName::from(self.settings.servers[candidate].as_str());
        let word = Word::Raft(raft::Event::Voted { term, candidate });
        self.outputs.push(Output::Observe { word, after: Some(self.issued) });
    }

    fn take_office(&mut self, now: Moment) {
        let epoch = self.promised;
        assert_eq!(self.owner(epoch), self.settings.place, "a primary promised its own epoch");
        let end = self.log.end().index;
        let peer = Peer { next: end + 1, matched: 0, heard: None, progress_at: now };
        self.role = Role::Primary(Primary {
            epoch,
            first: end + 1,
            since: now,
            heartbeat_at: now,
            had_lease: false,
            peers: self.others().map(|place| (place, peer)).collect(),
            writes: BTreeMap::new(),
            reads: Vec::new(),
        });
        self.failed_rounds = 0;
        self.primary = Some(self.settings.place);
        self.observe(raft::Event::BecameLeader { term: epoch });
        self.add_entry(Command::Noop);
        self.broadcast(now);
        self.advance_commit(now);
    }

    /// Leaves the office, if it holds one: those that wait are told, nothing is undone.
    pub(super) fn step_down(&mut self) {
        let role = std::mem::replace(&mut self.role, Role::Backup);
        let Role::Primary(primary) = role else {
            self.role = role;
            return;
        };
        self.primary = None;
        self.observe(raft::Event::SteppedDown { term: primary.epoch });
        for to in primary.writes.into_values().flatten() {
            self.outputs.push(Output::Reply { to, outcome: Outcome::Interrupted });
        }
        for read in primary.reads {
            self.outputs.push(Output::Reply { to: read.to, outcome: Outcome::NotPrimary { primary: None } });
        }
    }

    /// Whether the office is lost for want of a majority; if so, leaves it.
    pub(super) fn leaves_for_silence(&mut self, now: Moment) -> bool {
        let heard = self.heard_by_majority(now);
        let Role::Primary(primary) = &self.role else { return false };
        let silent_since = heard.unwrap_or(primary.since).max(primary.since);
        if now.since(silent_since) < self.settings.lease * super::OFFICE_LEASES {
            return false;
        }
        self.step_down();
        self.observe_custom(Custom::new("kv", "quorum-lost"));
        self.election_at = now.max(self.grant.until) + self.jitter;
        true
    }
}
