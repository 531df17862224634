//! The search for a legal order of the operations on one object.
//!
//! Wing & Gong, "Testing and verifying concurrent objects" (1993): a depth-first search that takes
//! as the next operation any that was invoked before the first completion still ahead. Lowe,
//! "Testing for linearizability" (2017): the history is a linked list from which an operation is
//! lifted when it takes effect and put back when the search retreats, and no configuration (which
//! operations took effect, and the state they led to) is visited twice.
//!
//! A configuration is remembered by a 128-bit hash alone. The set of operations enters it as the
//! exclusive or of one random word for each (Zobrist 1970), so that a step costs the same however
//! long the history is. Two different configurations with one hash would be taken for the same; at
//! the ten million that fit the budget the chance is about 2^-81.
//!
//! The search can be interrupted anywhere, so that many keys can take turns.

use std::hash::Hash;

use rustc_hash::FxHashSet;
use squall_history::Folder;

use super::Model;
use crate::{Budget, Exhausted, Operation};

/// Bytes that one remembered configuration takes: 16 of hash and one of control, in a table that
/// is between seven sixteenths and seven eighths full.
const SEEN_BYTES: u64 = 40;

/// The search on one object.
pub(super) struct Search<'m, M: Model> {
    model: &'m M,
    calls: Vec<M::Call>,
    list: EventList,
    /// Random words of the operations.
    words: Vec<u128>,
    /// Where the search is in the list.
    entry: usize,
    state: M::State,
    /// The operations that took effect, as the exclusive or of their words.
    effective: u128,
    path: Vec<Step<M::State>>,
    /// Completed operations that have not taken effect yet.
    missing: usize,
    seen: FxHashSet<u128>,
    held_bytes: u64,
    furthest: Furthest<M::State>,
}

/// An operation that took effect on the current path.
struct Step<S> {
    op: usize,
    before: S,
    bytes: u64,
}

/// The path that got furthest into the history.
pub(super) struct Furthest<S> {
    /// The list entry it could not pass: a completion. No path passes it, once the search ended.
    entry: usize,
    /// The operation that completes there, which found no place.
    pub(super) stuck: usize,
    /// The operations before, in their order.
    pub(super) order: Vec<usize>,
    /// The state they lead to.
    pub(super) state: S,
}

/// Where a search stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// Its turn is over.
    Running,
    /// There is a legal order.
    Legal,
    /// There is none; see [`Search::into_furthest`].
    Illegal,
    /// This ran out.
    Exhausted(Exhausted),
}

impl<'m, M: Model> Search<'m, M> {
    /// The search on the object that `operations` act on; `calls` are the same as the model reads
    /// them.
    pub(super) fn new(model: &'m M, operations: &[Operation<'_>], calls: Vec<M::Call>) -> Self {
        assert_eq!(operations.len(), calls.len(), "one call for each operation");
        let list = EventList::of(operations);
        let words = (0..calls.len() as u64).map(|op| {
            let mut folder = Folder::default();
            folder.fold(op);
            folder.digest().0
        });
        Self {
            model,
            calls,
            words: words.collect(),
            entry: list.first(),
            list,
            state: model.init(),
            effective: 0,
            path: Vec::new(),
            missing: operations.iter().filter(|operation| operation.ok().is_some()).count(),
            seen: FxHashSet::default(),
            held_bytes: 0,
            furthest: Furthest { entry: 0, stuck: 0, order: Vec::new(), state: model.init() },
        }
    }

    /// Goes on for at most `turn` moves.
    pub(super) fn advance(&mut self, turn: u64, budget: &mut Budget) -> Progress {
        for _ in 0..turn {
            if self.missing == 0 {
                return Progress::Legal;
            }
            match self.list.event(self.entry) {
                Event::Call(op) => {
                    if let Err(what) = budget.step() {
                        return Progress::Exhausted(what);
                    }
                    match self.next_state(op) {
                        None => self.entry = self.list.after(self.entry),
                        Some((next, configuration)) => {
                            if let Err(what) = self.take(op, next, configuration, budget) {
                                return Progress::Exhausted(what);
                            }
                        }
                    }
                }
                Event::Return(op) => {
                    self.note_furthest(op);
                    if !self.retreat(budget) {
                        return Progress::Illegal;
                    }
                }
                Event::Head => unreachable!("a completion is still ahead, since one is missing"),
            }
        }
        Progress::Running
    }

    /// Gives back to the budget what the search held; it is over.
    pub(super) fn release(self, budget: &mut Budget) {
        budget.release(self.held_bytes);
    }

    /// How far the search got, once there is no legal order.
    pub(super) fn into_furthest(self) -> Furthest<M::State> {
        self.furthest
    }

    /// The state after `op` takes effect now, if that is legal, of use and new.
    fn next_state(&self, op: usize) -> Option<(M::State, u128)> {
        let next = self.model.step(&self.state, &self.calls[op])?;
        // An open operation need not take effect; where it changes nothing, it does not.
        if self.list.is_open(op) && next == self.state {
            return None;
        }
        let configuration = configuration(self.effective ^ self.words[op], &next);
        (!self.seen.contains(&configuration)).then_some((next, configuration))
    }

    /// Lets `op` take effect, if that does not exceed the budget.
    fn take(
        &mut self,
        op: usize,
        next: M::State,
        configuration: u128,
        budget: &mut Budget,
    ) -> Result<(), Exhausted> {
        let bytes = size_of::<Step<M::State>>() as u64 + self.model.heap_bytes(&self.state);
        budget.hold(bytes + SEEN_BYTES)?;
        self.held_bytes += bytes + SEEN_BYTES;
        self.seen.insert(configuration);
        let before = std::mem::replace(&mut self.state, next);
        self.path.push(Step { op, before, bytes });
        self.effective ^= self.words[op];
        self.missing -= usize::from(!self.list.is_open(op));
        self.list.lift(op);
        self.entry = self.list.first();
        Ok(())
    }

    /// Takes the last operation back and goes on behind it; false if there is none.
    fn retreat(&mut self, budget: &mut Budget) -> bool {
        let Some(Step { op, before, bytes }) = self.path.pop() else { return false };
        budget.release(bytes);
        self.held_bytes -= bytes;
        self.state = before;
        self.effective ^= self.words[op];
        self.missing += usize::from(!self.list.is_open(op));
        self.list.put_back(op);
        self.entry = self.list.after(self.list.call_entry(op));
        true
    }

    /// Keeps the path if it got further than any before, or as far with more operations.
    fn note_furthest(&mut self, stuck: usize) {
        let furthest = &self.furthest;
        if (self.entry, self.path.len()) > (furthest.entry, furthest.order.len()) {
            self.furthest = Furthest {
                entry: self.entry,
                stuck,
                order: self.path.iter().map(|step| step.op).collect(),
                state: self.state.clone(),
            };
        }
    }
}

