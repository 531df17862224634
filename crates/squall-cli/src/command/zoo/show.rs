//! What the user sees of a hunt: how far it is, a line for each row, and the table at the end.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use squall::zoo::{Row, RowTimes};
use tabled::builder::Builder;
use tabled::settings::Style;

use super::store::Stored;
use super::targets::Target;
use super::{table, words};
use crate::args::ShowProgress;

/// Shows how far it is.
pub(super) struct Show {
    bar: Option<ProgressBar>,
    lines: bool,
    current: String,
}

impl Show {
    /// For so many rows.
    pub(super) fn new(how: ShowProgress, rows: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let (bar, lines) = match how {
            ShowProgress::None => (false, false),
            ShowProgress::Counter => (false, true),
            ShowProgress::Bar => (true, true),
            ShowProgress::Auto => (terminal, true),
        };
        let bar = bar.then(|| {
            let style = ProgressStyle::with_template("{spinner} [{bar:20}] {pos}/{len} · {msg} · {elapsed}")
                .expect("the template is fixed and valid")
                .progress_chars("=> ");
            let bar = ProgressBar::new(rows as u64).with_style(style);
            // A seed that runs for long says nothing meanwhile.
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, lines, current: String::new() }
    }

    /// A row that was measured before.
    pub(super) fn known(&self, target: &Target) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        self.say(&format!("{} by {}: as measured before", target.key.bug, target.key.scenario));
    }

    /// A row begins.
    pub(super) fn begin(&mut self, target: &Target) {
        self.current = format!("{} by {}", target.key.bug, target.key.scenario);
        self.note("0 of 0 seeds");
    }

    /// What goes on in it.
    pub(super) fn note(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{}: {what}", self.current));
        }
    }

    /// It is done.
    pub(super) fn done(&self, row: &Row, times: &RowTimes) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        let shrunk = row.shrunk.first().map_or_else(String::new, |one| {
            let wall = times.shrink_wall_ms.first().map_or(0.0, |ms| *ms as f64 * 1e3);
            format!("; faults {} → {} in {}", one.faults_before, one.faults_after, words::seconds(wall))
        });
        self.say(&format!("{}: found by {} seeds{shrunk}", self.current, words::found(&row.tally)));
    }

    /// Everything is done.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| anstream::eprintln!("{line}")),
            None if self.lines => anstream::eprintln!("{line}"),
            None => {}
        }
    }
}

/// The rows as a table.
pub(super) fn table(stored: &Stored) -> String {
    let mut builder = Builder::new();
    builder.push_record([
        "bug",
        "by",
        "found",
        "share (95 %)",
        "seeds to find",
        "CPU to find",
        "caught by",
        "faults",
        "replays",
    ]);
    for row in &stored.score.rows {
        let tally = &row.tally;
        let cpu = table::cpu_to_find(&row.key, tally, &stored.times);
        let dash = || "–".to_owned();
        builder.push_record([
            row.key.bug.clone(),
            row.key.scenario.clone(),
            words::found(tally),
            words::share(tally),
            tally.seeds_to_find().map_or_else(dash, words::grouped),
            cpu.map_or_else(dash, |us| words::seconds(us as f64)),
            words::caught_by(tally, str::to_owned),
            row.shrunk
                .first()
                .map_or_else(dash, |one| format!("{} → {}", one.faults_before, one.faults_after)),
            words::replays(row).replace("**", ""),
        ]);
    }
    builder.build().with(Style::rounded()).to_string()
}
