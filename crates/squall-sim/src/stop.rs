//! Ends of processes that nobody killed: asked for, as an init system does before it kills, or by a
//! crash that takes the whole process with it.
//!
//! Software on a node may wait for the word ([`poll_stopping`]) or look for it ([`is_stopping`]). When
//! its root task returns after that, its process has ended by itself: the other tasks go, and the
//! operating system closes its connections. What still runs when the time of grace is over is killed
//! by whoever asked.
//!
//! Without a word, software that returns leaves its other tasks running, and a task that panics takes
//! only itself along. A harness that plays supervisor says that they end the process.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use squall_history::RestartOn;

use crate::caller::{self, Caller};
use crate::effects::Effects;
use crate::world::{self, World};

/// The nodes' stops.
#[derive(Debug, Default)]
pub(crate) struct Stops {
    /// Whoever waits for the word, by node and a number of its own.
    waiting: BTreeMap<(u32, u64), Waker>,
    waits: u64,
    /// Nodes that were asked; and what became of those that have ended by themselves.
    asked: BTreeMap<u32, Option<Effects>>,
    /// Ends that take a node's whole process along, by node.
    fatal: BTreeMap<u32, Vec<RestartOn>>,
    /// Nodes whose process is to end, and how it came about.
    ending: Vec<(u32, RestartOn)>,
}

impl Stops {
    pub(crate) fn is_asked(&self, node: u32) -> bool {
        self.asked.contains_key(&node)
    }

    /// Whether a node's process ends with this.
    fn is_fatal(&self, node: u32, end: RestartOn) -> bool {
        let asked = end == RestartOn::Exit && self.is_asked(node);
        asked || self.fatal.get(&node).is_some_and(|ends| ends.contains(&end))
    }

    /// From now on these take the whole process along.
    pub(crate) fn make_fatal(&mut self, node: u32, ends: &[RestartOn]) {
        self.fatal.insert(node, ends.to_vec());
    }

    /// A node whose process is to end.
    #[inline]
    pub(crate) fn take_ending(&mut self) -> Option<(u32, RestartOn)> {
        self.ending.pop()
    }

    /// Notes what became of a node that was asked to stop and has ended by itself.
    pub(crate) fn ended(&mut self, node: u32, effects: Effects) {
        self.asked.insert(node, Some(effects));
    }

    /// The incarnation is over; what became of it, if it ended by itself.
    pub(crate) fn forget(&mut self, node: u32) -> Option<Effects> {
        self.ending.retain(|(ending, _)| *ending != node);
        self.asked.remove(&node).flatten()
    }
}

impl World {
    /// Asks a node to stop; how many waited for the word.
    pub(crate) fn stop_ask(&mut self, node: u32) -> u64 {
        self.stops.asked.insert(node, None);
        let of_node = self.stops.waiting.range((node, 0)..=(node, u64::MAX));
        let numbers: Vec<u64> = of_node.map(|((_, number), _)| *number).collect();
        for number in &numbers {
            let waiting = self.stops.waiting.remove(&(node, *number));
            self.wake_parked(waiting);
        }
        numbers.len() as u64
    }

    /// The calling node's software has returned, or a task of it has panicked.
    pub(crate) fn stop_crashed(&mut self, caller: Caller, end: RestartOn) {
        if self.nodes.is_current(caller.node, caller.boot) && self.stops.is_fatal(caller.node, end) {
            self.stops.ending.push((caller.node, end));
        }
    }
}

/// Whether the calling node was asked to stop.
///
/// # Panics
/// Outside software on a node.
#[inline]
pub fn is_stopping() -> bool {
    let caller = caller::expect();
    world::with(|world| world.nodes.is_current(caller.node, caller.boot) && world.stops.is_asked(caller.node))
}

/// One wait for the word to stop.
#[derive(Debug, Default)]
pub struct StopWait {
    run: u32,
    place: Option<(u32, u64)>,
    /// Whom the word wakes.
    parked: Option<Waker>,
}

impl StopWait {
    /// Ready once the calling node is asked to stop; else `cx`'s waker will be woken then.
    ///
    /// # Panics
    /// Outside software on a node.
    pub fn poll_stopping(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if is_stopping() {
            return Poll::Ready(());
        }
        // Whoever waits beside something else is polled often, nearly always by the same task.
        if self.parked.as_ref().is_some_and(|parked| parked.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        let node = caller::expect().node;
        self.run = caller::run();
        self.parked = Some(cx.waker().clone());
        world::with(|world| {
            let stops = &mut world.stops;
            let place = *self.place.get_or_insert_with(|| {
                stops.waits += 1;
                (node, stops.waits)
            });
            if let Some(old) = stops.waiting.insert(place, cx.waker().clone()) {
                world.discard(old);
            }
        });
        Poll::Pending
    }
}

impl Drop for StopWait {
    fn drop(&mut self) {
        if let Some(place) = self.place
            && self.run == caller::run()
        {
            world::with(|world| {
                if let Some(waker) = world.stops.waiting.remove(&place) {
                    world.discard(waker);
                }
            });
        }
    }
}
