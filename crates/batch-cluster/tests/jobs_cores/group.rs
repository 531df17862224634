//! The controllers: their overseers and states over one log that is right by definition. Who leads
//! is decided elsewhere; who led goes on for a while without knowing.

use batch_cluster::Bugs;
use batch_cluster::overseer::{Event, Output, Overseer, Settings};
use batch_cluster::raft::Status;
use batch_cluster::raft::core::Moment;
use batch_cluster::state::{Command, Decision, State};

use squall_io::vocab::batch;

use crate::draws::Draws;
use crate::world::{CONTROLLERS, MS, ToController, What, World};

pub(crate) struct Controller {
    settings: Settings,
    pub(crate) boot: u32,
    rate: u64,
    overseer: Overseer,
    pub(crate) state: State,
    applied: u64,
    status: Status,
    proposal: Option<Proposal>,
    proposals: u64,
    wake_at: Option<Moment>,
}

struct Proposal {
    id: u64,
    command: Command,
    /// Its index, once it is in the log.
    index: Option<u64>,
    /// Nobody will learn what became of it.
    is_orphan: bool,
}

impl Controller {
    pub(crate) fn new(place: usize, bugs: &Bugs, draws: &mut Draws) -> Self {
        let settings = Settings::new(format!("controller-{}", place + 1), bugs.clone());
        Self {
            boot: 1,
            rate: draws.between(980_000, 1_020_000),
            overseer: Overseer::new(settings.clone()),
            state: State::new(bugs.clone()),
            settings,
            applied: 0,
            status: Status::default(),
            proposal: None,
            proposals: 0,
            wake_at: None,
        }
    }

    fn clock(&self, now: u64) -> Moment {
        Moment((u128::from(now) * u128::from(self.rate) / 1_000_000) as u64)
    }

    fn true_time(&self, moment: Moment) -> u64 {
        (u128::from(moment.0) * 1_000_000).div_ceil(u128::from(self.rate)) as u64
    }
}

impl World {
    pub(crate) fn controller_hears(&mut self, place: usize, what: ToController) {
        match what {
            ToController::Wake => {
                let controller = &mut self.controllers[place];
                controller.wake_at = None;
                self.step(place, Event::Tick);
            }
            ToController::Status(status) => {
                let controller = &mut self.controllers[place];
                if status.term >= controller.status.term {
                    controller.status = Status { applied: controller.applied, ..status };
                    let status = controller.status;
                    self.step(place, Event::Status(status));
                }
            }
            ToController::Commit { proposal } => self.commit(place, proposal),
            ToController::Undecided { proposal } => {
                let current = self.controllers[place].proposal.as_ref();
                if current.is_some_and(|current| current.id == proposal) {
                    self.controllers[place].proposal = None;
                    self.step(place, Event::Undecided);
                }
            }
            ToController::Apply { upto } => self.apply(place, upto),
        }
    }

    pub(crate) fn step(&mut self, place: usize, event: Event) {
        let controller = &mut self.controllers[place];
        let now = controller.clock(self.now);
        let outputs = controller.overseer.step(now, &controller.state, event);
        for output in outputs {
            match output {
                Output::Propose(decisions) => self.propose(place, decisions),
                Output::Say { line, what } => {
                    if !self.lines[&line].is_broken {
                        self.send_down(line, What::Answered { line, what });
                    }
                }
                Output::Close { line } => self.break_line(line),
            }
        }
        let controller = &mut self.controllers[place];
        let wake = controller.overseer.wake_at();
        if controller.wake_at.is_none_or(|known| wake < known) {
            controller.wake_at = Some(wake);
            let delay = controller.true_time(wake).max(self.now + 1) - self.now;
            self.tell(place, delay, ToController::Wake);
        }
    }

    fn tell(&mut self, place: usize, delay: u64, what: ToController) {
        let boot = self.controllers[place].boot;
        self.post(delay, What::Controller { place, boot, what });
    }

    fn propose(&mut self, place: usize, decisions: Vec<Decision>) {
        let controller = &mut self.controllers[place];
        assert!(controller.proposal.is_none(), "one proposal at a time");
        controller.proposals += 1;
        let id = controller.proposals;
        let command = Command::Decide(decisions);
        let is_orphan = self.leader != place;
        controller.proposal = Some(Proposal { id, command, index: None, is_orphan });
        if is_orphan {
            let delay = self.draws.between(5 * MS, 300 * MS);
            self.tell(place, delay, ToController::Undecided { proposal: id });
        } else {
            let delay = self.draws.between(MS, 8 * MS);
            self.tell(place, delay, ToController::Commit { proposal: id });
        }
    }

    fn commit(&mut self, place: usize, id: u64) {
        let Some(proposal) = self.controllers[place].proposal.as_mut() else { return };
        if proposal.id == id && !proposal.is_orphan && proposal.index.is_none() {
            proposal.index = Some(self.log.len() as u64 + 1);
            let command = proposal.command.clone();
            let term = self.term;
            self.append(term, Some(command));
        }
    }

