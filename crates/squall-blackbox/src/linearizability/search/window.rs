//! Which operations are under way at a moment of the history.

use crate::linearizability::Effect;
use crate::linearizability::plan::{Event, OpNumber, Plan};

/// The operations under way between two events, by slot and by what they can do.
pub(super) struct Window {
    /// How many events lie before.
    pub(super) at: usize,
    /// How many operations were invoked before.
    pub(super) invoked: u32,
    occupants: Vec<OpNumber>,
    /// Those that never complete.
    pub(super) open: Vec<u64>,
    observes: Vec<u64>,
    overwrites: Vec<u64>,
    changes: Vec<u64>,
}

impl Window {
    /// Before the first event.
    pub(super) fn new<C>(plan: &Plan<C>) -> Self {
        let words = plan.words();
        Self {
            at: 0,
            invoked: 0,
            occupants: vec![0; plan.slots()],
            open: vec![0; words],
            observes: vec![0; words],
            overwrites: vec![0; words],
            changes: vec![0; words],
        }
    }

    /// Passes the next event.
    pub(super) fn pass<C>(&mut self, plan: &Plan<C>) {
        match plan.event(self.at).expect("there is a next event") {
            Event::Call(op) => {
                self.enter(plan, op);
                self.invoked += 1;
            }
            Event::Return(op) => self.leave(plan, op),
        }
        self.at += 1;
    }

    /// Goes to another moment, event by event.
    pub(super) fn go<C>(&mut self, plan: &Plan<C>, at: usize) {
        while self.at < at {
            self.pass(plan);
        }
        while self.at > at {
            self.at -= 1;
            match plan.event(self.at).expect("it was passed") {
                Event::Call(op) => {
                    self.leave(plan, op);
                    self.invoked -= 1;
                }
                Event::Return(op) => self.enter(plan, op),
            }
        }
    }

    fn enter<C>(&mut self, plan: &Plan<C>, op: OpNumber) {
        let slot = plan.slot(op);
        self.occupants[slot] = op;
        self.of(plan.effect(op))[slot / 64] |= 1 << (slot % 64);
        if plan.is_open(op) {
            self.open[slot / 64] |= 1 << (slot % 64);
        }
    }

    fn leave<C>(&mut self, plan: &Plan<C>, op: OpNumber) {
        let slot = plan.slot(op);
        self.of(plan.effect(op))[slot / 64] &= !(1 << (slot % 64));
        self.open[slot / 64] &= !(1 << (slot % 64));
    }

    fn of(&mut self, effect: Effect) -> &mut Vec<u64> {
        match effect {
            Effect::Observes => &mut self.observes,
            Effect::Overwrites => &mut self.overwrites,
            Effect::Changes => &mut self.changes,
        }
    }

    /// Operations of this kind under way that are not in `mask` and were invoked before `limit`.
    pub(super) fn missing<'a>(
        &'a self,
        effect: Effect,
        mask: &'a [u64],
        limit: u32,
    ) -> impl Iterator<Item = OpNumber> + 'a {
        let kind = match effect {
            Effect::Observes => &self.observes,
            Effect::Overwrites => &self.overwrites,
            Effect::Changes => &self.changes,
        };
        let slots = kind.iter().zip(mask).enumerate().flat_map(|(word, (kind, mask))| {
            let mut left = kind & !mask;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(word * 64 + bit as usize)
            })
        });
        slots.map(|slot| self.occupants[slot]).filter(move |op| *op < limit)
    }
}
