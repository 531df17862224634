//! The lease: how it is had, made longer, and lost.

use std::collections::BTreeMap;
use std::time::Duration;

use squall_io::vocab::batch;

use crate::job::Epoch;
use crate::raft::core::Moment;

use super::{Output, Worker};

/// A lease that is held.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) epoch: Epoch,
    /// How long it lasts from when it was asked for.
    length: Duration,
    /// When it is over, by the own clock.
    pub(super) until: Moment,
    /// When the next heartbeat is due.
    pub(super) beat_at: Moment,
    /// When the heartbeats without an answer were sent.
    pub(super) sent: BTreeMap<u64, Moment>,
}

impl Lease {
    /// The heartbeat `seq` was answered.
    pub(super) fn extend(&mut self, seq: u64) {
        if let Some(sent) = self.sent.remove(&seq) {
            self.until = self.until.max(sent + self.length);
            // The answers to earlier ones, should they come, say nothing new.
            self.sent = self.sent.split_off(&seq);
        }
    }
}

impl Worker {
    pub(super) fn look_at_lease(&mut self, now: Moment) {
        if let Some(lease) = self.lease.as_ref().filter(|lease| lease.until <= now) {
            let epoch = lease.epoch.0;
            self.observe(batch::Event::Suspended { epoch });
            self.end_lease();
            self.register(now);
        }
    }

    pub(super) fn on_registered(&mut self, now: Moment, epoch: Epoch, length: Duration) {
        let Some(sent) = self.line.registered_at() else { return };
        let until = sent + length;
        // An answer may come twice, or too late. A later lease fences the one that is held.
        if until <= now || self.epoch().is_some_and(|held| epoch <= held) {
            return;
        }
        self.end_lease();
        if self.newest < Some(epoch) {
            // Attempts of earlier leases are never launched under this one.
            self.over.clear();
            self.newest = Some(epoch);
        }
        let beat_at = now + self.settings.heartbeat;
        self.lease = Some(Lease { epoch, length, until, beat_at, sent: BTreeMap::new() });
        self.line.answered();
    }

    /// All work ends, and what was done is not told any more. Finished outputs stay.
    pub(super) fn end_lease(&mut self) {
        self.lease = None;
        for (id, attempt) in std::mem::take(&mut self.attempts) {
            self.over.insert(id);
            if attempt.result.is_none() {
                self.todo.push(Output::Stop { attempt: id });
            }
        }
    }
}
