//! The whole state of a simulation, reached through one thread-local.
//!
//! Nothing of the system under test runs while the world is borrowed: futures are polled and
//! dropped outside, and wakers that are not ours (those of combinators) are set aside and woken
//! after the borrow ends.

use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::task::Waker;

use squall_history::{Domain, Draw, Draws, SimTime};

use crate::caller::{self, Caller};
use crate::coop::{self, Coop};
use crate::cpu::Cpus;
use crate::disk::Disks;
use crate::event::Event;
use crate::guest;
use crate::net::Network;
use crate::node::Nodes;
use crate::node_rule::NodeRules;
use crate::queue::Queue;
use crate::stop::Stops;
use crate::task::Tasks;
use crate::timer::Timers;
use crate::trace::Trace;
use crate::waker;

thread_local! {
    /// Never dropped by the thread's end: a system that exits its process would otherwise have its
    /// tasks dropped without a world under them, which aborts and hides the exit. `leave` takes it.
    static WORLD: RefCell<Option<ManuallyDrop<Box<World>>>> = const { RefCell::new(None) };
}

/// A simulation's state, by subsystem. Each owns its part; what needs several is a method here or
/// in the subsystem's own file.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) run: u32,
    pub(crate) draws: Draws,
    pub(crate) queue: Queue,
    pub(crate) timers: Timers,
    pub(crate) tasks: Tasks,
    pub(crate) nodes: Nodes,
    pub(crate) node_rules: NodeRules,
    pub(crate) cpus: Cpus,
    pub(crate) stops: Stops,
    pub(crate) net: Network,
    pub(crate) disks: Disks,
    pub(crate) coop: Coop,
    pub(crate) trace: Trace,
    /// Entropy that the harness itself asked for.
    pub(crate) entropy_draws: u64,
    /// Foreign wakers to wake, and to drop, once the world is no longer borrowed.
    to_wake: Vec<Waker>,
    to_drop: Vec<Waker>,
}

impl World {
    pub(crate) fn new(
        run: u32,
        draws: Draws,
        nodes: Nodes,
        net: Network,
        disks: Disks,
        trace: Trace,
    ) -> Self {
        Self {
            run,
            draws,
            queue: Queue::default(),
            timers: Timers::default(),
            tasks: Tasks::default(),
            nodes,
            node_rules: NodeRules::default(),
            cpus: Cpus::default(),
            stops: Stops::default(),
            net,
            disks,
            coop: Coop::default(),
            trace,
            entropy_draws: 0,
            to_wake: Vec::new(),
            to_drop: Vec::new(),
        }
    }

    /// Wakes whoever waits: a task of ours at once, anything else after the borrow.
    pub(crate) fn wake(&mut self, waker: Waker) {
        match waker::task_of(&waker, self.run) {
            Some(task) => self.tasks_wake(task),
            None => self.to_wake.push(waker),
        }
    }

    /// Wakes whoever is parked in `place`.
    pub(crate) fn wake_parked(&mut self, parked: Option<Waker>) {
        if let Some(waker) = parked {
            self.wake(waker);
        }
    }

    /// Drops a waker once that is safe.
    pub(crate) fn discard(&mut self, waker: Waker) {
        // One of ours is a number; another's destructor may run anything.
        if waker::task_of(&waker, self.run).is_none() {
            self.to_drop.push(waker);
        }
    }

    /// Whether something waits for the end of the borrow.
    #[inline]
    pub(crate) const fn has_aside(&self) -> bool {
        !self.to_wake.is_empty() || !self.to_drop.is_empty()
    }

    /// The next draw of the calling task itself (domain `System`). A destructor that runs after its
    /// node stopped has no task any more; it gets the node's entropy.
    pub(crate) fn task_draw(&mut self, caller: Caller) -> Draw {
        self.tasks.draw(caller.task, &self.draws).unwrap_or_else(|| {
            let node = self.nodes.get_mut(caller.node);
            node.entropy_draws += 1;
            let identity = node.identity.with(caller.boot.into());
            self.draws.draw(Domain::Entropy, identity, node.entropy_draws)
        })
    }

