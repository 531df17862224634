//! The one line to a controller: what is said over it, and when it is given up.

use crate::protocol::FromWorker;
use crate::raft::core::Moment;

use super::{Output, Worker};

/// The line.
#[derive(Debug)]
pub(super) enum Line {
    /// There is none; another one was asked for.
    Down,
    /// There is one.
    Up {
        /// When it was first asked something since it last answered.
        asked: Option<Moment>,
        /// When the last registration was sent over it.
        registered: Option<Moment>,
    },
}

impl Line {
    pub(super) const fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }

    pub(super) const fn asked_at(&self) -> Option<Moment> {
        if let Self::Up { asked, .. } = self { *asked } else { None }
    }

    pub(super) const fn registered_at(&self) -> Option<Moment> {
        if let Self::Up { registered, .. } = self { *registered } else { None }
    }

    pub(super) const fn answered(&mut self) {
        if let Self::Up { asked, .. } = self {
            *asked = None;
        }
    }
}

impl Worker {
    pub(super) fn on_connected(&mut self, now: Moment) {
        self.line = Line::Up { asked: None, registered: None };
        if let Some(lease) = &mut self.lease {
            // Their answers went the way of the line that they were sent on.
            lease.sent.clear();
            self.beat(now);
        } else {
            self.register(now);
        }
    }

    pub(super) fn look_at_line(&mut self, now: Moment) {
        if self.line.asked_at().is_some_and(|asked| asked + self.settings.patience <= now) {
            self.hang_up(None);
        } else if self.line.is_up() && self.lease.as_ref().is_some_and(|lease| lease.beat_at <= now) {
            self.beat(now);
        }
    }

    pub(super) fn hang_up(&mut self, leader: Option<usize>) {
        self.line = Line::Down;
        self.todo.push(Output::Connect { leader });
    }

    /// Asks for a lease, if there is a line to ask on.
    pub(super) fn register(&mut self, now: Moment) {
        let Line::Up { asked, registered } = &mut self.line else { return };
        (*asked, *registered) = (Some(now), Some(now));
        self.todo.push(Output::Say(FromWorker::Register {
            node: self.settings.name.clone(),
            incarnation: self.settings.incarnation,
            slots: self.settings.slots,
            kept: self.outputs.iter().copied().collect(),
        }));
    }

    /// Asks for a longer lease, and says again what was not settled.
    fn beat(&mut self, now: Moment) {
        let (Some(lease), Line::Up { asked, .. }) = (&mut self.lease, &mut self.line) else { return };
        self.beats += 1;
        asked.get_or_insert(now);
        lease.sent.insert(self.beats, now);
        lease.beat_at = now + self.settings.heartbeat;
        let epoch = lease.epoch;
        self.todo.push(Output::Say(FromWorker::Heartbeat {
            node: self.settings.name.clone(),
            epoch,
            seq: self.beats,
            attempts: self.attempts.iter().map(|(id, attempt)| (*id, attempt.count)).collect(),
            outputs: self.outputs.iter().copied().collect(),
        }));
        let attempts: Vec<_> = self.attempts.keys().copied().collect();
        attempts.into_iter().for_each(|attempt| self.report(attempt));
    }
}
