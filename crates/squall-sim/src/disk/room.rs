//! How much more a disk takes.
//!
//! Space is the length of files, holes included; names cost nothing, but none is made when there is
//! no byte left. A write that fits in part is short, as on Linux: the next one fails.

use std::io::{self, ErrorKind};

use super::model::{Disk, Inode};

/// Bytes that files may still grow by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Room(Option<u64>);

impl Room {
    pub(super) const UNBOUNDED: Self = Self(None);
    pub(super) const NONE: Self = Self(Some(0));

    /// What is left of a capacity.
    pub(super) fn left(capacity: u64, used: u64) -> Self {
        Self(Some(capacity.saturating_sub(used)))
    }

    /// How many bytes of a write at `offset` fit: what lies within the file always does.
    pub(super) fn for_write(self, disk: &Disk, file: Inode, offset: u64, count: usize) -> io::Result<usize> {
        let Some(left) = self.0.filter(|_| count > 0) else { return Ok(count) };
        let fitting = disk.len(file).saturating_add(left).saturating_sub(offset);
        match usize::try_from(fitting).unwrap_or(usize::MAX).min(count) {
            0 => Err(ErrorKind::StorageFull.into()),
            count => Ok(count),
        }
    }

    /// Whether a file may get this length.
    pub(super) fn for_length(self, disk: &Disk, file: Inode, length: u64) -> io::Result<()> {
        let fits = self.0.is_none_or(|left| length <= disk.len(file).saturating_add(left));
        if fits { Ok(()) } else { Err(ErrorKind::StorageFull.into()) }
    }

    /// Whether something new may be made.
    pub(super) fn for_name(self) -> io::Result<()> {
        if self == Self::NONE { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}
