//! The chart of a cause: how likely a violation was, moment by moment, as text, SVG and JSON.
//!
//! All three say the same. What is likely and where it rises was decided before; here are words and
//! bars.

mod svg;

use std::fmt::Write as _;

use squall_check::cause::{Cause, CauseEnded, CauseMoment, LaterFaults, Turn};

use crate::Style;
use crate::style::Tone;
use crate::text::{counted, one_line};
use crate::timeline::record_words;

pub use svg::cause_svg;

/// Characters that a whole bar is long.
const BAR: usize = 20;
/// Characters of what happened that stand behind a bar.
const WORDS_CHARS_MAX: usize = 120;

/// The chart for a terminal: a bar for each moment, then what it says.
pub fn cause_text(cause: &Cause, style: Style) -> String {
    let scenario = style.paint(Tone::Strong, &one_line(&cause.scenario, WORDS_CHARS_MAX));
    let mut text = format!(
        "{scenario} seed {}: {} violated at t={}\n{}\n\n",
        cause.seed,
        one_line(&cause.symptom, WORDS_CHARS_MAX),
        cause.violated_at,
        method(cause)
    );
    for (place, moment) in cause.moments.iter().enumerate() {
        let turns = cause.turns.iter().any(|turn| turn.after == place);
        let (mark, tone) = if turns { ('▶', Tone::Bad) } else { (' ', Tone::Fault) };
        let bar = style.paint(tone, &format!("{:<BAR$}", bar(moment.share())));
        let words = what(moment);
        let words = if turns { style.paint(Tone::Strong, &words) } else { words };
        writeln!(text, "{mark} {:>9} {:>5}  {bar}  {words}", moment.at, percent(moment.share()))
            .expect("writing to a string");
    }
    text.push('\n');
    for sentence in cause_sentences(cause) {
        writeln!(text, "{sentence}").expect("writing to a string");
    }
    text
}

/// `cause.json`.
pub fn cause_json(cause: &Cause) -> String {
    let mut text = serde_json::to_string_pretty(cause).expect("a cause is plain data");
    text.push('\n');
    text
}

/// What the chart says, in sentences.
pub fn cause_sentences(cause: &Cause) -> Vec<String> {
    let mut sentences: Vec<String> = cause.turns.iter().map(|turn| rise(cause, turn)).collect();
    if sentences.is_empty() {
        sentences.push(no_rise(cause));
    }
    sentences.extend(match cause.ended {
        CauseEnded::Complete => None,
        CauseEnded::OutOfRuns => {
            Some(format!("It stopped there after {}: --runs lets it take more.", counted(cause.runs, "run")))
        }
        CauseEnded::Interrupted => Some("It was interrupted: this is what was known by then.".to_owned()),
    });
    sentences
}

fn rise(cause: &Cause, turn: &Turn) -> String {
    let (before, after) = (&cause.moments[turn.before], &cause.moments[turn.after]);
    let share = |moment: &CauseMoment| {
        let (low, high) = moment.interval();
        format!("{} ({:.0}–{:.0} %)", percent(moment.share()), low * 100.0, high * 100.0)
    };
    let change = format!("the violation became likely: {} → {}", share(before), share(after));
    if turn.between == 0 {
        return format!("After “{}” at t={} {change}.", what(after), after.at);
    }
    format!(
        "Between “{}” at t={} and “{}” at t={} {change}; none of the {} between stands out.",
        what(before),
        before.at,
        what(after),
        after.at,
        counted(turn.between, "instant")
    )
}

fn no_rise(cause: &Cause) -> String {
    let Some((first, last)) = cause.moments.first().zip(cause.moments.last()) else {
        return "Nothing was sampled.".to_owned();
    };
    let (from, to) = (percent(first.share()), percent(last.share()));
    if first.interval().0 > 0.5 {
        let why = match cause.later_faults {
            LaterFaults::Kept => {
                ": the faults that were applied bring it about, whatever else is drawn. With \
                 `--faults dropped` the chart shows which of them did the damage"
            }
            LaterFaults::Redrawn | LaterFaults::Dropped => "",
        };
        return format!("The violation was likely from the start ({from}){why}.");
    }
    format!("No moment stands out: {from} at the start, {to} at the end. More runs for each moment see more.")
}

/// How it was sampled, in one sentence.
fn method(cause: &Cause) -> String {
    let later = match cause.later_faults {
        LaterFaults::Kept => "faults planned for later stay as they were applied",
        LaterFaults::Redrawn => "faults planned for later are planned again",
        LaterFaults::Dropped => "faults planned for later are dropped",
    };
    let moments = counted(cause.moments.len() as u64, "moment");
    format!(
        "How likely that was: {} that are the same before one of {moments} and drawn anew from it on; {later}.",
        counted(cause.runs, "run")
    )
}

/// What happened right before a moment.
fn what(moment: &CauseMoment) -> String {
    let words = match moment.what.as_slice() {
        [] if moment.at.0 == 0 => "the start".to_owned(),
        [] => "nothing known".to_owned(),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            let first = one_line(&record_words(first), WORDS_CHARS_MAX - more.chars().count());
            format!("{first}{more}")
        }
    };
    one_line(&words, WORDS_CHARS_MAX)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A bar of eighths: a share above nothing shows at least one.
fn bar(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share * (BAR * 8) as f64).round() as usize;
    let eighths = if share > 0.0 { eighths.max(1) } else { 0 };
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_grow_with_the_share() {
        assert_eq!((bar(0.0), bar(1.0)), (String::new(), "█".repeat(BAR)));
        assert_eq!((bar(0.001), bar(0.5), bar(0.05)), ("▏".to_owned(), "█".repeat(10), "█".to_owned()));
    }
}
