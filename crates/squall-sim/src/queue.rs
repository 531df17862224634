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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push(u64),
        Pop,
        /// Keeps the events whose number this does not divide.
        Drop(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            5 => (0_u64..8).prop_map(Step::Push),
            3 => Just(Step::Pop),
            1 => (2_u32..6).prop_map(Step::Drop),
        ]
    }

    proptest! {
        #[test]
        fn events_come_by_time_then_by_the_order_they_were_scheduled_in(
            steps in proptest::collection::vec(step(), 0..200),
        ) {
            let (mut queue, mut expected, mut number) = (Queue::default(), Vec::new(), 0);
            for step in steps {
                match step {
                    Step::Push(at) => {
                        number += 1;
                        queue.push(SimTime(at), Event::Datagram(number));
                        expected.push((SimTime(at), number));
                        // Stable: equal times stay in the order of pushing.
                        expected.sort_by_key(|(at, _)| *at);
                    }
                    Step::Pop => {
                        let first = (!expected.is_empty()).then(|| expected.remove(0));
                        prop_assert_eq!(queue.next_at(), first.map(|(at, _)| at));
                        let first = first.map(|(at, number)| (at, Event::Datagram(number)));
                        prop_assert_eq!(queue.pop(), first);
                    }
                    Step::Drop(divisor) => {
                        let keeps = |number: u32| !number.is_multiple_of(divisor);
                        queue.retain(|event| matches!(event, Event::Datagram(number) if keeps(number)));
                        expected.retain(|(_, number)| keeps(*number));
                    }
                }
                prop_assert_eq!(queue.len(), expected.len());
            }
        }
    }
}
