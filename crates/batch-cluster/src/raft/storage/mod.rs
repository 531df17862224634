//! All that a member must not forget: term and vote, the log, two snapshots.
//!
//! ```text
//! hard.a hard.b                 term and vote, twice
//! wal/<number>.wal              segments of the log: a header, entries, cuts
//! snap/<index>-<term>.snap      the newest two snapshots
//! ```
//!
//! # What a loss of power may leave
//!
//! Of what was not synced any subset of sectors and of names survives. A segment is begun only when
//! the one before is synced whole, and is used only when its header and its name are; so only the
//! last can end badly. There the log is cut at the first bad record, and the cut is durable before
//! more is written: else that would lie behind garbage, and the next start would drop it. Each
//! record says how much of its segment was synced when it was written; a bad record below that was
//! durable once, and the member refuses to start. Damage to the very last synced records cannot be
//! told from a torn tail.
//!
//! A snapshot is written beside its name, synced, renamed, and counts when the directory is synced;
//! only then does what it replaces go, and one snapshot more than needed is kept, with the log
//! behind it. A snapshot from the leader comes before the new beginning of the log that belongs to
//! it; a crash between the two leaves a log that does not hold the snapshot's last entry, and such a
//! log is void.

mod disk;
mod hard;
mod record;
mod recovery;
mod snapshot;
mod step;

use std::collections::VecDeque;

use squall_io::vocab::raft;

use crate::Bug;
use crate::codec::hash;

use super::core::{Settings, Snapshot, Write};
use super::message::{Entry, EntryId};

use hard::{HardState, Slots};
use record::{Owner, Record, Tail};

pub use disk::Disk;
pub use recovery::{Files, Recovered, recover};
pub use step::{FileOp, Step};

/// A segment takes no further record once it is this long, in bytes. Small enough that little is
/// read in vain after a snapshot.
pub const SEGMENT_BYTES: u64 = 1 << 20;
/// How many snapshots are kept.
pub const SNAPSHOTS_KEPT: usize = 2;

/// Turns writes into steps.
#[derive(Debug)]
pub struct Storage {
    settings: Settings,
    slots: Slots,
    tail: Tail,
    /// How far the last segment's bytes lie behind their place. Always zero but for a planted bug.
    shift: u64,
    /// The log's last entry.
    end: EntryId,
    /// Segments by number, each with the entry before its first.
    segments: VecDeque<(u64, EntryId)>,
    /// Snapshots from the oldest on.
    snapshots: VecDeque<EntryId>,
    /// Bytes of this batch that are not in a step yet, what they hold, what is told after them.
    buffer: Vec<u8>,
    logged: Vec<raft::LoggedEntry>,
    steps: Vec<Step>,
}

impl Storage {
    /// The steps that make these writes durable.
    pub fn write(&mut self, writes: &[Write]) -> Vec<Step> {
        for write in writes {
            match write {
                Write::HardState { term, vote } => {
                    self.write_hard_state(HardState { term: *term, vote: *vote })
                }
                Write::Append { entries } => entries.iter().for_each(|entry| self.write_entry(entry)),
                Write::Cut { last } => self.write_cut(*last),
                Write::Snapshot(snapshot) => {
                    let told = self.write_snapshot(snapshot);
                    self.steps.push(Step::Tell(raft::Event::SnapshotTaken(told)));
                    self.forget_old_snapshots();
                    self.roll(self.end);
                    self.forget_segments();
                }
                Write::Install(snapshot) => {
                    let told = self.write_snapshot(snapshot);
                    self.steps.push(Step::Tell(raft::Event::SnapshotInstalled(told)));
                    self.forget_old_snapshots();
                }
                Write::BeginAnew { behind } => self.begin_anew(*behind),
            }
        }
        self.sync();
        self.steps.push(Step::Tell(raft::Event::Durable { index: self.end.index }));
        std::mem::take(&mut self.steps)
    }

    fn write_hard_state(&mut self, state: HardState) {
        self.sync();
        self.steps.extend(self.slots.write(state));
        let vote = state.vote.map(|place| self.settings.members[place].as_str().into());
        self.steps.push(Step::Tell(raft::Event::HardState { term: state.term, vote }));
    }

    fn write_entry(&mut self, entry: &Entry) {
        if self.tail.offset >= SEGMENT_BYTES {
            self.roll(self.end);
        }
        assert_eq!(entry.id.index, self.end.index + 1, "a log has no gaps");
        let offset = self.tail.offset + self.shift;
        let bytes = self.tail.encode(&Record::Entry(entry.clone()));
        self.logged.push(raft::LoggedEntry {
            index: entry.id.index,
            term: entry.id.term,
            previous_term: self.end.term,
            hash: entry.hash(),
            offset,
            length: bytes.len() as u64,
        });
        self.buffer.extend(bytes);
        self.end = entry.id;
    }

