//! Small pieces of text: numbers, spans of time and other people's words, made fit for one line.
//!
//! Whatever the system under test says may hold line breaks, escape sequences or kilobytes; here
//! it becomes harmless. Nothing here knows what is being reported.

use std::fmt::Write as _;
use std::time::Duration;

/// Text on one line: control and direction-changing characters are spelled out, and what exceeds
/// `chars_max` characters is cut with an ellipsis.
pub(crate) fn one_line(text: &str, chars_max: usize) -> String {
    let mut line = String::with_capacity(text.len().min(chars_max));
    for (position, c) in text.trim_end().chars().enumerate() {
        if position == chars_max {
            line.push('…');
            break;
        }
        if is_unsafe_on_a_line(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Characters that move the cursor, start an escape sequence, or turn the direction of the text
/// around them ("Trojan Source", CVE-2021-42574).
pub(crate) fn is_unsafe_on_a_line(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A whole number with commas: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number whose first digits are enough: `98,765`, `21.6 M`, `3.1 G`.
pub(crate) fn magnitude(number: u64) -> String {
    let (scale, unit) = match number {
        0..100_000 => return count(number),
        100_000..1_000_000_000 => (1_000_000, 'M'),
        _ => (1_000_000_000, 'G'),
    };
    let tenths = number / (scale / 10);
    format!("{}.{} {unit}", count(tenths / 10), tenths % 10)
}

/// A number and its noun: `1 seed`, `640 seeds`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A span of time in at most seven characters, for people: `84ms`, `12.4s`, `6m 40s`, `5h 20m`, `12d 4h`.
pub(crate) fn span(span: Duration) -> String {
    const HOUR: u64 = 3_600;
    const DAY: u64 = 24 * HOUR;
    let (s, ms) = (span.as_secs(), span.subsec_millis());
    match s {
        0 => format!("{ms}ms"),
        1..100 => format!("{s}.{}s", ms / 100),
        100..HOUR => format!("{}m {}s", s / 60, s % 60),
        HOUR..DAY => format!("{}h {}m", s / HOUR, s % HOUR / 60),
        DAY.. => format!("{}d {}h", s / DAY, s % DAY / HOUR),
    }
}

/// How many times faster than real time `sim` went by in `wall`: `1550×`, `4.2×`. Nothing to say
/// if either did not pass.
pub(crate) fn speed(sim: Duration, wall: Duration) -> Option<String> {
    let (sim, wall) = (sim.as_nanos(), wall.as_nanos());
    let tenths = (sim * 10).checked_div(wall)?;
    match tenths {
        0 => None,
        1..100 => Some(format!("{}.{}×", tenths / 10, tenths % 10)),
        _ => Some(format!("{}×", tenths / 10)),
    }
}

/// The first `shown` items joined by `separator`, and how many more there are.
pub(crate) fn first_few(
    items: impl ExactSizeIterator<Item = String>,
    shown: usize,
    separator: &str,
) -> String {
    let total = items.len();
    let mut text = items.take(shown).collect::<Vec<_>>().join(separator);
    if total > shown {
        write!(text, "{separator}and {} more", count((total - shown) as u64)).expect("writing to a string");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_words_stay_on_their_line() {
        assert_eq!(one_line("a\nb\u{1b}[31mc\r", 80), "a\\nb\\u{1b}[31mc");
        assert_eq!(one_line("left \u{202e}thgir", 80), "left \\u{202e}thgir");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(one_line("controller-1→2 ×", 80), "controller-1→2 ×");
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        let written = [0, 999, 1_000, 12_345, 123_456, 1_234_567].map(count);
        assert_eq!(written, ["0", "999", "1,000", "12,345", "123,456", "1,234,567"]);
        assert_eq!(
            [counted(0, "seed"), counted(1, "seed"), counted(640, "seed")],
            ["0 seeds", "1 seed", "640 seeds"]
        );
    }

    #[test]
    fn spans_keep_two_units_at_most() {
        let cases = [
            (0, "0ms"),
            (84, "84ms"),
            (999, "999ms"),
            (12_449, "12.4s"),
            (99_999, "99.9s"),
            (400_000, "6m 40s"),
            (19_200_000, "5h 20m"),
            (1_051_200_000, "12d 4h"),
        ];
        for (ms, expected) in cases {
            assert_eq!(span(Duration::from_millis(ms)), expected);
        }
    }

    #[test]
    fn speed_is_said_only_where_it_exists() {
        let s = Duration::from_secs;
        assert_eq!(speed(s(19_200), s(12)), Some("1600×".to_owned()));
        assert_eq!(speed(s(42), s(10)), Some("4.2×".to_owned()));
        assert_eq!(speed(s(42), Duration::ZERO), None);
        assert_eq!(speed(Duration::ZERO, s(1)), None);
    }

    #[test]
    fn a_long_list_says_what_it_leaves_out() {
        let items = || ["a", "b", "c"].into_iter().map(str::to_owned);
        assert_eq!(first_few(items(), 3, ", "), "a, b, c");
        assert_eq!(first_few(items(), 1, ", "), "a, and 2 more");
    }
}
