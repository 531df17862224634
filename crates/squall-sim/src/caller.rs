//! Who is calling: thread-local words that software on a node reaches the simulator through.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

use squall_history::{Body, Domain, Draw, Identity, NodeName, Record, SimTime};

use crate::clock;
use crate::guest;
use crate::trace::Trace;
use crate::waker::TaskKey;
use crate::world;

/// The task being polled (or dropped), with its node and incarnation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Caller {
    pub(crate) node: u32,
    pub(crate) boot: u32,
    pub(crate) task: TaskKey,
}

thread_local! {
    /// The run that lives on this thread; zero if none.
    static RUN: Cell<u32> = const { Cell::new(0) };
    /// True virtual time. A cell of its own, readable while the world is borrowed.
    static NOW: Cell<u64> = const { Cell::new(0) };
    static CALLER: Cell<Option<Caller>> = const { Cell::new(None) };
}

pub(crate) fn run() -> u32 {
    RUN.get()
}

pub(crate) fn set_run(run: u32) {
    RUN.set(run);
    NOW.set(0);
    CALLER.set(None);
    clock::reset();
}

pub(crate) fn set_now(now: SimTime) {
    NOW.set(now.0);
}

/// Who calls; for a task that another simulator started past the ground, whoever it is found to be.
#[inline]
pub(crate) fn get() -> Option<Caller> {
    CALLER.get().or_else(guest::stray)
}

/// The caller, for functions that only software on a node may use.
///
/// # Panics
/// Outside such software.
pub(crate) fn expect() -> Caller {
    get().expect("this is for software running on a simulated node")
}

/// Runs `f` as `caller`.
#[inline]
pub(crate) fn as_caller<R>(caller: Caller, f: impl FnOnce() -> R) -> R {
    /// Restores the caller also when `f` unwinds.
    struct Restore(Option<Caller>);
    impl Drop for Restore {
        fn drop(&mut self) {
            CALLER.set(self.0);
        }
    }
    let _restore = Restore(CALLER.replace(Some(caller)));
    f()
}

/// Whether the calling code is software on a node of a simulation that runs on this thread.
#[inline]
pub fn in_simulation() -> bool {
    get().is_some()
}

/// Whether the calling code is the software of an incarnation that lives: false in the destructors of
/// one that was stopped, and outside any node.
pub fn is_alive() -> bool {
    let Some(caller) = get() else { return false };
    world::look(|world| world.nodes.is_current(caller.node, caller.boot)).unwrap_or(false)
}

/// True virtual time of the simulation on this thread; zero if there is none. What a node's own clock
/// shows is [`monotonic_ns`](crate::monotonic_ns).
#[inline]
pub fn now() -> SimTime {
    SimTime(NOW.get())
}

/// The node whose software is calling, if any.
pub fn current_node() -> Option<NodeName> {
    let caller = get()?;
    world::look(|world| world.nodes.get(caller.node).name.clone())
}

/// The next draw of the calling task (domain `System`; identity: the task; n: its counter).
///
/// # Panics
/// Outside software on a node.
pub fn task_draw() -> u64 {
    let caller = expect();
    world::with(|world| world.task_draw(caller).bits())
}

/// The `n`-th draw of the calling node's workload (domain `Workload`; identity: the node).
///
/// # Panics
/// Outside software on a node.
pub fn workload_draw(n: u64) -> Draw {
    let caller = expect();
    world::with(|world| {
        let draw = world.draws.draw(Domain::Workload, world.nodes.get(caller.node).identity, n);
        world.trace.fold(draw.bits());
        draw
    })
}

/// Fills `bytes` with entropy of the run: what the operating system answers when code under test
/// asks it for randomness (domain `Entropy`; identity: node and boot; n: a counter). Code of the
/// harness that asks on the same thread gets draws of no node; without a simulation, zeros.
pub fn entropy(bytes: &mut [u8]) {
    if run() == 0 {
        bytes.fill(0);
        return;
    }
    let caller = get();
    world::with(|world| {
        for chunk in bytes.chunks_mut(8) {
            let (identity, count) = match caller {
                Some(caller) => {
                    let node = world.nodes.get_mut(caller.node);
                    (node.identity.with(caller.boot.into()), &mut node.entropy_draws)
                }
                None => (Identity::of("harness"), &mut world.entropy_draws),
            };
            *count += 1;
            let draw = world.draws.draw(Domain::Entropy, identity, *count);
            chunk.copy_from_slice(&draw.bits().to_le_bytes()[..chunk.len()]);
        }
    });
}

/// Adds what the calling node tells about itself to the history. What the destructors of a stopped
/// node tell goes nowhere, but for client operations: that one has no known outcome is the
/// harness's knowledge, not the dead client's.
///
/// # Panics
/// Outside software on a node.
pub fn observe(body: Body) {
    tell(body, Trace::record);
}

/// As [`observe`], of what says nothing that the digest does not hold already.
pub(crate) fn observe_unfolded(body: Body) {
    tell(body, Trace::record_unfolded);
}

#[inline]
fn tell(body: Body, into: impl FnOnce(&mut Trace, Record)) {
    let caller = expect();
    world::with(|world| {
        let alive = world.nodes.is_current(caller.node, caller.boot);
        if !alive && !matches!(body, Body::Op(_)) {
            return;
        }
        let node = world.nodes.get(caller.node);
        let record = Record {
            at: now(),
            node: Some(node.name.clone()),
            boot: Some(squall_history::Boot(caller.boot)),
            body,
        };
        into(&mut world.trace, record);
    });
}

/// Lets other tasks run.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
