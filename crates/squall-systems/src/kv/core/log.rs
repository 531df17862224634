//! The replicated log in memory. Its durable twin is the [`wal`](crate::kv::wal).

use crate::kv::protocol::{Entry, LogEnd};

use super::{BATCH_BYTES, BATCH_ENTRIES};

/// Entries from index 1 on, without gaps, with epochs that never fall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log(Vec<Entry>);

impl Log {
    /// The last entry's epoch and index.
    pub fn end(&self) -> LogEnd {
        self.0
            .last()
            .map_or(LogEnd { epoch: 0, index: 0 }, |last| LogEnd { epoch: last.epoch, index: last.index })
    }

    /// The entry at an index.
    pub fn get(&self, index: u64) -> Option<&Entry> {
        self.0.get(place(index)?)
    }

    /// The epoch at an index: 0 before the first entry, `None` behind the last.
    pub fn epoch_at(&self, index: u64) -> Option<u64> {
        if index == 0 { Some(0) } else { self.get(index).map(|entry| entry.epoch) }
    }

    /// Adds an entry.
    ///
    /// # Panics
    /// If it leaves a gap or its epoch falls.
    pub fn push(&mut self, entry: Entry) {
        let end = self.end();
        assert_eq!(entry.index, end.index + 1, "a log has no gaps");
        assert!(entry.epoch >= end.epoch, "epochs never fall along a log");
        self.0.push(entry);
    }

    /// Drops all entries behind `index`.
    pub fn cut(&mut self, index: u64) {
        self.0.truncate(usize::try_from(index).expect("a log fits into memory"));
    }

    /// The entries from `first` on that fit into one message; at least one if there is any.
    pub fn batch(&self, first: u64) -> Vec<Entry> {
        let rest = place(first).and_then(|place| self.0.get(place..)).unwrap_or_default();
        let mut bytes = 0;
        let fits = |entry: &&Entry| {
            let before = bytes;
            bytes += entry.argument_len();
            before < BATCH_BYTES
        };
        rest.iter().take(BATCH_ENTRIES).take_while(fits).cloned().collect()
    }

    /// The first index that has the same epoch as the entry at `index`.
    pub fn first_of_epoch_at(&self, index: u64) -> u64 {
        let epoch = self.epoch_at(index);
        let below = (1..index).rev().take_while(|&earlier| self.epoch_at(earlier) == epoch);
        below.last().unwrap_or(index)
    }
}

fn place(index: u64) -> Option<usize> {
    usize::try_from(index.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::protocol::{Command, Op, Request};

    fn entry(epoch: u64, index: u64, argument: usize) -> Entry {
        let op = Op::Put { key: "k".into(), value: "v".repeat(argument) };
        Entry { epoch, index, command: Command::Write(Request { client: "c".into(), seq: index, op }) }
    }

    fn log(epochs: &[u64]) -> Log {
        let mut log = Log::default();
        for (index, epoch) in (1..).zip(epochs) {
            log.push(entry(*epoch, index, 1));
        }
        log
    }

    #[test]
    fn a_later_epoch_beats_a_longer_log() {
        assert!(log(&[1, 4]).end() > log(&[1, 1, 1]).end());
        assert!(log(&[1, 1, 1]).end() > log(&[1, 1]).end());
        assert_eq!(log(&[]).end(), LogEnd { epoch: 0, index: 0 });
    }

    #[test]
    fn a_batch_is_bounded_by_entries_and_bytes_and_never_empty() {
        let mut long = log(&vec![1; BATCH_ENTRIES + 5]);
        assert_eq!(long.batch(1).len(), BATCH_ENTRIES);
        assert_eq!(long.batch(4).last().unwrap().index, BATCH_ENTRIES as u64 + 3);
        long.cut(2);
        assert_eq!(long.batch(3), []);
        long.push(entry(1, 3, BATCH_BYTES + 1));
        long.push(entry(1, 4, 1));
        assert_eq!(long.batch(3).len(), 1);
    }

    #[test]
    fn the_first_of_an_epoch() {
        let log = log(&[1, 1, 4, 4, 4]);
        assert_eq!([1, 2, 3, 5].map(|index| log.first_of_epoch_at(index)), [1, 1, 3, 3]);
        assert_eq!(log.epoch_at(0), Some(0));
        assert_eq!(log.epoch_at(6), None);
    }

    #[test]
    #[should_panic(expected = "a log has no gaps")]
    fn a_gap_is_our_own_mistake() {
        log(&[1]).push(entry(1, 3, 1));
    }
}
