//! Guests: nodes whose software runs on another simulator's tasks and network.
//!
//! An engine that is not ours borrows from this one all that a node is made of besides its processor and
//! its network: disks, records, draws, points at which it is struck, the word to stop, its lives. Its
//! software is polled over there, wrapped in a [`Guest`], which says here who is calling, catches panics,
//! and stands still once its incarnation is over. In this simulator a task stands for it that ends when
//! the guest returns, so that supervisors and oracles see the same as of any other node.
//!
//! A task that the other simulator started past the ground (a plain `tokio::spawn`) has no wrapper: who it
//! is a resolver says ([`host_guests`]), and a panic in it is told by [`Sim::tell_stray_panics`].

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use squall_history::NodeName;

use crate::caller::{self, Caller};
use crate::coop::hook;
use crate::sim::{Sim, index};
use crate::task::{Software, record_panic};
use crate::{panics, world};

/// Says on which node, by its place in the topology, the calling code runs; nothing outside of any.
pub type Resolver = fn() -> Option<u32>;

thread_local! {
    static RESOLVER: Cell<Option<Resolver>> = const { Cell::new(None) };
}

/// From now on this thread's simulation has guests.
pub fn host_guests(resolver: Resolver) {
    RESOLVER.set(Some(resolver));
}

/// Whether the software on the nodes of this thread's simulation runs on another simulator.
#[inline]
pub fn has_guests() -> bool {
    RESOLVER.get().is_some()
}

/// A simulation is over.
pub(crate) fn reset() {
    RESOLVER.set(None);
}

/// Who calls from a task without a wrapper.
pub(crate) fn stray() -> Option<Caller> {
    let node = RESOLVER.get()?()?;
    world::look(|world| {
        let state = world.nodes.get(node);
        state.first_task.map(|task| Caller { node, boot: state.boot, task })
    })?
}

/// What another simulator did since the last call, as a word: it becomes part of the run's digest.
///
/// # Panics
/// Without a simulation.
pub fn fold_guests(word: u64) {
    world::with(|world| world.trace.fold(word));
}

/// How a guest ended, for the task that stands for it.
#[derive(Default)]
struct Ending {
    returned: Option<Result<(), String>>,
    waiter: Option<Waker>,
}

/// Shared by a guest and its stand-in. A mutex because both are `Send`; it is never contended.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Ending>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Ending> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }

    fn returned(&self, result: Result<(), String>) {
        let waiter = {
            let mut ending = self.lock();
            ending.returned = Some(result);
            ending.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

/// Stands for a guest among the tasks of this simulator.
struct StandIn(Shared);

impl Future for StandIn {
    type Output = Result<(), String>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut ending = self.0.lock();
        if let Some(result) = ending.returned.take() {
            return Poll::Ready(result);
        }
        ending.waiter = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Sim {
    /// Starts the next incarnation of a node whose software another simulator polls: what to poll there.
    /// It never ends.
    ///
    /// # Panics
    /// If the node is up or unknown.
    pub fn start_guest(&mut self, node: &NodeName, software: Software) -> Guest<Software> {
        let shared = Shared::default();
        self.start(node, Box::pin(StandIn(shared.clone())));
        let node = index(node);
        let caller = world::with(|world| {
            let state = world.nodes.get(node);
            let task = state.first_task.expect("it was started on the line before");
            Caller { node, boot: state.boot, task }
        });
        Guest { caller, future: Some(software), shared: Some(shared) }
    }

    /// Says to whoever watches that time passes over there, though few events are executed here.
    pub fn tell_progress(&self, steps: u64) {
        let events = world::with(|world| world.trace.events);
        self.progress(events + steps);
    }

    /// Records the panics of tasks that were started past the ground, since the last call.
    pub fn tell_stray_panics(&mut self) {
        for (caller, caught) in panics::take_stray() {
            caller::as_caller(caller, || record_panic(caught));
        }
    }
}

/// Software of a node, for another simulator to poll.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Guest<F> {
    caller: Caller,
    /// Gone once it has ended.
    future: Option<F>,
    shared: Option<Shared>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

/// A further task of the calling guest, for the other simulator to start. Its value, or what it panicked
/// with.
///
/// # Panics
/// Outside software on a node.
pub fn guest_task<F: Future>(future: F) -> Guest<Task<F>> {
    Guest { caller: caller::expect(), future: Some(Task(Box::pin(future))), shared: None }
}

/// A future whose value somebody joins. Boxed for itself, so that no pin need be passed on.
#[derive(Debug)]
pub struct Task<F>(Pin<Box<F>>);

impl<F> Guest<F> {
    /// Whether its incarnation lives; a dead one is never polled again.
    fn is_alive(&self) -> bool {
        world::look(|world| world.nodes.is_current(self.caller.node, self.caller.boot)).unwrap_or(false)
    }

    /// Polls what it holds by `poll`, as its node.
    fn poll_as_node<T>(
        &mut self,
        poll: impl FnOnce(&mut F) -> Poll<T>,
    ) -> Poll<Result<T, Box<dyn Any + Send>>> {
        if !self.is_alive() {
            return Poll::Pending;
        }
        let Some(future) = self.future.as_mut() else { return Poll::Pending };
        let polled = caller::as_caller(self.caller, || {
            panics::catch(|| poll(future)).map_err(|(caught, payload)| {
                record_panic(caught);
                payload
            })
        });
        hook::after_poll();
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => {
                self.end();
                Poll::Ready(Ok(value))
            }
            Err(payload) => {
                self.end();
                Poll::Ready(Err(payload))
            }
        }
    }

    /// Drops what it holds, as its node.
    fn end(&mut self) {
        let Some(future) = self.future.take() else { return };
        caller::as_caller(self.caller, || {
            if let Err((caught, _)) = panics::catch(|| drop(future)) {
                record_panic(caught);
            }
        });
    }
}

impl Future for Guest<Software> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Poll::Ready(Ok(result)) = self.poll_as_node(|software| software.as_mut().poll(cx))
            && let Some(shared) = &self.shared
        {
            shared.returned(result);
        }
        Poll::Pending
    }
}

impl<F: Future> Future for Guest<Task<F>> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_as_node(|task| task.0.as_mut().poll(cx))
    }
}

/// Its incarnation may have been stopped: its destructors run as the node, on a dead ground.
impl<F> Drop for Guest<F> {
    fn drop(&mut self) {
        // Without a simulation there is no node to be.
        if caller::run() != 0 {
            self.end();
        }
    }
}
