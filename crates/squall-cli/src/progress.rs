//! Progress of a campaign, and of a shrinking, on the terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use squall::{ShrinkStep, SimDuration};
use squall_check::{Outcome, SeedResult};

use crate::args::ShowProgress;
use crate::environment::wall_now;

/// Shows how far a campaign is.
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    lines: bool,
    began: Instant,
    failed: u64,
    simulated: Duration,
}

impl Display {
    /// For this many seeds.
    pub(crate) fn new(how: ShowProgress, seeds: u64) -> Self {
        let (bar, lines) = ways(how);
        let bar = bar.then(|| {
            let style =
                ProgressStyle::with_template("{spinner} [{bar:30}] seeds {pos}/{len} · {msg} · eta {eta}")
                    .expect("the template is fixed and valid")
                    .progress_chars("=> ");
            ProgressBar::new(seeds).with_style(style)
        });
        Self { bar, lines, began: wall_now(), failed: 0, simulated: Duration::ZERO }
    }

    /// A seed is done.
    pub(crate) fn seed(&mut self, result: &SeedResult) {
        self.failed += u64::from(result.outcome != Outcome::Pass);
        self.simulated += Duration::from_nanos(result.sim_ns);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} failed · {}× real time", self.failed, self.rate()));
            bar.inc(1);
        }
    }

    /// A seed that was done before.
    pub(crate) fn past(&mut self, result: &SeedResult) {
        self.failed += u64::from(result.outcome != Outcome::Pass);
        self.skip(1);
    }

    /// Seeds that will not run after all.
    pub(crate) fn skip(&self, seeds: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(seeds);
        }
    }

    /// A scenario is done.
    pub(crate) fn scenario(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| anstream::eprintln!("{line}")),
            None if self.lines => anstream::eprintln!("{line}"),
            None => {}
        }
    }

    /// Something that takes a while besides seeds.
    pub(crate) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None if self.lines => anstream::eprintln!("{text}"),
            None => {}
        }
    }

    /// How far a shrinking is.
    pub(crate) fn shrinking(&self, what: &str, step: &ShrinkStep<'_>) {
        if let Some(bar) = &self.bar {
            let (faults, runs) = (counted(step.faults as u64, "fault"), counted(step.runs, "run"));
            bar.set_message(format!("{what}: {runs}, {faults} left"));
        }
    }

    /// Everything is done; how long it took.
    pub(crate) fn finish(self) -> Duration {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.began.elapsed()
    }

    fn rate(&self) -> u64 {
        let wall = self.began.elapsed().as_secs_f64().max(1e-3);
        (self.simulated.as_secs_f64() / wall) as u64
    }
}

/// Shows how far a shrinking is.
pub(crate) struct Shrinking {
    bar: Option<ProgressBar>,
    lines: bool,
    /// What was left when it was told last.
    left: Option<(usize, usize, SimDuration)>,
}

impl Shrinking {
    /// A line that changes on a terminal; else one for each step forward.
    pub(crate) fn new(how: ShowProgress) -> Self {
        let (bar, lines) = ways(how);
        let bar = bar.then(|| {
            let style = ProgressStyle::with_template("{spinner} shrinking: {msg}")
                .expect("the template is fixed and valid");
            ProgressBar::new_spinner().with_style(style)
        });
        Self { bar, lines, left: None }
    }

    /// It went on.
    pub(crate) fn step(&mut self, step: &ShrinkStep<'_>) {
        let left = (step.faults, step.nodes, step.duration);
        let (faults, nodes) = (counted(step.faults as u64, "fault"), counted(step.nodes as u64, "node"));
        let text = format!("{} · {faults} · {nodes} · {}", counted(step.runs, "run"), step.duration);
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{text} · {}", step.pass));
            bar.tick();
        } else if self.lines && self.left.replace(left) != Some(left) {
            anstream::eprintln!("shrinking: {text}");
        }
    }

    /// It is over.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Shows how far a search is that takes runs up to a bound.
pub(crate) struct Sampling(Option<ProgressBar>);

impl Sampling {
    /// For at most this many runs.
    pub(crate) fn new(how: ShowProgress, runs: u64) -> Self {
        let shown = match how {
            ShowProgress::Bar => true,
            ShowProgress::Auto => std::io::stderr().is_terminal(),
            ShowProgress::Counter | ShowProgress::None => false,
        };
        Self(shown.then(|| {
            let style =
                ProgressStyle::with_template("{spinner} [{bar:30}] runs {pos} of at most {len} · {msg}")
                    .expect("the template is fixed and valid")
                    .progress_chars("=> ");
            ProgressBar::new(runs).with_style(style)
        }))
    }

    /// So many runs of so many moments are done.
    pub(crate) fn sampled(&self, runs: u64, moments: usize) {
        if let Some(bar) = &self.0 {
            bar.set_position(runs);
            bar.set_message(counted(moments as u64, "moment"));
        }
    }

    /// Nothing is shown any more.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Whether a bar is shown, and whether lines are.
fn ways(how: ShowProgress) -> (bool, bool) {
    let terminal = std::io::stderr().is_terminal();
    match how {
        ShowProgress::None => (false, false),
        ShowProgress::Counter => (false, true),
        ShowProgress::Bar => (true, false),
        ShowProgress::Auto => (terminal, !terminal),
    }
}

/// `1 seed`, `2 seeds`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
