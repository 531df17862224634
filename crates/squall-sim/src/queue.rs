//! The future: events by time, ties by the order in which they were scheduled.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use squall_history::SimTime;

use crate::event::Event;

/// A priority queue of events. Sequence numbers only break ties, and only their order counts: an
/// event that is missing shifts no other.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    sequence: u64,
}

#[derive(Debug)]
struct Entry {
    at: SimTime,
    sequence: u64,
    event: Event,
}

impl Queue {
    pub(crate) fn push(&mut self, at: SimTime, event: Event) {
        self.sequence += 1;
        self.heap.push(Entry { at, sequence: self.sequence, event });
    }

    /// The next event's time.
    pub(crate) fn next_at(&self) -> Option<SimTime> {
        self.heap.peek().map(|entry| entry.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(SimTime, Event)> {
        self.heap.pop().map(|entry| (entry.at, entry.event))
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Drops what `keep` refuses; the order of the others stays.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Event) -> bool) {
        self.heap.retain(|entry| keep(entry.event));
    }
}

// The heap gives its greatest entry first: the earliest time, then the lowest number.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}
