//! A member's machine: its software, its disk, its clock.

use std::collections::VecDeque;

use batch_cluster::raft::core::{Gate, Moment, Output, Settings, Token, Write};
use batch_cluster::raft::service::{Effect, Event, Service};
use batch_cluster::raft::storage::{Recovered, Step, Storage, recover};

use crate::disk::ModelDisk;
use crate::draws::Draws;
use crate::list::List;

pub(crate) struct Machine {
    settings: Settings,
    pub(crate) disk: ModelDisk,
    pub(crate) software: Software,
    pub(crate) boot: u32,
    /// Its clock: how fast it runs, in millionths, and what it showed at the start.
    rate: u64,
    offset: u64,
}

pub(crate) enum Software {
    Down,
    /// Puts its files in order.
    Recovering {
        recovered: Box<Recovered>,
        steps: VecDeque<Step>,
    },
    Up(Box<Running>),
}

pub(crate) struct Running {
    pub(crate) service: Service<List>,
    gate: Gate,
    storage: Storage,
    /// Batches that wait for the disk.
    batches: VecDeque<(Token, Vec<Write>)>,
    /// What the disk does now, and for which token.
    steps: VecDeque<Step>,
    token: Option<Token>,
}

impl Machine {
    pub(crate) fn new(settings: Settings, draws: &mut Draws) -> Self {
        let (rate, offset) = (draws.between(980_000, 1_020_000), draws.below(1 << 40));
        let disk = ModelDisk::default();
        Self { settings, disk, software: Software::Down, boot: 0, rate, offset }
    }

    pub(crate) fn clock(&self, now: u64) -> Moment {
        Moment(self.offset + (u128::from(now) * u128::from(self.rate) / 1_000_000) as u64)
    }

    /// True time at which its clock shows `moment`, rounded up.
    pub(crate) fn true_time(&self, moment: Moment) -> u64 {
        let local = u128::from(moment.0.saturating_sub(self.offset));
        (local * 1_000_000).div_ceil(u128::from(self.rate)) as u64
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.software, Software::Up(_))
    }

    pub(crate) fn is_down(&self) -> bool {
        matches!(self.software, Software::Down)
    }

    pub(crate) fn service(&self) -> Option<&Service<List>> {
        if let Software::Up(running) = &self.software { Some(&running.service) } else { None }
    }

    pub(crate) fn start(&mut self) -> Result<(), String> {
        self.boot += 1;
        let mut recovered =
            recover(&self.settings, &self.disk.files()).map_err(|error| format!("no recovery: {error}"))?;
        let steps = std::mem::take(&mut recovered.steps).into();
        self.software = Software::Recovering { recovered: Box::new(recovered), steps };
        Ok(())
    }

    /// The process dies; the page cache stays.
    pub(crate) fn kill(&mut self) {
        self.software = Software::Down;
        self.boot += 1;
    }

    pub(crate) fn power_loss(&mut self, draws: &mut Draws) {
        self.kill();
        self.disk.power_loss(draws);
    }

    /// Feeds the software; gives what may be carried out now.
    pub(crate) fn step(&mut self, now: u64, event: Event) -> Vec<Effect> {
        let local = self.clock(now);
        let Software::Up(running) = &mut self.software else { return Vec::new() };
        let mut released = Vec::new();
        if let Event::Persisted { token } = event {
            released.extend(running.gate.release(token).into_iter().map(Effect::Gated));
        }
        let effects = running.service.step(local, event).expect("a state comes back");
        for effect in effects {
            match effect {
                Effect::Persist { token, writes } => running.batches.push_back((token, writes)),
                Effect::Gated(output) => released.extend(running.gate.pass(output).map(Effect::Gated)),
                effect @ Effect::Reply { .. } => released.push(effect),
            }
        }
        released
    }

    /// Whether the disk has something to do.
    pub(crate) fn disk_has_work(&self) -> bool {
        match &self.software {
            Software::Down => false,
            Software::Recovering { .. } => true,
            Software::Up(running) => running.token.is_some() || !running.batches.is_empty(),
        }
    }

    /// Does the next thing on the disk.
    pub(crate) fn disk_step(&mut self, now: u64, draw: u64) -> Done {
        match &mut self.software {
            Software::Down => Done::Nothing,
            Software::Recovering { steps, .. } if steps.is_empty() => self.come_up(now, draw),
            Software::Recovering { steps, .. } => perform(&mut self.disk, steps),
            Software::Up(running) => {
                if running.token.is_none() {
                    let (tokens, writes): (Vec<_>, Vec<_>) = running.batches.drain(..).unzip();
                    running.token = tokens.last().copied();
                    running.steps = running.storage.write(&writes.concat()).into();
                }
                if running.steps.is_empty() {
                    running.token.take().map_or(Done::Nothing, Done::Persisted)
                } else {
                    perform(&mut self.disk, &mut running.steps)
                }
            }
        }
    }

    fn come_up(&mut self, now: u64, draw: u64) -> Done {
        let clock = self.clock(now);
        let Software::Recovering { recovered, .. } = std::mem::replace(&mut self.software, Software::Down)
        else {
            unreachable!("only what recovers comes up")
        };
        let settings = self.settings.clone();
        let (service, effects) = Service::new(settings, recovered.durable, List::default(), clock, draw)
            .expect("its own state comes back");
        self.software = Software::Up(Box::new(Running {
            service,
            gate: Gate::default(),
            storage: recovered.storage,
            batches: VecDeque::new(),
            steps: VecDeque::new(),
            token: None,
        }));
        Done::Up(effects)
    }
}

/// What came of a disk's step.
pub(crate) enum Done {
    Nothing,
    Told(Vec<squall_io::vocab::raft::Event>),
    Persisted(Token),
    Up(Vec<Effect>),
}

/// Does the next thing, and tells all that follows it: no time passes in between.
fn perform(disk: &mut ModelDisk, steps: &mut VecDeque<Step>) -> Done {
    let mut told = Vec::new();
    if let Some(Step::File(op)) = steps.pop_front_if(|step| matches!(step, Step::File(_))) {
        disk.apply(&op);
    }
    while let Some(Step::Tell(event)) = steps.pop_front_if(|step| matches!(step, Step::Tell(_))) {
        told.push(event);
    }
    Done::Told(told)
}

/// Whether an effect tells the harness, and what.
pub(crate) fn told(effect: &Effect) -> Option<&squall_io::vocab::raft::Event> {
    if let Effect::Gated(Output::Observe { event, .. }) = effect { Some(event) } else { None }
}
