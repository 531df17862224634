//! The write-ahead log: all that a server must not forget, in one file.
//!
//! ```text
//! magic 4 | len u32 | synced u64 | chain u32 | crc u32 | payload: len bytes
//! ```
//! `crc` is CRC-32C over the record's offset, `len`, `synced`, `chain` and the payload; `chain` is
//! the `crc` of the record before. Promises and entries share the file, so that one fsync covers
//! both and their order on disk is the order in which they were made.
//!
//! A loss of power keeps any subset of the sectors that were not synced: the tail may be torn, and a
//! lost record may well be followed by one that survived. Neither was acknowledged, so the file is
//! cut at the first bad record. What tells this from damage is `synced`, the length that was durable
//! when a record was written: a bad record below the `synced` of a good one behind it was durable
//! once, and the server refuses to start. Damage to the very last synced records cannot be told
//! from a torn tail; the declared faults do not include it.

mod disk;

use serde::{Deserialize, Serialize};

use super::Error;
use super::core::Log;
use super::protocol::Entry;
use squall_wire::{crc32c, encode};

pub use disk::Wal;

/// Version of the file, written into its first record.
pub const WAL_FORMAT: u32 = 2;

const MAGIC: [u8; 4] = *b"kvw1";
const HEAD: usize = 24;
/// A record is at most one message's entries; anything longer is no length but noise.
const MAX_PAYLOAD: usize = 8 << 20;

/// What is written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The first record: whose file this is.
    Server {
        /// [`WAL_FORMAT`].
        format: u32,
        /// The server's name.
        name: String,
    },
    /// No epoch below this one is followed any more.
    Promise {
        /// The epoch.
        epoch: u64,
    },
    /// These entries follow the last one.
    Append {
        /// Without gaps.
        entries: Vec<Entry>,
    },
    /// Entries behind this index are void.
    Cut {
        /// The index.
        end: u64,
    },
}

/// What a server starts with.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Durable {
    /// The highest epoch promised.
    pub promised: u64,
    /// The log.
    pub log: Log,
}

impl Durable {
    /// Takes the next record.
    ///
    /// # Errors
    /// [`Error::BadLog`] if it cannot follow the ones before.
    pub fn apply(&mut self, record: Record) -> Result<(), Error> {
        let bad = |what: String| Err(Error::BadLog(what));
        match record {
            Record::Server { format, .. } if format != WAL_FORMAT => bad(format!("unknown format {format}")),
            Record::Server { .. } => Ok(()),
            Record::Promise { epoch } if epoch <= self.promised => {
                bad(format!("epoch {epoch} is promised after {}", self.promised))
            }
            Record::Promise { epoch } => {
                self.promised = epoch;
                Ok(())
            }
            Record::Cut { end } => {
                self.log.cut(end);
                Ok(())
            }
            Record::Append { entries } => {
                for entry in entries {
                    let end = self.log.end();
                    if entry.index != end.index + 1 || entry.epoch < end.epoch || entry.epoch > self.promised
                    {
                        return bad(format!("entry {} of epoch {} cannot follow", entry.index, entry.epoch));
                    }
                    self.log.push(entry);
                }
                Ok(())
            }
        }
    }
}

/// Where the next record goes, and what it has to say of the ones before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tail {
    /// Length of the file.
    pub offset: u64,
    /// Checksum of the last record; 0 at the start.
    pub chain: u32,
    /// Length that is durable.
    pub synced: u64,
}

impl Tail {
    /// The next record as bytes; the tail moves behind it.
    pub fn encode(&mut self, record: &Record) -> Vec<u8> {
        let payload = encode(record);
        let length = payload.len();
        assert!(length <= MAX_PAYLOAD, "a record of {length} bytes: a limit further up does not hold");
        let mut bytes = vec![0; HEAD];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&u32::try_from(length).expect("below MAX_PAYLOAD").to_le_bytes());
        bytes[8..16].copy_from_slice(&self.synced.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.chain.to_le_bytes());
        let crc = checksum(self.offset, &bytes[4..20], &payload);
        bytes[20..24].copy_from_slice(&crc.to_le_bytes());
        bytes.extend(payload);
        self.offset += bytes.len() as u64;
        self.chain = crc;
        bytes
    }
}

/// What a file holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// Its records up to the first bad one.
    pub records: Vec<Record>,
    /// Where those end; nothing is said of what is durable.
    pub tail: Tail,
}

/// Reads a file.
///
/// # Errors
/// [`Error::DamagedLog`] if bytes are bad that were durable once, [`Error::BadLog`] if a good
/// record is no record of ours.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let mut decoded = Decoded { records: Vec::new(), tail: Tail::default() };
    let mut at = 0;
    while let Some(raw) = Raw::read(bytes, at).filter(|raw| raw.chain == decoded.tail.chain) {
        let record = squall_wire::decode(raw.payload).map_err(|error| Error::BadLog(error.to_string()))?;
        decoded.records.push(record);
        at += HEAD + raw.payload.len();
        decoded.tail.chain = raw.crc;
    }
    decoded.tail.offset = at as u64;
    let bad = at as u64;
    for later in at..bytes.len() {
        match Raw::read(bytes, later) {
            Some(raw) if raw.synced > bad => {
                return Err(Error::DamagedLog { bad, later: later as u64, synced: raw.synced });
            }
            _ => {}
        }
    }
    Ok(decoded)
}

/// An intact record.
struct Raw<'a> {
    synced: u64,
    chain: u32,
    crc: u32,
    payload: &'a [u8],
}

