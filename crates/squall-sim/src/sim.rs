//! The harness's handle on a simulation: what it is made from, its run loop, and what it tells.

mod lives;
mod rules;

use std::sync::atomic::{AtomicU32, Ordering};

use squall_history::{
    Body, ClockProfile, Digest, DiskProfile, Draws, NetworkProfile, NodeEvent, NodeName, Record, RestartOn,
    Seed, SimTime, Topology,
};

use crate::caller;
use crate::coop::hook;
use crate::disk::Disks;
use crate::net::Network;
use crate::neutral;
use crate::node::Nodes;
use crate::refusal::{self, Refusals};
use crate::task::{self, Software, Turn};
use crate::trace::{Checkpoint, JournalEntry, Journaling, Trace};
use crate::waker::{self, RUNS_MAX, TaskKey};
use crate::watch::{Watch, WatchedEvent};
use crate::world::{self, World};

pub(crate) use lives::{Stop, drop_tasks};

/// Events between two calls of the progress hook: some milliseconds of wall time.
const PROGRESS_EVENTS: u64 = 4_096;

/// What a simulation is made from.
#[derive(Clone, Debug)]
pub struct SimConfig<'a> {
    /// Where every draw comes from.
    pub seed: Seed,
    /// The nodes.
    pub topology: &'a Topology,
    /// Every link, before any rule.
    pub network: NetworkProfile,
    /// Every disk.
    pub disk: DiskProfile,
    /// Bounds.
    pub limits: SimLimits,
    /// Whether to keep a journal.
    pub journaling: Journaling,
}

/// Bounds of a simulation; reaching one is told, never a hang.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SimLimits {
    /// Events executed, polls included.
    pub events: u64,
    /// Polls while virtual time stands still.
    pub polls_per_instant: u64,
}

impl Default for SimLimits {
    /// 50 million events; a million polls at one instant, which no program needs that makes
    /// progress.
    fn default() -> Self {
        Self { events: 50_000_000, polls_per_instant: 1_000_000 }
    }
}

/// Why [`Sim::run_until`] came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ran {
    /// The time is reached.
    Reached,
    /// There are records to take; the time is not reached.
    Recorded,
    /// The limit on events is reached.
    EventLimit,
    /// Tasks wake each other while time stands still.
    Stuck {
        /// Of this node.
        node: NodeName,
        /// The last one polled was started here.
        place: String,
    },
}

/// What is left when a simulation is over.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Digest of everything that happened.
    pub digest: Digest,
    /// Events executed.
    pub events: u64,
    /// Wakes that came from other threads: nothing in them is reproducible.
    pub foreign_wakes: u64,
    /// What the machine was asked for, and did not give.
    pub refusals: Option<Refusals>,
    /// The digest along the way.
    pub checkpoints: Vec<Checkpoint>,
    /// Every packet and its fate, if a journal was kept.
    pub journal: Vec<JournalEntry>,
    /// The events that were watched.
    pub watched: Vec<WatchedEvent>,
}

/// A simulation on the current thread. One at a time; dropping it ends it.
#[derive(Debug)]
pub struct Sim {
    limits: SimLimits,
    polls_here: u64,
    foreign_wakes: u64,
    on_poll: Option<fn(&NodeName, &str)>,
    on_progress: Option<fn(u64)>,
    /// It lives in a thread-local: it must not leave its thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Sim {
    /// A simulation with nothing running yet.
    ///
    /// # Panics
    /// If there is one on this thread, after four million in one process, or if two nodes have one
    /// name.
    pub fn new(config: &SimConfig<'_>) -> Self {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(run < RUNS_MAX, "too many runs in one process: a run id must never repeat");
        let nodes = Nodes::new(config.topology);
        let disks = Disks::new(nodes.len(), config.disk);
        world::enter(World::new(
            run,
            Draws::new(config.seed),
            nodes,
            Network::new(config.network),
            disks,
            Trace::new(config.journaling),
        ));
        waker::open_inbox(run);
        refusal::take();
        Self {
            limits: config.limits,
            polls_here: 0,
            foreign_wakes: 0,
            on_poll: None,
            on_progress: None,
            _thread: std::marker::PhantomData,
        }
    }

    /// Calls `hook` before every poll with the node and the place its task was started at: slow, for
    /// finding out which poll does not return.
    pub fn on_poll(&mut self, hook: fn(&NodeName, &str)) {
        self.on_poll = Some(hook);
    }

    /// Calls `hook` with the number of events executed, every few thousand of them.
    pub fn on_progress(&mut self, hook: fn(u64)) {
        self.on_progress = Some(hook);
    }

