//! The leader's soft state: who is heard, what makes progress, what is to be decided next.
//!
//! A core without I/O, as Raft's: time and events in, outputs out. It decides nothing by itself: it
//! proposes decisions for the log, on the state as it knows it, and acts on what the log made of
//! them. So an overseer that no longer leads, or leads again in another term without having
//! noticed, does no harm: what it proposes is void, and workers heed only the latest term.
//!
//! It speaks for a term once its office is in the log: then it knows all that its predecessors
//! decided. What it knows of workers it has heard since; every lease counts as fresh at that
//! moment. Nothing of this outlives the office.
//!
//! Whoever drives it owes it four things: `now` is of one monotonic clock; the state handed in has
//! applied what the event tells of; each [`Output::Propose`] is followed by exactly one
//! [`Event::Decided`] or [`Event::Undecided`]; later connections have higher [`LineId`]s.
//!
//! - `talk`: what workers say, and what they are told.
//! - `duties`: what is to be decided without being asked: deaths, stalls, schedule, publication.
//! - `queue`: what waits to be proposed; one proposal is under way at a time, the next gathers
//!   meanwhile.

mod duties;
mod queue;
mod talk;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::job::{AttemptId, Epoch};
use crate::protocol::{FromWorker, ToWorker};
use crate::raft::Status;
use crate::raft::core::Moment;
use crate::state::{Decision, Ruling, State};
use crate::{Bug, Bugs};

use queue::Queue;

/// Most messages that wait for the office to be taken; beyond, connections are closed.
const WAITING_MAX: usize = 256;
/// An overseer without an office has nothing to wake for; it wakes seldom all the same.
const IDLE: Duration = Duration::from_secs(60);

/// What an overseer has to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The controller's name.
    pub name: String,
    /// How long a worker's lease lasts, from when it asked.
    pub lease: Duration,
    /// How far a clock may run wrong, in millionths.
    pub drift_ppm: u32,
    /// How much longer than that a lease is held for good.
    pub margin: Duration,
    /// How long an attempt may make no progress.
    pub no_progress: Duration,
    /// How often it looks around.
    pub tick: Duration,
    /// Planted bugs that are on.
    pub bugs: Bugs,
}

impl Settings {
    /// The usual times.
    pub fn new(name: impl Into<String>, bugs: Bugs) -> Self {
        Self {
            name: name.into(),
            lease: Duration::from_secs(2),
            drift_ppm: 20_000,
            margin: Duration::from_millis(200),
            no_progress: Duration::from_secs(5),
            tick: Duration::from_millis(100),
            bugs,
        }
    }

    /// How long after the last answer a worker's lease is over by the worker's own clock, however
    /// wrong both clocks run.
    fn allowance(&self) -> Duration {
        self.lease + self.lease * self.drift_ppm / 1_000_000 + self.margin
    }
}

/// One connection of a worker; a later one has a higher number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LineId(pub u64);

/// What can happen to an overseer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// [`wake_at`](Overseer::wake_at) has come. Too many ticks do no harm.
    Tick,
    /// The member of the group knows something new.
    Status(Status),
    /// A worker says something.
    Said {
        /// On which connection.
        line: LineId,
        /// What.
        what: FromWorker,
    },
    /// A connection is gone.
    Closed {
        /// Which.
        line: LineId,
    },
    /// The proposal was applied here; this is what became of its decisions, in order.
    Decided(Vec<Ruling>),
    /// Nobody knows what became or will become of the proposal, or it was turned away.
    Undecided,
}

/// What an overseer does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Propose this to the log, as one command.
    Propose(Vec<Decision>),
    /// Say this to a worker; nothing, if the connection is gone.
    Say {
        /// On which connection.
        line: LineId,
        /// What.
        what: ToWorker,
    },
    /// Close a connection.
    Close {
        /// Which.
        line: LineId,
    },
}

/// Whether it schedules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Office {
    None,
    /// It leads this term, and the log is to say so.
    Claimed(u64),
    /// The log says so.
    Held(u64),
}

/// A worker under its lease, as heard in this office.
#[derive(Debug)]
struct Session {
    epoch: Epoch,
    line: Option<LineId>,
    /// When the lease is over for certain, unless it is heard before.
    deadline: Moment,
}

/// How far an attempt was when it was last seen to move.
#[derive(Debug)]
struct Pace {
    count: u64,
    since: Moment,
}

/// The overseer of one controller.
#[derive(Debug)]
pub struct Overseer {
    settings: Settings,
    status: Status,
    office: Office,
    queue: Queue,
    sessions: BTreeMap<String, Session>,
    paces: BTreeMap<AttemptId, Pace>,
    /// What was said while the office was being taken.
    waiting: Vec<(LineId, FromWorker)>,
    next_tick: Moment,
    /// The state at which it last looked around.
    seen: u64,
    outputs: Vec<Output>,
}

