//! The search for a legal order of the operations on one object.
//!
//! A configuration is what some legal order of a beginning of the history leads to: which of the
//! operations under way took effect, and the state. Lowe, "Testing for linearizability" (2017),
//! section 5: the history is read event by event, and operations take effect just in time. At a
//! completion each configuration in which the operation has not taken effect yet is taken on until
//! it has (`expand.rs`), and dies if it cannot. What is kept is the configurations at one event, so
//! memory follows the operations under way and not the length of the history. The first completion
//! that none survives ends the shortest illegal prefix.
//!
//! Where a completion has too many configurations, the search goes on in depth from those before
//! it, as Wing & Gong (1993) do: what it tries first is to let an operation take effect alone. Then
//! all configurations that it met are remembered, by hash, so that none is visited twice.
//!
//! The search can be interrupted between any two configurations, so that many objects can take
//! turns.

mod expand;
mod nodes;
mod order;
mod survivors;
mod window;

use rustc_hash::FxHashSet;

use self::nodes::{Node, Nodes, Phase, clear, has};
use self::order::{OrderId, Orders};
use self::survivors::Survivors;
use self::window::Window;
use super::plan::{Event, OpNumber, Plan};
use super::{Effect, Limits, Model};
use crate::{Budget, Exhausted};

/// A step is a configuration visited, or as many calls tried on a state, or events passed.
const TRIES: u64 = 16;

/// Bytes of one remembered configuration: 16 of hash and one of control, in a table that is seven
/// eighths full at most.
const SEEN_BYTES: u64 = 20;

/// Entries that one move adds to a table at most, and more.
const GROWTH: usize = 1 << 12;

/// The search on one object.
pub(super) struct Search<'m, M: Model> {
    model: &'m M,
    limits: Limits,
    plan: Plan<M::Call>,
    window: Window,
    /// The configurations at the present event; in depth, none.
    level: Nodes<M::State>,
    /// How many of them were taken on.
    taken: usize,
    /// Those that survived it.
    survivors: Survivors<M::State>,
    /// Those under way.
    stack: Nodes<M::State>,
    /// Configurations that were visited.
    seen: FxHashSet<u128>,
    orders: Orders,
    furthest: Reached,
    in_depth: bool,
    mask: Vec<u64>,
    child: Vec<u64>,
    children: Nodes<M::State>,
    /// For each call, the operation that is to make it first, as of an enquiry; see `candidates`.
    firsts: Vec<(u32, OpNumber)>,
    enquiries: u32,
    /// Tries not yet taken from the budget.
    unpaid: u64,
    held: u64,
}

/// A configuration that got far.
#[derive(Clone, Copy, Default)]
struct Reached {
    /// Events before the completion it met.
    at: u32,
    /// How many operations under way took effect.
    effective: u32,
    order: OrderId,
}

impl Reached {
    /// Keeps a configuration if none got further, or as far with more operations.
    fn reach<S>(&mut self, mask: &[u64], node: &Node<S>) {
        let effective = mask.iter().map(|word| word.count_ones()).sum();
        if (node.at, effective) > (self.at, self.effective) {
            *self = Self { at: node.at, effective, order: node.order };
        }
    }
}

/// Where a search stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// Its turn is over.
    Running,
    /// There is a legal order.
    Legal,
    /// There is none; see [`Search::stuck`].
    Illegal,
    /// This ran out.
    Exhausted(Exhausted),
}

impl<'m, M: Model> Search<'m, M> {
    pub(super) fn new(model: &'m M, limits: Limits, plan: Plan<M::Call>) -> Self {
        let words = plan.words();
        let mut level = Nodes::new(words);
        let mask = vec![0; words];
        let (order, phase) = (0, Phase::Before);
        level.push(&mask, Node { state: model.init(), saved: None, overwritten: 0, order, at: 0, phase });
        Self {
            model,
            limits,
            window: Window::new(&plan),
            firsts: vec![(0, 0); plan.different_calls()],
            enquiries: 0,
            plan,
            level,
            taken: 0,
            survivors: Survivors::new(words),
            stack: Nodes::new(words),
            seen: FxHashSet::default(),
            orders: Orders::default(),
            furthest: Reached::default(),
            in_depth: false,
            child: mask.clone(),
            mask,
            children: Nodes::new(words),
            unpaid: 0,
            held: 0,
        }
    }

