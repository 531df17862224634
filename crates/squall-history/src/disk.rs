//! The disks of a node by their names, and what lies durably on them, as the simulator knows it.
//!
//! A node has several disks. The first holds its directory; each further one is mounted in it under
//! a name of its own (`disk1`, `disk2`, …), as on a machine with several drives. So one path says on
//! which disk something lies, to programs, to the globs of faults and to oracles.
//!
//! A system's own account of its disk is worth nothing when the question is whether it synced. So
//! the simulator tells, and nothing that runs on a node can speak these words. There is one, told
//! whenever its answer changes: an append changes nothing that is durable, so a log that grows costs
//! one record a sync. What the bytes are is not told.

use std::ops::Range;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

/// What a disk holds for certain. The record names the node.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskEvent {
    /// From now on a loss of power leaves these bytes of a file, under this name, as the node reads
    /// them now, and of no others is that certain.
    ///
    /// - Bytes: synced since they were written (or the file was cut) last.
    /// - Name: the file has it, and the directory was synced since; so were those above it.
    /// - A byte whose write a failed sync dropped, and one that has rotted, is not certain until it is
    ///   written and synced anew.
    /// - Before the first such word of a file nothing of it is certain.
    /// - A kill changes nothing, since the page cache stays.
    /// - After a loss of power all that was kept is certain, by chance or not. The node reads what
    ///   was kept, which need not be what it wrote: of what was not certain just before, whoever
    ///   judges must not assume that it is the same. These words follow the node's `power-lost`.
    Holds {
        /// The file, relative to the node's own directory, with `/` between the parts.
        file: String,
        /// Which bytes, first included, last not; in order, with gaps between them.
        ranges: Vec<Range<u64>>,
    },
}

/// How many disks a node has: numbers from zero.
pub const DISKS: u32 = 16;

/// Where a disk's files begin, in the node's directory: empty for the first, `disk1` for the second.
///
/// # Panics
/// If a node has no such disk.
pub fn disk_mount(disk: u32) -> String {
    assert!(disk < DISKS, "a node has disks 0 to {}, and no disk {disk}", DISKS - 1);
    if disk == 0 { String::new() } else { format!("disk{disk}") }
}

/// The disk on which something of a node's directory lies, and its path there.
pub fn disk_of(path: &Path) -> (u32, &Path) {
    let mut parts = path.components();
    match parts.next() {
        Some(Component::Normal(first)) => match first.to_str().and_then(mounted) {
            Some(disk) => (disk, parts.as_path()),
            None => (0, path),
        },
        _ => (0, path),
    }
}

/// The disk that is mounted under a name.
fn mounted(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("disk")?;
    // One name for each disk: `disk01` and `disk0` are names as any.
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|disk| is_plain && *disk < DISKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lies_on_the_disk_that_its_first_part_names() {
        for (path, disk, there) in [
            ("", 0, ""),
            ("a/b", 0, "a/b"),
            ("disk1/a/b", 1, "a/b"),
            ("disk1", 1, ""),
            ("disk15/x", 15, "x"),
            ("disk16/x", 0, "disk16/x"),
            ("disk0/x", 0, "disk0/x"),
            ("disk01/x", 0, "disk01/x"),
            ("disk+1/x", 0, "disk+1/x"),
            ("disk", 0, "disk"),
            ("wrk/disk1/x", 0, "wrk/disk1/x"),
        ] {
            assert_eq!(disk_of(Path::new(path)), (disk, Path::new(there)), "{path}");
        }
        for disk in 0..DISKS {
            assert_eq!(disk_of(&Path::new(&disk_mount(disk)).join("x")), (disk, Path::new("x")));
        }
    }
}
