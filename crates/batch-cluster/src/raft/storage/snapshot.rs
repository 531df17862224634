//! Snapshots as files.
//!
//! ```text
//! magic 4 | crc u32 of the rest of the head | term u64 | index u64 | state u64 | len u64
//! then pieces: len u32 | crc u32, continued from the piece before | up to 64 KiB
//! ```
//! A file has its final name only when all of it is durable, so one that is bad was damaged later;
//! the member then falls back on the snapshot before.

use std::sync::Arc;

use squall_io::vocab::raft;

use crate::codec::crc32c;
use crate::raft::core::Snapshot;
use crate::raft::message::EntryId;

const MAGIC: [u8; 4] = *b"bcs1";
const HEAD: usize = 40;
const PIECE: usize = 64 << 10;

/// The name of a snapshot's file.
pub(super) fn name(id: EntryId) -> String {
    format!("snap/{:016}-{:010}.snap", id.index, id.term)
}

pub(super) fn encode(snapshot: &Snapshot) -> Vec<u8> {
    let Snapshot { id, state, data } = snapshot;
    let head = [id.term, id.index, *state, data.len() as u64].map(u64::to_le_bytes).concat();
    let mut chain = crc32c(0, &head);
    let mut bytes = [&MAGIC[..], &chain.to_le_bytes(), &head].concat();
    for piece in data.chunks(PIECE) {
        chain = crc32c(chain, piece);
        let length = u32::try_from(piece.len()).expect("at most PIECE");
        bytes.extend([length, chain].map(u32::to_le_bytes).concat());
        bytes.extend(piece);
    }
    bytes
}

/// A snapshot on a disk, for the harness.
pub(super) fn told(snapshot: &Snapshot) -> raft::Snapshot {
    let EntryId { term, index } = snapshot.id;
    let pieces = snapshot.data.chunks(PIECE).len();
    let length = (HEAD + 8 * pieces + snapshot.data.len()) as u64;
    raft::Snapshot { index, term, state: snapshot.state, file: name(snapshot.id), length }
}

/// The snapshot, if all of it is there and intact.
pub(super) fn decode(bytes: &[u8]) -> Option<Snapshot> {
    let (head, mut rest) = bytes.split_first_chunk::<HEAD>()?;
    let mut chain = crc32c(0, &head[8..]);
    if head[..4] != MAGIC || head[4..8] != chain.to_le_bytes() {
        return None;
    }
    let (words, _) = head[8..].as_chunks::<8>();
    let [term, index, state, length] = [0, 1, 2, 3].map(|at| u64::from_le_bytes(words[at]));
    let length = usize::try_from(length).ok()?;
    let mut data = Vec::new();
    while data.len() < length {
        let (piece, after) = rest.split_first_chunk::<4>()?;
        let (crc, after) = after.split_first_chunk::<4>()?;
        let (piece, after) = after.split_at_checked(usize::try_from(u32::from_le_bytes(*piece)).ok()?)?;
        chain = crc32c(chain, piece);
        if piece.is_empty() || chain.to_le_bytes() != *crc {
            return None;
        }
        data.extend(piece);
        rest = after;
    }
    let whole = rest.is_empty() && data.len() == length;
    whole.then(|| Snapshot { id: EntryId { term, index }, state, data: Arc::new(data) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(length: usize) -> Snapshot {
        let data = (0..length).map(|place| (place % 251) as u8).collect();
        Snapshot { id: EntryId { term: 3, index: 70 }, state: 99, data: Arc::new(data) }
    }

    #[test]
    fn snapshots_come_back() {
        for length in [0, 1, PIECE, PIECE + 1, 3 * PIECE] {
            let bytes = encode(&snapshot(length));
            assert_eq!(told(&snapshot(length)).length, bytes.len() as u64);
            assert_eq!(decode(&bytes), Some(snapshot(length)));
        }
        assert_eq!(name(snapshot(0).id), "snap/0000000000000070-0000000003.snap");
    }

    #[test]
    fn every_damage_is_seen() {
        let good = encode(&snapshot(300));
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            assert_eq!(decode(&bad), None, "byte {place}");
            assert_eq!(decode(&good[..place]), None, "cut at {place}");
        }
        assert_eq!(decode(&[&good[..], &[0]].concat()), None);
    }
}
