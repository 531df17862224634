//! What a campaign leaves on the screen: the results table, what the runs did not prove, the
//! failures with their commands, and one line of summary.
//!
//! The most important comes last, where the eye is. Progress while it runs is the command's own.

mod failure;
mod table;

use std::fmt::Write as _;

use squall_check::{ScenarioStatus, ScenarioVerdict};

pub use failure::failures;
pub(crate) use failure::faults as failure_faults;
pub use table::results_table;

use crate::campaign::{Campaign, Extent, SLICE_WORDS, Unreached, tone_of};
use crate::coverage::coverage_text;
use crate::style::{Style, Tone};
use crate::text::{count, counted, first_few, one_line, span, speed};

/// Width of the labels at the left edge, right-aligned; as wide as `INCONCLUSIVE`.
pub(crate) const LABEL_WIDTH: usize = 12;
/// Characters of other people's words that are shown on one line.
pub(crate) const WORDS_CHARS_MAX: usize = 200;
/// Reasons of one scenario that are listed.
const REASONS_SHOWN: usize = 10;
/// Names of a list (oracles, kinds of fault) that are spelled out.
const NAMES_SHOWN: usize = 12;

/// All of it: table, notes, failures, summary.
pub fn campaign_text(campaign: &Campaign, style: Style) -> String {
    let mut text = results_table(campaign.verdicts, style);
    text += &notes(campaign.verdicts, style);
    text += &unreached(campaign.unreached, style);
    text += &coverage_text(campaign.coverage, style);
    text += &failures(campaign, style);
    text += &extent(campaign.extent, style);
    text += &summary_line(campaign, style);
    text
}

/// How much of the campaign this is, and how to go on. Empty if it is all of it.
fn extent(extent: Extent, style: Style) -> String {
    let mut text = String::new();
    let mut line = |label: &str, tone: Tone, words: &str| {
        let label = style.paint(tone, &format!("{label:>LABEL_WIDTH$}"));
        writeln!(text, "{label} {words}").expect("writing to a string");
    };
    if let Some(slice) = extent.slice {
        line("Slice", Tone::Quiet, &format!("{}: {SLICE_WORDS}", one_line(slice, WORDS_CHARS_MAX)));
    }
    if let Some(stopped) = extent.stopped {
        line("Stopped", Tone::Doubtful, &format!("{}; the verdict is on these alone", stopped.sentence()));
        let resume = style.paint(Tone::Strong, stopped.resume);
        writeln!(text, "   Resume with:      {resume}").expect("writing to a string");
    }
    text
}

/// What keeps scenarios from passing, and what their runs did not prove. Empty if there is nothing
/// to say.
pub fn notes(verdicts: &[ScenarioVerdict], style: Style) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let name = one_line(&verdict.scenario, WORDS_CHARS_MAX);
        let mut note = |label: &str, tone: Tone, what: &str| {
            let label = style.paint(tone, &format!("{label:>LABEL_WIDTH$}"));
            let what = one_line(what, 4 * WORDS_CHARS_MAX);
            writeln!(text, "{label} {name}: {what}").expect("writing to a string");
        };
        let word = verdict.status.name().to_uppercase();
        for reason in verdict.reasons.iter().take(REASONS_SHOWN) {
            note(&word, tone_of(verdict.status), reason);
        }
        if verdict.reasons.len() > REASONS_SHOWN {
            let more = verdict.reasons.len() - REASONS_SHOWN;
            note(&word, tone_of(verdict.status), &format!("and {}", counted(more as u64, "more reason")));
        }
        if verdict.known > 0 {
            let seeds = counted(verdict.known, "seed");
            note("KNOWN", Tone::Quiet, &format!("the known failure and nothing else in {seeds}"));
        }
        if !verdict.without_effect.is_empty() {
            let kinds = names(verdict.without_effect.iter());
            note("no effect", Tone::Doubtful, &format!("applied, but nothing came of it: {kinds}"));
        }
        if !verdict.never_exercised.is_empty() {
            note("unexercised", Tone::Quiet, &names(verdict.never_exercised.iter()));
        }
        let skipped = verdict.faults.iter().filter(|(_, counts)| counts.skipped > 0);
        let skipped: Vec<String> =
            skipped.map(|(kind, counts)| format!("{kind} ({})", count(counts.skipped))).collect();
        if !skipped.is_empty() {
            let why = "the engine cannot inject them:";
            note("left out", Tone::Doubtful, &format!("{why} {}", skipped.join(", ")));
        }
        if !verdict.not_applicable.is_empty() {
            let judged = verdict.not_applicable.iter();
            let judged = judged
                .map(|(name, it)| format!("{name} in {} of {}", it.seeds, counted(verdict.seeds, "seed")));
            note("inapplicable", Tone::Quiet, &judged.collect::<Vec<_>>().join(", "));
        }
    }
    text
}

