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
    let of_record = mix(mix(seed) ^ number);
    let count = 1 + below(mix(of_record), WORDS_MAX);
    // Nearly all fit, so that it is made without growing.
    let mut record = String::with_capacity(96);
    for place in 1..=count {
        let draw = mix(of_record ^ (place << 32));
        push_word(&mut record, draw);
        if place < count {
            record += pick(SEPARATORS, mix(draw));
        }
    }
    record + pick(ENDS, mix(of_record ^ u64::MAX))
}

fn push_word(record: &mut String, draw: u64) {
    // The cube of a uniform draw: the first word comes about one time in seven, the last one in a
    // thousand.
    let uniform = draw >> 48;
    let skewed = (uniform * uniform * uniform) >> 32;
    let word = VOCABULARY[((skewed * VOCABULARY.len() as u64) >> 16) as usize];
    let start = record.len();
    *record += word;
    match draw & 31 {
        0 => record[start..].make_ascii_uppercase(),
        1..=5 => record[start..=start].make_ascii_uppercase(),
        _ => {}
    }
}

fn pick(from: &'static [&'static str], draw: u64) -> &'static str {
    from[below(draw, from.len() as u64) as usize]
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

const SEPARATORS: &[&str] = &[" ", " ", " ", " ", " ", " ", ", ", "; ", " - ", "-", ": ", " 42 ", ". ", "\t"];
const ENDS: &[&str] = &["", ".", ".", "!", "?", " 7", "\u{2026}"];

#[rustfmt::skip]
const VOCABULARY: &[&str] = &[
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
        assert_eq!(VOCABULARY.iter().collect::<BTreeSet<_>>().len(), VOCABULARY.len());
        assert!(VOCABULARY.iter().all(|word| words(word.as_bytes()) == [*word]));
        assert!((200..500).contains(&VOCABULARY.len()));
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
        assert_eq!(counts.len(), VOCABULARY.len(), "every word comes");
        assert!(records.len() > 1_700, "{}", records.len());
        assert!((0..100).filter(|number| generated(8, *number) == generated(7, *number)).count() < 5);
    }

    const GOLDEN: [&str; 3] =
        ["of-And our - The to feet in think\tpage!", "water all - ship 42 On, the\u{2026}", "down: below 7"];
}
