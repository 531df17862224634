//! The reduce: sums up one partition of every map.

use std::ops::Range;

use crate::codec::{crc32c, hash};
use crate::job::{AttemptId, Consumed, Manifest, Segment, Tally};

use super::counts::{Count, Counts, push_line};

/// The counts in a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    bytes: Vec<u8>,
    lines: Vec<Line>,
    tally: Tally,
}

/// A line of a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    hash: u64,
    word: Range<usize>,
    count: u64,
}

impl Piece {
    /// How many counts there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The counts as they stand there.
    fn counts(&self) -> impl Iterator<Item = Count<'_>> {
        self.lines.iter().map(|Line { hash, word, count }| Count {
            hash: *hash,
            word: &self.bytes[word.clone()],
            count: *count,
        })
    }
}

/// Reads the lines of a segment, whatever they are; what is no line is left out.
pub fn parse(bytes: Vec<u8>) -> Piece {
    let (mut lines, mut tally, mut next) = (Vec::new(), Tally::default(), 0);
    for line in bytes.split(|byte| *byte == b'\n') {
        let start = next;
        next += line.len() + 1;
        let Some((word, count)) = counted(line) else { continue };
        let hash = hash(&[word]);
        tally.add_hashed(hash, count);
        lines.push(Line { hash, word: start..start + word.len(), count });
    }
    Piece { bytes, lines, tally }
}

/// A word, a tab and a count.
fn counted(line: &[u8]) -> Option<(&[u8], u64)> {
    let (word, count) = std::str::from_utf8(line).ok()?.split_once('\t')?;
    Some((word.as_bytes(), count.parse().ok()?))
}

/// Reads a segment, if the bytes are those that its map wrote.
pub fn verified(segment: &Segment, bytes: Vec<u8>) -> Option<Piece> {
    if bytes.len() as u64 != segment.length || crc32c(0, &bytes) != segment.crc {
        return None;
    }
    let piece = parse(bytes);
    (piece.tally == segment.tally).then_some(piece)
}

/// A partition while it is summed up.
#[derive(Debug, Default)]
pub struct Merging {
    counts: Counts,
    consumed: Vec<Consumed>,
}

impl Merging {
    /// Nothing summed up yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what map number `map` counted, from its attempt's output.
    pub fn take(&mut self, map: u32, attempt: AttemptId, piece: &Piece) {
        self.consumed.push(Consumed { map, attempt, tally: piece.tally });
        piece.counts().for_each(|one| self.counts.add(one.hash, one.word, one.count));
    }

    /// The part of the result: sorted lines `word`, space, count.
    ///
    /// # Errors
    /// Why not, if it is too long.
    pub fn finish(self) -> Result<Manifest, String> {
        let (mut part, mut output) = (Vec::new(), Tally::default());
        for count in self.counts.dealt(1, |_| 0).flatten() {
            output.add_hashed(count.hash, count.count);
            push_line(&mut part, count.word, b' ', count.count);
        }
        if part.len() > Manifest::PART_MAX {
            let length = part.len();
            return Err(format!("a part of {length} bytes: at most {} go into a result", Manifest::PART_MAX));
        }
        Ok(Manifest::Reduce { consumed: self.consumed, output, part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_what_it_was_made_of() {
        let mut merging = Merging::new();
        merging.take(0, AttemptId(7), &parse(b"a\t2\nc\t1\n".to_vec()));
        merging.take(1, AttemptId(9), &parse(b"a\t5\nb\t1\n".to_vec()));
        let Manifest::Reduce { consumed, output, part } = merging.finish().unwrap() else { unreachable!() };
        assert_eq!(part, b"a 7\nb 1\nc 1\n");
        assert_eq!(consumed.iter().map(|one| (one.map, one.attempt.0)).collect::<Vec<_>>(), [(0, 7), (1, 9)]);
        let mut sum = Tally::default();
        consumed.iter().for_each(|one| sum.merge(one.tally));
        assert_eq!((sum, sum.records), (output, 9));
    }

    #[test]
    fn a_part_that_the_log_cannot_carry_is_refused() {
        let mut merging = Merging::new();
        let word = "x".repeat(Manifest::PART_MAX - 3);
        merging.take(0, AttemptId(1), &parse(format!("{word}\t1\n").into_bytes()));
        merging.finish().unwrap();
        let mut merging = Merging::new();
        merging.take(0, AttemptId(1), &parse(format!("{word}\t12\n").into_bytes()));
        assert!(merging.finish().unwrap_err().starts_with("a part of 1048577 bytes"));
    }

    #[test]
    fn what_is_no_line_is_left_out() {
        let of = |bytes: &[u8]| {
            let piece = parse(bytes.to_vec());
            let counts = piece.counts().map(|one| (one.word.to_vec(), one.count)).collect::<Vec<_>>();
            assert_eq!((piece.len(), piece.is_empty()), (counts.len(), counts.is_empty()));
            let mut tally = Tally::default();
            counts.iter().for_each(|(word, count)| tally.add(word, *count));
            assert_eq!(piece.tally, tally);
            counts
        };
        assert_eq!(
            of(b"a\t1\nb\nc\tx\nd\t\n\xff\t3\n\xc3\xa9\t4\nlast\t5"),
            [(b"a".to_vec(), 1), ("\u{e9}".into(), 4), (b"last".to_vec(), 5)]
        );
        assert_eq!(of(b"\t\n"), []);
        assert_eq!(of(b""), []);
    }
}
