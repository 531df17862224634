//! A window of a run's events, told in full: for whoever compares two runs that should be one.
//!
//! Off by default; it folds nothing and changes nothing. What an event did inside a system shows only as
//! far as it reached the simulator: records, packets, the bytes that were written.

use squall_history::{Digest, NodeName, Record, SimTime};

use crate::event::Event;
use crate::trace::JournalEntry;
use crate::world::World;

/// One event of a watched window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WatchedEvent {
    /// Its number, from 1; the end of the run has the number after the last event.
    pub number: u64,
    /// When.
    pub at: SimTime,
    /// What it was: `poll`, an event of the queue, or `end of the run`.
    pub what: String,
    /// Where; for what crosses a link, both ends of it.
    pub nodes: Vec<NodeName>,
    /// Where the polled task was started, if it is a poll; absent for a node's first task.
    pub place: Option<String>,
    /// What came of it, in order; what the harness did since the event before comes first.
    pub told: Vec<Told>,
    /// The digest after it.
    pub digest: Digest,
}

/// Something that an event led to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// A record of the history.
    Record(Box<Record>),
    /// A packet was sent.
    Packet(JournalEntry),
    /// Bytes were written to the network or a disk.
    Bytes {
        /// How many.
        length: u64,
        /// The first of them, at most [`BYTES_KEPT`].
        start: Vec<u8>,
    },
}

/// Bytes of a write that are kept: enough to see a field that differs near its beginning.
pub const BYTES_KEPT: usize = 256;

/// Collects a window.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Events before the window.
    after: u64,
    /// Events in it; zero: nothing is watched.
    count: u64,
    about: About,
    told: Vec<Told>,
    pub(crate) events: Vec<WatchedEvent>,
}

/// What is known of an event before it is executed.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) what: String,
    pub(crate) nodes: Vec<NodeName>,
    pub(crate) place: Option<String>,
}

impl Watch {
    pub(crate) fn new(after: u64, count: u64) -> Self {
        Self { after, count, ..Self::default() }
    }

    /// Whether the event after so many executed ones is watched. One comparison: it is asked for each.
    #[inline]
    pub(crate) const fn is_on(&self, executed: u64) -> bool {
        executed.wrapping_sub(self.after) < self.count
    }

    pub(crate) fn begin(&mut self, about: About) {
        self.about = about;
    }

    pub(crate) fn tell(&mut self, told: Told) {
        self.told.push(told);
    }

    pub(crate) fn tell_bytes(&mut self, bytes: &[u8]) {
        let start = bytes[..bytes.len().min(BYTES_KEPT)].to_vec();
        self.told.push(Told::Bytes { length: bytes.len() as u64, start });
    }

    pub(crate) fn end(&mut self, number: u64, at: SimTime, digest: Digest) {
        let About { what, nodes, place } = std::mem::take(&mut self.about);
        let told = std::mem::take(&mut self.told);
        self.events.push(WatchedEvent { number, at, what, nodes, place, told, digest });
    }
}

impl World {
    /// What is known of an event that is about to be executed.
    pub(crate) fn about(&self, event: Event) -> About {
        let name = |node: u32| self.nodes.get(node).name.clone();
        let nodes = match event {
            Event::Timer(key) => self.timers.node(key).into_iter().map(name).collect(),
            Event::Processor(node) => vec![name(node)],
            _ => self.net.ends_of(event).into_iter().flatten().map(name).collect(),
        };
        About { what: format!("{event:?}"), nodes, place: None }
    }
}