    /// Goes on for about `turn` steps.
    pub(super) fn advance(&mut self, turn: u64, budget: &mut Budget) -> Progress {
        let mut left = turn;
        loop {
            let end = if self.in_depth { self.go_deeper() } else { self.go_on() };
            self.unpaid += 1;
            let paid = self.unpaid / TRIES;
            self.unpaid %= TRIES;
            if let Err(what) = budget.spend(paid).and_then(|()| self.account(budget)) {
                return Progress::Exhausted(what);
            }
            if let Some(end) = end {
                return end;
            }
            left = left.saturating_sub(paid);
            if left == 0 {
                return Progress::Running;
            }
        }
    }

    /// Gives back to the budget what the search held; it is over.
    pub(super) fn release(self, budget: &mut Budget) {
        budget.release(self.held);
    }

    /// Once there is no legal order: whose completion none passes, by its place among the object's
    /// operations.
    pub(super) fn stuck(&self) -> usize {
        let Some(Event::Return(stuck)) = self.plan.event(self.furthest.at as usize) else {
            unreachable!("only a completion stops the search")
        };
        self.plan.origin(stuck)
    }

    /// Once the search is over: a legal order, or the longest one before that completion.
    pub(super) fn order(&self) -> Vec<usize> {
        let order = self.orders.list(self.furthest.order);
        order.into_iter().map(|op| self.plan.origin(op)).collect()
    }

    /// There is a legal order: this one.
    fn end(&mut self, order: OrderId) -> Progress {
        self.furthest.order = order;
        Progress::Legal
    }

    /// One move of the search by levels: an event, or one configuration at a completion.
    fn go_on(&mut self) -> Option<Progress> {
        match self.plan.event(self.window.at) {
            None => return Some(self.end(self.level.node(0).order)),
            Some(Event::Call(op)) => {
                self.window.pass(&self.plan);
                for index in 0..self.level.len() {
                    self.observe(index, op);
                }
            }
            Some(Event::Return(op)) => {
                if self.taken == 0 && self.stack.len() == 0 && self.all_passed(op) {
                    return None;
                }
                if let Some(node) = self.stack.pop(&mut self.mask) {
                    self.expand(op, node);
                } else if self.taken < self.level.len() {
                    self.take_on(op);
                } else {
                    return self.end_level();
                }
                if self.seen.len() > self.limits.width {
                    self.turn_to_depth();
                }
            }
        }
        None
    }

    /// Passes a completion that every configuration knew already.
    fn all_passed(&mut self, op: OpNumber) -> bool {
        let slot = self.plan.slot(op);
        self.unpaid += self.level.len() as u64;
        let all = (0..self.level.len()).all(|index| has(self.level.mask(index), slot));
        if all {
            (0..self.level.len()).for_each(|index| clear(self.level.mask_mut(index), slot));
            self.window.pass(&self.plan);
        }
        all
    }

    /// Begins with the next configuration of the level.
    fn take_on(&mut self, op: OpNumber) {
        let index = self.taken;
        self.taken += 1;
        let mut node = self.level.node(index).clone();
        self.mask.copy_from_slice(self.level.mask(index));
        node.at = self.window.at as u32;
        if has(&self.mask, self.plan.slot(op)) {
            std::mem::swap(&mut self.mask, &mut self.child);
            self.survive(op, node);
        } else {
            self.furthest.reach(&self.mask, &node);
            if self.seen.insert(node.fingerprint(&self.mask)) {
                self.stack.push(&self.mask, node);
            }
        }
    }

    fn end_level(&mut self) -> Option<Progress> {
        if self.survivors.nodes.len() == 0 {
            return Some(Progress::Illegal);
        }
        std::mem::swap(&mut self.level, &mut self.survivors.nodes);
        self.survivors.clear();
        self.seen.clear();
        self.taken = 0;
        self.window.pass(&self.plan);
        if self.orders.is_overgrown() {
            self.prune_orders();
        }
        None
    }

