//! Asking software to stop, as an init system does before it kills.
//!
//! Software on a node may wait for the word ([`poll_stopping`]) or look for it ([`is_stopping`]). When
//! its root task returns after that, its process has ended by itself: the other tasks go, and the
//! operating system closes its connections. What still runs when the time of grace is over is killed
//! by whoever asked.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

use crate::caller;
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
    /// Nodes whose software has just returned after it was asked.
    returned: Vec<u32>,
}

impl Stops {
    pub(crate) fn is_asked(&self, node: u32) -> bool {
        self.asked.contains_key(&node)
    }

    /// A node whose process is to end, as its software has returned.
    #[inline]
    pub(crate) fn take_returned(&mut self) -> Option<u32> {
        self.returned.pop()
    }

    /// Notes what became of a node that ended by itself.
    pub(crate) fn ended(&mut self, node: u32, effects: Effects) {
        self.asked.insert(node, Some(effects));
    }

    /// The incarnation is over; what became of it, if it ended by itself.
    pub(crate) fn forget(&mut self, node: u32) -> Option<Effects> {
        self.returned.retain(|returned| *returned != node);
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

    /// A node's software has returned.
    pub(crate) fn stop_returned(&mut self, node: u32) {
        if self.stops.is_asked(node) {
            self.stops.returned.push(node);
        }
    }
}

/// Whether the calling node was asked to stop.
///
/// # Panics
/// Outside software on a node.
pub fn is_stopping() -> bool {
    let caller = caller::expect();
    world::with(|world| world.nodes.is_current(caller.node, caller.boot) && world.stops.is_asked(caller.node))
}

/// One wait for the word to stop.
#[derive(Debug, Default)]
pub struct StopWait {
    run: u32,
    place: Option<(u32, u64)>,
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
        let node = caller::expect().node;
        self.run = caller::run();
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