    /// An entry is committed.
    pub(crate) fn append(&mut self, term: u64, command: Option<Command>) {
        let index = self.log.len() as u64 + 1;
        let words =
            command.as_ref().map_or_else(Vec::new, |command| self.first.apply(index, term, command).1);
        self.log.push((term, command));
        for word in &words {
            let verdict = self.judge.told(word);
            self.check(verdict);
        }
        // A moment at which leaders like to die.
        let is_published = words.iter().any(|word| matches!(word, batch::Event::Published { .. }));
        if is_published && self.draws.percent(15) {
            let delay = self.draws.below(120 * MS);
            self.post(delay, What::Elect);
        }
        self.told.push(words);
        self.digests.push(self.first.digest());
        for place in 0..CONTROLLERS {
            let lag = if place == self.leader { 3 } else { 40 };
            let away = self.isolated[place].saturating_sub(self.now);
            let delay = away + self.draws.between(MS / 4, lag * MS);
            self.tell(place, delay, ToController::Apply { upto: index });
        }
    }

    fn apply(&mut self, place: usize, upto: u64) {
        while self.controllers[place].applied < upto {
            let controller = &mut self.controllers[place];
            controller.applied += 1;
            let index = controller.applied;
            let entry = (index - 1) as usize;
            let (term, command) = &self.log[entry];
            let mut answer = None;
            if let Some(command) = command {
                let (bytes, words) = controller.state.apply(index, *term, command);
                if words != self.told[entry] || controller.state.digest() != self.digests[entry] {
                    self.broken.get_or_insert(format!("R5: {place} differs after entry {index}"));
                }
                answer = Some(bytes);
            }
            let is_own = |proposal: &mut Proposal| proposal.index == Some(index) && !proposal.is_orphan;
            let controller = &mut self.controllers[place];
            if controller.proposal.take_if(is_own).is_some() {
                let rulings =
                    batch_cluster::codec::decode(&answer.expect("a command has one")).expect("rulings");
                self.step(place, Event::Decided(rulings));
            }
        }
        let controller = &mut self.controllers[place];
        controller.status.applied = controller.applied;
        let status = controller.status;
        self.step(place, Event::Status(status));
    }

    /// Another term begins; its leader may be the same. What the old one had under way may or may not
    /// be in the log, and it may or may not learn so.
    pub(crate) fn elect(&mut self, leader: usize) {
        let old = self.leader;
        let is_apart = self.faults && old != leader && self.draws.percent(50);
        let learns = if is_apart { self.draws.between(0, 900 * MS) } else { self.draws.below(20 * MS) };
        self.isolated[old] = self.now + learns;
        let survives = self.draws.percent(50);
        let learns_so = self.draws.percent(50);
        if let Some(proposal) = self.controllers[old].proposal.as_mut().filter(|own| !own.is_orphan) {
            let (id, command) = (proposal.id, proposal.command.clone());
            let was_in = proposal.index.is_some();
            if !was_in && survives {
                proposal.index = Some(self.log.len() as u64 + 1);
            }
            proposal.is_orphan = !(learns_so && (was_in || survives));
            if proposal.is_orphan {
                self.tell(old, learns, ToController::Undecided { proposal: id });
            }
            if !was_in && survives {
                let term = self.term;
                self.append(term, Some(command));
            }
        }
        self.term += self.draws.between(1, 2);
        self.leader = leader;
        let term = self.term;
        self.append(term, None);
        for place in 0..CONTROLLERS {
            let delay = if place == old { learns } else { self.draws.below(30 * MS) };
            let status = Status { term, leader: Some(leader), leads: place == leader, applied: 0 };
            self.tell(place, delay, ToController::Status(status));
        }
    }

    /// A controller dies and is back, with the state of a snapshot.
    pub(crate) fn restart(&mut self, place: usize) {
        if self.leader == place {
            let other = (place + 1 + self.draws.place(CONTROLLERS - 1)) % CONTROLLERS;
            self.elect(other);
        }
        let controller = &mut self.controllers[place];
        controller.boot += 1;
        controller.proposal = None;
        controller.wake_at = None;
        controller.status = Status::default();
        controller.overseer = Overseer::new(controller.settings.clone());
        let snapshot = batch_cluster::codec::encode(&controller.state);
        let restored: State = batch_cluster::codec::decode(&snapshot).expect("and comes back");
        if restored.digest() != controller.state.digest() {
            self.broken.get_or_insert(format!("R5: {place} restored another state"));
        }
        self.controllers[place].state = restored.with_bugs(self.bugs.clone());
        let lines: Vec<_> =
            self.lines.iter().filter(|(_, line)| line.controller == place).map(|(id, _)| *id).collect();
        lines.into_iter().for_each(|line| self.break_line(line));
        let delay = self.draws.between(MS, 500 * MS);
        let (term, leader) = (self.term, Some(self.leader));
        self.tell(place, delay, ToController::Status(Status { term, leader, leads: false, applied: 0 }));
        let upto = self.log.len() as u64;
        self.tell(place, delay, ToController::Apply { upto });
    }
}
