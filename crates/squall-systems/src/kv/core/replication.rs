//! How entries reach the backups and become committed, and how leases are granted by the way.

use squall_history::vocab::{Custom, raft};

use crate::kv::bugs::Bug;
use crate::kv::protocol::{Append, Command, Entry, LogEnd, Message};
use crate::kv::wal::Record;

use super::role::{Grant, Role};
use super::{Core, LEASE_USED_PERCENT, Moment};

impl Core {
    pub(super) fn tick_primary(&mut self, now: Moment) {
        if self.leaves_for_silence(now) {
            return;
        }
        self.tell_of_a_lost_lease(now);
        let due = matches!(&self.role, Role::Primary(primary) if now >= primary.heartbeat_at);
        if due {
            self.broadcast(now);
        }
    }

    fn tell_of_a_lost_lease(&mut self, now: Moment) {
        let has_lease = self.holds_lease(now);
        let Role::Primary(primary) = &mut self.role else { return };
        let lost = primary.had_lease && !has_lease;
        primary.had_lease = has_lease;
        if lost {
            self.observe_custom(Custom::new("kv", "lease-expired"));
        }
    }

    /// Puts a command behind the primary's log.
    pub(super) fn add_entry(&mut self, command: Command) {
        let entry = Entry { epoch: self.promised, index: self.log.end().index + 1, command };
        self.persist(Record::Append { entries: vec![entry.clone()] });
        self.log.push(entry);
    }

    /// Sends to every backup what it lacks; to one that lacks nothing, a sign of life.
    pub(super) fn broadcast(&mut self, now: Moment) {
        let Role::Primary(primary) = &mut self.role else { return };
        primary.heartbeat_at = now + self.settings.heartbeat;
        for peer in primary.peers.values_mut() {
            // Four heartbeats without progress: what was on its way is taken for lost.
            if peer.next > peer.matched + 1 && now.since(peer.progress_at) > self.settings.heartbeat * 4 {
                peer.next = peer.matched + 1;
            }
        }
        for to in self.others() {
            self.send_entries(now, to);
        }
    }

    pub(super) fn send_entries(&mut self, now: Moment, to: usize) {
        let Role::Primary(primary) = &mut self.role else { return };
        let Some(peer) = primary.peers.get_mut(&to) else { return };
        let index = peer.next - 1;
        let epoch = self.log.epoch_at(index).expect("nothing behind the log's end was ever sent");
        let entries = self.log.batch(peer.next);
        if peer.next == peer.matched + 1 {
            peer.progress_at = now;
        }
        peer.next += entries.len() as u64;
        let previous = LogEnd { epoch, index };
        let append = Append { epoch: primary.epoch, sent: now.0, previous, entries, commit: self.commit };
        self.send(to, Message::Append(append));
    }

    pub(super) fn on_append(&mut self, now: Moment, from: usize, append: Append) {
        let epoch = append.epoch;
        if epoch < self.promised || self.owner(epoch) != from {
            return self.refuse(from, epoch);
        }
        if epoch > self.promised {
            self.step_down();
            self.promise(epoch);
        }
        assert!(self.primary_epoch().is_none(), "an epoch has one primary");
        self.role = Role::Backup;
        self.failed_rounds = 0;
        self.primary = Some(from);
        self.grant = Grant { holder: Some(from), until: self.grant.until.max(now + self.settings.lease) };
        self.election_at = self.grant.until + self.jitter;
        let (previous, sent) = (append.previous, append.sent);
        if self.log.epoch_at(previous.index) != Some(previous.epoch) {
            let hint = self.hint(previous.index);
            let message = Message::Mismatch { epoch, sent, previous: previous.index, hint };
            return self.send_after(from, message, self.entries_durable());
        }
        let matched = previous.index + append.entries.len() as u64;
        self.adopt(append.entries);
        self.commit_up_to(append.commit.min(matched));
        self.send_after(from, Message::Appended { epoch, sent, matched }, self.entries_durable());
    }

    /// The longest prefix that may match, when `previous` did not.
    fn hint(&self, previous: u64) -> u64 {
        let end = self.log.end().index;
        if end < previous { end } else { (self.log.first_of_epoch_at(previous) - 1).max(self.commit) }
    }

    /// Takes over entries that follow a matching place. Those it has already stay; an old message
    /// must not cut what a newer one brought.
    fn adopt(&mut self, entries: Vec<Entry>) {
        let mut fresh = entries;
        fresh.retain(|entry| self.log.epoch_at(entry.index) != Some(entry.epoch));
        let Some(first) = fresh.first() else { return };
        if first.index <= self.log.end().index {
            self.cut(first.index - 1);
        }
        for entry in &fresh {
            self.log.push(entry.clone());
        }
        self.persist(Record::Append { entries: fresh });
    }

