//! The replicated log in memory. Its durable twin is in [`storage`](crate::raft::storage).

use crate::raft::message::{Entry, EntryId};

use super::{BATCH_BYTES, BATCH_ENTRIES};

/// Entries behind a base, without gaps. The base and all before it are
/// committed, and held by a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    base: EntryId,
    entries: Vec<Entry>,
}

impl Log {
    /// An empty log behind `base`.
    pub fn behind(base: EntryId) -> Self {
        Self { base, entries: Vec::new() }
    }

    /// The entry before the first that is held.
    pub fn base(&self) -> EntryId {
        self.base
    }

    /// The last entry's place; the base's if none is held.
    pub fn end(&self) -> EntryId {
        self.entries.last().map_or(self.base, |last| last.id)
    }

    /// The entry at an index, if it is held.
    pub fn get(&self, index: u64) -> Option<&Entry> {
        self.entries.get(self.place(index)?)
    }

    /// The term at an index: `None` behind the end and before the base.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.base.index { Some(self.base.term) } else { Some(self.get(index)?.id.term) }
    }

    /// Whether this very entry is held, or is the base.
    pub fn has(&self, id: EntryId) -> bool {
        self.term_at(id.index) == Some(id.term)
    }

    /// Adds an entry.
    ///
    /// # Panics
    /// If it leaves a gap.
    pub fn push(&mut self, entry: Entry) {
        assert_eq!(entry.id.index, self.end().index + 1, "a log has no gaps");
        self.entries.push(entry);
    }

    /// Drops all entries behind `index`.
    ///
    /// # Panics
    /// If the index lies before the base: that is committed.
    pub fn cut(&mut self, index: u64) {
        let kept = index.checked_sub(self.base.index).expect("nothing before the base is ever cut");
        self.entries.truncate(usize::try_from(kept).expect("a log fits into memory"));
    }

    /// Drops all entries up to `index`, which becomes the base. Nothing if they are gone already.
    pub fn compact(&mut self, index: u64) {
        let Some(term) = self.term_at(index) else { return };
        let dropped = usize::try_from(index - self.base.index).expect("a log fits into memory");
        self.entries.drain(..dropped);
        self.base = EntryId { term, index };
    }

    /// The entries from `first` on that fit into one message; at least one if there is any.
    pub fn batch(&self, first: u64) -> Vec<Entry> {
        let rest = self.place(first).and_then(|place| self.entries.get(place..)).unwrap_or_default();
        let mut bytes = 0;
        let fits = |entry: &&Entry| {
            let before = bytes;
            bytes += entry.size();
            before < BATCH_BYTES
        };
        rest.iter().take(BATCH_ENTRIES).take_while(fits).cloned().collect()
    }

    /// The entries that are held.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The last place at or before `index` whose term is at most `term`: where two logs that differ
    /// at `index` may still agree, so that a whole term is skipped at a time (dissertation, section
    /// 3.5, last paragraphs).
    pub fn last_within(&self, index: u64, term: u64) -> EntryId {
        let from = index.min(self.end().index);
        let older = (self.base.index + 1..=from).rev().filter_map(|index| self.get(index));
        older.map(|entry| entry.id).find(|id| id.term <= term).unwrap_or(self.base)
    }

    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.base.index + 1)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::message::{Command, Payload};

    fn log(base: u64, terms: &[u64]) -> Log {
        let mut log = Log::behind(EntryId { term: u64::from(base > 0), index: base });
        for (index, term) in (base + 1..).zip(terms) {
            log.push(Entry { id: EntryId { term: *term, index }, payload: Payload::Noop });
        }
        log
    }

    #[test]
    fn places_are_counted_from_the_base() {
        let mut log = log(10, &[1, 2, 2]);
        assert_eq!(
            [9, 10, 11, 13, 14].map(|index| log.term_at(index)),
            [None, Some(1), Some(1), Some(2), None]
        );
        log.compact(12);
        assert_eq!((log.base(), log.entries().len()), (EntryId { term: 2, index: 12 }, 1));
        log.compact(11);
        assert_eq!(log.base().index, 12, "what is gone stays gone");
        log.cut(12);
        assert_eq!(log.end(), EntryId { term: 2, index: 12 });
    }

    #[test]
    fn a_batch_is_bounded_by_entries_and_bytes_and_never_empty() {
        let mut long = log(3, &vec![1; BATCH_ENTRIES + 5]);
        assert_eq!(long.batch(4).len(), BATCH_ENTRIES);
        assert_eq!(long.batch(3), [], "the base is not held");
        long.cut(4);
        assert_eq!(long.batch(5), []);
        let command = Command { client: "c".into(), seq: 1, command: vec![0; BATCH_BYTES] };
        let big = Entry { id: EntryId { term: 1, index: 5 }, payload: Payload::Command(command) };
        long.push(big.clone());
        long.push(Entry { id: EntryId { term: 1, index: 6 }, ..big });
        assert_eq!(long.batch(5).len(), 1);
    }

    #[test]
    fn a_hint_skips_whole_terms() {
        let log = log(2, &[1, 1, 4, 4, 6]);
        let at = |index, term| log.last_within(index, term).index;
        assert_eq!(at(7, 5), 6);
        assert_eq!(at(7, 3), 4);
        assert_eq!(at(99, 9), 7);
        assert_eq!(at(6, 0), 2);
    }

    #[test]
    #[should_panic(expected = "a log has no gaps")]
    fn a_gap_is_our_own_mistake() {
        log(0, &[1]).push(Entry { id: EntryId { term: 1, index: 3 }, payload: Payload::Noop });
    }
}
