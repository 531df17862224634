//! A worker without its surroundings: time and events in, outputs out.
//!
//! No socket, file, clock, task or randomness is in here. Whoever drives it owes it three things:
//! `now` is read from one monotonic clock after the event was received; outputs are carried out in
//! order; the first event is [`Event::Disconnected`], at which it asks for its first line.
//!
//! A lease keeps two workers from doing the same work; it is not what keeps their outputs apart (the
//! replicated state does that, by attempt and epoch). It runs from the moment at which the worker
//! *sent* what was answered, so that by any clock of tolerable drift it is over here before a
//! controller takes it for over (Gray and Cheriton, "Leases", SOSP 1989). From then on the worker
//! does nothing and says nothing of what it did, and asks for another lease.
//!
//! Finished outputs outlive the lease under which they were made: they are immutable and named by
//! their attempt. The worker lists them when it registers, and a controller says which ones nobody
//! needs.

mod lease;
mod line;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use squall_io::vocab::batch;

use crate::job::{AttemptId, Epoch, Manifest, TaskId};
use crate::protocol::{FromWorker, Settlement, ToWorker, Work};
use crate::raft::core::Moment;
use crate::state::Failure;

use lease::Lease;
use line::Line;

pub use words::{Event, Output, Settings};

/// One worker.
#[derive(Debug)]
pub struct Worker {
    settings: Settings,
    /// The highest that a controller spoke for.
    term: u64,
    line: Line,
    lease: Option<Lease>,
    /// The latest that it ever had.
    newest: Option<Epoch>,
    /// Heartbeats sent, in all.
    beats: u64,
    /// Begun under the lease, and neither settled nor stopped.
    attempts: BTreeMap<AttemptId, Attempt>,
    /// Never to be begun: settled, stopped, or told to stop before they came. It grows for as long
    /// as one lease lasts: later leases have other attempts.
    over: BTreeSet<AttemptId>,
    /// Whose outputs lie on the disk, finished.
    outputs: BTreeSet<AttemptId>,
    todo: Vec<Output>,
}

#[derive(Debug)]
struct Attempt {
    task: TaskId,
    /// Work done.
    count: u64,
    /// Once it has ended by itself.
    result: Option<Result<Manifest, Failure>>,
}

impl Worker {
    /// A worker on whose disk the outputs of these attempts lie intact.
    ///
    /// # Panics
    /// Without slots.
    pub fn new(settings: Settings, kept: Vec<AttemptId>) -> Self {
        assert!(settings.slots > 0, "a worker works");
        Self {
            settings,
            term: 0,
            line: Line::Down,
            lease: None,
            newest: None,
            beats: 0,
            attempts: BTreeMap::new(),
            over: BTreeSet::new(),
            outputs: kept.into_iter().collect(),
            todo: Vec::new(),
        }
    }

    /// Takes an event; gives what is to be done, in order.
    pub fn step(&mut self, now: Moment, event: Event) -> Vec<Output> {
        // Before the event: what comes too late must find no lease, even if it was sent in time.
        self.look_at_lease(now);
        match event {
            Event::Connected => self.on_connected(now),
            Event::Disconnected => self.hang_up(None),
            Event::Message(message) => self.on_message(now, message),
            Event::Finished { attempt, result } => self.on_finished(attempt, result),
            Event::Worked { attempt, count } => {
                if let Some(attempt) = self.attempts.get_mut(&attempt) {
                    attempt.count = attempt.count.max(count);
                }
            }
            Event::Tick => {}
        }
        self.look_at_line(now);
        std::mem::take(&mut self.todo)
    }

    /// When it wants its next [`Event::Tick`], if ever.
    pub fn wake_at(&self) -> Option<Moment> {
        let lease = self.lease.as_ref();
        let over = lease.map(|lease| lease.until);
        let beat = lease.filter(|_| self.line.is_up()).map(|lease| lease.beat_at);
        let hang_up = self.line.asked_at().map(|asked| asked + self.settings.patience);
        [over, beat, hang_up].into_iter().flatten().min()
    }

    /// The lease that it has, as far as it knows.
    pub fn epoch(&self) -> Option<Epoch> {
        self.lease.as_ref().map(|lease| lease.epoch)
    }

