//! Records of the write-ahead log.
//!
//! ```text
//! magic 4 | len u32 | kind u8, 0 0 0 | synced u64 | term u64 | index u64 | chain u32 | crc u32 | payload
//! ```
//! `crc` is CRC-32C over the segment's number, the record's offset, all fields from `len` to `chain`
//! and the payload; `chain` is the `crc` of the record before, across segments. `synced` is how much
//! of this segment was known to be durable when the record was written.

use crate::Error;
use crate::codec::crc32c;
use crate::raft::message::{Command, Entry, EntryId, Payload};

pub(super) const HEAD: usize = 44;
/// Version of the format, in each segment's first record.
pub(super) const FORMAT: u32 = 2;
const MAGIC: [u8; 4] = *b"bcw1";
/// A record holds one entry; anything longer is no length but noise.
const MAX_PAYLOAD: usize = 8 << 20;

/// What a record says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Record {
    /// The first record of a segment: the entry before its first. If that is not the end of the
    /// segment before, the log began anew here.
    Header { previous: EntryId, owner: Owner },
    /// The next entry.
    Entry(Entry),
    /// Entries behind this one are void.
    Cut { last: EntryId },
}

/// Whose file it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Owner {
    /// Hash of the members' names.
    pub(super) group: u64,
    /// The member's place among them.
    pub(super) place: u64,
}

/// Where the next record goes, and what it has to say of the ones before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tail {
    /// Number of the segment.
    pub(super) segment: u64,
    /// Length of the segment.
    pub(super) offset: u64,
    /// Checksum of the last record; 0 before the first of all.
    pub(super) chain: u32,
    /// Length that is durable.
    pub(super) synced: u64,
}

impl Tail {
    /// The start of a segment.
    pub(super) fn start(segment: u64, chain: u32) -> Self {
        Self { segment, offset: 0, chain, synced: 0 }
    }

    /// The next record as bytes; the tail moves behind it.
    pub(super) fn encode(&mut self, record: &Record) -> Vec<u8> {
        let (kind, id, payload) = parts(record);
        assert!(
            payload.len() <= MAX_PAYLOAD,
            "a payload of {} bytes: a limit further up does not hold",
            payload.len()
        );
        let length = u32::try_from(payload.len()).expect("below MAX_PAYLOAD");
        let mut bytes = MAGIC.to_vec();
        bytes.extend(length.to_le_bytes());
        bytes.extend([kind, 0, 0, 0]);
        bytes.extend([self.synced, id.term, id.index].map(u64::to_le_bytes).concat());
        bytes.extend(self.chain.to_le_bytes());
        let crc = checksum(self.segment, self.offset, &bytes[4..], &payload);
        bytes.extend(crc.to_le_bytes());
        bytes.extend(payload);
        self.offset += bytes.len() as u64;
        self.chain = crc;
        bytes
    }
}

fn parts(record: &Record) -> (u8, EntryId, Vec<u8>) {
    match record {
        Record::Header { previous, owner } => {
            let words = [owner.group, owner.place].map(u64::to_le_bytes).concat();
            (0, *previous, [&FORMAT.to_le_bytes()[..], &words].concat())
        }
        Record::Entry(Entry { id, payload: Payload::Noop }) => (1, *id, Vec::new()),
        Record::Entry(Entry { id, payload: Payload::Command(command) }) => {
            let client = command.client.as_bytes();
            let head = [command.seq, client.len() as u64].map(u64::to_le_bytes).concat();
            (2, *id, [&head, client, &command.command].concat())
        }
        Record::Cut { last } => (3, *last, Vec::new()),
    }
}

/// What a segment holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Decoded {
    /// Its records up to the first bad one, each with the offset of its end.
    pub(super) records: Vec<(Record, u64)>,
    /// Where those end; nothing is said of what is durable.
    pub(super) tail: Tail,
}

/// Reads a segment whose first record must follow `chain`; `None` takes any.
///
/// # Errors
/// [`Error::Damaged`] if bytes are bad that were durable once; [`Error::Contradiction`] if a good
/// record is no record of ours.
pub(super) fn decode(file: &str, segment: u64, bytes: &[u8], chain: Option<u32>) -> Result<Decoded, Error> {
    let mut at = 0;
    let mut chain = chain;
    let mut records = Vec::new();
    while let Some(raw) =
        Raw::read(segment, bytes, at).filter(|raw| chain.is_none_or(|chain| raw.chain == chain))
    {
        let record = raw.record().ok_or_else(|| {
            Error::Contradiction(format!("`{file}` has an intact record at byte {at} that is none of ours"))
        })?;
        at += HEAD + raw.payload.len();
        chain = Some(raw.crc);
        records.push((record, at as u64));
    }
    let bad = at as u64;
    for later in at..bytes.len() {
        if let Some(raw) = Raw::read(segment, bytes, later).filter(|raw| raw.synced > bad) {
            let why = format!("the record at byte {later} was written when {} were synced", raw.synced);
            return Err(Error::Damaged { file: file.to_owned(), offset: bad, why });
        }
    }
    let tail = Tail { segment, offset: bad, chain: chain.unwrap_or(0), synced: 0 };
    Ok(Decoded { records, tail })
}

/// An intact record.
struct Raw<'a> {
    kind: u8,
    synced: u64,
    id: EntryId,
    chain: u32,
    crc: u32,
    payload: &'a [u8],
}

