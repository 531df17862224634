//! Numbers of a score in words: shares, medians, times. The same on the terminal and in documents.

use squall::zoo::{Replayed, Row, Tally, WithoutBug};

/// `10 of 1,234`, `none of 5,000`.
pub(super) fn found(tally: &Tally) -> String {
    let found = if tally.found == 0 { "none".to_owned() } else { grouped(tally.found) };
    format!("{found} of {}", grouped(tally.seeds))
}

/// The share of seeds with its 95 % interval; of a bug that was not found, what the share is below.
pub(super) fn share(tally: &Tally) -> String {
    let interval = tally.interval(Tally::P95);
    if tally.found == 0 {
        return format!("< {} %", percent(interval.high));
    }
    format!("{} % ({}–{} %)", percent(tally.share()), percent(interval.low), percent(interval.high))
}

/// Two digits that count, at least.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        100.0 => "100".to_owned(),
        10.0.. => format!("{percent:.1}").trim_end_matches(".0").to_owned(),
        1.0.. => format!("{percent:.1}"),
        _ => format!("{percent:.2}"),
    }
}

/// `linearizable 9, panic 1`, the most frequent first.
pub(super) fn caught_by(tally: &Tally, name: impl Fn(&str) -> String) -> String {
    let mut by: Vec<_> = tally.caught_by.iter().collect();
    by.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let by: Vec<String> = by.into_iter().map(|(oracle, count)| format!("{} {count}", name(oracle))).collect();
    if by.is_empty() { "–".to_owned() } else { by.join(", ") }
}

/// Whether all that was shrunk is the same elsewhere, and passes without the bug.
pub(super) fn replays(row: &Row) -> String {
    let same = row.shrunk.iter().all(|one| one.replayed == Replayed::Same);
    let clean = row.shrunk.iter().all(|one| one.without_bug == WithoutBug::Passes);
    match (row.shrunk.is_empty(), same, clean) {
        (true, ..) => "–".to_owned(),
        (_, true, true) => "same; passes without it".to_owned(),
        (_, true, false) => "same; **fails without it**".to_owned(),
        (_, false, true) => "**differs**; passes without it".to_owned(),
        (_, false, false) => "**differs; fails without it**".to_owned(),
    }
}

/// The first digits of a commit, and whether the tree differed from it.
pub(super) fn short_commit(commit: &str) -> String {
    let (hash, rest) = commit.split_once('-').map_or((commit, ""), |(hash, _)| (hash, "-dirty"));
    format!("`{}{rest}`", hash.get(..8).unwrap_or(hash))
}

/// The median; `None` without values. An absent value is larger than all others, and so is a median that is
/// one.
pub(super) fn median(values: impl Iterator<Item = Option<u64>>) -> Option<f64> {
    let mut values: Vec<f64> =
        values.map(|value| value.map_or(f64::INFINITY, |value| value as f64)).collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = if values.len().is_multiple_of(2) { values[values.len() / 2 - 1] } else { upper };
    Some(f64::midpoint(lower, upper))
}

/// A median: whole, or with a half.
pub(super) fn number(median: Option<f64>) -> String {
    match median {
        None => "–".to_owned(),
        Some(f64::INFINITY) => "∞".to_owned(),
        Some(median) if median.fract() == 0.0 => grouped(median as u64),
        Some(median) => format!("{}.5", grouped(median as u64)),
    }
}

/// Microseconds as seconds with two digits that count.
pub(super) fn seconds(us: f64) -> String {
    let seconds = us / 1e6;
    match seconds {
        f64::INFINITY => "∞".to_owned(),
        100.0.. => format!("{} s", grouped(seconds.round() as u64)),
        10.0.. => format!("{seconds:.0} s"),
        1.0.. => format!("{seconds:.1} s"),
        _ => format!("{seconds:.2} s"),
    }
}

/// Thousands set apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|part| str::from_utf8(part).expect("digits")).collect();
    groups.join(",")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use squall::Seed;
    use squall::zoo::{Key, Profile};

    pub(crate) fn row() -> Row {
        let text = str::to_owned;
        let tally = Tally {
            seeds: 40,
            found: 2,
            first: Some(9),
            caught_by: [(text("linearizable"), 2)].into(),
            ..Tally::default()
        };
        let key =
            Key { system: text("s"), bug: text("late"), profile: Profile::Swarm, scenario: text("s-swarm") };
        Row {
            key,
            scenario_hash: text("0"),
            commit: text("0123456789abcdef"),
            base_seed: Seed(1),
            seeds_max: 40,
            finds_max: 10,
            tally,
            shrunk: Vec::new(),
        }
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!((grouped(0), grouped(1_234_567)), ("0".to_owned(), "1,234,567".to_owned()));
        let spans =
            [(4_200.0, "0.00 s"), (42e3, "0.04 s"), (1.25e6, "1.2 s"), (42e6, "42 s"), (4_200e6, "4,200 s")];
        spans.iter().for_each(|(us, text)| assert_eq!(seconds(*us), *text));
        let shares = [(1.0, "100"), (0.555, "55.5"), (0.2, "20"), (0.0333, "3.3"), (0.000_41, "0.04")];
        shares.iter().for_each(|(share, text)| assert_eq!(percent(*share), *text));
        assert_eq!(short_commit("0123456789abcdef-dirty"), "`01234567-dirty`");
        assert_eq!(short_commit("unknown"), "`unknown`");
    }

    #[test]
    fn medians_know_what_was_not_found() {
        let of = |values: &[Option<u64>]| number(median(values.iter().copied()));
        assert_eq!(of(&[]), "–");
        assert_eq!(of(&[Some(3), Some(1), Some(2)]), "2");
        assert_eq!(of(&[Some(1), Some(2)]), "1.5");
        assert_eq!(of(&[None, Some(2), Some(4)]), "4");
        assert_eq!(of(&[None, None, Some(4)]), "∞");
    }

    #[test]
    fn a_bug_that_was_not_found_has_a_bound() {
        let none = Tally { seeds: 5_000, ..Tally::default() };
        assert_eq!((found(&none), share(&none)), ("none of 5,000".to_owned(), "< 0.08 %".to_owned()));
        assert_eq!(share(&row().tally), "5.0 % (1.4–16.5 %)");
    }
}
