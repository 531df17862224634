//! Faults of disks as data: on whose disk, on which of its files, and what is wrong.
//!
//! How a simulated disk behaves under each is told in `docs/faults.md`; nothing here does anything.

use serde::{Deserialize, Serialize};

use crate::{Ppm, Selector, SimDuration};

/// Something wrong with disks.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DiskFault {
    /// Whose disks.
    pub target: Selector,
    /// Which files: a glob from the node's root. Absent: the whole disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is wrong.
    pub trouble: DiskTrouble,
}

/// What is wrong with a disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskTrouble {
    /// Operations fail with an input/output error (EIO).
    Error {
        /// Chance per operation.
        percent: Ppm,
        /// Which operations; in order, none twice.
        ops: Vec<DiskOp>,
    },
    /// There is no space left (ENOSPC): nothing grows and nothing is created.
    Full,
    /// Each access and each sync takes longer, by a drawn time.
    Slow {
        /// Shortest and longest addition.
        latency: (SimDuration, SimDuration),
    },
    /// Reads and writes move so many bytes a second together, one after the other.
    Throttle {
        /// Bytes a second, at least one.
        rate: u64,
    },
    /// Accesses and syncs stand still until the fault ends.
    Stall,
    /// A sync says that it is done, and has made nothing durable.
    LyingSync,
    /// Bits on the medium have turned: an instant.
    Corrupt(Rot),
    /// A write reaches the disk in part, when its node dies or the power fails before it is durable.
    TornWrite {
        /// Chance per write.
        percent: Ppm,
    },
    /// A sync brings a write to another place of the disk, and says that it is done.
    Misdirected {
        /// Chance per write.
        percent: Ppm,
    },
}

impl DiskTrouble {
    /// Whether it is over as soon as it is done.
    pub const fn is_instant(&self) -> bool {
        matches!(self, Self::Corrupt(_))
    }

    /// Its word in the scenario schema, the value of `fault`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Error { .. } => "error",
            Self::Full => "full",
            Self::Slow { .. } | Self::Throttle { .. } => "slow",
            Self::Stall => "stall",
            Self::LyingSync => "lying-sync",
            Self::Corrupt(_) => "corrupt",
            Self::Misdirected { .. } => "misdirected",
            Self::TornWrite { .. } => "torn-write",
        }
    }

    /// What sets it apart from every other: its word, but for a throttle, which is a disk that is slow in
    /// another way.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Throttle { .. } => "throttle",
            _ => self.word(),
        }
    }

    /// Every [`kind`](Self::kind) there is.
    pub const KINDS: [&'static str; 9] =
        ["error", "full", "slow", "throttle", "stall", "lying-sync", "corrupt", "misdirected", "torn-write"];

    /// Whether it leaves a disk that holds something else than what it said it had stored. That is
    /// not undone when the fault ends.
    pub const fn breaks_promises(&self) -> bool {
        match self {
            Self::LyingSync | Self::Corrupt(_) | Self::Misdirected { .. } => true,
            // No write was promised to be whole before it was synced.
            Self::TornWrite { .. } => false,
            Self::Error { .. } | Self::Full | Self::Slow { .. } | Self::Throttle { .. } | Self::Stall => {
                false
            }
        }
    }
}

/// What a program asks of a disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskOp {
    /// Reading a file or a directory, and opening what exists.
    Read,
    /// Changing a file's content or length, and creating, renaming or removing a name.
    Write,
    /// Making a file or a directory durable.
    Sync,
}

impl DiskOp {
    /// Every one with its name in the scenario schema, in order.
    pub const ALL: [(&'static str, Self); 3] =
        [("read", Self::Read), ("write", Self::Write), ("sync", Self::Sync)];

    /// Its name in the scenario schema.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, op)| *op == self).map(|(name, _)| *name).expect("ALL lists every one")
    }
}

/// How many sectors rot; in each, one bit turns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rot {
    /// Each sector with this chance.
    Percent(Ppm),
    /// This many, or all if there are fewer.
    Sectors(u32),
}
