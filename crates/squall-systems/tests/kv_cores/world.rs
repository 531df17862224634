//! A world for cores: a queue of events in virtual time, a network that delays, loses, doubles and
//! cuts, machines that die and stand still.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use squall_history::vocab::raft;
use squall_systems::kv::Bugs;
use squall_systems::kv::core::{Input, Output, ReplyTo, Settings, Token, Word};
use squall_systems::kv::protocol::{Entry, Message, Outcome, Request};

use crate::clients::Client;
use crate::draws::Draws;
use crate::judge::Operation;
use crate::machine::Machine;

pub(crate) const MS: u64 = 1_000_000;
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Server {
        to: usize,
        what: ToServer,
    },
    /// Only for the incarnation that asked.
    Wake {
        server: usize,
        boot: u32,
    },
    Synced {
        server: usize,
        boot: u32,
        token: Token,
    },
    Reply {
        client: usize,
        seq: u64,
        outcome: Outcome,
    },
    Client {
        client: usize,
        attempt: u64,
    },
    Start {
        server: usize,
    },
    Resume {
        server: usize,
    },
    Heal,
    Fault,
}

#[derive(Clone, Debug)]
pub(crate) enum ToServer {
    Message { from: usize, message: Message },
    Request { client: usize, request: Request },
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
    queue: BTreeMap<(u64, u64), Event>,
    posted: u64,
    pub(crate) draws: Draws,
    pub(crate) machines: Vec<Machine>,
    pub(crate) paused: BTreeMap<usize, Vec<Event>>,
    /// Directed; the clients are one place behind the servers.
    pub(crate) cuts: BTreeSet<(usize, usize)>,
    pub(crate) weather: Weather,
    replies: BTreeMap<u64, (usize, u64)>,
    pub(crate) clients: Vec<Client>,
    pub(crate) history: Vec<Operation>,
    committed: Vec<Entry>,
    /// The first thing wrong inside.
    pub(crate) broken: Option<String>,
    /// `became-leader` by true time, server and epoch.
    pub(crate) elections: Vec<(u64, usize, u64)>,
    pub(crate) faults: bool,
    pub(crate) reads_only: bool,
}

impl World {
    pub(crate) fn new(seed: u64, servers: usize, bugs: &Bugs) -> Self {
        let mut draws = Draws::new(seed);
        let names: Vec<String> = (1..=servers).map(|k| format!("server-{k}")).collect();
        let machine = |place| {
            let settings = Settings {
                place,
                servers: names.clone(),
                lease: Duration::from_millis(500),
                heartbeat: Duration::from_millis(50),
                bugs: bugs.clone(),
            };
            Machine::new(settings, &mut draws)
        };
        let machines = (0..servers).map(machine).collect();
        let mut world = Self {
            now: 0,
            queue: BTreeMap::new(),
            posted: 0,
            draws,
            machines,
            paused: BTreeMap::new(),
            cuts: BTreeSet::new(),
            weather: CALM,
            replies: BTreeMap::new(),
            clients: Vec::new(),
            history: Vec::new(),
            committed: Vec::new(),
            broken: None,
            elections: Vec::new(),
            faults: false,
            reads_only: false,
        };
        (0..servers).for_each(|server| world.post(0, Event::Start { server }));
        world.add_clients();
        world
    }

    pub(crate) fn post(&mut self, delay: u64, event: Event) {
        self.posted += 1;
        self.queue.insert((self.now + delay, self.posted), event);
    }

    /// Lets time pass.
    pub(crate) fn run_until(&mut self, end: u64) {
        while let Some(next) = self.queue.first_entry().filter(|next| next.key().0 <= end) {
            self.now = next.key().0;
            let event = next.remove();
            self.happen(event);
        }
        self.now = end;
    }

    /// As [`run_until`](Self::run_until), but stops once `condition` holds; says whether it does.
    pub(crate) fn run_until_or(&mut self, end: u64, condition: impl Fn(&Self) -> bool) -> bool {
        while !condition(self) {
            let Some(next) = self.queue.first_entry().filter(|next| next.key().0 <= end) else {
                return false;
            };
            self.now = next.key().0;
            let event = next.remove();
            self.happen(event);
        }
        true
    }

    /// The server that is primary in the highest epoch, with that epoch.
    pub(crate) fn primary(&self) -> Option<(usize, u64)> {
        let epoch = |machine: &Machine| machine.core.as_ref()?.primary_epoch();
        let all =
            self.machines.iter().enumerate().filter_map(|(place, machine)| Some((place, epoch(machine)?)));
        all.max_by_key(|(_, epoch)| *epoch)
    }

