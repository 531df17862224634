//! What the eyes have said, asked.

use super::Seen;

pub(crate) fn said(seen: &[Seen], words: &str) -> bool {
    seen.iter().any(|one| one.words == words)
}

pub(crate) fn said_like(seen: &[Seen], part: &str) -> bool {
    seen.iter().any(|one| one.words.contains(part) && !one.words.starts_with("stored"))
}

/// Whether `eye-1` was started again.
pub(crate) fn is_back(seen: &[Seen]) -> bool {
    seen.iter().any(|one| one.node.as_str() == "eye-1" && one.boot == 2)
}

/// Whether `eye-1` said nothing for most of the second of the fault.
pub(crate) fn silent(seen: &[Seen]) -> bool {
    !seen.iter().any(|one| one.node.as_str() == "eye-1" && (1_010..1_990).contains(&one.ms))
}

/// What the last start found: whole records that were synced, and that were not.
fn found(seen: &[Seen]) -> (usize, usize) {
    let words = seen.iter().rev().find_map(|one| one.words.strip_prefix("found ")).unwrap_or_default();
    let number = |part: &str| part.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let (synced, loose) = words.split_once(", ").unwrap_or_default();
    (number(synced), number(loose))
}

pub(crate) fn synced(seen: &[Seen]) -> usize {
    found(seen).0
}

pub(crate) fn loose(seen: &[Seen]) -> usize {
    found(seen).1
}

/// Numbers of the datagrams that came, in the order they came in.
pub(crate) fn numbers(seen: &[Seen]) -> Vec<u32> {
    seen.iter().filter_map(|one| one.words.strip_prefix("datagram ")?.parse().ok()).collect()
}

/// How many datagrams of the first three seconds did not come.
pub(crate) fn missing(seen: &[Seen]) -> usize {
    let came = numbers(seen);
    (0..140).filter(|number| !came.contains(number)).count()
}

pub(crate) fn datagrams(seen: &[Seen], from: u64, to: u64) -> usize {
    seen.iter().filter(|one| one.words.starts_with("datagram ") && (from..to).contains(&one.ms)).count()
}

/// Echoes during the fault.
pub(crate) fn echoes(seen: &[Seen]) -> usize {
    seen.iter().filter(|one| one.words == "echo" && (1_050..1_950).contains(&one.ms)).count()
}

/// How many records were stored, and the longest that one took, in milliseconds.
pub(crate) fn stored(seen: &[Seen]) -> (usize, u64) {
    let times: Vec<u64> = seen
        .iter()
        .filter_map(|one| one.words.strip_prefix("stored in ")?.split(' ').next()?.parse().ok())
        .collect();
    (times.len(), times.iter().copied().max().unwrap_or(0))
}