    fn on_message(&mut self, now: Moment, message: ToWorker) {
        if !self.line.is_up() {
            return;
        }
        let term = match &message {
            ToWorker::NotLeader { leader } => return self.hang_up(*leader),
            ToWorker::Registered { term, .. }
            | ToWorker::Heard { term, .. }
            | ToWorker::Fenced { term, .. }
            | ToWorker::Launch { term, .. }
            | ToWorker::Settled { term, .. } => *term,
        };
        if term < self.term {
            return;
        }
        self.term = term;
        if self.lease.is_some() {
            self.line.answered();
        }
        match message {
            ToWorker::NotLeader { .. } => unreachable!("it was taken above"),
            ToWorker::Registered { incarnation, epoch, lease, .. } => {
                if incarnation == self.settings.incarnation {
                    self.on_registered(now, epoch, lease);
                }
            }
            ToWorker::Heard { epoch, seq, stop, forget, .. } => {
                if let Some(lease) = self.lease.as_mut().filter(|lease| lease.epoch == epoch) {
                    lease.extend(seq);
                    stop.into_iter().for_each(|attempt| self.stop(attempt));
                    forget.into_iter().for_each(|attempt| self.forget(attempt));
                }
            }
            ToWorker::Fenced { epoch, .. } => {
                if self.epoch() == Some(epoch) {
                    self.end_lease();
                    self.register(now);
                }
            }
            ToWorker::Launch { attempt, epoch, work, .. } => self.on_launch(attempt, epoch, work),
            ToWorker::Settled { attempt, ruling, .. } => self.on_settled(attempt, ruling),
        }
    }

    fn on_launch(&mut self, attempt: AttemptId, epoch: Epoch, work: Work) {
        let running = self.attempts.values().filter(|attempt| attempt.result.is_none()).count();
        let is_known = self.attempts.contains_key(&attempt) || self.over.contains(&attempt);
        if self.epoch() != Some(epoch) || is_known || running >= self.settings.slots as usize {
            return;
        }
        let task = work.task();
        self.attempts.insert(attempt, Attempt { task, count: 0, result: None });
        let (id, task, lease) = (attempt.0, task.into(), epoch.0);
        self.observe(batch::Event::AttemptStarted { attempt: id, task, epoch: lease });
        self.todo.push(Output::Begin { attempt, epoch, work });
    }

    fn on_finished(&mut self, id: AttemptId, result: Result<Manifest, Failure>) {
        let wrote = matches!(result, Ok(Manifest::Map { .. }));
        let Some(attempt) = self.attempts.get_mut(&id).filter(|attempt| attempt.result.is_none()) else {
            // It was stopped, and finished before it heard of it.
            if wrote {
                self.todo.push(Output::Forget { attempt: id });
            }
            return;
        };
        let task = attempt.task;
        attempt.result = Some(result.clone());
        if wrote {
            self.outputs.insert(id);
        }
        if let Err(Failure::Task { why }) = result {
            self.observe(batch::Event::AttemptFailed { attempt: id.0, task: task.into(), why });
        }
        if self.line.is_up() {
            self.report(id);
        }
    }

    fn on_settled(&mut self, attempt: AttemptId, ruling: Settlement) {
        if self.attempts.get(&attempt).is_none_or(|attempt| attempt.result.is_none()) {
            return;
        }
        if ruling == Settlement::Refused {
            self.forget(attempt);
        }
        self.settle(attempt);
    }

    /// An attempt counts no more: nothing of it is kept.
    fn stop(&mut self, id: AttemptId) {
        match self.settle(id) {
            Some(attempt) if attempt.result.is_none() => self.todo.push(Output::Stop { attempt: id }),
            Some(_) => self.forget(id),
            None => {}
        }
    }

    /// Nobody needs an output any more, whatever became of its attempt.
    fn forget(&mut self, attempt: AttemptId) {
        if self.outputs.remove(&attempt) {
            self.settle(attempt);
            self.todo.push(Output::Forget { attempt });
        }
    }

    /// An attempt has an end, whichever it is.
    fn settle(&mut self, attempt: AttemptId) -> Option<Attempt> {
        self.over.insert(attempt);
        self.attempts.remove(&attempt)
    }

    /// Says what became of a finished attempt.
    fn report(&mut self, attempt: AttemptId) {
        let Some(epoch) = self.epoch() else { return };
        let Some(result) = self.attempts.get(&attempt).and_then(|attempt| attempt.result.clone()) else {
            return;
        };
        self.todo.push(Output::Say(match result {
            Ok(manifest) => FromWorker::Commit { attempt, epoch, manifest },
            Err(failure) => FromWorker::Failed { attempt, epoch, failure },
        }));
    }

    fn observe(&mut self, event: batch::Event) {
        self.todo.push(Output::Observe(event));
    }
}
