//! What lies durably on the nodes' disks, as the simulator knows it.
//!
//! A system's own account of its disk is worth nothing when the question is whether it synced. So
//! the simulator tells, and nothing that runs on a node can speak these words. There is one, told
//! whenever its answer changes: an append changes nothing that is durable, so a log that grows costs
//! one record a sync. What the bytes are is not told.

use std::ops::Range;

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