    pub(crate) fn progress(&self, count: u64) {
        if let Some(hook) = self.on_progress {
            hook(count);
        }
    }

    /// Tells from now on what the disks hold for certain ([`squall_history::DiskEvent`]). Those
    /// records fold into no digest and change nothing else. For a simulation that has not run yet.
    pub fn tell_disks(&mut self) {
        world::with(|world| {
            assert!(world.trace.events == 0, "what was written before would never be told");
            world.disks.listen();
        });
    }

    /// Draws every node's clocks from a profile (domain `Clock`; identity: the node). For a simulation
    /// that has not run yet.
    pub fn set_clocks(&mut self, profile: &ClockProfile) {
        world::with(|world| {
            assert!(world.trace.events == 0, "a clock does not change without a fault");
            world.clocks_set(profile);
        });
    }

    /// Watches `count` events, those after the first `after` ones. It changes nothing else: the digest is
    /// the same either way.
    pub fn watch(&mut self, after: u64, count: u64) {
        world::with(|world| world.trace.watch = Watch::new(after, count));
    }

    /// From now on these ends of a node's software end its process, as for a program that aborts when it
    /// panics and whose `main` returns: whoever plays supervisor then [`start`](Self::start)s it again.
    pub fn end_process_on(&mut self, node: &NodeName, ends: &[RestartOn]) {
        let node = index(node);
        world::with(|world| world.stops.make_fatal(node, ends));
    }

    /// Starts the next incarnation of a node, which must be down.
    ///
    /// # Panics
    /// If the node is up or unknown.
    #[track_caller]
    pub fn start(&mut self, node: &NodeName, software: Software) {
        let place = std::panic::Location::caller();
        let node = index(node);
        if neutral::is_on() && self.is_up_at(node) {
            // Whoever was not stopped is not started again.
            return;
        }
        world::with(|world| {
            let state = world.nodes.get_mut(node);
            assert!(!state.up, "{} is up already", state.name);
            state.boot += 1;
            (state.up, state.powered, state.paused) = (true, true, false);
            // Counters of draws addressed by the incarnation: what an earlier one drew shifts nothing.
            (state.spawns, state.entropy_draws) = (0, 0);
            world.stops.forget(node);
            world.cpu_begin(node);
            world.record_node(node, NodeEvent::Started);
            let first = world.tasks_spawn(node, task::Body::Root(software), place);
            world.nodes.get_mut(node).first_task = Some(first);
        });
    }

    /// Runs to `limit`: everything before it has happened, nothing at it.
    pub fn run_until(&mut self, limit: SimTime) -> Ran {
        loop {
            match world::with(|world| self.advance(world, limit)) {
                Next::Poll { turn, slow } => self.poll(turn, slow),
                Next::Aside => {}
                Next::ForeignWakes => self.take_foreign_wakes(),
                Next::Ends(node, how) => self.process_ends(node, how),
                Next::Recorded => return Ran::Recorded,
                Next::EventLimit => return Ran::EventLimit,
                Next::Stuck(key) => {
                    let (node, place) = describe(key);
                    if let Some(hook) = self.on_poll {
                        hook(&node, &place);
                    }
                    return Ran::Stuck { node, place };
                }
                Next::Nothing => {
                    // A reached limit is an instant at which the harness acts.
                    if limit > caller::now() && limit != SimTime::MAX {
                        caller::set_now(limit);
                        self.polls_here = 0;
                    }
                    return Ran::Reached;
                }
            }
        }
    }

    /// Executes events until a task is to be polled, or there is something that needs the world free.
    /// All of that in one borrow: most of what a run does passes here.
    fn advance(&mut self, world: &mut World, limit: SimTime) -> Next {
        loop {
            if waker::has_foreign_wakes() {
                return Next::ForeignWakes;
            }
            // Before anybody is told that its software returned: then it is down.
            if let Some((node, how)) = world.stops.take_ending() {
                return Next::Ends(node, how);
            }
            if world.coop.take_news() || world.trace.has_records() {
                return Next::Recorded;
            }
            if world.trace.events >= self.limits.events {
                return Next::EventLimit;
            }
            if let Some(hook) = self.on_progress
                && world.trace.events.is_multiple_of(PROGRESS_EVENTS)
            {
                hook(world.trace.events);
            }
            if let Some((key, slow)) = world.next_task() {
                self.polls_here += 1;
                if self.polls_here > self.limits.polls_per_instant {
                    return Next::Stuck(key);
                }
                return Next::Poll { turn: world.begin_turn(key), slow };
            }
            let Some((at, event)) = world.next_event(limit) else { return Next::Nothing };
            assert!(at >= caller::now(), "an event lies in the past");
            if at > caller::now() {
                caller::set_now(at);
                self.polls_here = 0;
            }
            world.execute(event);
            if world.has_aside() {
                return Next::Aside;
            }
        }
    }