    /// Drops entries that no majority has.
    fn cut(&mut self, end: u64) {
        // A planted bug must show at the clients, not as an assertion of our own.
        assert!(end >= self.commit || !self.settings.bugs.is_empty(), "a committed entry is cut");
        let dropped = self.log.end().index - end;
        self.log.cut(end);
        self.persist(Record::Cut { end });
        self.durable = self.durable.min(end);
        for (_, unsynced) in &mut self.unsynced {
            *unsynced = (*unsynced).min(end);
        }
        if end < self.commit {
            self.rebuild(end);
        }
        self.observe_custom(Custom::new("kv", "log-truncated").with("entries", dropped));
    }

    pub(super) fn on_appended(&mut self, now: Moment, from: usize, epoch: u64, sent: u64, matched: u64) {
        let end = self.log.end().index;
        let Some(peer) = self.answering_peer(from, epoch, sent) else { return };
        assert!(matched <= end, "a backup has more of this epoch than its primary");
        if matched > peer.matched {
            peer.matched = matched;
            peer.progress_at = now;
        }
        peer.next = peer.next.max(peer.matched + 1);
        let more = peer.next <= end;
        self.advance_commit(now);
        if more {
            self.send_entries(now, from);
        }
    }

    pub(super) fn on_mismatch(
        &mut self,
        now: Moment,
        from: usize,
        epoch: u64,
        sent: u64,
        [previous, hint]: [u64; 2],
    ) {
        let Some(peer) = self.answering_peer(from, epoch, sent) else { return };
        // What was tried before the last change of mind says nothing new. To think less of a backup's
        // log than is true costs a message, no more; so an old answer does no harm.
        if (1..peer.next).contains(&previous) {
            let common = hint.min(previous - 1);
            peer.matched = peer.matched.min(common);
            peer.next = common + 1;
            let word = Custom::new("kv", "resync").with("from", peer.next);
            self.observe_custom(word);
            self.send_entries(now, from);
        }
        self.answer_reads(now);
    }

    /// The backup that answered, with the moment to count its grant from noted.
    fn answering_peer(&mut self, from: usize, epoch: u64, sent: u64) -> Option<&mut super::role::Peer> {
        let Role::Primary(primary) = &mut self.role else { return None };
        if primary.epoch != epoch {
            return None;
        }
        let peer = primary.peers.get_mut(&from)?;
        peer.heard = peer.heard.max(Some(Moment(sent)));
        Some(peer)
    }

    /// The latest moment such that a majority, itself included, has answered what was sent then or
    /// later.
    pub(super) fn heard_by_majority(&self, now: Moment) -> Option<Moment> {
        let Role::Primary(primary) = &self.role else { return None };
        let mut heard: Vec<Option<Moment>> = primary.peers.values().map(|peer| peer.heard).collect();
        heard.push(Some(now));
        heard.sort_unstable_by(|a, b| b.cmp(a));
        heard[self.majority() - 1]
    }

    /// Until when the lease can be used.
    pub(super) fn lease_until(&self, now: Moment) -> Option<Moment> {
        let used = self.settings.lease * LEASE_USED_PERCENT / 100;
        self.heard_by_majority(now).map(|heard| heard + used)
    }

    /// Commits what a majority has, if the last of it is of the own epoch: only then can no later
    /// primary lack it (Ongaro and Ousterhout, "In Search of an Understandable Consensus
    /// Algorithm", 2014, section 5.4.2).
    pub(super) fn advance_commit(&mut self, now: Moment) {
        let own = self.own_match();
        let majority = self.majority();
        let Role::Primary(primary) = &self.role else { return };
        let mut matched: Vec<u64> = primary.peers.values().map(|peer| peer.matched).collect();
        matched.push(own);
        matched.sort_unstable_by(|a, b| b.cmp(a));
        // planted bug
        let early = self.settings.bugs.has(Bug::AckBeforeReplicate);
        let index = if early { own } else { matched[majority - 1] };
        if self.log.epoch_at(index) == Some(primary.epoch) {
            self.commit_up_to(index);
        }
        self.answer_reads(now);
    }

    pub(super) fn commit_up_to(&mut self, index: u64) {
        assert!(index <= self.log.end().index, "what is committed is in the log");
        if index <= self.commit {
            return;
        }
        self.observe(raft::Event::Committed { index });
        while self.commit < index {
            self.commit += 1;
            self.apply(self.commit);
        }
    }
}
