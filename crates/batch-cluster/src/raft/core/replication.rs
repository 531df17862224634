//! How the leader's log becomes everybody's (dissertation, sections 3.5, 3.6.2 and 10.2.1).

use squall_io::vocab::raft;

use crate::Bug;
use crate::raft::message::{Append, Entry, EntryId, Message, Outcome, Payload};

use super::role::{Peer, Role};
use super::{Core, Moment, Output, WINDOW, Write};

impl Core {
    pub(super) fn tick_leader(&mut self, now: Moment) {
        if self.leaves_for_silence(now) {
            return;
        }
        let due = matches!(&self.role, Role::Leader(leader) if now >= leader.heartbeat_at);
        if due {
            self.forget_what_is_lost(now);
            self.broadcast(now);
        }
    }

    /// Four heartbeats without progress: what was on its way is taken for lost.
    fn forget_what_is_lost(&mut self, now: Moment) {
        let patience = self.settings.heartbeat * 4;
        let Role::Leader(leader) = &mut self.role else { return };
        for peer in leader.peers.values_mut() {
            if peer.next > peer.matched + 1 && now.since(peer.progress_at) > patience {
                peer.next = peer.matched + 1;
            }
        }
    }

    pub(super) fn on_propose(&mut self, now: Moment, payload: Payload) {
        if !self.leads() {
            return;
        }
        let id = EntryId { term: self.term, index: self.log.end().index + 1 };
        let entry = Entry { id, payload };
        self.log.push(entry.clone());
        self.persist(Write::Append { entries: vec![entry] });
        self.replicate(now);
    }

    /// Sends what is new to every follower. The clock of heartbeats goes on: what is lost is
    /// noticed by it, however busy the leader is.
    pub(super) fn replicate(&mut self, now: Moment) {
        let Role::Leader(leader) = &mut self.role else { return };
        if !std::mem::replace(&mut leader.has_spoken, true) {
            self.observe(raft::Event::SentAppend { term: self.term });
        }
        for to in self.others() {
            // One that is being sent a snapshot is told with the next piece.
            if self.peer(to).is_some_and(|peer| peer.sending.is_none()) {
                self.send_entries(now, to);
            }
        }
    }

    /// Sends to every follower what it lacks; to one that lacks nothing, a sign of life.
    fn broadcast(&mut self, now: Moment) {
        let Role::Leader(leader) = &mut self.role else { return };
        leader.heartbeat_at = now + self.settings.heartbeat;
        for to in self.others() {
            self.send_entries(now, to);
        }
    }

    /// The leader's own disk works in parallel with the followers' (section 10.2.1): it counts as
    /// one of the majority like any other, so appends need not wait for it.
    pub(super) fn send_entries(&mut self, now: Moment, to: usize) {
        let Role::Leader(leader) = &mut self.role else { return };
        let Some(peer) = leader.peers.get_mut(&to) else { return };
        let index = peer.next - 1;
        let Some(term) = self.log.term_at(index) else { return self.send_chunk(to) };
        let room = peer.next <= peer.matched + WINDOW;
        let entries = if room { self.log.batch(peer.next) } else { Vec::new() };
        if peer.next == peer.matched + 1 {
            peer.progress_at = now;
        }
        peer.next += entries.len() as u64;
        let previous = EntryId { term, index };
        let append = Append { term: self.term, previous, entries, commit: self.commit, round: leader.round };
        self.send(to, Message::Append(append));
    }

    pub(super) fn on_append(&mut self, now: Moment, from: usize, append: Append) {
        let round = append.round;
        if !self.follows(now, from, append.term) {
            return self.answer(from, round, Outcome::Refused);
        }
        let Append { previous, mut entries, commit, .. } = append;
        let end = previous.index + entries.len() as u64;
        let base = self.log.base();
        // What lies before the base is committed, hence the same everywhere.
        entries.retain(|entry| entry.id.index > base.index);
        if previous.index >= base.index && !self.log.has(previous) {
            let hint = self.log.last_within(previous.index - 1, previous.term);
            let previous = previous.index;
            return self.answer(from, round, Outcome::Mismatch { previous, hint });
        }
        self.adopt(previous.index.max(base.index), entries);
        let known = commit.min(end);
        // planted bug
        if known > self.commit || self.settings.bugs.has(Bug::CommitRegress) {
            self.commit_to(known);
        }
        self.answer(from, round, Outcome::Matched { index: end.max(base.index) });
    }

    fn answer(&mut self, to: usize, round: u64, outcome: Outcome) {
        self.send_durable(to, Message::AppendReply { term: self.term, round, outcome });
    }