    fn poll(&self, turn: Turn, slow: Option<u32>) {
        if let Some(hook) = self.on_poll {
            let (node, place) = describe(turn.key());
            hook(&node, &place);
        }
        task::poll(turn);
        hook::after_poll();
        if let Some(node) = slow {
            world::with(|world| world.cpu_used(node));
        }
    }

    fn process_ends(&mut self, node: u32, how: RestartOn) {
        let was_asked = world::with(|world| world.stops.is_asked(node));
        let effects = self.stop(
            node,
            match how {
                RestartOn::Exit => Stop::Exit,
                // As `abort` ends it: the record of the panic says why.
                RestartOn::Panic => Stop::Kill,
            },
        );
        if was_asked {
            world::with(|world| world.stops.ended(node, effects));
        }
    }

    fn take_foreign_wakes(&mut self) {
        for key in waker::foreign_wakes(caller::run()) {
            self.foreign_wakes += 1;
            world::with(|world| world.tasks_wake(key));
        }
    }

    /// The records since the last call, in order.
    pub fn take_records(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        self.move_records(&mut records);
        records
    }

    /// As [`take_records`](Self::take_records), behind those in `into`.
    pub fn move_records(&mut self, into: &mut Vec<Record>) {
        world::with(|world| world.trace.move_records(into));
    }

    /// True virtual time.
    pub fn now(&self) -> SimTime {
        caller::now()
    }

    /// Events executed so far.
    pub fn events(&self) -> u64 {
        world::with(|world| world.trace.events)
    }

    /// Digest of everything that happened so far.
    pub fn digest(&self) -> Digest {
        world::with(|world| world.trace.digest())
    }

    /// Draws come from `seed` from now on.
    pub fn reseed(&mut self, seed: Seed) {
        world::with(|world| {
            world.draws = Draws::new(seed);
            world.trace.fold(seed.0);
        });
    }

    /// Adds a record of the harness's own (a fault's life, a client's operation) to the history.
    pub fn record(&mut self, node: Option<&NodeName>, body: Body) {
        let record = Record { at: caller::now(), node: node.cloned(), boot: None, body };
        world::with(|world| world.trace.record_unfolded(record));
    }

    /// Ends the simulation: every node stops, nothing of that is recorded.
    pub fn end(mut self) -> Ended {
        self.take_foreign_wakes();
        let ended = world::with(|world| Ended {
            digest: world.trace.digest(),
            events: world.trace.events,
            foreign_wakes: self.foreign_wakes,
            refusals: refusal::take(),
            checkpoints: std::mem::take(&mut world.trace.checkpoints),
            journal: std::mem::take(&mut world.trace.journal),
            watched: world.trace.end_watch(caller::now()),
        });
        drop(self);
        ended
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let nodes = world::with(|world| u32::try_from(world.nodes.len()).expect("indexed by u32"));
        for node in 0..nodes {
            world::with(|world| world.nodes.get_mut(node).up = false);
            drop_tasks(node);
        }
        waker::close_inbox(caller::run());
        // Wakers of others that are still parked may run destructors: outside the borrow.
        let world = world::leave();
        drop(world);
    }
}

/// What the loop does next, with the world free.
enum Next {
    /// There is nothing before the limit.
    Nothing,
    /// A task's turn; with its node, if that one is slow.
    Poll { turn: Turn, slow: Option<u32> },
    /// Wakers that are not ours were set aside: they are woken as the borrow ends.
    Aside,
    /// Other threads woke tasks.
    ForeignWakes,
    /// A node's process ends by itself.
    Ends(u32, RestartOn),
    /// There is something to tell.
    Recorded,
    /// So many events were executed as may be.
    EventLimit,
    /// This task would have its turn, but time has stood still for too many.
    Stuck(TaskKey),
}

pub(crate) fn index(node: &NodeName) -> u32 {
    world::with(|world| world.nodes.named(node.as_str()))
        .unwrap_or_else(|| panic!("the topology has no node `{node}`"))
}

fn describe(task: TaskKey) -> (NodeName, String) {
    world::with(|world| {
        let task = world.tasks.get(task).expect("a ready task is live");
        (world.nodes.get(task.node).name.clone(), task.place.to_string())
    })
}
