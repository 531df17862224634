//! What members say to each other, and what they agree on.

use serde::{Deserialize, Serialize};

use crate::codec::hash;

/// An entry's place in the log. Ordered as logs are compared: a later last term wins, then the
/// longer log (dissertation, section 3.6.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct EntryId {
    /// The term of the leader that made it; 0 before the first.
    pub term: u64,
    /// Its index, from 1; 0 before the first.
    pub index: u64,
}

/// One entry of the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its place.
    pub id: EntryId,
    /// What it says.
    pub payload: Payload,
}

/// What an entry says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payload {
    /// Nothing: the first entry of each leader.
    Noop,
    /// A client's command.
    Command(Command),
}

/// A client's command, named so that a repetition is recognised.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Command {
    /// Who; no two clients share a name.
    pub client: String,
    /// The client's count of commands, from 1; one command is under way at a time.
    pub seq: u64,
    /// What, as the state machine reads it.
    #[serde(with = "serde_bytes")]
    pub command: Vec<u8>,
}

impl Entry {
    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        match &self.payload {
            Payload::Noop => 16,
            Payload::Command(command) => 32 + command.client.len() + command.command.len(),
        }
    }

    /// Hash of all of it.
    pub fn hash(&self) -> u64 {
        let (term, index) = (self.id.term.to_le_bytes(), self.id.index.to_le_bytes());
        match &self.payload {
            Payload::Noop => hash(&[&term, &index]),
            Payload::Command(Command { client, seq, command }) => {
                hash(&[&term, &index, client.as_bytes(), &seq.to_le_bytes(), command])
            }
        }
    }
}

/// What one member says to another. `term` is the speaker's, except where it is said otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// Would you vote for me? Binds nobody.
    PreVote {
        /// The term in which the speaker would stand.
        term: u64,
        /// The end of its log.
        last: EntryId,
    },
    /// Answer to [`PreVote`](Self::PreVote).
    PreVoteReply {
        /// The voter's term.
        term: u64,
        /// The term it was asked for.
        asked: u64,
        /// Whether it would.
        granted: bool,
    },
    /// Vote for me.
    Vote {
        /// The term in which the speaker stands.
        term: u64,
        /// The end of its log.
        last: EntryId,
    },
    /// Answer to [`Vote`](Self::Vote).
    VoteReply {
        /// The voter's term.
        term: u64,
        /// Whether the vote was given.
        granted: bool,
    },
    /// Entries; without any a sign of life.
    Append(Append),
    /// Answer to [`Append`](Self::Append), and to the last chunk of a snapshot.
    AppendReply {
        /// The follower's term.
        term: u64,
        /// The leader's round of reads that this answers.
        round: u64,
        /// What became of it.
        outcome: Outcome,
    },
    /// A piece of a snapshot.
    Chunk(Chunk),
    /// Answer to [`Chunk`](Self::Chunk).
    ChunkReply {
        /// The follower's term.
        term: u64,
        /// The leader's round of reads that this answers.
        round: u64,
        /// The snapshot.
        id: EntryId,
        /// How much of it the follower has.
        offset: u64,
    },
}

/// Entries to be put behind a place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Append {
    /// The leader's term.
    pub term: u64,
    /// The entry before the first of `entries`.
    pub previous: EntryId,
    /// Without gaps.
    pub entries: Vec<Entry>,
    /// How far the leader has committed.
    pub commit: u64,
    /// The leader's count of rounds of reads; comes back with the answer.
    pub round: u64,
}

/// What a follower made of an append.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its log equals the leader's, durably, up to here.
    Matched {
        /// Index of the last matching entry.
        index: u64,
    },
    /// Its log lacks the entry before.
    Mismatch {
        /// The index that was tried.
        previous: u64,
        /// The last entry that may match.
        hint: EntryId,
    },
    /// It follows a later term.
    Refused,
}

/// A piece of a snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chunk {
    /// The leader's term.
    pub term: u64,
    /// The last entry in the snapshot.
    pub id: EntryId,
    /// Digest of the state in it.
    pub state: u64,
    /// Where the piece begins.
    pub offset: u64,
    /// Length of the whole.
    pub total: u64,
    /// Checksum of the whole.
    pub crc: u32,
    /// The piece.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    /// The leader's count of rounds of reads; comes back with the answer.
    pub round: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_term_beats_a_longer_log() {
        let id = |term, index| EntryId { term, index };
        assert!(id(2, 1) > id(1, 9));
        assert!(id(1, 9) > id(1, 8));
    }

    #[test]
    fn the_hash_tells_entries_apart() {
        let entry = |term, index, payload| Entry { id: EntryId { term, index }, payload };
        let command = |seq, text: &str| {
            Payload::Command(Command { client: "c".into(), seq, command: text.as_bytes().to_vec() })
        };
        let entries = [
            entry(1, 1, Payload::Noop),
            entry(2, 1, Payload::Noop),
            entry(1, 2, Payload::Noop),
            entry(1, 1, command(1, "a")),
            entry(1, 1, command(2, "a")),
            entry(1, 1, command(1, "b")),
        ];
        let hashes: std::collections::BTreeSet<u64> = entries.iter().map(Entry::hash).collect();
        assert_eq!(hashes.len(), entries.len());
    }
}
