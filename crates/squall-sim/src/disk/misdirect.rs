//! Writes that reach the medium at another place.
//!
//! A drive (or the driver above it) can put sectors where they do not belong and say that all is well
//! (Bairavasundaram et al., "An Analysis of Data Corruption in the Storage Stack", FAST 2008). Two
//! places are then wrong: the one that was meant keeps its old content, and the other holds sectors
//! of a stranger, checksums and all. Whole sectors travel, with what stood beside the write in them.
//!
//! It happens when a sync brings a write to the medium. Clean pages are read from the medium
//! afterwards, as after rot: a program sees both places as they are, but for what it has written and
//! not yet synced. Lengths and names are the journal's and stay right: nothing grows or shrinks, and
//! a place behind the file's durable end is read as zeros.

use std::ops::Range;

use squall_history::Draw;

use super::crash::SECTOR;
use super::model::{Change, Disk, Inode, Pending, SyncPoint};

/// Which sector a write lands on, among those it may.
const PLACE: u64 = 3;

/// A write that landed elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Astray {
    /// Its number.
    pub write: u64,
    /// The number of the sector that it landed on, among all that were open to it.
    pub sector: u64,
    /// Which bytes of which file are its own now.
    pub wrong: (Inode, Range<u64>),
    /// Which bytes of its file it should have changed.
    pub meant: Range<u64>,
}

/// A run of sectors of a file, by their numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Candidates {
    inode: Inode,
    sectors: Range<u64>,
}

impl Disk {
    /// The writes that a sync of this file up to `point` brings to the medium, by their numbers.
    pub fn writes_to_sync(&self, inode: Inode, point: SyncPoint) -> Vec<u64> {
        let is_due = |pending: &&Pending| {
            let is_write = matches!(&pending.change, Change::Write { inode: of, .. } if *of == inode);
            is_write && pending.operation <= point.0
        };
        self.pending.iter().filter(is_due).map(|pending| pending.operation).collect()
    }

    /// Makes what was done to a file's content before `point` durable, but for the writes to which
    /// `astray` gives a draw: those land on a drawn sector of a file that `is_covered` for them. A write
    /// to which no other sector is open goes where it belongs.
    pub fn sync_astray(
        &mut self,
        inode: Inode,
        point: SyncPoint,
        is_covered: impl Fn(u64, &str) -> bool,
        astray: impl Fn(u64) -> Option<Draw>,
    ) -> Vec<Astray> {
        let mut landed = Vec::new();
        let mut place = 0;
        // One after the other: where a write lands depends on what those before it did to the medium.
        while let Some(pending) = self.pending.get(place) {
            if pending.operation > point.0 || !pending.change.is_of_file(inode) {
                place += 1;
                continue;
            }
            let pending = self.pending.remove(place);
            let write = pending.operation;
            let here = |path: &str| is_covered(write, path);
            match astray(write).and_then(|draw| self.misdirect(&pending, draw, here)) {
                Some(it) => landed.push(it),
                None => self.settle_one(&pending),
            }
        }
        landed
    }

    fn misdirect(
        &mut self,
        pending: &Pending,
        draw: Draw,
        is_covered: impl Fn(&str) -> bool,
    ) -> Option<Astray> {
        let Change::Write { inode, offset, bytes } = &pending.change else { return None };
        let (inode, written) = (*inode, *offset..*offset + bytes.len() as u64);
        let meant = written.start / SECTOR..written.end.div_ceil(SECTOR);
        let candidates = self.candidates(inode, &meant, is_covered);
        let count: u64 = candidates.iter().map(|run| run.sectors.end - run.sectors.start).sum();
        let chosen = draw.property(PLACE).below(count);
        let mut left = chosen;
        let (run, sector) = candidates.into_iter().find_map(|run| {
            let length = run.sectors.end - run.sectors.start;
            let sector = run.sectors.start + left;
            left = left.wrapping_sub(length.min(left));
            (sector < run.sectors.end).then_some((run, sector))
        })?;

        let mut image = self.medium.file(inode).clone();
        image.resize(image.len().max(index(meant.end * SECTOR)), 0);
        image[index(written.start)..index(written.end)].copy_from_slice(bytes);
        let image = &image[index(meant.start * SECTOR)..index(meant.end * SECTOR)];
        let end = (run.sectors.end * SECTOR).min(self.medium.file(run.inode).len() as u64);
        let start = sector * SECTOR;
        let length = (end - start).min(image.len() as u64);
        let wrong = start..start + length;
        let clean = self.clean_bytes(run.inode);
        self.medium.write(run.inode, start, &image[..index(length)]);
        self.read_anew(run.inode, &wrong, &clean);

        let old = self.medium.file(inode).len();
        self.medium.file_mut(inode).resize(old.max(index(written.end)), 0);
        let clean = self.clean_bytes(inode);
        self.read_anew(inode, &written, &clean);
        let wrong = (run.inode, wrong);
        Some(Astray { write: pending.operation, sector: chosen, wrong, meant: written })
    }

    /// The sectors of the medium that a write may land on, but for those that it was meant for.
    fn candidates(
        &self,
        inode: Inode,
        meant: &Range<u64>,
        is_covered: impl Fn(&str) -> bool,
    ) -> Vec<Candidates> {
        let files = self.files().into_iter().filter(|(path, _)| is_covered(path));
        let runs = files.flat_map(|(_, file)| {
            let sectors = (self.medium.file(file).len() as u64).div_ceil(SECTOR);
            let (before, behind) = match file == inode {
                true => (0..sectors.min(meant.start), meant.end..sectors),
                false => (0..sectors, 0..0),
            };
            [before, behind].map(|sectors| Candidates { inode: file, sectors })
        });
        runs.filter(|run| !run.sectors.is_empty()).collect()
    }

    /// What is clean in a range is read from the medium from now on, and is not what was written.
    fn read_anew(&mut self, inode: Inode, range: &Range<u64>, clean: &[Range<u64>]) {
        for part in clean {
            let part = part.start.max(range.start)..part.end.min(range.end);
            if part.is_empty() {
                continue;
            }
            let bytes = self.medium.file(inode)[index(part.start)..index(part.end)].to_vec();
            self.cache.write(inode, part.start, &bytes);
            self.spoilt.add(inode, self.operations, part);
        }
    }
}

fn index(place: u64) -> usize {
    usize::try_from(place).expect("a file fits into memory")
}
