//! A world for controllers and workers: a queue of events in virtual time, and lines between them
//! that keep the order of what is said but may be slow, stall or break.

use std::collections::{BTreeMap, BTreeSet};

use batch_cluster::Bugs;
use batch_cluster::job::{JobSpec, Source, Submission};
use batch_cluster::overseer::{Event, LineId};
use batch_cluster::protocol::{FromWorker, ToWorker};
use batch_cluster::raft::Status;
use batch_cluster::state::{Command, State};
use squall_io::vocab::batch;

use crate::draws::Draws;
use crate::group::Controller;
use crate::judge::Judge;
use crate::worker::Worker;

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const CONTROLLERS: usize = 3;
const WORKERS: usize = 4;
const JOBS: u64 = 4;

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// For an incarnation of a controller.
    Controller {
        place: usize,
        boot: u32,
        what: ToController,
    },
    Said {
        line: LineId,
        what: FromWorker,
    },
    /// The worker's end is closed.
    Left {
        line: LineId,
    },
    Answered {
        line: LineId,
        what: ToWorker,
    },
    /// The controller's end is closed.
    Dropped {
        line: LineId,
    },
    WorkerTick {
        place: usize,
        boot: u32,
    },
    WorkerStart {
        place: usize,
    },
    WorkerResume {
        place: usize,
    },
    Submit {
        seq: u64,
    },
    Fault,
    Elect,
}

#[derive(Clone, Debug)]
pub(crate) enum ToController {
    Wake,
    Status(Status),
    /// Its proposal reaches a majority, if it leads.
    Commit {
        proposal: u64,
    },
    Undecided {
        proposal: u64,
    },
    /// Entries up to this index are known to be committed.
    Apply {
        upto: u64,
    },
}

pub(crate) struct Line {
    pub(crate) worker: usize,
    pub(crate) worker_boot: u32,
    pub(crate) controller: usize,
    pub(crate) controller_boot: u32,
    /// What is said arrives in order: not before these.
    up_at: u64,
    down_at: u64,
    /// Whatever is on the way is lost.
    pub(crate) is_broken: bool,
}

pub(crate) struct World {
    pub(crate) now: u64,
    queue: BTreeMap<(u64, u64), What>,
    posted: u64,
    pub(crate) draws: Draws,
    pub(crate) bugs: Bugs,
    // The group.
    pub(crate) controllers: Vec<Controller>,
    pub(crate) log: Vec<(u64, Option<Command>)>,
    pub(crate) term: u64,
    pub(crate) leader: usize,
    /// Applies every entry as it is committed: what it tells comes first.
    pub(crate) first: State,
    pub(crate) told: Vec<Vec<batch::Event>>,
    pub(crate) digests: Vec<u64>,
    /// Until when a controller hears nothing of the others.
    pub(crate) isolated: Vec<u64>,
    // The workers.
    pub(crate) workers: Vec<Worker>,
    pub(crate) paused: BTreeMap<usize, Vec<What>>,
    pub(crate) lines: BTreeMap<LineId, Line>,
    /// Until when a worker and a controller cannot talk.
    pub(crate) cuts: BTreeMap<(usize, usize), u64>,
    /// Until when a worker cannot fetch from another.
    pub(crate) fetch_cuts: BTreeMap<(usize, usize), u64>,
    pub(crate) faults: bool,
    /// How many percent of the faults of controllers do not happen in this world.
    pub(crate) steady: u64,
    pub(crate) submitted: BTreeSet<u64>,
    pub(crate) judge: Judge,
    /// The first thing wrong.
    pub(crate) broken: Option<String>,
}

impl World {
    pub(crate) fn new(seed: u64, bugs: &Bugs) -> Self {
        let mut draws = Draws::new(seed);
        let controllers = (0..CONTROLLERS).map(|place| Controller::new(place, bugs, &mut draws)).collect();
        let workers = (0..WORKERS).map(|place| Worker::new(place, &mut draws)).collect();
        let mut world = Self {
            now: 0,
            queue: BTreeMap::new(),
            posted: 0,
            draws,
            bugs: bugs.clone(),
            controllers,
            log: Vec::new(),
            term: 0,
            leader: 0,
            first: State::new(bugs.clone()),
            told: Vec::new(),
            digests: Vec::new(),
            isolated: vec![0; CONTROLLERS],
            workers,
            paused: BTreeMap::new(),
            lines: BTreeMap::new(),
            cuts: BTreeMap::new(),
            fetch_cuts: BTreeMap::new(),
            faults: true,
            steady: 45 * (seed % 3),
            submitted: BTreeSet::new(),
            judge: Judge::default(),
            broken: None,
        };
        world.elect(0);
        (0..WORKERS).for_each(|place| world.post(0, What::WorkerStart { place }));
        for seq in 1..=JOBS {
            let at = world.draws.below(4_000 * MS);
            world.post(at, What::Submit { seq });
            // Sent again, as a client does that got no answer.
            let again = at + world.draws.below(3_000 * MS);
            world.post(again, What::Submit { seq });
        }
        world.post(500 * MS, What::Fault);
        world
    }

    pub(crate) fn post(&mut self, delay: u64, what: What) {
        self.posted += 1;
        self.queue.insert((self.now + delay, self.posted), what);
    }

