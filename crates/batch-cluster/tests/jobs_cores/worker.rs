//! A model worker: speaks the protocol faithfully, does nothing. Its clock is its own.

use std::collections::{BTreeMap, BTreeSet};

use batch_cluster::job::{AttemptId, Epoch, Incarnation, Segment};
use batch_cluster::overseer::LineId;
use batch_cluster::protocol::{FromWorker, Settlement, ToWorker, Work};
use squall_io::vocab::batch::Event;

use crate::draws::Draws;
use crate::world::MS;

pub(crate) const TICK: u64 = 100 * MS;
const HEARTBEAT: u64 = 200 * MS;
const SILENCE: u64 = 700 * MS;
pub(crate) const SLOTS: u32 = 2;

/// What a worker does.
pub(crate) enum Act {
    Connect,
    /// What was said on that line may still arrive.
    HangUp(LineId),
    Say(FromWorker),
    Tell(Event),
    /// The work of this attempt is done; what came of it depends on others.
    Finish(AttemptId),
}

pub(crate) struct Run {
    pub(crate) work: Work,
    finish_at: u64,
    count: u64,
    hangs: bool,
    /// What is said of it until it is settled.
    result: Option<FromWorker>,
}

/// What a process knows.
pub(crate) struct Process {
    pub(crate) incarnation: Incarnation,
    pub(crate) epoch: Option<Epoch>,
    lease_until: u64,
    term: u64,
    pub(crate) line: Option<LineId>,
    pub(crate) controller: usize,
    connect_at: u64,
    heard_at: u64,
    ask_at: u64,
    /// When it asked first for a lease that it has not got.
    asked_at: Option<u64>,
    seq: u64,
    sent: BTreeMap<u64, u64>,
    pub(crate) runs: BTreeMap<AttemptId, Run>,
    /// Begun once; never again.
    begun: BTreeSet<AttemptId>,
}

pub(crate) struct Worker {
    pub(crate) name: String,
    pub(crate) boot: u32,
    rate: u64,
    pub(crate) disk: BTreeMap<AttemptId, Vec<Segment>>,
    pub(crate) process: Option<Process>,
}

impl Worker {
    pub(crate) fn new(place: usize, draws: &mut Draws) -> Self {
        let rate = draws.between(980_000, 1_020_000);
        let name = format!("worker-{}", place + 1);
        Self { name, boot: 0, rate, disk: BTreeMap::new(), process: None }
    }

    pub(crate) fn clock(&self, now: u64) -> u64 {
        (u128::from(now) * u128::from(self.rate) / 1_000_000) as u64
    }

    pub(crate) fn start(&mut self, now: u64, draws: &mut Draws) {
        self.boot += 1;
        let now = self.clock(now);
        self.process = Some(Process {
            incarnation: Incarnation(draws.bits()),
            epoch: None,
            lease_until: 0,
            term: 0,
            line: None,
            controller: draws.place(3),
            connect_at: now,
            heard_at: now,
            ask_at: now,
            asked_at: None,
            seq: 0,
            sent: BTreeMap::new(),
            runs: BTreeMap::new(),
            begun: BTreeSet::new(),
        });
    }

    pub(crate) fn tick(&mut self, now: u64) -> Vec<Act> {
        let now = self.clock(now);
        let Some(process) = &mut self.process else { return Vec::new() };
        let mut acts = process.check_lease(now);
        for (attempt, run) in &mut process.runs {
            // Also when it has finished: that no progress is seen must not be what finds a lost commit.
            run.count += u64::from(!run.hangs);
            if run.result.is_none() && !run.hangs && now >= run.finish_at {
                acts.push(Act::Finish(*attempt));
            }
        }
        if process.line.is_none() {
            acts.extend((now >= process.connect_at).then_some(Act::Connect));
        } else if now >= process.heard_at + SILENCE {
            acts.extend(process.line.map(Act::HangUp));
            process.turn(now, None);
        } else if now >= process.ask_at {
            let ask = self.ask(now);
            acts.extend(ask.map(Act::Say));
        }
        acts
    }

    /// The first words on a new line.
    pub(crate) fn connected(&mut self, now: u64, line: LineId) -> Vec<Act> {
        let now = self.clock(now);
        let Some(process) = &mut self.process else { return Vec::new() };
        process.line = Some(line);
        process.heard_at = now;
        process.asked_at = None;
        process.sent.clear();
        let mut acts: Vec<Act> = self.ask(now).map(Act::Say).into_iter().collect();
        let process = self.process.as_ref().expect("it runs");
        acts.extend(process.runs.values().filter_map(|run| run.result.clone()).map(Act::Say));
        acts
    }

    pub(crate) fn hung_up(&mut self, now: u64, line: LineId) {
        let now = self.clock(now);
        if let Some(process) = self.process.as_mut().filter(|process| process.line == Some(line)) {
            process.turn(now, None);
        }
    }