    /// Executes one event at `now`.
    pub(crate) fn execute(&mut self, event: Event) {
        if self.trace.is_watched() {
            let about = self.about(event);
            self.trace.watch.begin(about);
        }
        self.trace.fold(caller::now().0);
        self.trace.fold(event.kind());
        match event {
            Event::Timer(key) => self.timer_fired(key),
            Event::Syn(conn) => self.syn_arrived(conn),
            Event::SynAck(conn) => self.syn_ack_arrived(conn),
            Event::Refused(conn) => self.refusal_arrived(conn),
            Event::SynRetry { conn, attempt } => self.syn_again(conn, attempt),
            Event::Segment { conn, from, epoch, upto, fin } => {
                self.segment_arrived(conn, from, epoch, upto, fin);
            }
            Event::Retransmit { conn, from } => self.retransmit(conn, from),
            Event::Reset { conn, to } => self.reset_arrived(conn, to),
            Event::Datagram(packet) => self.datagram_arrived(packet),
            Event::Processor(node) => self.cpu_free(node),
            Event::Keepalive { conn, side, turn } => self.keepalive_due(conn, side, turn),
            Event::Probe { conn, to } => self.probe_arrived(conn, to),
            Event::ProbeAnswer { conn, to } => self.probe_answered(conn, to),
            Event::Patience { conn, side, turn } => self.patience_due(conn, side, turn),
        }
        self.trace.executed(caller::now());
    }

    /// The next event before `limit`, with its time. Events whose timer is gone, or due at another time
    /// by its node's clock, are skipped without a trace.
    pub(crate) fn next_event(&mut self, limit: SimTime) -> Option<(SimTime, Event)> {
        while self.queue.next_at()? < limit {
            let (at, event) = self.queue.pop()?;
            match event {
                Event::Timer(key) if self.timer_is_stale(key, at) => {}
                _ => return Some((at, event)),
            }
        }
        None
    }
}

/// Puts a world on this thread.
///
/// # Panics
/// If there is one already.
pub(crate) fn enter(world: World) {
    WORLD.with_borrow_mut(|slot| {
        assert!(slot.is_none(), "one simulation at a time on a thread");
        caller::set_run(world.run);
        coop::reset();
        *slot = Some(ManuallyDrop::new(Box::new(world)));
    });
}

/// Looks at the world, if there is one and nobody changes it at this moment.
pub(crate) fn look<R>(f: impl FnOnce(&World) -> R) -> Option<R> {
    WORLD.with(|slot| slot.try_borrow().ok()?.as_ref().map(|world| f(world)))
}

/// Takes the world off this thread.
pub(crate) fn leave() -> Box<World> {
    caller::set_run(0);
    coop::reset();
    guest::reset();
    let world = WORLD.with_borrow_mut(Option::take).expect("the simulation is on this thread");
    ManuallyDrop::into_inner(world)
}

/// Runs `f` on the world, then wakes and drops what `f` set aside.
///
/// # Panics
/// If no simulation is on this thread.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&mut World) -> R) -> R {
    let mut has_aside = false;
    let result = WORLD.with_borrow_mut(|slot| {
        let world = slot.as_mut().expect("no simulator runs on this thread");
        let result = f(world);
        has_aside = world.has_aside();
        result
    });
    if has_aside {
        settle();
    }
    result
}

/// Wakes and drops what was set aside. Apart from [`with`], which every call of a system goes through
/// and which should stay small.
#[cold]
fn settle() {
    let (to_wake, to_drop) = WORLD.with_borrow_mut(|slot| {
        let world = slot.as_mut().expect("it was there just before");
        (std::mem::take(&mut world.to_wake), std::mem::take(&mut world.to_drop))
    });
    to_wake.into_iter().for_each(Waker::wake);
    drop(to_drop);
}
