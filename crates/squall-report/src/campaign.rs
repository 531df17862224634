//! What the renderers of a whole campaign are given: verdicts, failing seeds, commands.
//!
//! Borrowed and plain, so that one value feeds the terminal, `summary.md` and `junit.xml`. Wall
//! times come in from outside and are optional: without them the output is reproducible.

use std::time::Duration;

use squall_check::{FaultCounts, Outcome, ScenarioStatus, ScenarioVerdict, SeedResult, Violation};
use squall_history::{PlannedFault, Seed};

use crate::ScenarioCoverage;
use crate::style::Tone;
use crate::text::{count, counted, first_few, one_line};

/// A campaign, or as much of it as ran.
#[derive(Clone, Copy, Debug)]
pub struct Campaign<'a> {
    /// How much of it ran.
    pub extent: Extent<'a>,
    /// One for each scenario, in the order they ran.
    pub verdicts: &'a [ScenarioVerdict],
    /// The seeds worth a word (all that did not pass, or those the caller kept), in seed order.
    pub failures: &'a [Failure<'a>],
    /// What systems say is worth reaching and no seed of theirs reached.
    pub unreached: &'a [Unreached],
    /// What runs went through, where that was asked for.
    pub coverage: &'a [ScenarioCoverage],
    /// How to write commands.
    pub commands: Commands<'a>,
    /// Wall time of the whole campaign.
    pub wall: Option<Duration>,
}

/// How much of a campaign ran here; by default, all of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extent<'a> {
    /// The shard (`slice:2/8`), if it is one.
    pub slice: Option<&'a str>,
    /// What ended it early, if something did.
    pub stopped: Option<Stopped<'a>>,
}

/// An early end.
#[derive(Clone, Copy, Debug)]
pub struct Stopped<'a> {
    /// What it was.
    pub cause: StopCause,
    /// Seeds that ran.
    pub done: u64,
    /// Seeds that were chosen.
    pub seeds: u64,
    /// The command that goes on from there.
    pub resume: &'a str,
}

/// What ended a campaign early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopCause {
    /// A signal, before all seeds ran.
    Signal,
    /// A signal, after all seeds ran and before what failed was made small.
    SignalInShrinking,
    /// The time budget.
    Budget,
}

impl Stopped<'_> {
    /// What happened, in one sentence without a full stop.
    pub(crate) fn sentence(&self) -> String {
        let done = counted(self.done, "seed");
        match self.cause {
            StopCause::Signal => {
                format!("interrupted after {} of {}", count(self.done), counted(self.seeds, "seed"))
            }
            StopCause::SignalInShrinking => {
                format!("interrupted after {done}, before failures were made small")
            }
            StopCause::Budget => {
                format!("cut after {} of {} by --time-budget", count(self.done), counted(self.seeds, "seed"))
            }
        }
    }
}

/// What it means for a verdict to be a shard's.
pub(crate) const SLICE_WORDS: &str =
    "one part of a campaign: what is asked of all seeds together is judged by `merge` alone";

/// Assertions of one system (`sometimes!`, `reachable!`) that the whole campaign never reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreached {
    /// The system.
    pub system: String,
    /// Their names, sorted; not empty.
    pub names: Vec<String>,
}

/// A seed that did not pass.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// What it came to.
    pub result: &'a SeedResult,
    /// The scenario as the command line names it: by name, or by path.
    pub target: &'a str,
    /// Its faults.
    pub faults: Faults<'a>,
    /// What shrinking made of it.
    pub shrunk: Option<Shrunk<'a>>,
    /// Wall time of the run.
    pub wall: Option<Duration>,
}

/// The faults of a failing seed.
#[derive(Clone, Copy, Debug)]
pub enum Faults<'a> {
    /// Those of `bound.yaml`: they took effect.
    Applied(&'a [PlannedFault]),
    /// Those of `plan.yaml`: the run died before it could say which took effect.
    Planned(&'a [PlannedFault]),
}

/// A failure made small.
#[derive(Clone, Copy, Debug)]
pub struct Shrunk<'a> {
    /// The faults that are left.
    pub faults: &'a [PlannedFault],
    /// The file that replays it, from the root of the repository.
    pub path: &'a str,
}

