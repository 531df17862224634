//! A world for members: a queue of events in virtual time, a network that delays, loses, doubles and
//! cuts, machines that die and stand still.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use batch_cluster::Bugs;
use batch_cluster::raft::core::{Output, Settings};
use batch_cluster::raft::message::Message;
use batch_cluster::raft::service::{Effect, Event, Reply, ReplyTo, Request};

use crate::clients::Client;
use crate::disk::ModelDisk;
use crate::draws::Draws;
use crate::invariants::Invariants;
use crate::judge::Operation;
use crate::machine::{Done, Machine, told};

pub(crate) const MS: u64 = 1_000_000;

#[derive(Clone, Debug)]
pub(crate) enum What {
    Member {
        to: usize,
        what: ToMember,
    },
    /// Only for the incarnation that asked.
    Wake {
        member: usize,
        boot: u32,
    },
    Disk {
        member: usize,
        boot: u32,
    },
    Reply {
        client: usize,
        seq: u64,
        reply: Reply,
    },
    Client {
        client: usize,
        attempt: u64,
    },
    Start {
        member: usize,
    },
    Resume {
        member: usize,
    },
    Heal,
    Fault,
}

#[derive(Clone, Debug)]
pub(crate) enum ToMember {
    Message { from: usize, message: Message },
    Request { client: usize, seq: u64, request: Request },
}

/// How bad the network is.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) loss: u64,
    pub(crate) double: u64,
    /// Percent of messages that take up to a second.
    pub(crate) late: u64,
    pub(crate) delay: (u64, u64),
}

pub(crate) const CALM: Weather = Weather { loss: 0, double: 0, late: 0, delay: (MS / 5, 3 * MS) };

pub(crate) struct World {
    pub(crate) now: u64,
    queue: BTreeMap<(u64, u64), What>,
    posted: u64,
    pub(crate) draws: Draws,
    pub(crate) machines: Vec<Machine>,
    /// Whose disk has its next step in the queue.
    disk_busy: BTreeSet<(usize, u32)>,
    pub(crate) paused: BTreeMap<usize, Vec<What>>,
    /// Directed; the clients are one place behind the members.
    pub(crate) cuts: BTreeSet<(usize, usize)>,
    pub(crate) weather: Weather,
    replies: BTreeMap<u64, (usize, u64)>,
    pub(crate) clients: Vec<Client>,
    pub(crate) history: Vec<Operation>,
    pub(crate) invariants: Invariants,
    /// The first thing wrong inside.
    pub(crate) broken: Option<String>,
    pub(crate) faults: bool,
    pub(crate) reads_only: bool,
}

pub(crate) fn settings(place: usize, members: usize, bugs: &Bugs) -> Settings {
    Settings {
        place,
        members: (1..=members).map(|k| format!("controller-{k}")).collect(),
        heartbeat: Duration::from_millis(50),
        election: Duration::from_millis(300),
        check_quorum: Duration::from_millis(600),
        snapshot_every: 20,
        bugs: bugs.clone(),
    }
}