/// What systems say is worth reaching and no seed reached: a line for each system.
pub fn unreached(unreached: &[Unreached], style: Style) -> String {
    let mut text = String::new();
    for Unreached { system, names: missed } in unreached {
        let label = style.paint(Tone::Quiet, &format!("{:>LABEL_WIDTH$}", "unreached"));
        let system = one_line(system, WORDS_CHARS_MAX);
        let missed = one_line(&names(missed.iter()), 4 * WORDS_CHARS_MAX);
        writeln!(text, "{label} {system}: {missed}").expect("writing to a string");
    }
    text
}

/// The last line: `Summary [ 12.4s] 3 scenarios, 640 seeds: 639 passed, 1 failed, …`.
pub fn summary_line(campaign: &Campaign, style: Style) -> String {
    let label = style.paint(worst_tone(campaign), &format!("{:>LABEL_WIDTH$}", "Summary"));
    let wall = campaign.wall.map_or_else(|| "–".to_owned(), span);
    format!("{label} [{wall:>6}] {}   ({})\n", tally(campaign), simulated(campaign))
}

/// `3 scenarios, 640 seeds: 639 passed, 1 failed, 0 inconclusive`.
pub(crate) fn tally(campaign: &Campaign) -> String {
    let mut parts = vec![
        format!("{} passed", count(campaign.sum(|verdict| verdict.passed))),
        format!("{} failed", count(campaign.sum(|verdict| verdict.failed))),
        format!("{} inconclusive", count(campaign.sum(|verdict| verdict.unknown))),
    ];
    // Rare endings are named only when they happen.
    let rare = [
        (campaign.sum(|verdict| verdict.known), "failed as known"),
        (campaign.sum(|verdict| verdict.nondeterministic), "nondeterministic"),
        (campaign.sum(|verdict| verdict.harness_errors), "broken by Squall"),
    ];
    let happened = rare.iter().filter(|(number, _)| *number > 0);
    parts.extend(happened.map(|(number, what)| format!("{} {what}", count(*number))));
    // Seeds may all pass while a scenario proves less than it asks for.
    let doubtful = campaign.scenarios(ScenarioStatus::Inconclusive);
    if doubtful > 0 {
        parts.push(format!("{} inconclusive", counted(doubtful, "scenario")));
    }
    let scenarios = counted(campaign.verdicts.len() as u64, "scenario");
    format!("{scenarios}, {}: {}", counted(campaign.seeds(), "seed"), parts.join(", "))
}

/// `5h 20m simulated, 1550× real time`.
pub(crate) fn simulated(campaign: &Campaign) -> String {
    let simulated = campaign.simulated();
    match campaign.wall.and_then(|wall| speed(simulated, wall)) {
        Some(speed) => format!("{} simulated, {speed} real time", span(simulated)),
        None => format!("{} simulated", span(simulated)),
    }
}

fn worst_tone(campaign: &Campaign) -> Tone {
    use ScenarioStatus::{Fail, HarnessError, Inconclusive, Nondeterministic};
    let worst = [HarnessError, Nondeterministic, Fail, Inconclusive];
    worst.into_iter().find(|status| campaign.scenarios(*status) > 0).map_or(Tone::Good, tone_of)
}

fn names<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    first_few(names.cloned(), NAMES_SHOWN, ", ")
}