    fn happen(&mut self, event: Event) {
        let concerned = match &event {
            Event::Server { to: server, .. } | Event::Wake { server, .. } | Event::Synced { server, .. } => {
                Some(*server)
            }
            _ => None,
        };
        if let Some(backlog) = concerned.and_then(|server| self.paused.get_mut(&server)) {
            backlog.push(event);
            return;
        }
        match event {
            Event::Server { to, what } => self.receive(to, what),
            Event::Wake { server, boot } => {
                let machine = &self.machines[server];
                let due = machine.core.as_ref().is_some_and(|core| core.wake_at() <= machine.clock(self.now));
                if machine.boot == boot && due {
                    let draw = self.draws.bits();
                    self.step(server, Input::Tick { draw });
                }
            }
            Event::Synced { server, boot, token } => {
                if self.machines[server].boot == boot && self.machines[server].core.is_some() {
                    self.step(server, Input::Persisted { token });
                }
            }
            Event::Reply { client, seq, outcome } => self.reply(client, seq, outcome),
            Event::Client { client, attempt } => self.client_acts(client, attempt),
            Event::Start { server } => self.start(server),
            Event::Resume { server } => self.resume(server),
            Event::Heal => self.cuts.clear(),
            Event::Fault => self.fault(),
        }
    }

    pub(crate) fn start(&mut self, server: usize) {
        if self.machines[server].core.is_none() {
            let draw = self.draws.bits();
            self.machines[server].start(self.now, draw);
            self.wake_later(server);
        }
    }

    /// What came meanwhile is there at once, in any order.
    pub(crate) fn resume(&mut self, server: usize) {
        let mut backlog = self.paused.remove(&server).unwrap_or_default();
        while !backlog.is_empty() {
            let place = self.draws.place(backlog.len());
            let event = backlog.swap_remove(place);
            self.post(self.weather.delay.0, event);
        }
    }

    fn receive(&mut self, to: usize, what: ToServer) {
        if self.machines[to].core.is_none() {
            return;
        }
        let input = match what {
            ToServer::Message { from, message } => Input::Message { from, message },
            ToServer::Request { client, request } => {
                self.posted += 1;
                self.replies.insert(self.posted, (client, request.seq));
                Input::Request { reply_to: ReplyTo(self.posted), request }
            }
        };
        self.step(to, input);
    }

    fn step(&mut self, server: usize, input: Input) {
        for output in self.machines[server].step(self.now, input) {
            self.carry_out(server, output);
        }
        self.wake_later(server);
        self.check_leases();
    }

    fn wake_later(&mut self, server: usize) {
        let machine = &self.machines[server];
        let Some(core) = &machine.core else { return };
        let at = machine.true_time(core.wake_at()).max(self.now + 1);
        let boot = machine.boot;
        self.post(at - self.now, Event::Wake { server, boot });
    }

    fn carry_out(&mut self, server: usize, output: Output) {
        match output {
            Output::Persist { token, .. } => {
                let slow = if self.draws.percent(5) { 100 } else { 4 };
                let delay = self.draws.between(MS / 10, slow * MS);
                let at = self.machines[server].disk_free_at.max(self.now) + delay;
                self.machines[server].disk_free_at = at;
                let boot = self.machines[server].boot;
                self.post(at - self.now, Event::Synced { server, boot, token });
            }
            Output::Send { to, message, .. } => {
                self.transmit(
                    server,
                    to,
                    Event::Server { to, what: ToServer::Message { from: server, message } },
                );
            }
            Output::Reply { to, outcome } => {
                let (client, seq) = self.replies.remove(&to.0).expect("one reply to each request");
                self.transmit(server, self.machines.len(), Event::Reply { client, seq, outcome });
            }
            Output::Observe { word: Word::Raft(event), .. } => self.observe(server, &event),
            Output::Observe { word: Word::Custom(_), .. } => {}
        }
    }

    pub(crate) fn transmit(&mut self, from: usize, to: usize, event: Event) {
        let weather = self.weather;
        let copies = if self.draws.percent(weather.double) { 2 } else { 1 };
        for _ in 0..copies {
            let lost = self.draws.percent(weather.loss) || self.cuts.contains(&(from, to));
            let longest = if self.draws.percent(weather.late) { 1_000 * MS } else { weather.delay.1 };
            let delay = self.draws.between(weather.delay.0, longest);
            if !lost {
                self.post(delay, event.clone());
            }
        }
    }

    /// At most one server may answer reads by itself, whatever the others' clocks show.
    fn check_leases(&mut self) {
        let holds = |machine: &&Machine| {
            machine.core.as_ref().is_some_and(|core| core.holds_lease(machine.clock(self.now)))
        };
        let holders = self.machines.iter().filter(holds).count();
        if holders > 1 {
            self.broken.get_or_insert_with(|| format!("{holders} servers hold the lease"));
        }
    }

    fn observe(&mut self, server: usize, event: &raft::Event) {
        match event {
            raft::Event::BecameLeader { term } => {
                if self.elections.iter().any(|(_, _, epoch)| epoch == term) {
                    self.broken.get_or_insert_with(|| format!("epoch {term} has two primaries"));
                }
                self.elections.push((self.now, server, *term));
            }
            raft::Event::Committed { index } => self.check_commit(server, *index),
            _ => {}
        }
    }

    /// What is committed anywhere is the same everywhere.
    fn check_commit(&mut self, server: usize, end: u64) {
        let core = self.machines[server].core.as_ref().expect("it speaks");
        for index in 1..=end {
            let Some(entry) = core.log().get(index) else { continue };
            match self.committed.get(index as usize - 1) {
                None => self.committed.push(entry.clone()),
                Some(known) if known == entry => {}
                Some(known) => {
                    let what = format!("server {server} committed {entry:?}, another {known:?}");
                    self.broken.get_or_insert(what);
                }
            }
        }
    }
}
