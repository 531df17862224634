//! The results table: a line for each scenario, at most 100 columns.

use std::time::Duration;

use squall_check::{FaultCounts, ScenarioVerdict};
use tabled::builder::Builder;
use tabled::settings::object::{Columns, Rows};
use tabled::settings::peaker::PriorityMax;
use tabled::settings::{Alignment, Color, Style as Lines, Width};

use super::WORDS_CHARS_MAX;
use crate::campaign::tone_of;
use crate::style::{Style, Tone};
use crate::text::{count, magnitude, one_line, span};

/// Columns of a terminal that can be relied upon.
const WIDTH_MAX: usize = 100;
/// Columns that a scenario's name keeps, however long the numbers are.
const NAME_WIDTH_MIN: usize = 12;
const VERDICT_COLUMN: usize = 1;
const HEADINGS: [&str; 8] =
    ["scenario", "verdict", "seeds", "failed", "unknown", "applied/\nobserved", "simulated", "events"];

/// A line for each scenario; of its faults, how many were applied and how many of those observed.
pub fn results_table(verdicts: &[ScenarioVerdict], style: Style) -> String {
    let mut rows = Builder::new();
    rows.push_record(HEADINGS);
    for verdict in verdicts {
        rows.push_record(row(verdict));
    }
    let mut table = rows.build();
    table.with(Lines::rounded()).modify(Columns::new(VERDICT_COLUMN + 1..), Alignment::right());
    // Names give way first, so that verdicts and numbers stay in one piece.
    let excess = table.total_width().saturating_sub(WIDTH_MAX);
    let longest = verdicts.iter().map(|verdict| verdict.scenario.chars().count()).max().unwrap_or(0);
    if excess > 0 {
        let width = longest.saturating_sub(excess).max(NAME_WIDTH_MIN);
        table.modify(Columns::first(), Width::wrap(width));
        table.with(Width::wrap(WIDTH_MAX).priority(PriorityMax::left()));
    }
    if style == Style::Coloured {
        table.modify(Rows::first(), colour(Tone::Strong));
        for (place, verdict) in verdicts.iter().enumerate() {
            table.modify((place + 1, VERDICT_COLUMN), colour(tone_of(verdict.status)));
        }
    }
    format!("{table}\n")
}

fn row(verdict: &ScenarioVerdict) -> [String; HEADINGS.len()] {
    let faults = |part: fn(&FaultCounts) -> u64| count(verdict.faults.values().map(part).sum());
    [
        one_line(&verdict.scenario, WORDS_CHARS_MAX),
        verdict.status.name().to_owned(),
        count(verdict.seeds),
        count(verdict.failed),
        count(verdict.unknown),
        format!("{}/{}", faults(|counts| counts.applied), faults(|counts| counts.observed)),
        span(Duration::from_nanos(verdict.sim_ns)),
        magnitude(verdict.events),
    ]
}

/// A tone as the table's own kind of colour, which knows that codes take no width.
fn colour(tone: Tone) -> Color {
    let ansi = tone.ansi();
    Color::new(ansi.render().to_string(), ansi.render_reset().to_string())
}