    /// Takes over entries that follow the matching entry at `previous`. Those it has already stay:
    /// an old message must not cut what a newer one brought.
    fn adopt(&mut self, previous: u64, entries: Vec<Entry>) {
        // planted bug
        if self.settings.bugs.has(Bug::TruncateAlways) && self.log.end().index > previous {
            self.cut(previous);
        }
        let mut fresh = entries;
        fresh.retain(|entry| !self.log.has(entry.id));
        let conflict = fresh.first().is_some_and(|first| first.id.index <= self.log.end().index);
        if conflict && self.settings.bugs.has(Bug::NoConflictTruncate) {
            fresh.retain(|entry| entry.id.index > self.log.end().index); // planted bug
        } else if conflict {
            self.cut(fresh[0].id.index - 1);
        }
        if fresh.is_empty() {
            return;
        }
        for entry in &fresh {
            self.log.push(entry.clone());
        }
        self.persist(Write::Append { entries: fresh });
    }

    pub(super) fn on_append_reply(
        &mut self,
        now: Moment,
        from: usize,
        (term, round): (u64, u64),
        outcome: Outcome,
    ) {
        let end = self.log.end().index;
        let Some(peer) = self.answering_peer(now, from, term, round) else { return };
        let more = match outcome {
            Outcome::Matched { index } => {
                // An answer may overtake a later one: what was durable once stays so.
                if index > peer.matched {
                    (peer.matched, peer.progress_at) = (index, now);
                    self.on_progress(now, from, index);
                }
                self.peer(from).is_some_and(|peer| peer.next <= end)
            }
            Outcome::Mismatch { previous, hint } => self.back_up(from, previous, hint),
            Outcome::Refused => false,
        };
        if more {
            self.send_entries(now, from);
        }
        self.answer_reads();
    }

    fn on_progress(&mut self, now: Moment, from: usize, index: u64) {
        assert!(index <= self.log.end().index || self.is_sabotaged(), "a follower has more than its leader");
        if let Some(peer) = self.peer(from) {
            peer.next = peer.next.max(index + 1);
            peer.sending.take_if(|sending| sending.snapshot.id.index <= index);
        }
        let peer = self.name(from).into();
        self.observe(raft::Event::Matched { term: self.term, peer, index });
        self.advance_commit(now);
    }

    /// Goes back to where the follower's log may still match; says whether that is news. What was
    /// tried before the last change of mind, or lies within what is known to match, says nothing.
    fn back_up(&mut self, from: usize, previous: u64, hint: EntryId) -> bool {
        let hinted = hint.index.min(previous.saturating_sub(1));
        let gone = hinted < self.log.base().index;
        // What the log no longer has is not compared: a snapshot takes its place.
        let common = if gone { hinted } else { self.log.last_within(hinted, hint.term).index };
        let Some(peer) = self.peer(from) else { return false };
        let news = previous > peer.matched && previous < peer.next;
        if news {
            peer.next = common.max(peer.matched) + 1;
        }
        news
    }

    /// The follower that answered, noted as heard. `None` if the answer is not to this leader in
    /// this term.
    pub(super) fn answering_peer(
        &mut self,
        now: Moment,
        from: usize,
        term: u64,
        round: u64,
    ) -> Option<&mut Peer> {
        if term > self.term {
            self.step_down(now, term);
        }
        if term < self.term {
            return None;
        }
        let peer = self.peer(from)?;
        peer.heard = now;
        peer.round = peer.round.max(round);
        Some(peer)
    }

    pub(super) fn peer(&mut self, place: usize) -> Option<&mut Peer> {
        let Role::Leader(leader) = &mut self.role else { return None };
        leader.peers.get_mut(&place)
    }

    /// Commits what a majority has durably, if the last of it is of the own term: only then can no
    /// later leader lack it (section 3.6.2, figure 3.7).
    pub(super) fn advance_commit(&mut self, now: Moment) {
        let Some(index) = self.majority_reaches(self.durable, |peer| peer.matched) else { return };
        if index > self.commit && self.log.term_at(index) == Some(self.term) {
            self.commit_to(index);
            // Followers apply, and their snapshots come, without waiting for the next heartbeat.
            self.tell_commit(now);
        }
        self.answer_reads();
    }

    /// Tells those that have everything how far it is committed; the others learn it with entries.
    fn tell_commit(&mut self, now: Moment) {
        let end = self.log.end().index;
        for to in self.others() {
            if self.peer(to).is_some_and(|peer| peer.matched == end) {
                self.send_entries(now, to);
            }
        }
    }

    pub(super) fn commit_to(&mut self, index: u64) {
        let index = if self.is_sabotaged() { index.min(self.log.end().index) } else { index };
        assert!(index <= self.log.end().index, "what is committed is in the log");
        if index == self.commit {
            return;
        }
        self.commit = index;
        self.observe(raft::Event::Committed { index });
        let entries: Vec<Entry> =
            (self.applied + 1..=index).filter_map(|index| self.log.get(index).cloned()).collect();
        if let Some(last) = entries.last() {
            self.applied = last.id.index;
            self.outputs.push(Output::Apply { entries });
        }
    }
}
