//! What the result must be: one loop over all records, in one process, without map or reduce.

use std::collections::BTreeMap;
use std::convert::Infallible;

use rustc_hash::FxHashMap;

use crate::job::Source;

use super::each_word;
use super::source::Text;

/// How often each word occurs in a generated input; nothing for a file, whose content the source
/// does not tell.
pub fn reference(source: &Source) -> Option<BTreeMap<String, u64>> {
    let Source::Generated { seed, records } = source else { return None };
    let (mut counts, mut record) = (Counts::default(), Text::default());
    for number in 0..u64::from(*records) {
        record.generate(*seed, number);
        counts.count(record.bytes());
    }
    Some(counts.in_words())
}

/// How often each word occurs in a text.
pub fn reference_of_text(text: &[u8]) -> BTreeMap<String, u64> {
    let mut counts = Counts::default();
    counts.count(&mut text.to_vec());
    counts.in_words()
}

/// How often each word occurs.
#[derive(Default)]
struct Counts {
    /// Nearly all words are that short, and looked up without a look at their bytes.
    short: FxHashMap<u64, u64>,
    long: FxHashMap<Vec<u8>, u64>,
}

/// Most letters of a word that a number of 64 bits holds, at five bits each.
const SHORT_MAX: usize = 12;

impl Counts {
    fn count(&mut self, text: &mut [u8]) {
        let Ok(()) = each_word(text, |word| {
            if word.len() <= SHORT_MAX {
                *self.short.entry(packed(word)).or_default() += 1;
            } else {
                *self.long.entry(word.to_vec()).or_default() += 1;
            }
            Ok::<_, Infallible>(())
        });
    }

    fn in_words(self) -> BTreeMap<String, u64> {
        let letters = |word| String::from_utf8(word).expect("ASCII letters are UTF-8");
        let short = self.short.into_iter().map(|(word, count)| (unpacked(word), count));
        short.chain(self.long).map(|(word, count)| (letters(word), count)).collect()
    }
}

/// The letters of a word as figures from 1 to 26 of a number to the base of 32.
fn packed(word: &[u8]) -> u64 {
    word.iter().fold(0, |number, letter| number << 5 | u64::from(letter & 31))
}

fn unpacked(mut number: u64) -> Vec<u8> {
    let mut word = Vec::with_capacity(SHORT_MAX);
    while number > 0 {
        word.push(b'a' - 1 + (number & 31) as u8);
        number >>= 5;
    }
    word.reverse();
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wordcount::generated;

    #[test]
    fn words_of_any_length_are_told_apart() {
        let words = (1..=40).flat_map(|length| ["a", "z"].map(|letter| letter.repeat(length)));
        let text = words.clone().chain(words.clone()).collect::<Vec<_>>().join(" ");
        let expected: BTreeMap<String, u64> = words.map(|word| (word, 2)).collect();
        assert_eq!(reference_of_text(text.as_bytes()), expected);
    }

    #[test]
    fn it_counts() {
        let counts = reference_of_text(b"To be, or not to be");
        let expected = [("be", 2), ("not", 1), ("or", 1), ("to", 2)];
        assert!(counts.iter().map(|(word, count)| (word.as_str(), *count)).eq(expected));
    }

    #[test]
    fn a_generated_input_is_the_text_of_its_records() {
        let text: Vec<_> = (0..300).map(|number| generated(3, number)).collect();
        let counts = reference(&Source::Generated { seed: 3, records: 300 });
        assert_eq!(counts, Some(reference_of_text(text.join("\n").as_bytes())));
        assert_eq!(reference(&Source::File { name: "a".to_owned(), bytes: 1 }), None);
    }
}
