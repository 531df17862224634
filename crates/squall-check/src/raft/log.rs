//! What a member's log and snapshots are, by its own words, and what of them its disk holds.
//!
//! The words say what was written where; whether it is durable only the disk's truth says. Shared by
//! the invariants that look into logs; each holds its own.

use std::collections::BTreeMap;

use squall_history::NodeName;
use squall_history::vocab::raft::{Event, LoggedEntry, Snapshot};

use super::Group;
use crate::truth::DiskTruth;

/// One member's log.
#[derive(Clone, Debug, Default)]
pub(super) struct MemberLog {
    /// By index, with the file of each.
    entries: BTreeMap<u64, (String, LoggedEntry)>,
    snapshots: Vec<Snapshot>,
    /// It tells where its entries lie: else nothing follows from their absence.
    speaks: bool,
}

impl MemberLog {
    /// Takes what the member tells.
    pub(super) fn observe(&mut self, event: &Event) {
        match event {
            Event::Logged { file, entries } => {
                self.speaks = true;
                let placed = entries.iter().map(|entry| (entry.index, (file.clone(), entry.clone())));
                self.entries.extend(placed);
            }
            Event::Truncated { index } => drop(self.entries.split_off(&(index + 1))),
            Event::SnapshotTaken(snapshot) | Event::SnapshotInstalled(snapshot) => {
                self.snapshots.push(snapshot.clone());
            }
            Event::Recovered { snapshot, .. } => {
                // What it found of its log it tells in the words that follow.
                self.speaks = true;
                self.entries.clear();
                let found = snapshot.as_ref().map_or(0, |snapshot| snapshot.index);
                self.snapshots.retain(|known| known.index < found);
                self.snapshots.extend(snapshot.clone());
            }
            _ => {}
        }
    }

    pub(super) const fn speaks(&self) -> bool {
        self.speaks
    }

    pub(super) fn entry(&self, index: u64) -> Option<&LoggedEntry> {
        self.entries.get(&index).map(|(_, entry)| entry)
    }

    /// Index of the last entry; zero if the log itself is empty.
    pub(super) fn end(&self) -> u64 {
        self.entries.last_key_value().map_or(0, |(index, _)| *index)
    }

    /// All entries up to here are in its newest snapshot.
    pub(super) fn snapshot_index(&self) -> u64 {
        self.snapshots.iter().map(|snapshot| snapshot.index).max().unwrap_or(0)
    }
}

/// A member's disk, as the engine knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemberDisk<'d> {
    truth: &'d DiskTruth,
    node: &'d NodeName,
    directory: &'d str,
}

impl<'d> MemberDisk<'d> {
    pub(super) fn new(truth: &'d DiskTruth, node: &'d NodeName, group: &'d Group) -> Self {
        Self { truth, node, directory: &group.directory }
    }

    fn is_synced(&self, file: &str, offset: u64, length: u64) -> bool {
        if self.directory.is_empty() {
            return self.truth.is_synced(self.node, file, offset, length);
        }
        self.truth.is_synced(self.node, &format!("{}/{file}", self.directory), offset, length)
    }

    fn holds_entry(&self, (file, entry): &(String, LoggedEntry)) -> bool {
        self.is_synced(file, entry.offset, entry.length)
    }

    fn holds_snapshot(&self, snapshot: &Snapshot) -> bool {
        self.is_synced(&snapshot.file, 0, snapshot.length)
    }
}

/// Where a member holds an entry durably.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Held {
    /// In its log, as an entry of this term.
    Log { term: u64 },
    /// In a snapshot.
    Snapshot,
}

impl MemberLog {
    /// Where the entry at `index` lies durably, if it does.
    pub(super) fn held(&self, index: u64, disk: MemberDisk<'_>) -> Option<Held> {
        let placed = self.entries.get(&index).filter(|placed| disk.holds_entry(placed));
        if let Some((_, entry)) = placed {
            return Some(Held::Log { term: entry.term });
        }
        let mut newest_first = self.snapshots.iter().rev();
        let is_in = |known: &Snapshot| known.index >= index && disk.holds_snapshot(known);
        newest_first.any(is_in).then_some(Held::Snapshot)
    }

    /// Newest snapshot that lies there durably (zero if none), and the terms of the entries that
    /// follow it without a gap, all durable. A log that contradicts the snapshot is void behind it:
    /// a member may take over a snapshot first and begin its log anew afterwards.
    pub(super) fn synced(&self, disk: MemberDisk<'_>) -> (u64, BTreeMap<u64, u64>) {
        let durable = self.snapshots.iter().filter(|known| disk.holds_snapshot(known));
        let newest = durable.max_by_key(|known| known.index);
        let index = newest.map_or(0, |newest| newest.index);
        let mut previous_term = newest.map(|newest| newest.term);
        let following = (index + 1..).map_while(|index| {
            let placed = self.entries.get(&index).filter(|placed| disk.holds_entry(placed))?;
            let entry = &placed.1;
            let fits = previous_term.replace(entry.term).is_none_or(|term| term == entry.previous_term);
            fits.then_some((index, entry.term))
        });
        (index, following.collect())
    }

    /// The power is about to go: what is not durable may be there afterwards or not.
    pub(super) fn forget_unsynced(&mut self, disk: MemberDisk<'_>) {
        self.entries.retain(|_, placed| disk.holds_entry(placed));
        self.snapshots.retain(|known| disk.holds_snapshot(known));
    }
}
