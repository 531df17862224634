//! Writes that are under way when their node dies, and writes that a loss of power tears.
//!
//! Without the fault `torn-write` a write is one step: it takes effect when its time is over, and one
//! that is under way when its node dies leaves nothing. With it, what "a write is not atomic" means
//! (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014) is seen at every death:
//!
//! - *A killed process* leaves its writes under way as short ones: the kernel looks for signals while
//!   it copies. Their first sectors are in the file, at least one and not all.
//! - *A loss of power* tears each write that is not durable, under way or still to be synced, at one
//!   drawn boundary of sectors; what lies before it is on the medium, or what lies behind it.
//!
//! A sector (512 bytes) is old or new as a whole: a write within one is never torn. What is durable is
//! not touched, unless a write over it is under way: so its bytes are certain no longer from the
//! moment that such a write begins.

use std::collections::BTreeMap;
use std::ops::Range;

use squall_history::{Draw, Ppm};

use super::crash::sectors;
use super::model::{Change, Disk, Inode, Pending};

/// A write that has begun and has not taken effect.
#[derive(Clone, Debug)]
struct UnderWay {
    inode: Inode,
    offset: u64,
    bytes: Vec<u8>,
}

/// The number of a write under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ticket(u64);

/// All writes under way that a death would tear.
#[derive(Clone, Debug, Default)]
pub(super) struct WritesUnderWay {
    writes: BTreeMap<Ticket, UnderWay>,
    /// Another one whenever a write begins or ends.
    pub(super) count: u64,
}

impl WritesUnderWay {
    /// Whoever wrote is gone.
    pub(super) fn clear(&mut self) {
        self.writes.clear();
        self.count += 1;
    }

    /// The bytes of a file that are being written, in no order.
    pub(super) fn of(&self, inode: Inode) -> impl Iterator<Item = Range<u64>> + '_ {
        let of_file = self.writes.values().filter(move |write| write.inode == inode);
        of_file.map(|write| write.offset..write.offset + write.bytes.len() as u64)
    }
}

// Properties of a tear's draw.
const BOUNDARY: u64 = 4;
const SIDE: u64 = 5;

/// The part of a write that a tear leaves: its first sectors, or its last ones. None within a sector.
fn torn(offset: u64, length: u64, draw: Draw, sides: Sides) -> Option<Range<u64>> {
    let parts = sectors(offset, length);
    let boundaries = parts.len().checked_sub(1).filter(|count| *count > 0)?;
    let (_, boundary) = parts[usize::try_from(draw.property(BOUNDARY).below(boundaries as u64)).ok()?];
    match sides == Sides::Both && draw.property(SIDE).chance(Ppm::percent(50)) {
        true => Some(boundary..offset + length),
        false => Some(offset..boundary),
    }
}

/// Which side of a boundary a tear may leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sides {
    First,
    Both,
}

impl Disk {
    /// A write begins that a death would tear; none if it lies within a sector.
    pub fn begin_write(&mut self, inode: Inode, offset: u64, bytes: &[u8]) -> Option<Ticket> {
        if sectors(offset, bytes.len() as u64).len() < 2 {
            return None;
        }
        self.under_way.count += 1;
        let ticket = Ticket(self.under_way.count);
        self.under_way.writes.insert(ticket, UnderWay { inode, offset, bytes: bytes.to_vec() });
        Some(ticket)
    }

    /// It takes effect now, or was given up.
    pub fn end_write(&mut self, ticket: Ticket) {
        if self.under_way.writes.remove(&ticket).is_some() {
            self.under_way.count += 1;
        }
    }

    /// The writes under way, each with its file.
    pub fn writes_under_way(&self) -> Vec<(Ticket, Inode)> {
        self.under_way.writes.iter().map(|(ticket, write)| (*ticket, write.inode)).collect()
    }

    /// The writes that a loss of power could take, by their numbers, each with its file.
    pub fn unsynced_writes(&self) -> Vec<(u64, Inode)> {
        let writes = self.pending.iter().filter_map(|Pending { operation, change }| match change {
            Change::Write { inode, .. } => Some((*operation, *inode)),
            _ => None,
        });
        writes.collect()
    }

    /// The process dies. Of the writes under way those to which `tears` gives a draw leave their first
    /// sectors in the page cache, as far as `room` allows; the others leave nothing. How many did.
    pub fn tear_writes(
        &mut self,
        tears: impl Fn(Ticket) -> Option<Draw>,
        room: impl Fn(&Self, Inode, u64, usize) -> usize,
    ) -> Vec<(Ticket, u64)> {
        let mut left = Vec::new();
        for (ticket, UnderWay { inode, offset, bytes }) in self.take_under_way() {
            let Some(draw) = tears(ticket) else { continue };
            let Some(part) = torn(offset, bytes.len() as u64, draw, Sides::First) else { continue };
            let length = usize::try_from(part.end - offset).expect("a part of what is in memory");
            let length = room(self, inode, offset, length);
            if length > 0 && self.write_at(inode, &bytes[..length], offset).is_ok() {
                left.push((ticket, length as u64));
            }
        }
        left
    }

    /// The power fails: the writes under way to which `tears` gives a draw are from now on among those
    /// that are still to be written; their numbers there. The others leave nothing.
    pub fn reach_for_medium(&mut self, tears: impl Fn(Ticket) -> Option<Draw>) -> Vec<(u64, Ticket)> {
        let mut reached = Vec::new();
        for (ticket, UnderWay { inode, offset, bytes }) in self.take_under_way() {
            let Some(draw) = tears(ticket) else { continue };
            let is_torn = torn(offset, bytes.len() as u64, draw, Sides::Both).is_some();
            if is_torn && self.write_at(inode, &bytes, offset).is_ok() {
                reached.push((self.operations, ticket));
            }
        }
        reached
    }

    fn take_under_way(&mut self) -> BTreeMap<Ticket, UnderWay> {
        self.under_way.count += 1;
        std::mem::take(&mut self.under_way.writes)
    }

    /// Brings a part of a write to the medium; false if it lies within a sector.
    pub(super) fn tear_on_medium(&mut self, inode: Inode, offset: u64, bytes: &[u8], draw: Draw) -> bool {
        let Some(part) = torn(offset, bytes.len() as u64, draw, Sides::Both) else { return false };
        let index = |place: u64| usize::try_from(place - offset).expect("a part of what is in memory");
        self.medium.write(inode, part.start, &bytes[index(part.start)..index(part.end)]);
        true
    }
}
