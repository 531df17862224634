//! What the runs of a scenario went through, in a few lines: how much, of which kinds, and what only
//! one run showed.

use std::fmt::Write as _;

use squall_check::coverage::{Explored, KINDS};

use crate::Style;
use crate::markdown::literal;
use crate::style::Tone;
use crate::terminal::LABEL_WIDTH;
use crate::text::{count, counted, first_few, one_line};

/// Features that only one run showed and that are named.
const RARE_SHOWN: usize = 12;
/// Characters of a feature's name that are shown.
const NAME_CHARS_MAX: usize = 120;

/// The coverage of one scenario.
#[derive(Clone, Debug)]
pub struct ScenarioCoverage {
    /// The scenario.
    pub scenario: String,
    /// What its runs went through.
    pub explored: Explored,
    /// After so many runs without anything new it was to end, and did.
    pub stable_after: Option<u64>,
    /// Runs that were drawn anew after something rare, if runs were guided.
    pub guided: Option<u64>,
    /// Simulator events of all runs.
    pub events: u64,
}

impl ScenarioCoverage {
    /// How much was seen, in one sentence.
    fn extent(&self) -> String {
        let features = counted(self.explored.features() as u64, "feature");
        let runs = counted(self.explored.runs(), if self.guided.is_some() { "run" } else { "seed" });
        match self.stable_after {
            Some(quiet) => {
                format!(
                    "coverage stable at {features} after {runs}: nothing new in the last {}",
                    count(quiet)
                )
            }
            None => format!(
                "{features} after {runs}, the last new one {} ago",
                count(self.explored.runs_since_new())
            ),
        }
    }

    /// Where runs came from, if not from fresh seeds alone.
    fn origin(&self) -> Option<String> {
        let guided = self.guided?;
        Some(format!(
            "{} of {} drawn anew after something rare, {} events in all",
            count(guided),
            counted(self.explored.runs(), "run"),
            count(self.events)
        ))
    }

    /// Features by kind.
    fn kinds(&self) -> Vec<(&'static str, u64)> {
        let of = |kind: &str| {
            let is_of = |(name, _): &(&str, u64)| name.split(':').next() == Some(kind);
            self.explored.by_feature().filter(is_of).count() as u64
        };
        KINDS.iter().map(|(kind, meaning)| (*meaning, of(kind))).filter(|(_, number)| *number > 0).collect()
    }

    fn rare(&self) -> Vec<String> {
        let rare = self.explored.by_feature().filter(|(_, runs)| *runs == 1);
        rare.map(|(name, _)| one_line(name, NAME_CHARS_MAX)).collect()
    }
}

/// For the terminal, in the manner of its other notes.
pub fn coverage_text(coverage: &[ScenarioCoverage], style: Style) -> String {
    let mut text = String::new();
    for one in coverage {
        let name = one_line(&one.scenario, NAME_CHARS_MAX);
        let label = style.paint(Tone::Quiet, &format!("{:>LABEL_WIDTH$}", "coverage"));
        writeln!(text, "{label} {name}: {}", one.extent()).expect("writing to a string");
        if let Some(origin) = one.origin() {
            writeln!(text, "             {origin}").expect("writing to a string");
        }
        let kinds: Vec<String> =
            one.kinds().iter().map(|(meaning, number)| format!("{meaning} {}", count(*number))).collect();
        if !kinds.is_empty() {
            writeln!(text, "             {}", kinds.join(", ")).expect("writing to a string");
        }
        let rare = one.rare();
        if !rare.is_empty() {
            let total = count(rare.len() as u64);
            let named = first_few(rare.into_iter(), RARE_SHOWN, ", ");
            writeln!(text, "             seen in one run only ({total}): {named}")
                .expect("writing to a string");
        }
    }
    text
}

/// For `summary.md`: nothing if coverage was not asked for.
pub(crate) fn coverage_section(coverage: &[ScenarioCoverage]) -> String {
    if coverage.is_empty() {
        return String::new();
    }
    let mut text = "## Coverage\n\n".to_owned();
    for one in coverage {
        writeln!(text, "**{}**: {}.", literal(&one.scenario, NAME_CHARS_MAX), one.extent())
            .expect("writing to a string");
        if let Some(origin) = one.origin() {
            writeln!(text, "{origin}.").expect("writing to a string");
        }
        text.push('\n');
        for (meaning, number) in one.kinds() {
            writeln!(text, "- {meaning}: {}", count(number)).expect("writing to a string");
        }
        let rare = one.rare();
        if !rare.is_empty() {
            let total = count(rare.len() as u64);
            let named = rare.into_iter().map(|name| literal(&name, NAME_CHARS_MAX)).collect::<Vec<_>>();
            let named = first_few(named.into_iter(), RARE_SHOWN, ", ");
            writeln!(text, "- seen in one run only: {total} ({named})").expect("writing to a string");
        }
        text.push('\n');
    }
    text
}
