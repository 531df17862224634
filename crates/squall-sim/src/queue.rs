//! The future: events by time, ties by the order in which they were scheduled.
//!
//! The heap holds words: the time, the sequence number, and where the event lies. So two entries are
//! compared in one go, and events stay where they are while the heap moves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use squall_history::SimTime;

use crate::event::Event;

/// Bits of an entry that say where its event lies: so many events may be pending at a time.
const PLACE_BITS: u32 = 24;
/// The bit of an entry from which on its time stands.
const TIME_SHIFT: u32 = 64;

/// `time | sequence number | place of the event`: a lower one comes first. Places never decide, since
/// no two entries have one number.
type Entry = u128;

/// A priority queue of events. Sequence numbers only break ties, and only their order counts: an
/// event that is missing shifts no other.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// `BinaryHeap` gives its greatest entry first.
    heap: BinaryHeap<Reverse<Entry>>,
    /// Pending events, and what is left of those that were taken.
    events: Vec<Event>,
    /// Places in `events` that are free.
    free: Vec<u32>,
    sequence: u64,
}

fn time_of(entry: Entry) -> SimTime {
    SimTime((entry >> TIME_SHIFT) as u64)
}

fn place_of(entry: Entry) -> u32 {
    entry as u32 & ((1 << PLACE_BITS) - 1)
}

impl Queue {
    pub(crate) fn push(&mut self, at: SimTime, event: Event) {
        self.sequence += 1;
        let place = match self.free.pop() {
            Some(place) => {
                self.events[place as usize] = event;
                place
            }
            None => {
                self.events.push(event);
                u32::try_from(self.events.len() - 1).expect("bounded just below")
            }
        };
        assert!(place < 1 << PLACE_BITS, "more than {} events are pending", 1 << PLACE_BITS);
        assert!(self.sequence < 1 << (TIME_SHIFT - PLACE_BITS), "more events than a run can have");
        let entry = Entry::from(at.0) << TIME_SHIFT | Entry::from(self.sequence) << PLACE_BITS;
        self.heap.push(Reverse(entry | Entry::from(place)));
    }

    /// The next event's time.
    pub(crate) fn next_at(&self) -> Option<SimTime> {
        self.heap.peek().map(|&Reverse(entry)| time_of(entry))
    }

    pub(crate) fn pop(&mut self) -> Option<(SimTime, Event)> {
        let Reverse(entry) = self.heap.pop()?;
        let place = place_of(entry);
        self.free.push(place);
        Some((time_of(entry), self.events[place as usize]))
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Drops what `keep` refuses; the order of the others stays.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Event) -> bool) {
        let (events, free) = (&self.events, &mut self.free);
        self.heap.retain(|&Reverse(entry)| {
            let keeps = keep(events[place_of(entry) as usize]);
            if !keeps {
                free.push(place_of(entry));
            }
            keeps
        });
    }
}

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
