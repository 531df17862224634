//! Term and vote, in two slots that say the same.
//!
//! ```text
//! magic 4 | crc u32 of the rest | seq u64 | term u64 | vote u64: place + 1, or 0
//! ```
//! A change goes into one slot and, once that is durable, into the other; only then does anybody hear
//! of it. A torn write leaves the other slot, with the state before or after, which is right either
//! way. A slot that is lost later (each is one sector: it rots, or a write for elsewhere lands on it)
//! leaves the other one with the same state; one slot that alternates with an older state would let
//! the member forget a vote and not notice. The slot with the higher `seq` counts.

use std::collections::BTreeMap;

use crate::codec::crc32c;

use super::step::{FileOp, Step};

const MAGIC: [u8; 4] = *b"bch1";
const LENGTH: usize = 32;
const SLOTS: [&str; 2] = ["hard.a", "hard.b"];

/// Term and vote as they lie on the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct HardState {
    pub(super) term: u64,
    pub(super) vote: Option<usize>,
}

/// The two slots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Slots {
    /// The last number written.
    seq: u64,
    /// The slot that holds it.
    newest: usize,
}

impl Slots {
    /// Reads the slots; `None` if neither is intact.
    pub(super) fn read(files: &BTreeMap<String, Vec<u8>>) -> Option<(Self, HardState)> {
        let slots = SLOTS.iter().enumerate();
        let intact = slots.filter_map(|(slot, name)| {
            let (seq, state) = decode(files.get(*name)?)?;
            Some((Self { seq, newest: slot }, state))
        });
        intact.max_by_key(|(slots, _)| slots.seq)
    }

    /// Slots of a member that never was.
    pub(super) fn create(state: HardState) -> (Self, Vec<Step>) {
        let create = |(seq, slot): (u64, &str)| {
            let file = slot.to_owned();
            [FileOp::Create { file: file.clone(), bytes: encode(seq, state) }, FileOp::Sync { file }]
        };
        let mut steps: Vec<Step> = (1..).zip(SLOTS).flat_map(create).map(Step::from).collect();
        steps.push(FileOp::SyncDir { directory: String::new() }.into());
        (Self { seq: 2, newest: 1 }, steps)
    }

    /// Makes durable what was read: a killed process leaves a slot behind that was never synced.
    /// Only then is the other slot written, so that one is intact at any moment.
    pub(super) fn settle(&mut self, state: HardState) -> Vec<Step> {
        let newest = FileOp::Sync { file: SLOTS[self.newest].to_owned() };
        self.newest = 1 - self.newest;
        self.seq += 1;
        let file = SLOTS[self.newest].to_owned();
        let other = FileOp::Create { file: file.clone(), bytes: encode(self.seq, state) };
        let names = FileOp::SyncDir { directory: String::new() };
        [newest, other, FileOp::Sync { file }, names].map(Step::from).into()
    }

    /// Writes a new state.
    pub(super) fn write(&mut self, state: HardState) -> [Step; 4] {
        let [first, synced] = self.write_one(state);
        let [second, both_synced] = self.write_one(state);
        [first, synced, second, both_synced]
    }

    fn write_one(&mut self, state: HardState) -> [Step; 2] {
        self.newest = 1 - self.newest;
        self.seq += 1;
        let file = SLOTS[self.newest].to_owned();
        let write = FileOp::Write { file: file.clone(), offset: 0, bytes: encode(self.seq, state) };
        [write.into(), FileOp::Sync { file }.into()]
    }
}

fn encode(seq: u64, state: HardState) -> Vec<u8> {
    let vote = state.vote.map_or(0, |place| place as u64 + 1);
    let rest = [seq, state.term, vote].map(u64::to_le_bytes).concat();
    [&MAGIC[..], &crc32c(0, &rest).to_le_bytes(), &rest].concat()
}

fn decode(bytes: &[u8]) -> Option<(u64, HardState)> {
    let bytes = bytes.first_chunk::<LENGTH>()?;
    let (words, _) = bytes[8..].as_chunks::<8>();
    let [seq, term, vote] = [0, 1, 2].map(|at| u64::from_le_bytes(words[at]));
    let intact = bytes[..4] == MAGIC && bytes[4..8] == crc32c(0, &bytes[8..]).to_le_bytes();
    let vote = vote.checked_sub(1).and_then(|place| usize::try_from(place).ok());
    intact.then_some((seq, HardState { term, vote }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_comes_back_and_every_damage_is_seen() {
        for vote in [None, Some(0), Some(4)] {
            let state = HardState { term: 7, vote };
            let good = encode(3, state);
            assert_eq!(decode(&good), Some((3, state)));
            for place in 0..good.len() {
                let mut bad = good.clone();
                bad[place] ^= 1;
                assert_eq!(decode(&bad), None, "byte {place}");
                assert_eq!(decode(&good[..place]), None, "cut at {place}");
            }
        }
    }

    #[test]
    fn a_torn_slot_leaves_the_state_before() {
        let old = HardState { term: 4, vote: None };
        let new = HardState { term: 4, vote: Some(1) };
        let (mut slots, _) = Slots::create(old);
        let before = slots.clone();
        let [Step::File(FileOp::Write { file, bytes, .. }), _] = slots.write_one(new) else {
            panic!("a state is written, then synced")
        };
        let mut files = BTreeMap::from(SLOTS.map(|slot| (slot.to_owned(), encode(1, old))));
        files.insert(SLOTS[before.newest].to_owned(), encode(2, old));
        let mut torn = files.clone();
        torn.insert(file.clone(), bytes[..20].to_vec());
        assert_eq!(Slots::read(&torn), Some((before, old)));
        files.insert(file, bytes);
        assert_eq!(Slots::read(&files), Some((slots, new)));
        assert_eq!(Slots::read(&BTreeMap::new()), None);
    }

    fn apply(steps: &[Step], files: &mut BTreeMap<String, Vec<u8>>) {
        for step in steps {
            if let Step::File(FileOp::Create { file, bytes } | FileOp::Write { file, bytes, .. }) = step {
                files.insert(file.clone(), bytes.clone());
            }
        }
    }

    /// Whichever slot is lost, and whenever: nothing that was told is forgotten.
    #[test]
    fn a_lost_slot_is_no_lost_vote() {
        let state = |term| HardState { term, vote: Some(1) };
        let (mut slots, steps) = Slots::create(state(0));
        let mut files = BTreeMap::new();
        apply(&steps, &mut files);
        for term in 1..4 {
            apply(&slots.write(state(term)), &mut files);
            for lost in SLOTS {
                let mut damaged = files.clone();
                damaged.get_mut(lost).unwrap()[9] ^= 1;
                let (_, found) = Slots::read(&damaged).unwrap();
                assert_eq!(found, state(term), "without {lost}");
                // A member that starts repairs it.
                let (mut read, found) = Slots::read(&damaged).unwrap();
                apply(&read.settle(found), &mut damaged);
                assert!(
                    SLOTS
                        .iter()
                        .all(|slot| decode(&damaged[*slot]).is_some_and(|(_, held)| held == state(term)))
                );
            }
        }
    }
}