    /// From here on the search is in depth, from the configurations before this completion.
    fn turn_to_depth(&mut self) {
        self.in_depth = true;
        self.stack.clear();
        self.seen = FxHashSet::default();
        self.survivors = Survivors::new(self.plan.words());
        for index in (0..self.level.len()).rev() {
            let mut node = self.level.node(index).clone();
            node.at = self.window.at as u32;
            self.stack.push(self.level.mask(index), node);
        }
        self.level = Nodes::new(self.plan.words());
    }

    /// One move of the search in depth: the last configuration, to the completion it cannot pass
    /// and by one operation on.
    fn go_deeper(&mut self) -> Option<Progress> {
        let Some(mut node) = self.stack.pop(&mut self.mask) else { return Some(Progress::Illegal) };
        self.window.go(&self.plan, node.at as usize);
        let op = loop {
            match self.plan.event(self.window.at) {
                None => return Some(self.end(node.order)),
                Some(Event::Call(op)) => {
                    self.window.pass(&self.plan);
                    node.order = self.observed(node.order, op, &node.state);
                }
                // During an excursion it may have taken effect already.
                Some(Event::Return(op)) if node.phase != Phase::Before => break op,
                Some(Event::Return(op)) if has(&self.mask, self.plan.slot(op)) => {
                    clear(&mut self.mask, self.plan.slot(op));
                    self.window.pass(&self.plan);
                }
                Some(Event::Return(op)) => break op,
            }
            self.unpaid += 1;
        };
        node.at = self.window.at as u32;
        self.furthest.reach(&self.mask, &node);
        if self.seen.insert(node.fingerprint(&self.mask)) {
            self.expand(op, node);
        }
        if self.orders.is_overgrown() {
            self.prune_orders();
        }
        None
    }

    /// Lets a read take effect as soon as it is invoked, where it has a place: it changes nothing,
    /// so no other moment is better.
    fn observe(&mut self, index: usize, op: OpNumber) {
        if self.plan.effect(op) != Effect::Observes {
            return;
        }
        self.unpaid += 1;
        let node = self.level.node_mut(index);
        if self.model.step(&node.state, self.plan.call(op)).is_some() {
            node.order = self.orders.join(node.order, op, order::Join::Append);
            nodes::set(self.level.mask_mut(index), self.plan.slot(op));
        }
    }

    /// The same for the configuration in hand.
    fn observed(&mut self, order: OrderId, op: OpNumber, state: &M::State) -> OrderId {
        if self.plan.effect(op) != Effect::Observes {
            return order;
        }
        if self.model.step(state, self.plan.call(op)).is_none() {
            return order;
        }
        nodes::set(&mut self.mask, self.plan.slot(op));
        self.orders.join(order, op, order::Join::Append)
    }

    fn prune_orders(&mut self) {
        let Self { level, stack, survivors, orders, furthest, .. } = self;
        orders.prune(|visit| {
            level.each_order(visit);
            stack.each_order(visit);
            survivors.nodes.each_order(visit);
            visit(&mut furthest.order);
        });
    }

    /// Holds of the budget what the search holds of memory.
    fn account(&mut self, budget: &mut Budget) -> Result<(), Exhausted> {
        let seen = self.seen.capacity() as u64 * SEEN_BYTES;
        // A table that is about to grow is there twice for a while, and twice as large then.
        let grows = self.seen.len() > GROWTH && self.seen.len() + GROWTH > self.seen.capacity();
        let tables = if grows { 3 * seen } else { seen };
        let some = self.stack.first().or(self.level.first());
        let heap = some.map_or(0, |node| self.model.heap_bytes(&node.state));
        let nodes = self.level.bytes(heap) + self.survivors.bytes(heap) + self.stack.bytes(heap);
        let holds = self.plan.bytes() + tables + nodes + self.orders.bytes();
        if holds > self.held {
            budget.hold(holds - self.held)?;
        } else {
            budget.release(self.held - holds);
        }
        self.held = holds;
        Ok(())
    }
}
