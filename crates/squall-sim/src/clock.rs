//! The nodes' clocks: what a node reads when it asks for the time.
//!
//! A node has a monotonic clock, which its timers go by, and a wall clock. Both are functions of true
//! virtual time, in whole nanoseconds; nothing ticks. They live in a thread-local of their own, since
//! code that knows nothing of the simulator reads them too (through the seal), while the world is
//! borrowed. As long as no clock is off, none of this is touched.

use std::cell::{Cell, RefCell};

use squall_history::{ClockChange, ClockProfile, Domain, SimTime};

use crate::caller;
use crate::node_rule::NodeRuleId;
use crate::world::World;

/// 2026-01-01 00:00:00 UTC, in nanoseconds since the Unix epoch: when every simulation begins.
const WALL_START_NS: i128 = 1_767_225_600_000_000_000;
/// One in parts per million.
const MILLION: i128 = 1_000_000;
// Properties of a node's draw.
const DRIFT: u64 = 1;
const SKEW: u64 = 2;

thread_local! {
    /// Whether any node's clock is, or was, anything but exact.
    static IN_USE: Cell<bool> = const { Cell::new(false) };
    static CLOCKS: RefCell<Vec<Clock>> = const { RefCell::new(Vec::new()) };
    static UNCERTAINTY_NS: Cell<u64> = const { Cell::new(0) };
}

/// One node's clocks.
#[derive(Clone, Debug, Default)]
struct Clock {
    /// Before any fault: parts per million, nanoseconds.
    drift: i128,
    skew: i128,
    /// At this true time the monotonic clock showed `mono`, and its speed changed last.
    since: u64,
    mono: u64,
    /// Steps of the wall clock, for good.
    jumped: i128,
    changes: Vec<Active>,
}

/// A change in force, and what the node has seen of it.
#[derive(Clone, Debug)]
struct Active {
    id: NodeRuleId,
    change: ClockChange,
    since: u64,
    /// What the wall clock showed then.
    wall: i128,
    seen: Seen,
}

/// What software on a node met of a change of its clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Seen {
    /// Times it read a clock that the change made show something else.
    pub(crate) readings: u64,
    /// Deadlines of it that the change moved.
    pub(crate) timers: u64,
}

impl Active {
    fn drift(&self) -> i128 {
        self.change.drift.map_or(0, |drift| drift.ppm().into())
    }

    /// What the change has added to a clock by its speed alone.
    fn gained(&self, now: u64) -> i128 {
        i128::from(now - self.since) * self.drift() / MILLION
    }

    /// Whether the clocks' speed is another than without it.
    fn is_of_speed(&self) -> bool {
        self.drift() != 0
    }

    fn skew(&self) -> i128 {
        self.change.skew.map_or(0, |skew| skew.0.into())
    }

    fn moves_wall(&self, now: u64) -> bool {
        let jumped = self.change.jump.is_some_and(|jump| jump.0 != 0);
        jumped || self.skew() != 0 || self.gained(now) != 0 || self.change.freeze && now > self.since
    }
}

impl Clock {
    /// Speed of the monotonic clock: nanoseconds in a millionth of a second, times a thousand.
    fn rate(&self) -> i128 {
        let rate = MILLION + self.drift + self.changes.iter().map(Active::drift).sum::<i128>();
        // Changes that lie over each other: a clock may crawl, but it goes on.
        rate.max(MILLION / 100)
    }

    fn mono_at(&self, now: u64) -> u64 {
        let shown = i128::from(self.mono) + i128::from(now - self.since) * self.rate() / MILLION;
        u64::try_from(shown).unwrap_or(u64::MAX)
    }

    /// The first true instant at which the monotonic clock shows `deadline` or more.
    fn due(&self, deadline: u64) -> u64 {
        let left = i128::from(deadline) - i128::from(self.mono);
        let ns = i128::from(self.since) + (left.max(0) * MILLION + self.rate() - 1) / self.rate();
        u64::try_from(ns).unwrap_or(u64::MAX)
    }

    /// The wall clock does not follow what the monotonic one has gained under faults that are over:
    /// whoever keeps it has put it right.
    fn wall_at(&self, now: u64) -> i128 {
        if let Some(frozen) = self.changes.iter().find(|active| active.change.freeze) {
            return frozen.wall;
        }
        self.thawed_at(now)
    }

    fn thawed_at(&self, now: u64) -> i128 {
        let exact = i128::from(now) * (MILLION + self.drift) / MILLION;
        let wrong: i128 = self.changes.iter().map(|active| active.skew() + active.gained(now)).sum();
        WALL_START_NS + exact + self.skew + self.jumped + wrong
    }

    /// The speed changes at `now`. Not for a change that leaves it alone: rounding down to the
    /// nanosecond here moves what is pending, which must then be put off.
    fn settle(&mut self, now: u64) {
        (self.mono, self.since) = (self.mono_at(now), now);
    }
}

/// A run begins: every clock is exact, and claims what well-kept clocks do.
pub(crate) fn reset() {
    IN_USE.set(false);
    CLOCKS.with_borrow_mut(Vec::clear);
    UNCERTAINTY_NS.set(ClockProfile::default().uncertainty.0);
}

#[inline]
pub(crate) fn in_use() -> bool {
    IN_USE.get()
}

/// Runs `f` on the calling node's clocks, if any clock is off. A thread that is ending has none left.
fn of_caller<R>(f: impl FnOnce(&mut Clock) -> R) -> Option<R> {
    let caller = caller::get().filter(|_| in_use())?;
    let read = |clocks: &RefCell<Vec<Clock>>| Some(f(clocks.borrow_mut().get_mut(caller.node as usize)?));
    CLOCKS.try_with(read).ok().flatten()
}

