//! How a leader comes and goes (dissertation, sections 3.4, 3.6.1, 4.2.3, 6.2 and 9.6).
//!
//! Before it stands, a member asks whether it would be elected (pre-vote); that changes nothing
//! anywhere, so one that was cut off does not come back with a high term and depose a leader that
//! serves. Who has just heard a leader elects no other. A leader that no majority answers leaves
//! (check-quorum), so that its clients look for another.

use std::collections::BTreeSet;

use squall_io::vocab::raft;

use crate::Bug;
use crate::raft::message::{EntryId, Message, Payload};

use super::role::{Leader, Peer, Role};
use super::{Core, Moment, Output, Write};

impl Core {
    pub(super) fn await_leader(&mut self, now: Moment) {
        self.election_at = now + self.settings.election + self.jitter;
    }

    /// Opens the round that binds nobody.
    pub(super) fn sound_out(&mut self, now: Moment) {
        // planted bug
        if self.settings.bugs.has(Bug::NoPrevote) {
            return self.stand(now);
        }
        self.leader = None;
        self.await_leader(now);
        self.role = Role::PreCandidate { granted: BTreeSet::from([self.settings.place]) };
        let message = Message::PreVote { term: self.term + 1, last: self.log.end() };
        for to in self.others() {
            // It tells of the own term, which may have been entered just now.
            self.send_durable(to, message.clone());
        }
        if self.majority() == 1 {
            self.stand(now);
        }
    }

    pub(super) fn on_pre_vote(&mut self, now: Moment, from: usize, asked: u64, last: EntryId) {
        let granted = asked > self.term && last >= self.log.end() && !self.hears_leader(now);
        self.send_durable(from, Message::PreVoteReply { term: self.term, asked, granted });
    }

    pub(super) fn on_pre_vote_reply(
        &mut self,
        now: Moment,
        from: usize,
        term: u64,
        (asked, granted): (u64, bool),
    ) {
        if term > self.term {
            return self.step_down(now, term);
        }
        let asks = asked == self.term + 1 && granted;
        let Role::PreCandidate { granted } = &mut self.role else { return };
        if asks {
            granted.insert(from);
        }
        if granted.len() >= self.majority() {
            self.stand(now);
        }
    }

    /// Enters the next term and asks for votes. The own vote is durable before anybody is asked.
    fn stand(&mut self, now: Moment) {
        self.set_hard_state(self.term + 1, Some(self.settings.place));
        self.role = Role::Candidate { granted: BTreeSet::new(), own: self.issued };
        self.leader = None;
        self.await_leader(now);
        self.observe_vote(self.settings.place);
        let message = Message::Vote { term: self.term, last: self.log.end() };
        for to in self.others() {
            self.send_durable(to, message.clone());
        }
    }

    pub(super) fn on_vote(&mut self, now: Moment, from: usize, term: u64, last: EntryId) {
        if term > self.term {
            if self.hears_leader(now) {
                // Neither the term nor the vote: the candidate cannot have a majority of those who
                // hear the leader, and its higher term reaches the leader with its next refusal.
                return;
            }
            self.step_down(now, term);
        }
        let free = self.vote.is_none_or(|vote| vote == from);
        let granted = term == self.term && free && last >= self.log.end();
        if granted {
            if self.vote.is_none() {
                self.set_hard_state(term, Some(from));
            }
            self.await_leader(now);
            self.observe_vote(from);
        }
        let reply = Message::VoteReply { term: self.term, granted };
        // planted bug
        if self.settings.bugs.has(Bug::VoteNotDurable) {
            self.send(from, reply)
        } else {
            self.send_durable(from, reply)
        }
    }

    pub(super) fn on_vote_reply(&mut self, now: Moment, from: usize, term: u64, granted: bool) {
        if term > self.term {
            self.step_down(now, term);
        } else if term == self.term && granted {
            self.count_vote(now, from);
        }
    }

