//! A table from words to counts, for map and reduce: most of what a job does is looking words up here.
//!
//! The reference has a table of its own, so that a mistake in this one shows.

use std::ops::Range;

use hashbrown::HashTable;

/// How often each word occurs. In no order until it is asked for one.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// All words, one after the other: a word costs no allocation of its own.
    text: Vec<u8>,
    table: HashTable<Place>,
}

/// A word in the table.
#[derive(Clone, Debug)]
struct Place {
    hash: u64,
    word: Range<usize>,
    /// Of the word.
    beginning: u64,
    count: u64,
}

/// A word and how often it occurs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Count<'a> {
    /// By [`hash`](crate::codec::hash).
    pub(super) hash: u64,
    pub(super) word: &'a [u8],
    pub(super) count: u64,
}

impl Counts {
    /// Bytes of all different words.
    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    /// Counts a word of this hash as often as `count` says, if it has been counted before; else says
    /// so by `false`.
    pub(super) fn add_to_known(&mut self, hash: u64, word: &[u8], count: u64) -> bool {
        let text = &self.text;
        let same = |place: &Place| place.hash == hash && text[place.word.clone()] == *word;
        match self.table.find_mut(hash, same) {
            Some(place) => {
                place.count += count;
                true
            }
            None => false,
        }
    }

    /// Counts a word that has not been counted before.
    pub(super) fn insert(&mut self, hash: u64, word: &[u8], count: u64) {
        let start = self.text.len();
        self.text.extend_from_slice(word);
        let place = Place { hash, word: start..self.text.len(), beginning: beginning(word), count };
        self.table.insert_unique(hash, place, |place| place.hash);
    }

    /// Counts a word.
    pub(super) fn add(&mut self, hash: u64, word: &[u8], count: u64) {
        if !self.add_to_known(hash, word, count) {
            self.insert(hash, word, count);
        }
    }

    /// Deals the words to `lists` lists, each in the order of its words.
    pub(super) fn dealt(
        &self,
        lists: usize,
        list_of: impl Fn(u64) -> usize,
    ) -> impl Iterator<Item = impl Iterator<Item = Count<'_>>> {
        let mut dealt: Vec<Vec<&Place>> = vec![Vec::new(); lists];
        self.table.iter().for_each(|place| dealt[list_of(place.hash)].push(place));
        let word = |place: &Place| &self.text[place.word.clone()];
        for list in &mut dealt {
            list.sort_unstable_by(|a, b| a.beginning.cmp(&b.beginning).then_with(|| word(a).cmp(word(b))));
        }
        let count = move |place: &Place| Count { hash: place.hash, word: word(place), count: place.count };
        dealt.into_iter().map(move |list| list.into_iter().map(count))
    }
}

/// The first eight bytes as a number that is ordered as they are: it decides nearly always, and a
/// number is compared at once.
fn beginning(word: &[u8]) -> u64 {
    match word.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        // What is missing is as good as zeros.
        None => (0..8).fold(0, |number, at| number << 8 | u64::from(*word.get(at).unwrap_or(&0))),
    }
}

/// Appends a line: the word, a byte, the count in figures.
pub(super) fn push_line(text: &mut Vec<u8>, word: &[u8], between: u8, count: u64) {
    text.extend_from_slice(word);
    text.push(between);
    text.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    text.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(counts: &Counts, lists: usize, list_of: impl Fn(u64) -> usize) -> Vec<Vec<(String, u64)>> {
        let named = |count: Count<'_>| (String::from_utf8(count.word.to_vec()).unwrap(), count.count);
        counts.dealt(lists, list_of).map(|list| list.map(named).collect()).collect()
    }

    #[test]
    fn words_with_the_same_hash_are_told_apart() {
        let mut counts = Counts::default();
        for word in ["b", "a", "b", "abcdefghj", "abcdefghi", "abcdefgh", "", "a\0"] {
            counts.add(7, word.as_bytes(), 2);
        }
        let all = words(&counts, 1, |_| 0);
        let expected =
            [("", 2), ("a", 2), ("a\0", 2), ("abcdefgh", 2), ("abcdefghi", 2), ("abcdefghj", 2), ("b", 4)];
        assert!(all[0].iter().map(|(word, count)| (word.as_str(), *count)).eq(expected), "{all:?}");
    }

    #[test]
    fn words_are_dealt_by_their_hash_and_a_list_may_be_empty() {
        let mut counts = Counts::default();
        (0..100_u64).for_each(|number| counts.add(number, format!("{number:02}").as_bytes(), number));
        let dealt = words(&counts, 3, |hash| (hash % 2) as usize * 2);
        assert_eq!((dealt[0].len(), dealt[1].len(), dealt[2].len()), (50, 0, 50));
        assert!(dealt.iter().all(|list| list.is_sorted()));
        assert_eq!(dealt[2][1], ("03".to_owned(), 3));
    }

    #[test]
    fn a_line_is_what_the_standard_library_writes() {
        for count in [0, 9, 10, 4_294_967_296, u64::MAX] {
            let mut line = Vec::new();
            push_line(&mut line, b"word", b'\t', count);
            assert_eq!(String::from_utf8(line).unwrap(), format!("word\t{count}\n"));
        }
    }
}
