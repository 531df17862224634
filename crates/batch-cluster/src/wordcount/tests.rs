//! Laws of the word count, over any input, any splits and any partitions.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::job::{AttemptId, Manifest, Source, Tally};

use super::split::Lines;
use super::*;

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Map and reduce over these splits of records: the counts of all parts together.
fn map_reduce(splits: &[Vec<Vec<u8>>], partitions: u32) -> BTreeMap<String, u64> {
    let mapped: Vec<Counted> = splits
        .iter()
        .map(|split| {
            let mut counting = Counting::new(partitions);
            split.iter().for_each(|record| counting.add(&mut record.clone()).unwrap());
            counting.finish()
        })
        .collect();
    let mut result = BTreeMap::new();
    let (mut read, mut written) = (Tally::default(), Tally::default());
    mapped.iter().for_each(|counted| read.merge(counted.input));
    for partition in 0..partitions {
        let mut merging = Merging::new();
        for (map, counted) in mapped.iter().enumerate() {
            let segment = counted.segments[partition as usize];
            let bytes = counted.file[segment.offset as usize..][..segment.length as usize].to_vec();
            merging.take(map as u32, AttemptId(map as u64), &verified(&segment, bytes).unwrap());
        }
        let Manifest::Reduce { part, output, .. } = merging.finish().unwrap() else { unreachable!() };
        written.merge(output);
        for line in String::from_utf8(part).unwrap().lines() {
            let (word, count) = line.split_once(' ').unwrap();
            assert_eq!(result.insert(word.to_owned(), count.parse().unwrap()), None, "in one part only");
        }
    }
    assert_eq!(read, written);
    result
}

async fn records(source: &Source, of: u32) -> Vec<Vec<Vec<u8>>> {
    let mut splits = Vec::new();
    for number in 0..of {
        let mut records = Records::open(source, "".as_ref(), Split { number, of }).await.unwrap();
        let mut split = Vec::new();
        while let Some(record) = records.next().await.unwrap() {
            split.push(record.to_vec());
        }
        splits.push(split);
    }
    splits
}

async fn lines(text: &[u8], of: u32) -> Vec<Vec<Vec<u8>>> {
    let mut splits = Vec::new();
    for number in 0..of {
        let range = Split { number, of }.range(text.len() as u64);
        let rest = &text[range.start as usize..];
        let mut lines = Lines::open(rest, range, text.len() as u64).await.unwrap();
        let mut split = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            split.push(line);
        }
        splits.push(split);
    }
    splits
}

/// Bytes among which letters and newlines are frequent.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let byte =
        prop_oneof![4 => Just(b'a'), 2 => Just(b'B'), 2 => Just(b' '), 3 => Just(b'\n'), 1 => any::<u8>()];
    vec(byte, 0..200)
}

proptest! {
    #[test]
    fn map_and_reduce_of_any_generated_input_equal_the_reference(
        seed: u64, count in 0_u32..120, splits in 1_u32..20, partitions in 1_u32..9,
    ) {
        let source = Source::Generated { seed, records: count };
        let result = map_reduce(&now(records(&source, splits)), partitions);
        prop_assert_eq!(Some(result), reference(&source));
    }

    #[test]
    fn map_and_reduce_of_any_text_equal_the_reference(
        text in text(), splits in 1_u32..20, partitions in 1_u32..9,
    ) {
        prop_assert_eq!(map_reduce(&now(lines(&text, splits)), partitions), reference_of_text(&text));
    }

    #[test]
    fn every_line_of_a_text_is_in_one_split(text in text(), splits in 1_u32..20) {
        let read: Vec<Vec<u8>> = now(lines(&text, splits)).concat();
        let mut expected: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        if expected.last().is_some_and(Vec::is_empty) {
            expected.pop();
        }
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn no_damage_of_a_segment_goes_unseen(seed: u64, place: prop::sample::Index, flip in 1_u8..) {
        let mut counting = Counting::new(1);
        (0..9).for_each(|number| counting.add(&mut generated(seed, number).into_bytes()).unwrap());
        let Counted { segments, file, .. } = counting.finish();
        prop_assert!(verified(&segments[0], file.clone()).is_some());
        let place = place.index(file.len());
        prop_assert_eq!(verified(&segments[0], file[..place].to_vec()), None);
        let mut bad = file.clone();
        bad[place] ^= flip;
        prop_assert_eq!(verified(&segments[0], bad), None);
        prop_assert_eq!(verified(&segments[0], [&file[..], b"\n"].concat()), None);
        // A checksum that fits by chance, or was made for other counts, is not enough.
        let mut segment = segments[0];
        segment.tally.records += 1;
        prop_assert_eq!(verified(&segment, file), None);
    }
}
