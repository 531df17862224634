//! The reduce: sums up one partition of every map.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::codec::crc32c;
use crate::job::{AttemptId, Consumed, Manifest, Segment, Tally};

/// The counts in a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// As they stand there.
    pub counts: Vec<(String, u64)>,
    /// Of them all.
    pub tally: Tally,
}

/// Reads the lines of a segment, whatever they are; what is no line is left out.
pub fn parse(bytes: &[u8]) -> Piece {
    let line = |line: &[u8]| {
        let (word, count) = std::str::from_utf8(line).ok()?.split_once('\t')?;
        Some((word.to_owned(), count.parse().ok()?))
    };
    let counts: Vec<(String, u64)> = bytes.split(|byte| *byte == b'\n').filter_map(line).collect();
    let mut tally = Tally::default();
    counts.iter().for_each(|(word, count)| tally.add(word.as_bytes(), *count));
    Piece { counts, tally }
}

/// Reads a segment, if the bytes are those that its map wrote.
pub fn verified(segment: &Segment, bytes: &[u8]) -> Option<Piece> {
    if bytes.len() as u64 != segment.length || crc32c(0, bytes) != segment.crc {
        return None;
    }
    let piece = parse(bytes);
    (piece.tally == segment.tally).then_some(piece)
}

/// A partition while it is summed up.
#[derive(Debug, Default)]
pub struct Merging {
    counts: BTreeMap<String, u64>,
    consumed: Vec<Consumed>,
}

impl Merging {
    /// Nothing summed up yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what map number `map` counted, from its attempt's output.
    pub fn take(&mut self, map: u32, attempt: AttemptId, piece: Piece) {
        self.consumed.push(Consumed { map, attempt, tally: piece.tally });
        for (word, count) in piece.counts {
            *self.counts.entry(word).or_default() += count;
        }
    }

    /// The part of the result: sorted lines `word`, space, count.
    ///
    /// # Errors
    /// Why not, if it is too long.
    pub fn finish(self) -> Result<Manifest, String> {
        let (mut part, mut output) = (String::new(), Tally::default());
        for (word, count) in self.counts {
            output.add(word.as_bytes(), count);
            writeln!(part, "{word} {count}").expect("a string takes all");
        }
        if part.len() > Manifest::PART_MAX {
            let length = part.len();
            return Err(format!("a part of {length} bytes: at most {} go into a result", Manifest::PART_MAX));
        }
        Ok(Manifest::Reduce { consumed: self.consumed, output, part: part.into_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_what_it_was_made_of() {
        let mut merging = Merging::new();
        merging.take(0, AttemptId(7), parse(b"a\t2\nc\t1\n"));
        merging.take(1, AttemptId(9), parse(b"a\t5\nb\t1\n"));
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
        merging.take(0, AttemptId(1), parse(format!("{word}\t1\n").as_bytes()));
        merging.finish().unwrap();
        let mut merging = Merging::new();
        merging.take(0, AttemptId(1), parse(format!("{word}\t12\n").as_bytes()));
        assert!(merging.finish().unwrap_err().starts_with("a part of 1048577 bytes"));
    }

    #[test]
    fn what_is_no_line_is_left_out() {
        assert_eq!(parse(b"a\t1\nb\nc\tx\nd\t").counts, [("a".to_owned(), 1)]);
        assert_eq!(parse(b"").tally, Tally::default());
    }
}
