//! Deadlines: by a node's own clock, for what software asks for, or by true time, for what its
//! machine does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use squall_history::SimTime;

use crate::caller;
use crate::clock;
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
    /// Who waits; absent: a free slot.
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    waker: Waker,
    /// Its identity folds.
    node: u32,
    deadline: Deadline,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deadline {
    /// In true time.
    True(SimTime),
    /// What the node's monotonic clock must show.
    Clock(u64),
}

impl Deadline {
    /// When that is, in true time, as the node's clock runs now.
    fn due(self, node: u32) -> SimTime {
        match self {
            Self::True(at) => at,
            Self::Clock(deadline) => clock::due(node, deadline),
        }
    }

    fn is_over(self, node: u32) -> bool {
        match self {
            Self::True(at) => caller::now() >= at,
            Self::Clock(deadline) => clock::node_time(node) >= deadline,
        }
    }
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
    fn register(&mut self, waiting: Waiting) -> TimerKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer timers than memory for them")
        });
        let slot = &mut self.slots[index as usize];
        slot.waiting = Some(waiting);
        TimerKey { index, generation: slot.generation }
    }

    pub(crate) fn is_live(&self, key: TimerKey) -> bool {
        self.slots[key.index as usize].generation == key.generation
    }

    /// Whether a live timer is due at `at`.
    fn is_due(&self, key: TimerKey, at: SimTime) -> bool {
        let waiting = self.slots[key.index as usize].waiting.as_ref();
        let Waiting { node, deadline, .. } = waiting.expect("a live timer has somebody waiting");
        deadline.due(*node) <= at
    }

    /// Whose clock a live timer waits for.
    pub(crate) fn node(&self, key: TimerKey) -> Option<u32> {
        let slot = &self.slots[key.index as usize];
        slot.waiting.as_ref().filter(|_| slot.generation == key.generation).map(|waiting| waiting.node)
    }

    /// Ends a timer and gives back who waited, if it was live.
    fn end(&mut self, key: TimerKey) -> Option<Waiting> {
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
        if let Some(Waiting { waker, node, .. }) = self.timers.end(key) {
            self.trace.fold(self.nodes.get(node).identity.0);
            self.wake(waker);
        }
    }

    fn timer_cancel(&mut self, key: TimerKey) {
        if let Some(Waiting { waker, .. }) = self.timers.end(key) {
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

    /// The node's clock changed its speed: its timers are due at other times. How many are.
    ///
    /// The events of the old times stay in the queue; each is skipped when it comes up.
    pub(crate) fn timers_reschedule(&mut self, node: u32) -> u64 {
        let mut moved = 0;
        for (index, slot) in self.timers.slots.iter().enumerate() {
            let Some(Waiting { node: of, deadline: Deadline::Clock(deadline), .. }) = slot.waiting else {
                continue;
            };
            if of == node {
                let index = u32::try_from(index).expect("bounded when it was registered");
                let key = TimerKey { index, generation: slot.generation };
                self.queue.push(clock::due(node, deadline).max(caller::now()), Event::Timer(key));
                moved += 1;
            }
        }
        self.timers.stale += usize::try_from(moved).expect("a count of timers in memory");
        moved
    }

    /// Whether the event of a timer is to be skipped: it is gone, or not due yet by its clock.
    pub(crate) fn timer_is_stale(&mut self, key: TimerKey, at: SimTime) -> bool {
        let stale = !self.timers.is_live(key) || clock::in_use() && !self.timers.is_due(key, at);
        if stale {
            self.timers.stale = self.timers.stale.saturating_sub(1);
        }
        stale
    }
}

/// Finishes at its deadline.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    run: u32,
    deadline: Deadline,
    timer: Option<TimerKey>,
}

impl Sleep {
    /// Until this moment of true time.
    pub fn until(deadline: SimTime) -> Self {
        Self { run: caller::run(), deadline: Deadline::True(deadline), timer: None }
    }

    /// Until the monotonic clock of the node that polls it shows so many nanoseconds.
    pub fn until_clock_shows(deadline_ns: u64) -> Self {
        Self { run: caller::run(), deadline: Deadline::Clock(deadline_ns), timer: None }
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
        let node = caller::expect().node;
        if self.deadline.is_over(node) {
            return Poll::Ready(());
        }
        world::with(|world| {
            if let Some(key) = self.timer
                && world.timers.is_live(key)
            {
                let slot = &mut world.timers.slots[key.index as usize];
                let waiting = slot.waiting.as_mut().expect("a live timer has somebody waiting");
                if !waiting.waker.will_wake(cx.waker()) {
                    let old = std::mem::replace(&mut waiting.waker, cx.waker().clone());
                    world.discard(old);
                }
                return;
            }
            let waiting = Waiting { waker: cx.waker().clone(), node, deadline: self.deadline };
            let key = world.timers.register(waiting);
            self.timer = Some(key);
            if let Deadline::Clock(deadline) = self.deadline {
                clock::timer_set(node, deadline);
            }
            world.queue.push(self.deadline.due(node), Event::Timer(key));
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