/// How the commands that a report prints are written.
#[derive(Clone, Copy, Debug)]
pub struct Commands<'a> {
    /// The program: `cargo xtask chaos`.
    pub program: &'a str,
    /// Options that belong to every replay: the inputs of the run that are not defaults.
    pub options: &'a [String],
}

impl Commands<'_> {
    /// The command that runs one seed again.
    pub fn replay(&self, target: &str, seed: Seed) -> String {
        let words = ["replay".to_owned(), target.to_owned(), "--seed".to_owned(), seed.to_string()];
        command(self.program, &[&words, self.options].concat())
    }

    /// The command that runs a plan file again; such a file needs no options.
    pub fn replay_file(&self, path: &str) -> String {
        format!("{} replay {}", self.program, quoted(path))
    }
}

impl<'a> Campaign<'a> {
    /// Seeds that ran.
    pub(crate) fn seeds(&self) -> u64 {
        self.sum(|verdict| verdict.seeds)
    }

    pub(crate) fn sum(&self, part: impl Fn(&ScenarioVerdict) -> u64) -> u64 {
        self.verdicts.iter().map(part).sum()
    }

    /// Virtual time covered.
    pub(crate) fn simulated(&self) -> Duration {
        Duration::from_nanos(self.verdicts.iter().fold(0, |sum, verdict| sum.saturating_add(verdict.sim_ns)))
    }

    /// Scenarios of that status.
    pub(crate) fn scenarios(&self, status: ScenarioStatus) -> u64 {
        self.verdicts.iter().filter(|verdict| verdict.status == status).count() as u64
    }

    /// The failures of one scenario, the gravest first, otherwise in their order.
    pub(crate) fn failures_of(&self, scenario: &str) -> Vec<&'a Failure<'a>> {
        let of_it = self.failures.iter().filter(|failure| failure.result.scenario == scenario);
        self.by_gravity(of_it.collect())
    }

    /// All failures, the gravest first, otherwise in their order.
    pub(crate) fn all_failures(&self) -> Vec<&'a Failure<'a>> {
        self.by_gravity(self.failures.iter().collect())
    }

    /// Whether the failure is one that its scenario knows of.
    pub(crate) fn standing(&self, failure: &Failure) -> Standing {
        let result = failure.result;
        let verdict = self.verdicts.iter().find(|verdict| verdict.scenario == result.scenario);
        match verdict.is_some_and(|verdict| verdict.known_failing.contains(&result.seed)) {
            true => Standing::Known,
            false => Standing::News,
        }
    }

    fn by_gravity(&self, mut failures: Vec<&'a Failure<'a>>) -> Vec<&'a Failure<'a>> {
        failures.sort_by_cached_key(|failure| match (self.standing(failure), failure.result.outcome) {
            (Standing::Known, _) => 4,
            (_, Outcome::HarnessError) => 0,
            (_, Outcome::Nondeterministic) => 1,
            (_, outcome) if outcome.is_failure() => 2,
            _ => 3,
        });
        failures
    }
}

/// Whether a failure is news.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    Known,
    News,
}

/// The word and the colour of a failing seed.
pub(crate) fn word(standing: Standing, outcome: Outcome) -> (String, Tone) {
    match standing {
        Standing::Known => ("KNOWN".to_owned(), Tone::Quiet),
        Standing::News => (outcome.name().to_uppercase(), Tone::of(outcome)),
    }
}