fn configuration<S: Hash>(effective: u128, state: &S) -> u128 {
    let mut folder = Folder::default();
    folder.fold(effective as u64);
    folder.fold((effective >> 64) as u64);
    state.hash(&mut folder);
    folder.digest().0
}

/// An event of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Event {
    /// Where the list begins and ends.
    Head,
    Call(usize),
    Return(usize),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    event: Event,
    before: usize,
    after: usize,
}

/// Calls and returns in the order of the history, as a ring around the head at 0. What is lifted
/// keeps its neighbours, so that putting back in reverse order restores the ring.
struct EventList {
    entries: Vec<Entry>,
    /// Where each operation's call is, and its return if it has one.
    of_op: Vec<(usize, Option<usize>)>,
}

impl EventList {
    fn of(operations: &[Operation<'_>]) -> Self {
        let calls = operations.iter().enumerate().map(|(op, told)| (told.invoked.place, Event::Call(op)));
        let returns = operations.iter().enumerate();
        let returns = returns.filter_map(|(op, told)| Some((told.ok()?.0.place, Event::Return(op))));
        let mut events: Vec<(usize, Event)> = calls.chain(returns).collect();
        events.sort_unstable_by_key(|(place, _)| *place);
        let ring = events.len() + 1;
        let mut of_op = vec![(0, None); operations.len()];
        let mut entries = vec![Entry { event: Event::Head, before: ring - 1, after: 1 % ring }];
        for (entry, (_, event)) in (1..).zip(events) {
            match event {
                Event::Call(op) => of_op[op].0 = entry,
                Event::Return(op) => of_op[op].1 = Some(entry),
                Event::Head => {}
            }
            entries.push(Entry { event, before: entry - 1, after: (entry + 1) % ring });
        }
        Self { entries, of_op }
    }

    fn first(&self) -> usize {
        self.after(0)
    }

    fn after(&self, entry: usize) -> usize {
        self.entries[entry].after
    }

    fn event(&self, entry: usize) -> Event {
        self.entries[entry].event
    }

    fn call_entry(&self, op: usize) -> usize {
        self.of_op[op].0
    }

    /// Whether nothing says that the operation took effect.
    fn is_open(&self, op: usize) -> bool {
        self.of_op[op].1.is_none()
    }

    fn lift(&mut self, op: usize) {
        let (call, end) = self.of_op[op];
        self.unlink(call);
        if let Some(end) = end {
            self.unlink(end);
        }
    }

    fn put_back(&mut self, op: usize) {
        let (call, end) = self.of_op[op];
        if let Some(end) = end {
            self.relink(end);
        }
        self.relink(call);
    }

    fn unlink(&mut self, entry: usize) {
        let Entry { before, after, .. } = self.entries[entry];
        self.entries[before].after = after;
        self.entries[after].before = before;
    }

    fn relink(&mut self, entry: usize) {
        let Entry { before, after, .. } = self.entries[entry];
        self.entries[before].after = entry;
        self.entries[after].before = entry;
    }
}
