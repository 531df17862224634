//! `summary.md`: the campaign in Markdown, for a pull request or a step summary.
//!
//! GitHub refuses a step summary above 1 MiB, so the text stays at or below 900 KiB whatever
//! happens, and says what it left out. All that the system under test said is escaped.

use std::fmt::Write as _;
use std::time::Duration;

use squall_check::{ScenarioStatus, ScenarioVerdict};

use crate::RunInfo;
use crate::campaign::{
    Campaign, Extent, Failure, SLICE_WORDS, Unreached, what_happened, without_effect, word,
};
use crate::coverage::coverage_section;
use crate::markdown::{block, limited, literal, table};
use crate::terminal::{failure_faults, simulated, tally};
use crate::text::{count, counted, span};

/// Bytes of the whole text.
pub const SUMMARY_BYTES_MAX: usize = 900 * 1024;
/// Bytes of the part on failures, so that what follows it has room.
const FAILURES_BYTES_MAX: usize = 500 * 1024;
/// Failures told in full.
const FAILURES_SHOWN: usize = 50;
/// Characters of one message.
const MESSAGE_CHARS_MAX: usize = 1_000;
/// Violations of one seed that are listed.
const VIOLATIONS_SHOWN: usize = 5;

/// The text of `summary.md`.
pub fn summary(campaign: &Campaign, run: &RunInfo) -> String {
    let mut text = heading(campaign, run);
    text += &extent(campaign.extent);
    text += &scenarios(campaign.verdicts);
    text += &reasons(campaign.verdicts);
    text += &limited(failures(campaign), FAILURES_BYTES_MAX, "\n*More failures: see `results.ndjson`.*\n");
    text += &faults(campaign.verdicts);
    text += &oracles(campaign.verdicts);
    text += &conditions(campaign.verdicts);
    text += &unreached(campaign.unreached);
    text += &coverage_section(campaign.coverage);
    limited(text, SUMMARY_BYTES_MAX, "\n*Cut here at 900 KiB: the whole is in `results.ndjson`.*\n")
}

fn heading(campaign: &Campaign, run: &RunInfo) -> String {
    let passed = campaign.scenarios(ScenarioStatus::Pass);
    let total = counted(campaign.verdicts.len() as u64, "scenario");
    let title = match passed as usize == campaign.verdicts.len() {
        true => format!("{total} as expected"),
        false => format!("{} of {total} not as expected", campaign.verdicts.len() as u64 - passed),
    };
    let wall = campaign.wall.map_or_else(String::new, |wall| format!(" in {}", span(wall)));
    let commit = run.commit.as_deref().unwrap_or("none");
    let dirty = if run.dirty { ", with uncommitted changes" } else { "" };
    format!(
        "# Squall: {title}\n\n{}{wall} ({}).\n\nRun {}, commit {}{dirty}, base seed {}{}.\n\n",
        tally(campaign),
        simulated(campaign),
        literal(&run.run_id, 200),
        literal(commit, 200),
        run.base_seed,
        run.partition.as_ref().map_or_else(String::new, |slice| format!(", {}", literal(slice, 200))),
    )
}

/// How much of the campaign this is, and how to go on.
fn extent(extent: Extent) -> String {
    let mut text = String::new();
    if let Some(slice) = extent.slice {
        writeln!(text, "This is {}, {SLICE_WORDS}.\n", literal(slice, 200)).expect("writing to a string");
    }
    if let Some(stopped) = extent.stopped {
        let sentence = stopped.sentence();
        let resume = block(&[stopped.resume.to_owned()]);
        writeln!(text, "**Stopped**: {sentence}. The verdict is on these alone. To go on:\n\n{resume}")
            .expect("writing to a string");
    }
    text
}

fn scenarios(verdicts: &[ScenarioVerdict]) -> String {
    let headings =
        ["scenario", "verdict", "seeds", "passed", "failed", "known", "unknown", "simulated", "events"];
    let row = |verdict: &ScenarioVerdict| {
        [
            literal(&verdict.scenario, 200),
            format!("**{}**", verdict.status.name()),
            count(verdict.seeds),
            count(verdict.passed),
            count(verdict.failed),
            count(verdict.known),
            count(verdict.unknown),
            span(Duration::from_nanos(verdict.sim_ns)),
            count(verdict.events),
        ]
    };
    table(headings, verdicts.iter().map(row))
}

fn reasons(verdicts: &[ScenarioVerdict]) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        for reason in &verdict.reasons {
            let (scenario, reason) = (literal(&verdict.scenario, 200), literal(reason, MESSAGE_CHARS_MAX));
            writeln!(text, "- {scenario}: {reason}").expect("writing to a string");
        }
    }
    section("Why not", text)
}

