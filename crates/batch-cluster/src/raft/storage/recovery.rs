//! What the files of a member that starts hold, and how they are put in order.
//!
//! Nothing is trusted to be durable because it can be read: a killed process leaves bytes and names
//! behind that were never synced. All that is found is made durable before the member acts on it.
//! A crash at any point of that leaves files from which the same is found again.

use std::collections::{BTreeMap, VecDeque};

use squall_io::vocab::raft;

use crate::codec::crc32c;
use crate::raft::core::{Durable, Log, Settings, Snapshot};
use crate::raft::message::EntryId;
use crate::{Bug, Error};

use super::hard::{HardState, Slots};
use super::record::{Decoded, Record, Tail, decode};
use super::step::{FileOp, Step};
use super::{Storage, owner, segment_name, snapshot};

/// Files by name, relative to the storage's directory.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What was found.
#[derive(Debug)]
pub struct Recovered {
    /// For what comes next.
    pub storage: Storage,
    /// What the member starts with.
    pub durable: Durable,
    /// To be done before it starts.
    pub steps: Vec<Step>,
}

/// Reads the files of a member; none at all is a member that never was.
///
/// # Errors
/// [`Error::Damaged`] if something that was durable is not there any more, and
/// [`Error::Contradiction`] if intact files do not fit together or belong to another member.
pub fn recover(settings: &Settings, files: &Files) -> Result<Recovered, Error> {
    let mut wal = Wal::read(settings, files)?;
    let (snapshots, newest) = read_snapshots(files);
    let id = newest.as_ref().map_or_else(EntryId::default, |newest| newest.id);
    if wal.log.base().index > id.index {
        let why = format!("the log begins behind entry {}, which no snapshot holds", wal.log.base().index);
        return Err(Error::Damaged { file: "wal".into(), offset: 0, why });
    }
    let found = Slots::read(files);
    let (slots, hard) = match found {
        Some(_) if wal.is_new => {
            let why = "there is no log, and it was begun before there were slots".to_owned();
            return Err(Error::Damaged { file: segment_name(1), offset: 0, why });
        }
        Some((mut slots, hard)) => {
            wal.steps.extend(slots.settle(hard));
            (slots, hard)
        }
        // The first segment is durable before the slots are made, and holds nothing until they are.
        None if wal.log.end().index == 0 && newest.is_none() => {
            let (slots, steps) = Slots::create(HardState::default());
            wal.steps.extend(steps);
            (slots, HardState::default())
        }
        None => {
            let why = "neither slot is intact, and there is a log".to_owned();
            return Err(Error::Damaged { file: "hard.a".into(), offset: 0, why });
        }
    };
    if wal.log.end().term > hard.term {
        let what = format!("an entry of term {} in term {}", wal.log.end().term, hard.term);
        return Err(Error::Contradiction(what));
    }
    // planted bug
    let applied = if settings.bugs.has(Bug::AppliedIndexSplit) { read_applied(files, id) } else { id };
    let voids = !wal.log.has(id);
    let log = if voids { Log::behind(id) } else { wal.log };
    let mut storage = Storage {
        settings: settings.clone(),
        slots,
        tail: wal.tail,
        shift: wal.shift,
        end: log.end(),
        segments: wal.segments,
        snapshots,
        buffer: Vec::new(),
        logged: Vec::new(),
        steps: wal.steps,
    };
    tidy_snapshots(files, &mut storage);
    if voids {
        storage.begin_anew(id);
        wal.places.clear();
    }
    let mut steps = std::mem::take(&mut storage.steps);
    let applied = applied.index.min(log.end().index);
    let durable = Durable { term: hard.term, vote: hard.vote, log, snapshot: newest, applied };
    steps.extend(tell(settings, &durable, &wal.places));
    Ok(Recovered { storage, durable, steps })
}

/// The log as its segments hold it.
struct Wal {
    log: Log,
    tail: Tail,
    shift: u64,
    segments: VecDeque<(u64, EntryId)>,
    /// Of each entry: file, offset, length.
    places: BTreeMap<u64, (String, u64, u64)>,
    steps: Vec<Step>,
    /// No segment was found.
    is_new: bool,
}

