//! The map: counts the words of a split and cuts the counts into partitions.

use crate::codec::{crc32c, hash};
use crate::job::{Segment, Tally};

use super::counts::{Counts, push_line};
use super::each_word;

/// Most bytes that the different words of a split may have: they are held in memory.
pub const OUTPUT_MAX: usize = 64 << 20;

/// The partition of a word, from 0.
pub fn partition(word: &str, partitions: u32) -> u32 {
    of_hash(hash(&[word.as_bytes()]), partitions)
}

fn of_hash(hash: u64, partitions: u32) -> u32 {
    (hash % u64::from(partitions)) as u32
}

/// A split while it is counted.
#[derive(Debug)]
pub struct Counting {
    partitions: u32,
    counts: Counts,
    input: Tally,
    /// How many bytes of different words it takes.
    room: usize,
}

/// A counted split.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counted {
    /// All words that were read.
    pub input: Tally,
    /// Where each partition lies in the file.
    pub segments: Vec<Segment>,
    /// The file: the partitions one after the other, each as sorted lines `word`, tab, count.
    pub file: Vec<u8>,
}

impl Counting {
    /// Nothing counted yet.
    ///
    /// # Panics
    /// Without partitions.
    pub fn new(partitions: u32) -> Self {
        assert!(partitions > 0, "a job has a reduce");
        Self { partitions, counts: Counts::default(), input: Tally::default(), room: OUTPUT_MAX }
    }

    /// Counts the words of a record, and leaves it in lower case.
    ///
    /// # Errors
    /// Why not, if there are too many different words.
    pub fn add(&mut self, record: &mut [u8]) -> Result<(), String> {
        each_word(record, |word| {
            let hash = hash(&[word]);
            // What was read is told apart from what was counted: combining can go wrong.
            self.input.add_hashed(hash, 1);
            if !self.counts.add_to_known(hash, word, 1) {
                if self.counts.text_len() + word.len() > self.room {
                    return Err("the split has too many different words".to_owned());
                }
                self.counts.insert(hash, word, 1);
            }
            Ok(())
        })
    }

    /// The file, and what is in it.
    pub fn finish(self) -> Counted {
        let (mut segments, mut file) = (Vec::new(), Vec::new());
        let list_of = |hash| of_hash(hash, self.partitions) as usize;
        for counts in self.counts.dealt(self.partitions as usize, list_of) {
            let (start, mut tally) = (file.len(), Tally::default());
            for count in counts {
                tally.add_hashed(count.hash, count.count);
                push_line(&mut file, count.word, b'\t', count.count);
            }
            let text = &file[start..];
            let (length, crc) = (text.len() as u64, crc32c(0, text));
            segments.push(Segment { offset: start as u64, length, crc, tally });
        }
        Counted { input: self.input, segments, file }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_the_partitions_one_after_the_other() {
        let mut counting = Counting::new(3);
        for record in ["b a, b c", "A d"] {
            counting.add(&mut record.as_bytes().to_vec()).unwrap();
        }
        let counted = counting.finish();
        assert_eq!(counted.segments.len(), 3);
        let (mut end, mut all) = (0, Tally::default());
        for (number, segment) in counted.segments.iter().enumerate() {
            assert_eq!(segment.offset, end);
            end += segment.length;
            all.merge(segment.tally);
            let text = &counted.file[segment.offset as usize..end as usize];
            assert_eq!(segment.crc, crc32c(0, text));
            let lines: Vec<_> = std::str::from_utf8(text).unwrap().lines().collect();
            assert!(lines.is_sorted());
            for line in lines {
                assert_eq!(partition(&line[..1], 3), number as u32);
                assert!(["a\t2", "b\t2", "c\t1", "d\t1"].contains(&line), "{line}");
            }
        }
        assert_eq!(end, counted.file.len() as u64);
        assert_eq!((all, all.records), (counted.input, 6));
    }

    #[test]
    fn too_many_different_words_are_refused() {
        let mut counting = Counting { room: 8, ..Counting::new(2) };
        counting.add(&mut b"abc de abc DE abc fgh".to_vec()).unwrap();
        assert_eq!(counting.add(&mut [b'i']).unwrap_err(), "the split has too many different words");
    }
}