/// The calling node's monotonic clock, in nanoseconds; true virtual time for the harness itself.
#[inline]
pub fn monotonic_ns() -> u64 {
    if in_use() { monotonic_shown() } else { caller::now().0 }
}

fn monotonic_shown() -> u64 {
    let now = caller::now().0;
    let shown = of_caller(|clock| {
        for active in &mut clock.changes {
            active.seen.readings += u64::from(active.gained(now) != 0);
        }
        clock.mono_at(now)
    });
    shown.unwrap_or(now)
}

/// The calling node's wall clock, in nanoseconds since the Unix epoch; exact for the harness itself.
pub fn wall_ns() -> u64 {
    let now = caller::now().0;
    let shown = of_caller(|clock| {
        for active in &mut clock.changes {
            active.seen.readings += u64::from(active.moves_wall(now));
        }
        clock.wall_at(now)
    });
    let shown = shown.unwrap_or(WALL_START_NS + i128::from(now));
    u64::try_from(shown.max(0)).unwrap_or(u64::MAX)
}

/// Half the width of the interval in which nodes are told that true time lies.
pub fn clock_uncertainty_ns() -> u64 {
    UNCERTAINTY_NS.get()
}

/// What a node's monotonic clock shows.
pub(crate) fn node_time(node: u32) -> u64 {
    let now = caller::now().0;
    if in_use() { CLOCKS.with_borrow(|clocks| clocks[node as usize].mono_at(now)) } else { now }
}

/// When a node's monotonic clock will show `deadline`, as it runs now.
pub(crate) fn due(node: u32, deadline: u64) -> SimTime {
    if !in_use() {
        return SimTime(deadline);
    }
    SimTime(CLOCKS.with_borrow(|clocks| clocks[node as usize].due(deadline)))
}

/// Counts a timer that is set now for `deadline` with every change that moves it.
pub(crate) fn timer_set(node: u32, deadline: u64) {
    if !in_use() {
        return;
    }
    CLOCKS.with_borrow_mut(|clocks| {
        let clock = &mut clocks[node as usize];
        let wait = i128::from(deadline.saturating_sub(clock.mono_at(caller::now().0)));
        for active in &mut clock.changes {
            active.seen.timers += u64::from(wait * active.drift() / MILLION != 0);
        }
    });
}

impl World {
    /// Draws every node's clocks from the profile (domain `Clock`; identity: the node; n: 0).
    pub(crate) fn clocks_set(&mut self, profile: &ClockProfile) {
        UNCERTAINTY_NS.set(profile.uncertainty.0);
        let (drift, skew) = (profile.drift, profile.skew);
        if drift == Default::default() && skew == Default::default() {
            return;
        }
        self.clocks_use();
        for node in 0..self.nodes.len() {
            let identity = self.nodes.get(node as u32).identity;
            let draw = self.draws.draw(Domain::Clock, identity, 0);
            let from = |k: u64, low: i64, high: i64| {
                let width = high.checked_sub(low).expect("a range of offsets is far below 292 years");
                low + draw.property(k).between(0, u64::try_from(width).expect("low to high")) as i64
            };
            let drift = from(DRIFT, drift.0.ppm().into(), drift.1.ppm().into());
            let skew = from(SKEW, skew.0.0, skew.1.0);
            self.trace.fold(drift as u64);
            self.trace.fold(skew as u64);
            CLOCKS.with_borrow_mut(|clocks| {
                (clocks[node].drift, clocks[node].skew) = (drift.into(), skew.into());
            });
        }
    }

    fn clocks_use(&mut self) {
        if !in_use() {
            CLOCKS.with_borrow_mut(|clocks| *clocks = vec![Clock::default(); self.nodes.len()]);
            IN_USE.set(true);
        }
    }

    /// Lays a change on a node's clocks. Its pending timers are due by the new speed.
    pub(crate) fn clock_change(&mut self, id: NodeRuleId, change: ClockChange, node: u32) {
        self.clocks_use();
        let now = caller::now().0;
        self.trace.fold(change.skew.map_or(0, |skew| skew.0) as u64);
        self.trace.fold(change.drift.map_or(0, |drift| i64::from(drift.ppm())) as u64);
        self.trace.fold(change.jump.map_or(0, |jump| jump.0) as u64);
        self.trace.fold(change.freeze.into());
        let is_of_speed = CLOCKS.with_borrow_mut(|clocks| {
            let clock = &mut clocks[node as usize];
            // A clock that steps and then stops, stops where it stepped to.
            clock.jumped += change.jump.map_or(0, |jump| jump.0.into());
            let wall = clock.wall_at(now) + change.skew.map_or(0, |skew| skew.0.into());
            let active = Active { id, change, since: now, wall, seen: Seen::default() };
            let is_of_speed = active.is_of_speed();
            if is_of_speed {
                clock.settle(now);
            }
            clock.changes.push(active);
            is_of_speed
        });
        if is_of_speed {
            let moved = self.timers_reschedule(node);
            CLOCKS.with_borrow_mut(|clocks| {
                let active = clocks[node as usize].changes.last_mut().expect("just laid");
                active.seen.timers += moved;
            });
        }
    }

    /// Takes it off; what the node has seen of it.
    pub(crate) fn clock_change_ends(&mut self, id: NodeRuleId, node: u32) -> Seen {
        let now = caller::now().0;
        let ended = CLOCKS.with_borrow_mut(|clocks| {
            let clock = &mut clocks[node as usize];
            let place = clock.changes.iter().position(|active| active.id == id).expect("laid on this node");
            if clock.changes[place].is_of_speed() {
                clock.settle(now);
            }
            clock.changes.remove(place)
        });
        if ended.is_of_speed() {
            self.timers_reschedule(node);
        }
        ended.seen
    }
}