impl Wal {
    fn read(settings: &Settings, files: &Files) -> Result<Self, Error> {
        let mut wal = Self {
            log: Log::default(),
            tail: Tail::start(0, 0),
            shift: 0,
            segments: VecDeque::new(),
            places: BTreeMap::new(),
            steps: Vec::new(),
            is_new: false,
        };
        let mut numbers: Vec<u64> = files.keys().filter_map(|name| segment_number(name)).collect();
        let mut surplus = 0;
        // What lies before a gap was removed, but for its name.
        let gap = numbers.windows(2).rposition(|pair| pair[0] + 1 != pair[1]);
        let gone: Vec<u64> = numbers.drain(..gap.map_or(0, |gap| gap + 1)).collect();
        for &number in &numbers {
            let file = segment_name(number);
            if surplus > 0 {
                let why = format!("`{file}` was begun when all of it was synced");
                return Err(Error::Damaged { file: segment_name(number - 1), offset: wal.tail.offset, why });
            }
            let bytes = &files[&file];
            let chain = (!wal.segments.is_empty()).then_some(wal.tail.chain);
            let decoded = decode(&file, number, bytes, chain)?;
            let is_last = numbers.last() == Some(&number);
            if decoded.records.is_empty() && is_last {
                // Begun, and not yet used. It goes before more is written to the one before.
                wal.steps.push(FileOp::Remove { file }.into());
                break;
            }
            if decoded.records.is_empty() {
                let why = "it does not follow the segment before, and another follows it".to_owned();
                return Err(Error::Damaged { file, offset: 0, why });
            }
            surplus = bytes.len() as u64 - decoded.tail.offset;
            wal.replay(settings, &file, decoded)?;
        }
        wal.settle(settings, &gone, surplus);
        Ok(wal)
    }

    fn replay(&mut self, settings: &Settings, file: &str, decoded: Decoded) -> Result<(), Error> {
        let contradiction = |what: String| Err(Error::Contradiction(format!("`{file}`: {what}")));
        let mut begin = 0;
        for (place, (record, end)) in decoded.records.into_iter().enumerate() {
            match record {
                Record::Header { owner: found, .. } if found != owner(settings) => {
                    return contradiction("it belongs to another member".into());
                }
                Record::Header { previous, .. } if place == 0 => {
                    if self.log.end() != previous {
                        self.log = Log::behind(previous);
                        self.places.clear();
                    }
                    self.segments.push_back((decoded.tail.segment, previous));
                }
                Record::Entry(entry) if place > 0 && entry.id.index == self.log.end().index + 1 => {
                    self.places.insert(entry.id.index, (file.to_owned(), begin, end - begin));
                    self.log.push(entry);
                }
                Record::Cut { last } if place > 0 && self.log.has(last) => {
                    self.places.split_off(&(last.index + 1));
                    self.log.cut(last.index);
                }
                // The segments with what it kept are gone, all of that being in a snapshot.
                Record::Cut { last } if place > 0 && last.index < self.log.base().index => {
                    self.places.clear();
                    self.log = Log::behind(last);
                }
                record => return contradiction(format!("at byte {begin} {record:?} cannot follow")),
            }
            begin = end;
        }
        self.tail = decoded.tail;
        Ok(())
    }

    /// Cuts off a torn tail, removes what is void, makes the rest durable. Without any segment, one
    /// is begun.
    fn settle(&mut self, settings: &Settings, gone: &[u64], surplus: u64) {
        let names = FileOp::SyncDir { directory: "wal".into() };
        let remove = |number: &u64| Step::from(FileOp::Remove { file: segment_name(*number) });
        self.steps.extend(gone.iter().map(remove));
        if self.segments.is_empty() {
            self.is_new = true;
            self.tail = Tail::start(1, 0);
            self.segments.push_back((1, EntryId::default()));
            let header = Record::Header { previous: EntryId::default(), owner: owner(settings) };
            let bytes = self.tail.encode(&header);
            self.steps.push(FileOp::Create { file: segment_name(1), bytes }.into());
        }
        let file = segment_name(self.tail.segment);
        if surplus > 0 && settings.bugs.has(Bug::TornTailKept) {
            self.shift = surplus; // planted bug
        } else if surplus > 0 {
            self.steps.push(FileOp::SetLen { file: file.clone(), length: self.tail.offset }.into());
        }
        self.steps.extend([FileOp::Sync { file }, names].map(Step::from));
        self.tail.synced = self.tail.offset;
    }
}

