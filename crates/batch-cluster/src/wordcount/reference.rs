//! What the result must be: one loop over all records, in one process, without map or reduce.

use std::collections::BTreeMap;
use std::convert::Infallible;

use rustc_hash::FxHashMap;

use crate::job::Source;

use super::{each_word, generated};

/// How often each word occurs in a generated input; nothing for a file, whose content the source
/// does not tell.
pub fn reference(source: &Source) -> Option<BTreeMap<String, u64>> {
    let Source::Generated { seed, records } = source else { return None };
    let mut counts = Counts::default();
    (0..u64::from(*records)).for_each(|number| count(&mut counts, generated(*seed, number).as_bytes()));
    Some(counts.into_iter().collect())
}

/// How often each word occurs in a text.
pub fn reference_of_text(text: &[u8]) -> BTreeMap<String, u64> {
    let mut counts = Counts::default();
    count(&mut counts, text);
    counts.into_iter().collect()
}

type Counts = FxHashMap<String, u64>;

fn count(counts: &mut Counts, text: &[u8]) {
    let Ok(()) = each_word(text, |word| {
        match counts.get_mut(word) {
            Some(count) => *count += 1,
            None => _ = counts.insert(word.to_owned(), 1),
        }
        Ok::<_, Infallible>(())
    });
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