    fn write_cut(&mut self, last: EntryId) {
        self.buffer.extend(self.tail.encode(&Record::Cut { last }));
        self.flush();
        self.end = last;
        self.steps.push(Step::Tell(raft::Event::Truncated { index: last.index }));
    }

    /// A snapshot under its final name, durably, behind the entries that are in it.
    fn write_snapshot(&mut self, snapshot: &Snapshot) -> raft::Snapshot {
        self.sync();
        let file = snapshot::name(snapshot.id);
        let beside = format!("{file}.tmp");
        let bytes = snapshot::encode(snapshot);
        // planted bug
        if self.settings.bugs.has(Bug::AppliedIndexSplit) {
            self.steps.extend(recovery::write_applied(snapshot.id));
        }
        self.push(FileOp::Create { file: beside.clone(), bytes });
        self.push(FileOp::Sync { file: beside.clone() });
        self.push(FileOp::Rename { from: beside, to: file.clone() });
        self.push(FileOp::SyncDir { directory: "snap".into() });
        self.snapshots.push_back(snapshot.id);
        snapshot::told(snapshot)
    }

    /// The log is void and begins behind `id`, which a durable snapshot holds.
    fn begin_anew(&mut self, id: EntryId) {
        self.roll(id);
        self.end = id;
        self.steps.push(Step::Tell(raft::Event::Truncated { index: id.index }));
        let last = self.segments.pop_back().expect("a segment was just begun");
        let old: Vec<_> = self.segments.drain(..).collect();
        self.segments.push_back(last);
        self.remove_segments(old);
    }

    fn forget_old_snapshots(&mut self) {
        while self.snapshots.len() > SNAPSHOTS_KEPT {
            let oldest = self.snapshots.pop_front().expect("there are more than are kept");
            self.push(FileOp::Remove { file: snapshot::name(oldest) });
        }
    }

    /// Removes segments all of whose entries are in the older snapshot.
    fn forget_segments(&mut self) {
        if self.snapshots.len() < SNAPSHOTS_KEPT {
            return;
        }
        let horizon = self.snapshots[0].index;
        let mut old = Vec::new();
        while self.segments.get(1).is_some_and(|(_, previous)| previous.index <= horizon) {
            old.extend(self.segments.pop_front());
        }
        self.remove_segments(old);
    }

    fn remove_segments(&mut self, old: Vec<(u64, EntryId)>) {
        for (number, _) in old {
            self.push(FileOp::Remove { file: segment_name(number) });
        }
        self.push(FileOp::SyncDir { directory: "wal".into() });
    }

    /// Begins the next segment, behind `previous`.
    fn roll(&mut self, previous: EntryId) {
        self.sync();
        let owner = owner(&self.settings);
        self.tail = Tail::start(self.tail.segment + 1, self.tail.chain);
        self.shift = 0;
        self.segments.push_back((self.tail.segment, previous));
        let bytes = self.tail.encode(&Record::Header { previous, owner });
        let file = segment_name(self.tail.segment);
        self.push(FileOp::Create { file: file.clone(), bytes });
        self.push(FileOp::Sync { file });
        self.push(FileOp::SyncDir { directory: "wal".into() });
        self.tail.synced = self.tail.offset;
    }

    /// Writes what is buffered.
    fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.buffer);
        let offset = self.tail.offset + self.shift - bytes.len() as u64;
        let file = segment_name(self.tail.segment);
        self.push(FileOp::Write { file: file.clone(), offset, bytes });
        if !self.logged.is_empty() {
            let entries = std::mem::take(&mut self.logged);
            self.steps.push(Step::Tell(raft::Event::Logged { file, entries }));
        }
    }

    /// Writes what is buffered and makes the last segment durable.
    fn sync(&mut self) {
        self.flush();
        // planted bug
        if self.tail.synced == self.tail.offset || self.settings.bugs.has(Bug::FsyncOmitted) {
            return;
        }
        self.push(FileOp::Sync { file: segment_name(self.tail.segment) });
        self.tail.synced = self.tail.offset;
    }

    fn push(&mut self, op: FileOp) {
        self.steps.push(Step::File(op));
    }
}

fn segment_name(number: u64) -> String {
    format!("wal/{number:010}.wal")
}

fn owner(settings: &Settings) -> Owner {
    let names: Vec<&[u8]> = settings.members.iter().map(String::as_bytes).collect();
    Owner { group: hash(&names), place: settings.place as u64 }
}
