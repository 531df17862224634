//! What the result must be: one loop over all records, in one process, without map or reduce.

use std::collections::BTreeMap;

use crate::job::Source;

use super::{generated, words};

/// How often each word occurs in a generated input; nothing for a file, whose content the source
/// does not tell.
pub fn reference(source: &Source) -> Option<BTreeMap<String, u64>> {
    let Source::Generated { seed, records } = source else { return None };
    let mut counts = BTreeMap::new();
    for number in 0..u64::from(*records) {
        for word in words(generated(*seed, number).as_bytes()) {
            *counts.entry(word).or_insert(0) += 1;
        }
    }
    Some(counts)
}

/// How often each word occurs in a text.
pub fn reference_of_text(text: &[u8]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for word in words(text) {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

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
