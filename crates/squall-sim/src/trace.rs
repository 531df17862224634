//! What a run leaves behind: its records, its rolling digest with checkpoints, and on demand the
//! journal of every packet and its fate.

use std::hash::Hash;

use squall_history::{Digest, Folder, Record, SimTime};

use crate::watch::{About, Told, Watch};

/// Events between two checkpoints of the digest.
pub(crate) const CHECKPOINT_EVENTS: u64 = 4_096;

/// The digest at one point of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Events executed so far.
    pub event: u64,
    /// When.
    pub at: SimTime,
    /// Digest of all of them.
    pub digest: Digest,
}

/// Whether a run keeps a journal. It changes nothing else: the digest is the same either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Journaling {
    /// None.
    #[default]
    Off,
    /// Every packet and its fate, and a checkpoint for every event.
    On,
}

/// One packet and its fate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalEntry {
    /// When it was sent.
    pub at: SimTime,
    /// Index of the sending node in the topology.
    pub from: u32,
    /// Index of the receiving node.
    pub to: u32,
    /// `syn`, `data`, `retransmit`, `control` or `datagram`.
    pub class: &'static str,
    /// Payload bytes.
    pub bytes: u64,
    /// When it arrives; absent if it is lost on the way.
    pub arrives: Option<SimTime>,
}

/// Everything a run leaves behind.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    folder: Folder,
    /// Events executed so far (polls included).
    pub(crate) events: u64,
    pub(crate) checkpoints: Vec<Checkpoint>,
    journaling: Journaling,
    pub(crate) journal: Vec<JournalEntry>,
    records: Vec<Record>,
    pub(crate) watch: Watch,
}

impl Trace {
    pub(crate) fn new(journaling: Journaling) -> Self {
        Self { journaling, ..Self::default() }
    }

    /// Folds one word.
    #[inline]
    pub(crate) fn fold(&mut self, word: u64) {
        self.folder.fold(word);
    }

    /// Folds payload.
    pub(crate) fn fold_bytes(&mut self, bytes: &[u8]) {
        if self.is_watched() {
            self.watch.tell_bytes(bytes);
        }
        self.folder.fold_bytes(bytes);
    }

    /// Counts one executed event and sets checkpoints.
    #[inline]
    pub(crate) fn executed(&mut self, at: SimTime) {
        if self.is_watched() {
            self.watch.end(self.events + 1, at, self.digest());
        }
        self.events += 1;
        if self.events.is_multiple_of(CHECKPOINT_EVENTS) || self.journaling == Journaling::On {
            self.checkpoints.push(Checkpoint { event: self.events, at, digest: self.digest() });
        }
    }

    pub(crate) fn digest(&self) -> Digest {
        self.folder.digest()
    }

    /// Adds a record to the history and folds it.
    #[inline]
    pub(crate) fn record(&mut self, record: Record) {
        record.hash(&mut self.folder);
        self.record_unfolded(record);
    }

    /// Adds a record that does not fold: one that came from binding or planning (the fault itself
    /// folds, where it takes effect), or that is told only if somebody listens.
    #[inline]
    pub(crate) fn record_unfolded(&mut self, record: Record) {
        if self.is_watched() {
            self.watch.tell(Told::Record(Box::new(record.clone())));
        }
        self.records.push(record);
    }

    #[inline]
    pub(crate) fn has_records(&self) -> bool {
        !self.records.is_empty()
    }

    /// Moves the records behind those in `into`. What is asked after nearly every record keeps its room.
    pub(crate) fn move_records(&mut self, into: &mut Vec<Record>) {
        into.append(&mut self.records);
    }

    #[inline]
    pub(crate) fn journal(&mut self, entry: impl FnOnce() -> JournalEntry) {
        let (watched, kept) = (self.is_watched(), self.journaling == Journaling::On);
        if watched || kept {
            let entry = entry();
            if watched {
                self.watch.tell(Told::Packet(entry.clone()));
            }
            if kept {
                self.journal.push(entry);
            }
        }
    }

    /// Whether what happens now is watched ([`Watch`]).
    #[inline]
    pub(crate) const fn is_watched(&self) -> bool {
        self.watch.is_on(self.events)
    }

    /// The run is over; the window of events, if there was one.
    pub(crate) fn end_watch(&mut self, at: SimTime) -> Vec<crate::WatchedEvent> {
        if self.is_watched() {
            self.watch.begin(About { what: "end of the run".to_owned(), ..About::default() });
            self.watch.end(self.events + 1, at, self.digest());
        }
        std::mem::take(&mut self.watch.events)
    }
}