impl Overseer {
    /// One without an office.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            status: Status::default(),
            office: Office::None,
            queue: Queue::default(),
            sessions: BTreeMap::new(),
            paces: BTreeMap::new(),
            waiting: Vec::new(),
            next_tick: Moment(0),
            seen: 0,
            outputs: Vec::new(),
        }
    }

    /// Takes an event; gives what is to be done, in order.
    pub fn step(&mut self, now: Moment, state: &State, event: Event) -> Vec<Output> {
        match event {
            Event::Tick => {}
            Event::Status(status) => self.on_status(now, status),
            Event::Said { line, what } => self.on_said(now, state, line, what),
            Event::Closed { line } => self.on_closed(line),
            Event::Decided(rulings) => self.on_decided(now, state, &rulings),
            Event::Undecided => self.on_undecided(),
        }
        self.attend(now, state);
        std::mem::take(&mut self.outputs)
    }

    /// When it wants its next [`Event::Tick`].
    pub fn wake_at(&self) -> Moment {
        if self.office == Office::None { self.next_tick + IDLE } else { self.next_tick }
    }

    fn on_status(&mut self, now: Moment, status: Status) {
        self.status = status;
        let term = match self.office {
            Office::None => None,
            Office::Claimed(term) | Office::Held(term) => Some(term),
        };
        if status.leads && term != Some(status.term) {
            self.forget();
            self.office = Office::Claimed(status.term);
            self.next_tick = now;
        }
        // planted bug
        if !status.leads && !self.settings.bugs.has(Bug::TwoMasters) {
            self.forget();
            self.office = Office::None;
        }
    }

    /// All that belongs to an office goes with it. Workers say again what was not answered when their
    /// connection is gone, so it has to go.
    fn forget(&mut self) {
        let mut lines = self.queue.forget();
        lines.extend(std::mem::take(&mut self.waiting).into_iter().map(|(line, _)| line));
        self.outputs.extend(lines.into_iter().map(|line| Output::Close { line }));
        self.sessions.clear();
        self.paces.clear();
    }

    fn on_said(&mut self, now: Moment, state: &State, line: LineId, what: FromWorker) {
        match self.office {
            Office::None => self.say(line, ToWorker::NotLeader { leader: self.status.leader }),
            Office::Claimed(_) if self.waiting.len() < WAITING_MAX => self.waiting.push((line, what)),
            Office::Claimed(_) => self.outputs.push(Output::Close { line }),
            Office::Held(term) => self.hear(now, state, term, (line, what)),
        }
    }

    fn on_closed(&mut self, line: LineId) {
        self.waiting.retain(|(waits, _)| *waits != line);
        self.queue.hang_up(line);
        for session in self.sessions.values_mut().filter(|session| session.line == Some(line)) {
            session.line = None;
        }
    }

    fn on_decided(&mut self, now: Moment, state: &State, rulings: &[Ruling]) {
        // What was proposed in an earlier office concerns nobody any more.
        let Some(wishes) = self.queue.finish() else { return };
        match self.office {
            Office::None => {}
            Office::Claimed(term) => self.try_office(now, state, term),
            Office::Held(term) => {
                for (wish, ruling) in wishes.into_iter().zip(rulings) {
                    self.settle(now, state, term, wish, ruling);
                }
            }
        }
    }

    /// The log may have been led by others meanwhile: only an office of this very term counts.
    fn try_office(&mut self, now: Moment, state: &State, term: u64) {
        let is_own =
            |office: &&crate::state::Office| office.term == term && office.controller == self.settings.name;
        if state.office().filter(is_own).is_none() {
            self.queue.hold();
            return;
        }
        self.office = Office::Held(term);
        for (line, what) in std::mem::take(&mut self.waiting) {
            self.hear(now, state, term, (line, what));
        }
    }

    fn on_undecided(&mut self) {
        if let Some(wishes) = self.queue.finish() {
            self.queue.put_back(wishes);
            self.queue.hold();
        }
    }

    /// Looks around, and proposes what there is to decide.
    fn attend(&mut self, now: Moment, state: &State) {
        let is_due = now >= self.next_tick;
        if is_due {
            self.next_tick = now + self.settings.tick;
            self.queue.release();
        }
        if !self.queue.may_propose() {
            return;
        }
        let own = match self.office {
            Office::None => return,
            Office::Claimed(_) => vec![Decision::TakeOffice { controller: self.settings.name.clone() }],
            Office::Held(_) if is_due || self.seen != state.applied() || self.queue.is_waiting() => {
                self.seen = state.applied();
                let mut own = self.duties(now, state);
                // planted bug
                if is_due && self.settings.bugs.has(Bug::RerunAfterSuccess) {
                    own.extend(duties::second_step(state));
                }
                own
            }
            Office::Held(_) => return,
        };
        let Some(decisions) = self.queue.next(own) else { return };
        // planted bug
        if self.settings.bugs.has(Bug::TwoMasters) {
            self.launch_early(state, &decisions);
        }
        self.outputs.push(Output::Propose(decisions));
    }

    fn say(&mut self, line: LineId, what: ToWorker) {
        self.outputs.push(Output::Say { line, what });
    }
}