impl World {
    pub(crate) fn new(seed: u64, members: usize, bugs: &Bugs) -> Self {
        let mut draws = Draws::new(seed);
        let machines =
            (0..members).map(|place| Machine::new(settings(place, members, bugs), &mut draws)).collect();
        let mut world = Self {
            now: 0,
            queue: BTreeMap::new(),
            posted: 0,
            draws,
            machines,
            disk_busy: BTreeSet::new(),
            paused: BTreeMap::new(),
            cuts: BTreeSet::new(),
            weather: CALM,
            replies: BTreeMap::new(),
            clients: Vec::new(),
            history: Vec::new(),
            invariants: Invariants::new(members),
            broken: None,
            faults: false,
            reads_only: false,
        };
        (0..members).for_each(|member| world.start(member));
        world.add_clients();
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

    /// The member that leads the highest term, with that term.
    pub(crate) fn leader(&self) -> Option<(usize, u64)> {
        let term = |machine: &Machine| {
            let core = machine.service()?.core();
            core.leads().then(|| core.term())
        };
        let all =
            self.machines.iter().enumerate().filter_map(|(place, machine)| Some((place, term(machine)?)));
        all.max_by_key(|(_, term)| *term)
    }

    fn happen(&mut self, what: What) {
        let concerned = match &what {
            What::Member { to: member, .. } | What::Wake { member, .. } | What::Disk { member, .. } => {
                Some(*member)
            }
            _ => None,
        };
        if let Some(backlog) = concerned.and_then(|member| self.paused.get_mut(&member)) {
            backlog.push(what);
            return;
        }
        match what {
            What::Member { to, what } => self.receive(to, what),
            What::Wake { member, boot } => {
                let machine = &self.machines[member];
                let clock = machine.clock(self.now);
                let is_due = machine.service().is_some_and(|service| service.wake_at() <= clock);
                if machine.boot == boot && is_due {
                    let draw = self.draws.bits();
                    self.step(member, Event::Tick { draw });
                }
            }
            What::Disk { member, boot } => self.disk_step(member, boot),
            What::Reply { client, seq, reply } => self.reply(client, seq, reply),
            What::Client { client, attempt } => self.client_acts(client, attempt),
            What::Start { member } => self.start(member),
            What::Resume { member } => self.resume(member),
            What::Heal => self.cuts.clear(),
            What::Fault => self.fault(),
        }
    }

    pub(crate) fn start(&mut self, member: usize) {
        if self.machines[member].is_down() {
            self.invariants.down(member);
            if let Err(why) = self.machines[member].start() {
                self.broken.get_or_insert(why);
            }
            self.disk_later(member);
        }
    }

    /// What came meanwhile is there at once, in any order but that of the disk.
    pub(crate) fn resume(&mut self, member: usize) {
        let mut backlog = self.paused.remove(&member).unwrap_or_default();
        while !backlog.is_empty() {
            let place = self.draws.place(backlog.len());
            let what = backlog.swap_remove(place);
            self.post(self.weather.delay.0, what);
        }
    }

    fn receive(&mut self, to: usize, what: ToMember) {
        if !self.machines[to].is_up() {
            return;
        }
        let event = match what {
            ToMember::Message { from, message } => Event::Message { from, message },
            ToMember::Request { client, seq, request } => {
                self.posted += 1;
                self.replies.insert(self.posted, (client, seq));
                Event::Request { reply_to: ReplyTo(self.posted), request }
            }
        };
        self.step(to, event);
    }

    fn step(&mut self, member: usize, event: Event) {
        let effects = self.machines[member].step(self.now, event);
        self.carry_out(member, effects);
        self.wake_later(member);
        self.disk_later(member);
    }

    fn wake_later(&mut self, member: usize) {
        let machine = &self.machines[member];
        let Some(service) = machine.service() else { return };
        let at = machine.true_time(service.wake_at()).max(self.now + 1);
        let boot = machine.boot;
        self.post(at - self.now, What::Wake { member, boot });
    }

    /// The disk does one thing after the other, each in its time.
    fn disk_later(&mut self, member: usize) {
        let boot = self.machines[member].boot;
        if self.machines[member].disk_has_work() && self.disk_busy.insert((member, boot)) {
            let slow = if self.draws.percent(3) { 60 } else { 2 };
            let delay = self.draws.between(MS / 50, slow * MS);
            self.post(delay, What::Disk { member, boot });
        }
    }

    fn disk_step(&mut self, member: usize, boot: u32) {
        self.disk_busy.remove(&(member, boot));
        if self.machines[member].boot != boot {
            return;
        }
        let draw = self.draws.bits();
        match self.machines[member].disk_step(self.now, draw) {
            Done::Nothing => {}
            Done::Told(events) => events.iter().for_each(|event| self.judge(member, event)),
            Done::Persisted(token) => self.step(member, Event::Persisted { token }),
            Done::Up(effects) => {
                self.carry_out(member, effects);
                self.wake_later(member);
            }
        }
        self.disk_later(member);
    }

    fn carry_out(&mut self, member: usize, effects: Vec<Effect>) {
        for effect in effects {
            if let Some(event) = told(&effect) {
                self.judge(member, event);
            }
            match effect {
                Effect::Gated(Output::Send { to, message, .. }) => {
                    let what = ToMember::Message { from: member, message };
                    self.transmit(member, to, What::Member { to, what });
                }
                Effect::Reply { to, reply } => {
                    let (client, seq) = self.replies.remove(&to.0).expect("one reply to each request");
                    self.transmit(member, self.machines.len(), What::Reply { client, seq, reply });
                }
                Effect::Persist { .. } | Effect::Gated(_) => {}
            }
        }
    }

    fn judge(&mut self, member: usize, event: &squall_io::vocab::raft::Event) {
        let disks: Vec<&ModelDisk> = self.machines.iter().map(|machine| &machine.disk).collect();
        if let Err(why) = self.invariants.observe(member, event, &disks) {
            self.broken.get_or_insert(why);
        }
    }

    pub(crate) fn transmit(&mut self, from: usize, to: usize, what: What) {
        let weather = self.weather;
        let copies = if self.draws.percent(weather.double) { 2 } else { 1 };
        for _ in 0..copies {
            let lost = self.draws.percent(weather.loss) || self.cuts.contains(&(from, to));
            let longest = if self.draws.percent(weather.late) { 1_000 * MS } else { weather.delay.1 };
            let delay = self.draws.between(weather.delay.0, longest);
            if !lost {
                self.post(delay, what.clone());
            }
        }
    }

    /// Whether all members are up and have the same state.
    pub(crate) fn has_converged(&self) -> bool {
        let state = |machine: &Machine| {
            let replica = machine.service()?.replica();
            Some((replica.last(), replica.digest()))
        };
        let first = state(&self.machines[0]);
        first.is_some() && self.machines.iter().all(|machine| state(machine) == first)
    }
}
