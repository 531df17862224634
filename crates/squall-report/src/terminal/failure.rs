//! The failure block: what went wrong in a seed, which faults led there, and the command to see it.

use std::fmt::Write as _;

use super::{LABEL_WIDTH, WORDS_CHARS_MAX};
use crate::campaign::{Campaign, Failure, Faults, what_happened, without_effect, word};
use crate::style::{Style, Tone};
use crate::text::{count, first_few, one_line, span};
use crate::words::fault_line;

/// Failures that are shown in full; the rest is counted.
const FAILURES_SHOWN: usize = 10;
/// Faults of a failure that are spelled out.
const FAULTS_SHOWN: usize = 4;
/// Width of the rule above.
const RULE_WIDTH: usize = 80;

/// A rule, then the failures in full, at most ten, the gravest first. Empty if there are none.
pub fn failures(campaign: &Campaign, style: Style) -> String {
    if campaign.failures.is_empty() {
        return String::new();
    }
    let mut text = style.paint(Tone::Quiet, &"─".repeat(RULE_WIDTH)) + "\n";
    for failure in campaign.all_failures().into_iter().take(FAILURES_SHOWN) {
        text += &block(campaign, failure, style);
    }
    let left = campaign.failures.len().saturating_sub(FAILURES_SHOWN);
    if left > 0 {
        writeln!(text, "{:LABEL_WIDTH$} and {} more", "", count(left as u64)).expect("writing to a string");
    }
    text
}

fn block(campaign: &Campaign, failure: &Failure, style: Style) -> String {
    let result = failure.result;
    let (word, tone) = word(campaign.standing(failure), result.outcome);
    let label = style.paint(tone, &format!("{word:>LABEL_WIDTH$}"));
    let wall = failure.wall.map_or_else(|| "–".to_owned(), span);
    let scenario = style.paint(Tone::Strong, &one_line(&result.scenario, WORDS_CHARS_MAX));
    let seed = result.seed;
    let happened = what_happened(result, WORDS_CHARS_MAX);
    let mut text = format!("{label} [{wall:>6}] {scenario} seed {seed}   {happened}\n");
    let mut beneath = |what: &str| {
        writeln!(text, "{:LABEL_WIDTH$} {what}", "").expect("writing to a string");
    };
    beneath(&faults(failure));
    let idle = without_effect(result);
    if !idle.is_empty() {
        beneath(&format!("without effect: {}", one_line(&idle.join(", "), WORDS_CHARS_MAX)));
    }
    let commands = campaign.commands;
    let replay = commands.replay(failure.target, seed);
    writeln!(text, "   Reproduce with:   {}", style.paint(Tone::Strong, &replay))
        .expect("writing to a string");
    if let Some(shrunk) = failure.shrunk {
        let replay = commands.replay_file(shrunk.path);
        writeln!(text, "   Minimised repro:  {}", style.paint(Tone::Strong, &replay))
            .expect("writing to a string");
    }
    text
}

/// The faults on one line: after shrinking if that was done, else the first few.
pub(crate) fn faults(failure: &Failure) -> String {
    let (all, state) = match failure.faults {
        Faults::Applied(faults) => (faults, "applied"),
        Faults::Planned(faults) => (faults, "planned (the run could not say which were applied)"),
    };
    let shown = failure.shrunk.map_or(all, |shrunk| shrunk.faults);
    let heading = match failure.shrunk {
        _ if all.is_empty() => return format!("no fault was {}", &state[..7]),
        None => format!("faults {} {state}", all.len()),
        Some(_) if shown.is_empty() => {
            return format!("faults {} → 0 after shrinking: none is needed", all.len());
        }
        Some(_) => format!("faults {} → {} after shrinking", all.len(), shown.len()),
    };
    let list = first_few(shown.iter().map(fault_line), FAULTS_SHOWN, "   ");
    format!("{heading}:  {list}")
}
