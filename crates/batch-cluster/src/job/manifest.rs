//! What an attempt made, as its worker hands it in.

use serde::{Deserialize, Serialize};
use squall_io::vocab::batch;

use crate::codec::hash;

use super::AttemptId;

/// The output of a finished attempt.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manifest {
    /// Of a map: partitions in a file of the worker's, durable before this is sent.
    Map {
        /// What it read.
        input: Tally,
        /// What it wrote, by partition.
        segments: Vec<Segment>,
    },
    /// Of a reduce: the part itself, at most [`Manifest::PART_MAX`] bytes.
    Reduce {
        /// What it took from each map.
        consumed: Vec<Consumed>,
        /// What it wrote.
        output: Tally,
        /// The part, as text.
        #[serde(with = "serde_bytes")]
        part: Vec<u8>,
    },
}

impl Manifest {
    /// Longest part of a result in bytes: it travels in the log and lives in the replicated state.
    pub const PART_MAX: usize = 1 << 20;
}

/// One partition in a map's file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Segment {
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
    /// CRC-32C of it.
    pub crc: u32,
    /// What it holds.
    pub tally: Tally,
}

/// How much data, whatever its order and however it was combined: equal data have equal tallies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tally {
    /// Records; one that stands for several counts as many.
    pub records: u64,
    /// Sum of the records' hashes, wrapping; one that stands for several counts as often.
    pub digest: u64,
}

/// What a reduce took from one map.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Consumed {
    /// The map's place in its stage.
    pub map: u32,
    /// The attempt whose output it read.
    pub attempt: AttemptId,
    /// How much it read.
    pub tally: Tally,
}

impl Tally {
    /// With `count` more of one record.
    pub fn add(&mut self, record: &[u8], count: u64) {
        self.add_hashed(hash(&[record]), count);
    }

    /// With `count` more of a record whose hash is known.
    pub fn add_hashed(&mut self, hash: u64, count: u64) {
        self.records += count;
        self.digest = self.digest.wrapping_add(hash.wrapping_mul(count));
    }

    /// With all of another.
    pub fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.digest = self.digest.wrapping_add(other.digest);
    }
}

impl From<Tally> for batch::Tally {
    fn from(tally: Tally) -> Self {
        Self { records: tally.records, digest: tally.digest }
    }
}

impl From<Consumed> for batch::Consumed {
    fn from(consumed: Consumed) -> Self {
        Self { map: consumed.map, attempt: consumed.attempt.0, tally: consumed.tally.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_does_not_see_order_or_combining_but_sees_a_change() {
        let tally = |records: &[(&str, u64)]| {
            let mut tally = Tally::default();
            records.iter().for_each(|(record, count)| tally.add(record.as_bytes(), *count));
            tally
        };
        assert_eq!(tally(&[("a", 1), ("b", 1), ("a", 1)]), tally(&[("b", 1), ("a", 2)]));
        assert_ne!(tally(&[("a", 2)]), tally(&[("a", 1), ("b", 1)]));
        assert_ne!(tally(&[("a", 1)]), tally(&[("a", 2)]));
    }
}
