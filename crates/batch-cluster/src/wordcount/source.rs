//! Generated input: records that anybody makes from a number, the same everywhere and for ever.
//!
//! Made by mixing integers alone, so that no library's later version and no machine's floating
//! point changes them.

/// Most words of a record.
const WORDS_MAX: u64 = 12;

/// Record `number` of the input that `seed` stands for: one to twelve words of a vocabulary of some
/// hundred, the first ones far more often than the last, with capitals, figures and punctuation
/// between them.
pub fn generated(seed: u64, number: u64) -> String {
    let mut record = Text::default();
    record.generate(seed, number);
    str::from_utf8(record.bytes()).expect("it is made of texts").to_owned()
}

/// Bytes of the longest word of the vocabulary and more, and of what may stand between two.
const SNIPPET_MAX: usize = 16;

/// A short text, together with room: pieces of one length are copied at once.
#[derive(Clone, Copy)]
struct Snippet {
    bytes: [u8; SNIPPET_MAX],
    length: usize,
}

impl Snippet {
    const fn new(text: &str) -> Self {
        let mut bytes = [0; SNIPPET_MAX];
        bytes.split_at_mut(text.len()).0.copy_from_slice(text.as_bytes());
        Self { bytes, length: text.len() }
    }
}

const fn snippets<const N: usize>(texts: &[&str]) -> [Snippet; N] {
    assert!(texts.len() == N, "none is left out");
    let mut all = [Snippet::new(""); N];
    let mut at = 0;
    while at < N {
        all[at] = Snippet::new(texts[at]);
        at += 1;
    }
    all
}

/// A record: room for the longest, to be used again.
#[derive(Debug)]
pub(super) struct Text {
    bytes: [u8; 2 * WORDS_MAX as usize * SNIPPET_MAX],
    length: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; _], length: 0 }
    }
}

impl Text {
    /// Makes it the record of [`generated`].
    pub(super) fn generate(&mut self, seed: u64, number: u64) {
        let of_record = mix(mix(seed) ^ number);
        let count = 1 + below(mix(of_record), WORDS_MAX);
        self.length = 0;
        for place in 1..=count {
            let draw = mix(of_record ^ (place << 32));
            self.push_word(draw);
            if place < count {
                self.push(pick(&SEPARATORS, mix(draw)));
            }
        }
        self.push(pick(&ENDS, mix(of_record ^ u64::MAX)));
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }

    fn push(&mut self, snippet: &Snippet) {
        self.bytes[self.length..][..SNIPPET_MAX].copy_from_slice(&snippet.bytes);
        self.length += snippet.length;
    }

    fn push_word(&mut self, draw: u64) {
        // The cube of a uniform draw: the first word comes about one time in seven, the last one in a
        // thousand.
        let uniform = draw >> 48;
        let skewed = (uniform * uniform * uniform) >> 32;
        let mut word = VOCABULARY[((skewed * VOCABULARY.len() as u64) >> 16) as usize];
        match draw & 31 {
            0 => word.bytes.make_ascii_uppercase(),
            1..=5 => word.bytes[0].make_ascii_uppercase(),
            _ => {}
        }
        self.push(&word);
    }
}

fn pick<const N: usize>(from: &'static [Snippet; N], draw: u64) -> &'static Snippet {
    &from[below(draw, N as u64) as usize]
}

fn below(draw: u64, bound: u64) -> u64 {
    ((u128::from(draw) * u128::from(bound)) >> 64) as u64
}

/// The output function of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014).
const fn mix(word: u64) -> u64 {
    let mut mixed = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

static SEPARATORS: [Snippet; 14] =
    snippets(&[" ", " ", " ", " ", " ", " ", ", ", "; ", " - ", "-", ": ", " 42 ", ". ", "\t"]);
static ENDS: [Snippet; 7] = snippets(&["", ".", ".", "!", "?", " 7", "\u{2026}"]);
static VOCABULARY: [Snippet; WORDS.len()] = snippets(WORDS);

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "the", "of", "and", "a", "to", "in", "wind", "sea", "is", "it", "that", "was", "ship", "for", "on", "with",
    "water", "as", "at", "by", "sail", "from", "they", "storm", "we", "wave", "or", "had", "night", "one", "all",
    "deck", "were", "mast", "when", "rope", "there", "can", "cloud", "an", "your", "which", "light", "their", "said",
    "if", "will", "each", "about", "how", "up", "out", "them", "then", "she", "many", "some", "so", "these", "would",
    "other", "into", "has", "more", "two", "like", "him", "see", "time", "could", "no", "make", "than", "first",
    "been", "its", "who", "now", "people", "my", "made", "over", "did", "down", "only", "way", "find", "use", "may",
    "long", "little", "very", "after", "words", "called", "just", "where", "most", "know", "get", "through", "back",
    "much", "go", "good", "new", "write", "our", "me", "man", "too", "any", "day", "same", "right", "look", "think",
    "also", "around", "another", "came", "come", "work", "three", "must", "because", "does", "part", "even", "place",
    "well", "such", "here", "take", "why", "help", "put", "different", "away", "again", "off", "went", "old",
    "number", "great", "tell", "men", "say", "small", "every", "found", "still", "between", "name", "should", "home",
    "big", "give", "air", "line", "set", "own", "under", "read", "last", "never", "us", "left", "end", "along",
    "while", "might", "next", "sound", "below", "saw", "something", "thought", "both", "few", "those", "always",
    "show", "large", "often", "together", "asked", "house", "world", "going", "want", "school", "important", "until",
    "form", "food", "keep", "children", "feet", "land", "side", "without", "boy", "once", "animal", "life", "enough",
    "took", "four", "head", "above", "kind", "began", "almost", "live", "page", "got", "earth", "need", "far",
    "hand", "high", "year", "mother", "country", "father", "let", "harbour", "lantern", "compass", "anchor",
    "barometer", "squall", "lighthouse", "horizon", "keel", "rudder", "tide", "current", "gale", "breeze", "foam",
    "captain", "crew", "sailor", "pilot", "island", "reef", "shore", "beacon", "signal", "hull", "cargo", "voyage",
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::wordcount::words;

    #[test]
    fn records_never_change() {
        assert_eq!([generated(1, 0), generated(1, 1), generated(2, 0)], GOLDEN);
    }

    #[test]
    fn the_vocabulary_has_no_word_twice_and_only_whole_words() {
        assert_eq!(WORDS.iter().collect::<BTreeSet<_>>().len(), WORDS.len());
        assert!(WORDS.iter().all(|word| words(word.as_bytes()) == [*word]));
        assert!((200..500).contains(&WORDS.len()));
    }

    #[test]
    fn records_are_short_and_skewed_and_differ_by_seed_and_number() {
        let mut counts = BTreeMap::<String, u64>::new();
        let mut records = BTreeSet::new();
        for number in 0..2_000 {
            let record = generated(7, number);
            let words = words(record.as_bytes());
            assert!((1..=12).contains(&words.len()), "{record}");
            words.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
            records.insert(record);
        }
        let total: u64 = counts.values().sum();
        assert!(counts["the"] * 8 > total && counts["the"] * 5 < total, "{} of {total}", counts["the"]);
        assert_eq!(counts.len(), WORDS.len(), "every word comes");
        assert!(records.len() > 1_700, "{}", records.len());
        assert!((0..100).filter(|number| generated(8, *number) == generated(7, *number)).count() < 5);
    }

    const GOLDEN: [&str; 3] =
        ["of-And our - The to feet in think\tpage!", "water all - ship 42 On, the\u{2026}", "down: below 7"];
}