fn failures(campaign: &Campaign) -> String {
    let mut text = String::new();
    for failure in campaign.all_failures().into_iter().take(FAILURES_SHOWN) {
        text += &one_failure(campaign, failure);
    }
    let left = campaign.failures.len().saturating_sub(FAILURES_SHOWN);
    if left > 0 {
        let left = counted(left as u64, "more failing seed");
        writeln!(text, "And {left}: see `results.ndjson`.").expect("writing to a string");
    }
    section("Failures", text)
}

fn one_failure(campaign: &Campaign, failure: &Failure) -> String {
    let result = failure.result;
    let (word, _) = word(campaign.standing(failure), result.outcome);
    let scenario = literal(&result.scenario, 200);
    let mut text = format!("### {word} {scenario} seed {}\n\n", result.seed);
    // Words before it: at a line's start even escaped text could become a list or a rule.
    writeln!(
        text,
        "What happened: {}\n",
        literal(&what_happened(result, MESSAGE_CHARS_MAX), 2 * MESSAGE_CHARS_MAX)
    )
    .expect("writing to a string");
    // One violation has been told already.
    let listed = if result.violations.len() > 1 { VIOLATIONS_SHOWN } else { 0 };
    for found in result.violations.iter().take(listed) {
        let (oracle, message) = (literal(&found.oracle, 200), literal(&found.message, MESSAGE_CHARS_MAX));
        writeln!(text, "- {oracle} at {}: {message}", found.at).expect("writing to a string");
    }
    let left = result.violations.len().saturating_sub(VIOLATIONS_SHOWN);
    if left > 0 {
        writeln!(text, "- and {}", counted(left as u64, "more violation")).expect("writing to a string");
    }
    writeln!(text, "- {}", literal(&failure_faults(failure), MESSAGE_CHARS_MAX))
        .expect("writing to a string");
    let idle = without_effect(result);
    if !idle.is_empty() {
        let idle = literal(&idle.join(", "), MESSAGE_CHARS_MAX);
        writeln!(text, "- without effect: {idle}").expect("writing to a string");
    }
    let mut commands = vec![campaign.commands.replay(failure.target, result.seed)];
    commands.extend(failure.shrunk.map(|shrunk| campaign.commands.replay_file(shrunk.path)));
    text + "\n" + &block(&commands) + "\n"
}

fn faults(verdicts: &[ScenarioVerdict]) -> String {
    let rows = verdicts.iter().flat_map(|verdict| {
        verdict.faults.iter().map(|(kind, counts)| {
            let idle = verdict.without_effect.contains(kind);
            [
                literal(&verdict.scenario, 200),
                literal(kind, 200),
                count(counts.planned),
                count(counts.applied),
                if idle { "**0: no effect**".to_owned() } else { count(counts.observed) },
                match counts.skipped {
                    0 => count(counts.vetoed),
                    skipped => {
                        format!("{}; {} left out: not with this engine", counts.vetoed, count(skipped))
                    }
                },
            ]
        })
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    section("Faults", table(["scenario", "fault", "planned", "applied", "observed", "vetoed"], rows))
}

fn oracles(verdicts: &[ScenarioVerdict]) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let scenario = literal(&verdict.scenario, 200);
        if !verdict.never_exercised.is_empty() {
            let names = literal(&verdict.never_exercised.join(", "), 2 * MESSAGE_CHARS_MAX);
            writeln!(text, "- {scenario}: never exercised: {names}").expect("writing to a string");
        }
        for (oracle, judged) in &verdict.not_applicable {
            let seeds = counted(judged.seeds, "seed");
            let (oracle, why) = (literal(oracle, 200), literal(&judged.why, MESSAGE_CHARS_MAX));
            writeln!(text, "- {scenario}: {oracle} not applicable in {seeds}: {why}")
                .expect("writing to a string");
        }
    }
    section("Oracles that judged nothing", text)
}

fn conditions(verdicts: &[ScenarioVerdict]) -> String {
    let rows = verdicts.iter().flat_map(|verdict| {
        let scenario = literal(&verdict.scenario, 200);
        let row = move |(name, times): (&String, &u64)| [scenario.clone(), literal(name, 200), count(*times)];
        verdict.conditions.iter().map(row)
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    section("Conditions", table(["scenario", "condition", "occurred"], rows))
}

fn unreached(unreached: &[Unreached]) -> String {
    let mut text = String::new();
    for Unreached { system, names } in unreached {
        let (system, names) = (literal(system, 200), literal(&names.join(", "), 20 * MESSAGE_CHARS_MAX));
        writeln!(text, "- {system}: {names}").expect("writing to a string");
    }
    section("Assertions that no seed reached", text)
}

/// A heading and its text, or nothing where there is no text.
fn section(title: &str, text: String) -> String {
    if text.is_empty() { text } else { format!("\n## {title}\n\n{text}") }
}