/// The colour of a scenario's verdict.
pub(crate) const fn tone_of(status: ScenarioStatus) -> Tone {
    match status {
        ScenarioStatus::Pass => Tone::Good,
        ScenarioStatus::Fail => Tone::Bad,
        ScenarioStatus::Inconclusive => Tone::Doubtful,
        ScenarioStatus::Nondeterministic => Tone::Differs,
        ScenarioStatus::HarnessError => Tone::Ours,
    }
}

/// A violation on one line: `acked-job-not-lost violated at t=4.213s (job 17)`.
pub(crate) fn violation_line(found: &Violation, chars_max: usize) -> String {
    let message = one_line(&found.message, chars_max);
    let message = if message.is_empty() { message } else { format!(" ({message})") };
    format!("{} violated at t={}{message}", one_line(&found.oracle, chars_max), found.at)
}

/// What happened to a seed, in one sentence.
pub(crate) fn what_happened(result: &SeedResult, chars_max: usize) -> String {
    let mut parts = Vec::new();
    // A `fail` is told by its violations alone; of any other ending the detail says more.
    if !result.detail.is_empty() && (result.outcome != Outcome::Fail || result.violations.is_empty()) {
        parts.push(one_line(&result.detail, chars_max));
    }
    if let Some(found) = result.violations.first() {
        let more = match result.violations.len() - 1 {
            0 => String::new(),
            1 => ", and 1 more violation".to_owned(),
            more => format!(", and {more} more violations"),
        };
        parts.push(violation_line(found, chars_max) + &more);
    }
    if result.outcome == Outcome::Unknown && !result.unknown.is_empty() {
        let unknown = result.unknown.iter().map(|(oracle, why)| format!("{oracle} ({why})"));
        let unknown = first_few(unknown.collect::<Vec<_>>().into_iter(), 3, ", ");
        parts.push(one_line(&format!("no answer from {unknown}"), chars_max));
    }
    match parts.is_empty() {
        true => in_general(result.outcome).to_owned(),
        false => parts.join("; "),
    }
}

/// Kinds of fault that were applied and left no trace.
pub(crate) fn without_effect(result: &SeedResult) -> Vec<&str> {
    let idle = |counts: &FaultCounts| counts.applied > 0 && counts.observed == 0;
    result.faults.iter().filter(|(_, counts)| idle(counts)).map(|(kind, _)| kind.as_str()).collect()
}

/// What an ending means, where nothing more is known.
const fn in_general(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "nothing is violated",
        Outcome::Fail => "an expectation failed",
        Outcome::Unknown => "a checker ran out of its budget",
        Outcome::Panic => "a task of the system panicked",
        Outcome::Abort => "the process aborted",
        Outcome::StackOverflow => "the stack overflowed",
        Outcome::Signal => "the process died of a signal",
        Outcome::OutOfMemory => "the memory limit was reached",
        Outcome::Stuck => "a poll did not return, or tasks woke each other while time stood still",
        Outcome::Timeout => "the wall limit was reached",
        Outcome::EventLimit => "the limit on simulator events was reached",
        Outcome::Nondeterministic => "the seed did not decide the run",
        Outcome::HarnessError => "Squall itself failed",
    }
}

/// A command line of `program`, with each word quoted for a shell where it needs to be.
pub fn command(program: &str, words: &[String]) -> String {
    words.iter().fold(program.to_owned(), |command, word| command + " " + &quoted(word))
}

/// One word of a command line, quoted for a shell where it needs to be.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", one_line(word, usize::MAX).replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_survive_a_shell() {
        let options = ["--set".to_owned(), "config.name=it's".to_owned()];
        let commands = Commands { program: "cargo xtask chaos", options: &options };
        assert_eq!(
            commands.replay("kill-leader", Seed(0x1f3a)),
            "cargo xtask chaos replay kill-leader --seed 0x1f3a --set 'config.name=it'\\''s'"
        );
        assert_eq!(commands.replay_file("my runs/a.yaml"), "cargo xtask chaos replay 'my runs/a.yaml'");
        assert_eq!(commands.replay_file(""), "cargo xtask chaos replay ''");
    }
}
