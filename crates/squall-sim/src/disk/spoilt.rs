//! Bytes whose medium does not hold what was written last, and never will unless they are written
//! anew: those that a failed sync dropped, those that have rotted, and both ends of a write that went
//! astray (`misdirect.rs`).
//!
//! A sync that fails leaves the pages readable and marks them clean, as ext4 and XFS do: a later sync
//! finds nothing to write and says that all is well, and a loss of power brings the old content back
//! ("fsyncgate"; Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
//! Lengths and names are the journal's business: they stay to be settled.

use std::collections::BTreeMap;
use std::ops::Range;

use squall_history::{Draw, Rot};

use super::crash::SECTOR;
use super::model::{Change, Content, Disk, Inode, Pending, SyncPoint, View};

/// Spoilt bytes, by file, each with the number of the operation after which they were.
#[derive(Clone, Debug, Default)]
pub(super) struct Spoilt {
    ranges: BTreeMap<Inode, Vec<(u64, Range<u64>)>>,
    /// Another one whenever something was spoilt, or is no longer.
    pub(super) count: usize,
}

impl Spoilt {
    pub(super) fn add(&mut self, inode: Inode, operation: u64, range: Range<u64>) {
        self.ranges.entry(inode).or_default().push((operation, range));
        self.count += 1;
    }

    /// The spoilt bytes of a file, in no order.
    pub(super) fn of(&self, inode: Inode) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.get(&inode).into_iter().flatten().map(|(_, range)| range.clone())
    }

    /// A change has reached the medium: what was spoilt before it, and lies under it, is whole.
    pub(super) fn settled(&mut self, pending: &Pending) {
        let (inode, mended) = match &pending.change {
            Change::Write { inode, offset, bytes } => (inode, *offset..*offset + bytes.len() as u64),
            Change::SetLen { inode, length } => (inode, *length..u64::MAX),
            Change::Link { .. } | Change::Unlink { .. } | Change::Rename { .. } => return,
        };
        let Some(ranges) = self.ranges.get_mut(inode) else { return };
        let all = std::mem::take(ranges).into_iter();
        *ranges = all
            .flat_map(|(operation, range)| {
                let (before, after) = match operation < pending.operation {
                    true => {
                        (range.start..range.end.min(mended.start), range.start.max(mended.end)..range.end)
                    }
                    false => (range, 0..0),
                };
                [(operation, before), (operation, after)]
            })
            .filter(|(_, range)| !range.is_empty())
            .collect();
    }

    /// What is read is what the medium holds.
    pub(super) fn clear(&mut self) {
        self.count += self.ranges.len();
        self.ranges.clear();
    }
}

impl Disk {
    /// A sync of a file failed: what was written to it before `point` is dropped from what is still
    /// to be written. How many writes that were.
    pub fn drop_writes(&mut self, inode: Inode, point: SyncPoint) -> u64 {
        let mut dropped = 0;
        let spoilt = &mut self.spoilt;
        self.pending.retain(|Pending { operation, change }| match change {
            Change::Write { inode: of, offset, bytes } if *of == inode && *operation <= point.0 => {
                spoilt.add(inode, *operation, *offset..*offset + bytes.len() as u64);
                dropped += 1;
                false
            }
            _ => true,
        });
        dropped
    }

    /// Whether a sync of this file, or of this directory, would have something to do.
    pub(super) fn is_dirty(&self, inode: Inode, point: SyncPoint) -> bool {
        let concerns = |change: &Change| match change {
            Change::Write { inode: of, .. } | Change::SetLen { inode: of, .. } => *of == inode,
            _ => change.names().iter().any(|(directory, _)| *directory == inode),
        };
        self.pending.iter().any(|pending| pending.operation <= point.0 && concerns(&pending.change))
    }

    /// Turns one bit in each of some sectors of the medium: of files that `is_concerned`, drawn by
    /// path and number of the sector. What is read from the medium turns with it; what is still to be
    /// written does not. The positions of the bits, in their files.
    pub fn rot(
        &mut self,
        rot: Rot,
        is_concerned: impl Fn(&str) -> bool,
        draw: impl Fn(&str, u64) -> Draw,
    ) -> Vec<u64> {
        const HIT: u64 = 0;
        const BIT: u64 = 1;
        let mut sectors = Vec::new();
        for (path, inode) in self.files() {
            let length = self.medium.file(inode).len() as u64;
            let all = (0..length.div_ceil(SECTOR)).filter(|_| is_concerned(&path));
            sectors.extend(all.map(|sector| (draw(&path, sector), inode, sector)));
        }
        match rot {
            Rot::Percent(share) => sectors.retain(|(draw, ..)| draw.property(HIT).chance(share)),
            Rot::Sectors(count) => {
                // Stable: equal draws keep the order of paths.
                sectors.sort_by_key(|(draw, ..)| draw.property(HIT).bits());
                sectors.truncate(count as usize);
            }
        }
        let turned = sectors.into_iter().map(|(draw, inode, sector)| {
            let length = self.medium.file(inode).len() as u64 - sector * SECTOR;
            let bit = sector * SECTOR * 8 + draw.property(BIT).below(length.min(SECTOR) * 8);
            self.turn(inode, bit);
            bit
        });
        turned.collect()
    }

    fn turn(&mut self, inode: Inode, bit: u64) {
        let byte = bit / 8;
        // Anything else is in the cache until it is written.
        if self.settled_bytes(inode).iter().any(|range| range.contains(&byte)) {
            self.cache.turn(inode, bit);
            self.spoilt.add(inode, self.operations, byte..byte + 1);
        }
        self.medium.turn(inode, bit);
        self.spoilt.count += 1;
    }

    /// Bytes that all files with a name hold together.
    pub(super) fn used(&self) -> u64 {
        self.files().iter().map(|(_, inode)| self.len(*inode)).sum()
    }

    /// The name of a file; of one that was removed, the last it had.
    pub(super) fn path_of(&self, inode: Inode) -> Option<String> {
        let named = self.files().into_iter().find(|(_, file)| *file == inode).map(|(path, _)| path);
        named.or_else(|| self.removed.get(&inode).cloned())
    }

    /// Every file that has a name, by path.
    pub(super) fn files(&self) -> Vec<(String, Inode)> {
        let mut files = Vec::new();
        let mut directories = vec![(super::model::ROOT, String::new())];
        while let Some((directory, above)) = directories.pop() {
            for (name, inode) in self.cache.names(directory).into_iter().flatten() {
                let path = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
                match self.cache.content(*inode) {
                    Content::Directory(_) => directories.push((*inode, path)),
                    Content::File(_) => files.push((path, *inode)),
                }
            }
        }
        files.sort();
        files
    }
}

impl View {
    fn turn(&mut self, inode: Inode, bit: u64) {
        let byte = usize::try_from(bit / 8).expect("a file fits into memory");
        self.file_mut(inode)[byte] ^= 1 << (bit % 8);
    }
}