impl<'a> Raw<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let head = bytes.get(at..)?.first_chunk::<HEAD>()?;
        let word =
            |from: usize| u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]]);
        let length = usize::try_from(word(4)).ok()?;
        if head[..4] != MAGIC || length > MAX_PAYLOAD {
            return None;
        }
        let payload = bytes.get(at + HEAD..)?.get(..length)?;
        let crc = word(20);
        let synced = u64::from(word(8)) | u64::from(word(12)) << 32;
        let good = checksum(at as u64, &head[4..20], payload) == crc;
        good.then_some(Self { synced, chain: word(16), crc, payload })
    }
}

fn checksum(offset: u64, head: &[u8], payload: &[u8]) -> u32 {
    crc32c(crc32c(crc32c(0, &offset.to_le_bytes()), head), payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::protocol::Command;

    const SECTOR: usize = 512;

    fn promises(range: std::ops::RangeInclusive<u64>) -> Vec<Record> {
        range.map(|epoch| Record::Promise { epoch }).collect()
    }

    /// A file of `synced` records, then `unsynced` ones, with the length of the synced part.
    fn file(synced: &[Record], unsynced: &[Record]) -> (Vec<u8>, usize) {
        let mut tail = Tail::default();
        let mut bytes: Vec<u8> = Vec::new();
        for record in synced {
            bytes.extend(tail.encode(record));
            tail.synced = tail.offset;
        }
        let durable = bytes.len();
        bytes.extend(unsynced.iter().flat_map(|record| tail.encode(record)));
        (bytes, durable)
    }

    #[test]
    fn records_come_back_and_more_can_follow() {
        let records = promises(1..=20);
        let (bytes, durable) = file(&records, &[]);
        let mut decoded = decode(&bytes).unwrap();
        assert_eq!((decoded.records, decoded.tail.offset), (records.clone(), durable as u64));
        let more = decoded.tail.encode(&Record::Cut { end: 0 });
        let longer = decode(&[bytes, more].concat()).unwrap();
        assert_eq!(longer.records.len(), records.len() + 1);
    }

    #[test]
    fn a_tail_torn_anywhere_loses_only_what_was_not_synced() {
        let (synced, unsynced) = (promises(1..=10), promises(11..=20));
        let (bytes, durable) = file(&synced, &unsynced);
        for length in durable..bytes.len() {
            let decoded = decode(&bytes[..length]).unwrap();
            let kept = decoded.records.len();
            assert!(kept >= synced.len(), "cut at {length}");
            assert_eq!(decoded.records[..], [&synced[..], &unsynced[..]].concat()[..kept]);
        }
    }

    #[test]
    fn any_subset_of_the_unsynced_sectors_leaves_a_prefix() {
        let (synced, unsynced) = (promises(1..=10), promises(11..=110));
        let (bytes, durable) = file(&synced, &unsynced);
        let sectors: Vec<usize> =
            (0..bytes.len()).step_by(SECTOR).filter(|at| at + SECTOR > durable).collect();
        assert!((5..=10).contains(&sectors.len()), "{} sectors", sectors.len());
        let mut lengths = std::collections::BTreeSet::new();
        for kept in 0..1_u32 << sectors.len() {
            let mut torn = bytes.clone();
            for (place, &sector) in sectors.iter().enumerate() {
                let (from, to) = (sector.max(durable), (sector + SECTOR).min(bytes.len()));
                if kept >> place & 1 == 0 {
                    torn[from..to].fill(0);
                }
            }
            let records = decode(&torn).unwrap().records;
            assert!(records.len() >= synced.len());
            assert_eq!(records[..], [&synced[..], &unsynced[..]].concat()[..records.len()]);
            lengths.insert(records.len());
        }
        assert!(lengths.len() > sectors.len() / 2, "the sectors made no difference: {lengths:?}");
    }

    #[test]
    fn damage_to_synced_bytes_is_refused() {
        let (bytes, _) = file(&promises(1..=10), &[]);
        let last = file(&promises(1..=9), &[]).1;
        for place in 0..last {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            let error = decode(&damaged).unwrap_err();
            assert!(matches!(error, Error::DamagedLog { .. }), "byte {place}: {error}");
        }
    }

    #[test]
    fn a_record_that_was_moved_is_not_taken() {
        let (bytes, _) = file(&promises(1..=2), &[]);
        let first = file(&promises(1..=1), &[]).1;
        let doubled = [&bytes[..first], &bytes[..first], &bytes[first..]].concat();
        assert_eq!(decode(&doubled).unwrap().records, promises(1..=1));
    }

    #[test]
    fn records_fold_into_promise_and_log() {
        let entry = |epoch, index| Entry { epoch, index, command: Command::Noop };
        let mut durable = Durable::default();
        for record in [
            Record::Promise { epoch: 4 },
            Record::Append { entries: vec![entry(4, 1), entry(4, 2)] },
            Record::Promise { epoch: 6 },
            Record::Cut { end: 1 },
            Record::Append { entries: vec![entry(6, 2)] },
        ] {
            durable.apply(record).unwrap();
        }
        assert_eq!(durable.promised, 6);
        assert_eq!([1, 2, 3].map(|index| durable.log.epoch_at(index)), [Some(4), Some(6), None]);
        assert!(durable.apply(Record::Append { entries: vec![entry(6, 4)] }).is_err());
        assert!(durable.apply(Record::Append { entries: vec![entry(9, 3)] }).is_err());
        assert!(durable.apply(Record::Promise { epoch: 5 }).is_err());
    }
}