    /// Lets time pass until something is wrong.
    pub(crate) fn run_until(&mut self, end: u64) {
        self.run_until_or(end, |_| false);
        self.now = end;
    }

    /// As [`run_until`](Self::run_until), but stops once `condition` holds; says whether it does.
    pub(crate) fn run_until_or(&mut self, end: u64, condition: impl Fn(&Self) -> bool) -> bool {
        while !condition(self) {
            let next = self.queue.first_entry().filter(|next| next.key().0 <= end);
            let Some(next) = next.filter(|_| self.broken.is_none()) else { return false };
            self.now = next.key().0;
            let what = next.remove();
            self.happen(what);
        }
        true
    }

    pub(crate) fn all_jobs_ended(&self) -> bool {
        self.submitted.len() as u64 == JOBS && self.first.open_jobs().next().is_none()
    }

    pub(crate) fn check(&mut self, verdict: Result<(), String>) {
        if let Err(why) = verdict {
            self.broken.get_or_insert(why);
        }
    }

    fn happen(&mut self, what: What) {
        let concerned = match &what {
            What::WorkerTick { place, .. } => Some(*place),
            What::Answered { line, .. } | What::Dropped { line } => Some(self.lines[line].worker),
            _ => None,
        };
        if let Some(backlog) = concerned.and_then(|worker| self.paused.get_mut(&worker)) {
            backlog.push(what);
            return;
        }
        match what {
            What::Controller { place, boot, what } if self.controllers[place].boot == boot => {
                self.controller_hears(place, what);
            }
            What::Controller { .. } => {}
            What::Said { line, what } => self.deliver_up(line, Event::Said { line, what }),
            What::Left { line } => self.deliver_up(line, Event::Closed { line }),
            What::Answered { line, what } => self.worker_hears(line, what),
            What::Dropped { line } => self.worker_dropped(line),
            What::WorkerTick { place, boot } => self.worker_tick(place, boot),
            What::WorkerStart { place } => self.worker_start(place),
            What::WorkerResume { place } => self.worker_resume(place),
            What::Submit { seq } => self.submit(seq),
            What::Fault => self.fault(),
            What::Elect => self.elect_anyone(),
        }
    }

    fn deliver_up(&mut self, id: LineId, event: Event) {
        let line = &self.lines[&id];
        let is_close = matches!(event, Event::Closed { .. });
        if (line.is_broken && !is_close) || self.controllers[line.controller].boot != line.controller_boot {
            return;
        }
        self.step(line.controller, event);
    }

    /// How long something takes on its way; now and then very long.
    fn delay(&mut self, (worker, controller): (usize, usize)) -> u64 {
        let slow = if self.faults && self.draws.percent(2) { 3_000 } else { 10 };
        let delay = self.draws.between(MS / 2, slow * MS);
        let cut = self.cuts.get(&(worker, controller)).copied().unwrap_or(0);
        delay + cut.saturating_sub(self.now)
    }

    pub(crate) fn send_up(&mut self, id: LineId, what: What) {
        let Line { worker, controller, .. } = self.lines[&id];
        let at = self.now + self.delay((worker, controller));
        let line = self.lines.get_mut(&id).expect("lines are kept");
        line.up_at = at.max(line.up_at + 1);
        let delay = line.up_at - self.now;
        self.post(delay, what);
    }

    pub(crate) fn send_down(&mut self, id: LineId, what: What) {
        let Line { worker, controller, .. } = self.lines[&id];
        let at = self.now + self.delay((worker, controller));
        let line = self.lines.get_mut(&id).expect("lines are kept");
        line.down_at = at.max(line.down_at + 1);
        let delay = line.down_at - self.now;
        self.post(delay, what);
    }

    pub(crate) fn open_line(&mut self, worker: usize, controller: usize) -> LineId {
        let id = LineId(self.lines.len() as u64 + 1);
        let line = Line {
            worker,
            worker_boot: self.workers[worker].boot,
            controller,
            controller_boot: self.controllers[controller].boot,
            up_at: self.now,
            down_at: self.now,
            is_broken: false,
        };
        self.lines.insert(id, line);
        id
    }

    /// Both ends see that a line is gone; what was on the way is lost.
    pub(crate) fn break_line(&mut self, id: LineId) {
        if !std::mem::replace(&mut self.lines.get_mut(&id).expect("lines are kept").is_broken, true) {
            self.send_up(id, What::Left { line: id });
            self.send_down(id, What::Dropped { line: id });
        }
    }

    fn submit(&mut self, seq: u64) {
        // Half of the numbers belong to each of two clients.
        let submission = Submission { client: format!("client-{}", seq % 2), seq };
        let number = |shift: u64, bound: u32| (seq.wrapping_mul(0x9e37_79b9) >> shift) as u32 % bound;
        let spec = JobSpec {
            dataset: format!("words-{}", seq % 2),
            source: Source::Generated { seed: seq, records: 100 },
            maps: 2 + number(3, 4),
            reduces: 1 + number(7, 3),
            retries: 2 + number(11, 3),
        };
        self.judge.expect(&submission, &spec);
        self.submitted.insert(seq);
        let term = self.term;
        self.append(term, Some(Command::Submit { submission, spec }));
    }
}