    /// What came of an attempt.
    pub(crate) fn finished(&mut self, now: u64, attempt: AttemptId, result: FromWorker) -> Option<Act> {
        let now = self.clock(now);
        let process = self.process.as_mut()?;
        let run = process.runs.get_mut(&attempt)?;
        run.result = Some(result.clone());
        let may_speak = process.line.is_some() && now < process.lease_until;
        may_speak.then_some(Act::Say(result))
    }

    fn ask(&mut self, now: u64) -> Option<FromWorker> {
        let process = self.process.as_mut()?;
        process.ask_at = now + HEARTBEAT;
        let node = self.name.clone();
        let kept = self.disk.keys().copied().collect();
        let Some(epoch) = process.epoch else {
            // An answer may be to an earlier asking: the lease counts from the first.
            process.asked_at.get_or_insert(now);
            process.ask_at = now + 2 * HEARTBEAT;
            return Some(FromWorker::Register { node, incarnation: process.incarnation, slots: SLOTS, kept });
        };
        process.seq += 1;
        process.sent.insert(process.seq, now);
        let attempts = process.runs.iter().map(|(attempt, run)| (*attempt, run.count)).collect();
        Some(FromWorker::Heartbeat { node, epoch, seq: process.seq, attempts, outputs: kept })
    }

    pub(crate) fn receive(&mut self, now: u64, line: LineId, what: ToWorker, draws: &mut Draws) -> Vec<Act> {
        let now = self.clock(now);
        let Some(process) = self.process.as_mut().filter(|process| process.line == Some(line)) else {
            return Vec::new();
        };
        let mut acts = process.check_lease(now);
        if let Some(term) = term_of(&what) {
            if term < process.term {
                return acts;
            }
            process.term = term;
            process.heard_at = now;
        }
        match what {
            ToWorker::NotLeader { leader } => {
                process.turn(now, leader);
                acts.push(Act::HangUp(line));
            }
            ToWorker::Registered { incarnation, epoch, lease, .. } => {
                let is_news = incarnation == process.incarnation && process.epoch < Some(epoch);
                if let Some(asked) = process.asked_at.take().filter(|_| is_news) {
                    process.runs.clear();
                    process.epoch = Some(epoch);
                    process.lease_until = asked + lease.as_nanos() as u64;
                    process.ask_at = now;
                }
            }
            ToWorker::Heard { epoch, seq, stop, forget, .. } if process.epoch == Some(epoch) => {
                if let Some(sent) = process.sent.remove(&seq) {
                    process.lease_until = process.lease_until.max(sent + 2_000 * MS);
                }
                for attempt in stop.iter().chain(&forget) {
                    process.runs.remove(attempt);
                    self.disk.remove(attempt);
                }
            }
            ToWorker::Fenced { epoch, .. } if process.epoch == Some(epoch) => process.suspend(now),
            ToWorker::Launch { attempt, epoch, work, .. } if process.epoch == Some(epoch) => {
                acts.extend(process.begin(now, attempt, epoch, work, draws));
            }
            ToWorker::Settled { attempt, ruling, .. } => {
                process.runs.remove(&attempt);
                if ruling == Settlement::Refused {
                    self.disk.remove(&attempt);
                }
            }
            ToWorker::Heard { .. } | ToWorker::Fenced { .. } | ToWorker::Launch { .. } => {}
        }
        acts
    }
}

impl Process {
    fn check_lease(&mut self, now: u64) -> Vec<Act> {
        match self.epoch {
            Some(epoch) if now >= self.lease_until => {
                self.suspend(now);
                vec![Act::Tell(Event::Suspended { epoch: epoch.0 })]
            }
            _ => Vec::new(),
        }
    }

    fn suspend(&mut self, now: u64) {
        self.epoch = None;
        self.asked_at = None;
        self.ask_at = now;
        self.runs.clear();
    }

    fn turn(&mut self, now: u64, to: Option<usize>) {
        self.line = None;
        self.connect_at = now + TICK;
        self.controller = to.unwrap_or((self.controller + 1) % 3);
    }

    fn begin(
        &mut self,
        now: u64,
        attempt: AttemptId,
        epoch: Epoch,
        work: Work,
        draws: &mut Draws,
    ) -> Option<Act> {
        if !self.begun.insert(attempt) {
            return None;
        }
        let task = work.task().into();
        let finish_at = now + draws.between(50 * MS, 700 * MS);
        let hangs = draws.percent(2);
        self.runs.insert(attempt, Run { work, finish_at, count: 0, hangs, result: None });
        Some(Act::Tell(Event::AttemptStarted { attempt: attempt.0, task, epoch: epoch.0 }))
    }
}

fn term_of(what: &ToWorker) -> Option<u64> {
    match what {
        ToWorker::NotLeader { .. } => None,
        ToWorker::Registered { term, .. }
        | ToWorker::Heard { term, .. }
        | ToWorker::Fenced { term, .. }
        | ToWorker::Launch { term, .. }
        | ToWorker::Settled { term, .. } => Some(*term),
    }
}