    pub(super) fn count_vote(&mut self, now: Moment, from: usize) {
        let majority = self.majority();
        let Role::Candidate { granted, .. } = &mut self.role else { return };
        granted.insert(from);
        if granted.len() >= majority {
            self.lead(now);
        }
    }

    fn observe_vote(&mut self, candidate: usize) {
        let event = raft::Event::Voted { term: self.term, candidate: self.name(candidate).into() };
        // planted bug
        let after = if self.settings.bugs.has(Bug::VoteNotDurable) { None } else { Some(self.issued) };
        self.outputs.push(Output::Observe { event, after });
    }

    fn lead(&mut self, now: Moment) {
        // planted bug
        if self.settings.bugs.has(Bug::LeaderDropsTail) && self.log.end().index > self.commit {
            self.cut(self.commit);
        }
        let end = self.log.end().index;
        let peer = Peer { matched: 0, next: end + 1, heard: now, progress_at: now, round: 0, sending: None };
        self.role = Role::Leader(Leader {
            first: end + 1,
            heartbeat_at: now,
            peers: self.others().map(|place| (place, peer.clone())).collect(),
            round: 0,
            reads: Vec::new(),
            has_spoken: false,
        });
        self.leader = Some(self.settings.place);
        self.observe(raft::Event::BecameLeader { term: self.term });
        // An entry of the own term, to commit what was inherited (section 6.4, step 1).
        self.on_propose(now, Payload::Noop);
        self.advance_commit(now);
    }

    /// Becomes a follower, of `term` if that is higher.
    pub(super) fn step_down(&mut self, now: Moment, term: u64) {
        assert!(term >= self.term, "a member never goes back to an earlier term");
        if self.leads() {
            self.observe(raft::Event::SteppedDown { term: self.term });
            self.outputs.push(Output::Deposed);
        }
        self.role = Role::Follower;
        // planted bug
        if term > self.term || self.settings.bugs.has(Bug::VoteClearedOnStepdown) {
            self.set_hard_state(term, None);
        }
        self.leader = None;
        self.await_leader(now);
    }

    /// Takes the sender of an append or of a chunk for the leader, unless its term is past.
    pub(super) fn follows(&mut self, now: Moment, from: usize, term: u64) -> bool {
        if term < self.term {
            return false;
        }
        assert!(term > self.term || !self.leads() || self.is_sabotaged(), "a term has one leader");
        if term > self.term || !matches!(self.role, Role::Follower) {
            self.step_down(now, term);
        }
        self.leader = Some(from);
        self.leader_heard = Some(now);
        self.await_leader(now);
        true
    }

    /// Whether it leads, or heard the leader within the shortest election time-out: then it elects
    /// no other (section 4.2.3).
    fn hears_leader(&self, now: Moment) -> bool {
        // planted bug
        if self.settings.bugs.has(Bug::NoPrevote) {
            return false;
        }
        let recently = |heard: Moment| now.since(heard) < self.settings.election;
        self.leads() || (self.leader.is_some() && self.leader_heard.is_some_and(recently))
    }

    /// Whether no majority has answered for too long; then it leaves the office (section 6.2).
    pub(super) fn leaves_for_silence(&mut self, now: Moment) -> bool {
        let heard = self.majority_reaches(now, |peer| peer.heard);
        // planted bug
        let stays = self.settings.bugs.has(Bug::NoPrevote);
        let silent = !stays && heard.is_some_and(|heard| now.since(heard) > self.settings.check_quorum);
        if silent {
            self.step_down(now, self.term);
        }
        silent
    }

    /// Drops entries that no majority has.
    pub(super) fn cut(&mut self, end: u64) {
        assert!(end >= self.commit || self.is_sabotaged(), "a committed entry is cut");
        let end = end.max(self.log.base().index);
        self.log.cut(end);
        self.persist(Write::Cut { last: self.log.end() });
        self.durable = self.durable.min(end);
        for (_, unsynced) in &mut self.unsynced {
            *unsynced = (*unsynced).min(end);
        }
    }
}