impl<'a> Raw<'a> {
    fn read(segment: u64, bytes: &'a [u8], at: usize) -> Option<Self> {
        let rest = bytes.get(at..)?;
        let head = rest.first_chunk::<HEAD>()?;
        if head[..4] != MAGIC {
            return None;
        }
        let short =
            |from: usize| u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]]);
        let long = |from: usize| u64::from(short(from)) | u64::from(short(from + 4)) << 32;
        let length = usize::try_from(short(4)).ok().filter(|length| *length <= MAX_PAYLOAD)?;
        let payload = rest[HEAD..].get(..length)?;
        let crc = short(40);
        let id = EntryId { term: long(20), index: long(28) };
        let raw = Self { kind: head[8], synced: long(12), id, chain: short(36), crc, payload };
        (checksum(segment, at as u64, &head[4..40], payload) == crc).then_some(raw)
    }

    fn record(&self) -> Option<Record> {
        let entry = |payload| Record::Entry(Entry { id: self.id, payload });
        match self.kind {
            0 => {
                let (format, words) = self.payload.split_first_chunk::<4>()?;
                let (words, []) = words.as_chunks::<8>() else { return None };
                let [group, place] = <[[u8; 8]; 2]>::try_from(words).ok()?.map(u64::from_le_bytes);
                let owner = Owner { group, place };
                let known = u32::from_le_bytes(*format) == FORMAT;
                known.then_some(Record::Header { previous: self.id, owner })
            }
            1 => Some(entry(Payload::Noop)),
            2 => {
                let (seq, rest) = self.payload.split_first_chunk()?;
                let (length, rest) = rest.split_first_chunk()?;
                let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
                let (client, command) = rest.split_at_checked(length)?;
                let client = String::from_utf8(client.to_vec()).ok()?;
                let (seq, command) = (u64::from_le_bytes(*seq), command.to_vec());
                Some(entry(Payload::Command(Command { client, seq, command })))
            }
            3 => Some(Record::Cut { last: self.id }),
            _ => None,
        }
    }
}

fn checksum(segment: u64, offset: u64, head: &[u8], payload: &[u8]) -> u32 {
    let place = [segment, offset].map(u64::to_le_bytes).concat();
    crc32c(crc32c(crc32c(0, &place), head), payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTOR: usize = 512;

    fn entries(range: std::ops::RangeInclusive<u64>) -> Vec<Record> {
        let payload = |index| match index % 3 {
            0 => Payload::Noop,
            _ => Payload::Command(Command {
                client: "cli".into(),
                seq: index,
                command: vec![7; index as usize],
            }),
        };
        range
            .map(|index| Record::Entry(Entry { id: EntryId { term: 2, index }, payload: payload(index) }))
            .collect()
    }

    /// A segment of `synced` records, then `unsynced` ones, with the length of the synced part.
    fn file(synced: &[Record], unsynced: &[Record]) -> (Vec<u8>, usize) {
        let mut tail = Tail::start(4, 9);
        let mut bytes: Vec<u8> = Vec::new();
        for record in synced {
            bytes.extend(tail.encode(record));
            tail.synced = tail.offset;
        }
        let durable = bytes.len();
        bytes.extend(unsynced.iter().flat_map(|record| tail.encode(record)));
        (bytes, durable)
    }

    fn read(bytes: &[u8]) -> Result<Vec<Record>, Error> {
        let decoded = decode("wal/4", 4, bytes, Some(9))?;
        Ok(decoded.records.into_iter().map(|(record, _)| record).collect())
    }

    #[test]
    fn every_kind_comes_back() {
        let owner = Owner { group: 3, place: 1 };
        let mut records = vec![Record::Header { previous: EntryId { term: 1, index: 0 }, owner }];
        records.extend(entries(1..=6));
        records.push(Record::Cut { last: EntryId { term: 2, index: 4 } });
        let (bytes, _) = file(&records, &[]);
        assert_eq!(read(&bytes).unwrap(), records);
        assert_eq!(decode("w", 5, &bytes, None).unwrap().records, [], "another segment's bytes");
        let stranger = decode("w", 4, &bytes, Some(8));
        assert!(matches!(stranger, Err(Error::Damaged { .. })), "another predecessor: {stranger:?}");
    }

    #[test]
    fn any_subset_of_the_unsynced_sectors_leaves_a_prefix() {
        let (synced, unsynced) = (entries(1..=10), entries(11..=45));
        let all = [&synced[..], &unsynced[..]].concat();
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
            let records = read(&torn).unwrap();
            assert!(records.len() >= synced.len());
            assert_eq!(records[..], all[..records.len()]);
            lengths.insert(records.len());
        }
        assert!(lengths.len() > sectors.len() / 2, "prefixes of many lengths: {lengths:?}");
        for length in durable..bytes.len() {
            let records = read(&bytes[..length]).unwrap();
            assert!(records.len() >= synced.len() && records[..] == all[..records.len()], "cut at {length}");
        }
    }

    #[test]
    fn damage_below_what_was_synced_is_told_from_a_torn_tail() {
        let (bytes, durable) = file(&entries(1..=10), &entries(11..=12));
        let (_, before_last) = file(&entries(1..=9), &[]);
        for place in 0..before_last {
            let mut bad = bytes.clone();
            bad[place] ^= 0x40;
            assert!(matches!(read(&bad), Err(Error::Damaged { .. })), "byte {place}");
        }
        for place in durable..bytes.len() {
            let mut bad = bytes.clone();
            bad[place] ^= 0x40;
            assert!(read(&bad).unwrap().len() >= 10, "byte {place}");
        }
    }
}
