//! One object's operations as the search wants them: small numbers in flat lists.
//!
//! What need not be tried at all is left out here: an operation without an answer that changes
//! nothing may as well never have happened.

use rustc_hash::FxHashMap;

use super::{Effect, Model};

/// An operation of the plan, by its place in the order of invocations.
pub(super) type OpNumber = u32;

/// Where the return of an operation is that has none.
pub(super) const NEVER: u32 = u32::MAX;

/// Calls and returns of one object's operations.
pub(super) struct Plan<C> {
    /// Each different call once.
    calls: Vec<C>,
    effects: Vec<Effect>,
    ops: Vec<PlannedOp>,
    events: Vec<u32>,
    slots: usize,
}

#[derive(Clone, Copy)]
struct PlannedOp {
    /// Its place among the operations of the object.
    origin: u32,
    call: u32,
    slot: u32,
    /// Place of its return among the events, or [`NEVER`].
    returned: u32,
}

/// An event of a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    Call(OpNumber),
    Return(OpNumber),
}

impl<C: Clone + Eq + std::hash::Hash> Plan<C> {
    /// The plan of `calls`, in order of invocation; `spans` are the places of their invocations and
    /// completions.
    pub(super) fn new<M: Model<Call = C>>(
        model: &M,
        spans: impl Iterator<Item = (usize, Option<usize>)>,
        calls: &[C],
    ) -> Self {
        let mut plan =
            Self { calls: Vec::new(), effects: Vec::new(), ops: Vec::new(), events: Vec::new(), slots: 0 };
        let mut known: FxHashMap<&C, u32> = FxHashMap::default();
        let mut moments: Vec<(usize, u32)> = Vec::with_capacity(2 * calls.len());
        for (origin, ((invoked, returned), call)) in (0..).zip(spans.zip(calls)) {
            if returned.is_none() && model.effect(call) == Effect::Observes {
                continue;
            }
            let op = plan.ops.len() as u32;
            assert!(op < NEVER >> 1, "an object has fewer than 2^31 operations");
            let next = plan.calls.len() as u32;
            let number = *known.entry(call).or_insert(next);
            if number == next {
                plan.calls.push(call.clone());
                plan.effects.push(model.effect(call));
            }
            plan.ops.push(PlannedOp { origin, call: number, slot: 0, returned: NEVER });
            moments.push((invoked, op << 1));
            moments.extend(returned.map(|place| (place, op << 1 | 1)));
        }
        moments.sort_unstable();
        plan.events = moments.into_iter().map(|(_, event)| event).collect();
        plan.assign_slots();
        plan
    }

    /// Gives each operation the lowest number that none under way has.
    fn assign_slots(&mut self) {
        let mut free = std::collections::BinaryHeap::new();
        for (place, event) in (0..).zip(&self.events) {
            let op = &mut self.ops[(event >> 1) as usize];
            if event & 1 == 0 {
                let std::cmp::Reverse(slot) = free.pop().unwrap_or_else(|| {
                    self.slots += 1;
                    std::cmp::Reverse(self.slots as u32 - 1)
                });
                op.slot = slot;
            } else {
                op.returned = place;
                free.push(std::cmp::Reverse(op.slot));
            }
        }
    }
}

impl<C> Plan<C> {
    /// The event at this place, or `None` at the end.
    pub(super) fn event(&self, place: usize) -> Option<Event> {
        let event = *self.events.get(place)?;
        Some(if event & 1 == 0 { Event::Call(event >> 1) } else { Event::Return(event >> 1) })
    }

    pub(super) fn call(&self, op: OpNumber) -> &C {
        &self.calls[self.ops[op as usize].call as usize]
    }

    pub(super) fn effect(&self, op: OpNumber) -> Effect {
        self.effects[self.ops[op as usize].call as usize]
    }

    /// Where it is in a set of operations under way; no two that overlap have the same.
    pub(super) fn slot(&self, op: OpNumber) -> usize {
        self.ops[op as usize].slot as usize
    }

    /// Words of a set of operations under way.
    pub(super) fn words(&self) -> usize {
        self.slots.div_ceil(64).max(1)
    }

    /// How many slots there are: how many operations are under way at a time.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    pub(super) fn is_open(&self, op: OpNumber) -> bool {
        self.ops[op as usize].returned == NEVER
    }

    /// Whether both make the same call, and `first` is to be preferred since it has less time.
    pub(super) fn goes_before(&self, first: OpNumber, second: OpNumber) -> bool {
        let (one, other) = (self.ops[first as usize], self.ops[second as usize]);
        one.call == other.call && (one.returned, first) < (other.returned, second)
    }

    /// Which of the different calls it makes.
    pub(super) fn call_number(&self, op: OpNumber) -> usize {
        self.ops[op as usize].call as usize
    }

    /// How many different calls there are.
    pub(super) fn different_calls(&self) -> usize {
        self.calls.len()
    }

    /// Its place among the operations of the object.
    pub(super) fn origin(&self, op: OpNumber) -> usize {
        self.ops[op as usize].origin as usize
    }

    /// Bytes that the plan holds.
    pub(super) fn bytes(&self) -> u64 {
        let calls = self.calls.len() * (size_of::<C>() + 9);
        (calls + self.ops.len() * size_of::<PlannedOp>() + self.events.len() * size_of::<u32>()) as u64
    }
}
