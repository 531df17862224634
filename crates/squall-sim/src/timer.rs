//! Deadlines.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use squall_history::SimTime;

use crate::caller;
use crate::event::Event;
use crate::world::{self, World};

/// A registered deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TimerKey {
    index: u32,
    generation: u32,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    /// Who waits, and the node whose clock it is (its identity folds); absent: a free slot.
    waiting: Option<(Waker, u32)>,
}

/// All registered deadlines.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Events in the queue whose timer is gone.
    stale: usize,
}

impl Timers {
    fn register(&mut self, waker: Waker, node: u32) -> TimerKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer timers than memory for them")
        });
        let slot = &mut self.slots[index as usize];
        slot.waiting = Some((waker, node));
        TimerKey { index, generation: slot.generation }
    }

    pub(crate) fn is_live(&self, key: TimerKey) -> bool {
        self.slots[key.index as usize].generation == key.generation
    }

    /// Whose clock a live timer waits for.
    pub(crate) fn node(&self, key: TimerKey) -> Option<u32> {
        let slot = &self.slots[key.index as usize];
        slot.waiting.as_ref().filter(|_| slot.generation == key.generation).map(|(_, node)| *node)
    }

    /// Ends a timer and gives back who waited, if it was live.
    fn end(&mut self, key: TimerKey) -> Option<(Waker, u32)> {
        let slot = &mut self.slots[key.index as usize];
        if slot.generation != key.generation {
            return None;
        }
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index);
        slot.waiting.take()
    }
}

impl World {
    pub(crate) fn timer_fired(&mut self, key: TimerKey) {
        if let Some((waker, node)) = self.timers.end(key) {
            self.trace.fold(self.nodes.get(node).identity.0);
            self.wake(waker);
        }
    }

    fn timer_cancel(&mut self, key: TimerKey) {
        if let Some((waker, _)) = self.timers.end(key) {
            self.discard(waker);
            self.timers.stale += 1;
            self.compact();
        }
    }

    /// A program that puts a timeout around every read leaves a dead event behind for each; when
    /// most of the queue is dead, it is swept.
    fn compact(&mut self) {
        const SWEEP_FROM: usize = 4_096;
        if self.timers.stale >= SWEEP_FROM && self.timers.stale * 2 > self.queue.len() {
            let timers = &self.timers;
            self.queue.retain(|event| !matches!(event, Event::Timer(key) if !timers.is_live(key)));
            self.timers.stale = 0;
        }
    }

    pub(crate) fn timer_is_stale(&mut self, key: TimerKey) -> bool {
        let stale = !self.timers.is_live(key);
        if stale {
            self.timers.stale = self.timers.stale.saturating_sub(1);
        }
        stale
    }
}

/// Finishes when the node's clock shows its deadline.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    run: u32,
    deadline: SimTime,
    timer: Option<TimerKey>,
}

impl Sleep {
    /// Until this moment.
    pub fn until(deadline: SimTime) -> Self {
        Self { run: caller::run(), deadline, timer: None }
    }

    /// Ready once the deadline has passed; else `cx`'s waker will be woken then.
    ///
    /// # Panics
    /// On a thread or in a run other than its own.
    pub fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        assert!(
            self.run == caller::run() && self.run != 0,
            "a simulated sleep was polled outside its simulation"
        );
        if caller::now() >= self.deadline {
            return Poll::Ready(());
        }
        let node = caller::expect().node;
        world::with(|world| {
            if let Some(key) = self.timer
                && world.timers.is_live(key)
            {
                let slot = &mut world.timers.slots[key.index as usize];
                let (waker, _) = slot.waiting.as_mut().expect("a live timer has somebody waiting");
                if !waker.will_wake(cx.waker()) {
                    let old = std::mem::replace(waker, cx.waker().clone());
                    world.discard(old);
                }
                return;
            }
            let key = world.timers.register(cx.waker().clone(), node);
            self.timer = Some(key);
            world.queue.push(self.deadline, Event::Timer(key));
        });
        Poll::Pending
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_elapsed(cx)
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.timer
            && self.run == caller::run()
        {
            world::with(|world| world.timer_cancel(key));
        }
    }
}