fn segment_number(name: &str) -> Option<u64> {
    name.strip_prefix("wal/")?.strip_suffix(".wal")?.parse().ok()
}

/// The intact snapshots from the oldest on, and the newest of them.
fn read_snapshots(files: &Files) -> (VecDeque<EntryId>, Option<Snapshot>) {
    let all = files.iter().filter(|(name, _)| name.ends_with(".snap"));
    let mut intact: Vec<Snapshot> = all.filter_map(|(_, bytes)| snapshot::decode(bytes)).collect();
    intact.sort_by_key(|snapshot| snapshot.id.index);
    (intact.iter().map(|snapshot| snapshot.id).collect(), intact.pop())
}

/// Removes what was written beside a name and damaged snapshots; makes the names of the others
/// durable.
fn tidy_snapshots(files: &Files, storage: &mut Storage) {
    let good: Vec<String> = storage.snapshots.iter().map(|id| snapshot::name(*id)).collect();
    let bad = files.keys().filter(|name| name.ends_with(".tmp") || name.ends_with(".snap"));
    for file in bad.filter(|name| !good.contains(name)) {
        storage.push(FileOp::Remove { file: file.clone() });
    }
    storage.push(FileOp::SyncDir { directory: "snap".into() });
}

/// What the member found, for the harness.
fn tell(settings: &Settings, durable: &Durable, places: &BTreeMap<u64, (String, u64, u64)>) -> Vec<Step> {
    let mut steps = vec![Step::Tell(raft::Event::Recovered {
        term: durable.term,
        vote: durable.vote.map(|place| settings.members[place].as_str().into()),
        snapshot: durable.snapshot.as_ref().map(snapshot::told),
        index: durable.log.end().index,
    })];
    let mut by_file: BTreeMap<&str, Vec<raft::LoggedEntry>> = BTreeMap::new();
    let mut previous_term = durable.log.base().term;
    for entry in durable.log.entries() {
        let (file, offset, length) = &places[&entry.id.index];
        by_file.entry(file).or_default().push(raft::LoggedEntry {
            index: entry.id.index,
            term: entry.id.term,
            previous_term,
            hash: entry.hash(),
            offset: *offset,
            length: *length,
        });
        previous_term = entry.id.term;
    }
    let logged =
        by_file.into_iter().map(|(file, entries)| raft::Event::Logged { file: file.into(), entries });
    steps.extend(logged.map(Step::Tell));
    steps.push(Step::Tell(raft::Event::Durable { index: durable.log.end().index }));
    steps
}

const APPLIED: &str = "snap/applied";

/// Only for the planted bug `applied-index-split`: the index of a snapshot, beside the snapshot.
pub(super) fn write_applied(id: EntryId) -> Vec<Step> {
    let words = [id.term, id.index].map(u64::to_le_bytes).concat();
    let bytes = [&words[..], &crc32c(0, &words).to_le_bytes()].concat();
    let file = APPLIED.to_owned();
    let names = FileOp::SyncDir { directory: "snap".into() };
    [FileOp::Create { file: file.clone(), bytes }, FileOp::Sync { file }, names].map(Step::from).into()
}

fn read_applied(files: &Files, otherwise: EntryId) -> EntryId {
    let read = || {
        let (words, crc) = files.get(APPLIED)?.split_first_chunk::<16>()?;
        let (words, _) = words.as_chunks::<8>();
        let [term, index] = [0, 1].map(|at| u64::from_le_bytes(words[at]));
        (crc == crc32c(0, &words.concat()).to_le_bytes()).then_some(EntryId { term, index })
    };
    read().unwrap_or(otherwise)
}
