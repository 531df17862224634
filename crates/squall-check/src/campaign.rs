//! What a scenario came to over all of its seeds.
//!
//! A pure function of the expectations and the seeds' results, so shards store results and the
//! merge alone judges. It does not re-judge a run: what a seed violated is taken as it stands.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use squall_history::{Expect, InvariantChoice, KnownFailure, Seed};

use crate::{ExitCode, FaultCounts, Outcome, SeedResult};

/// Version of [`ScenarioVerdict`].
pub const SCENARIO_VERDICT_FORMAT: u32 = 1;

/// A scenario's verdict in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScenarioStatus {
    /// As expected (a known failure that was found included).
    Pass,
    /// Some seed failed, or a strict known failure did not show.
    Fail,
    /// Nothing failed, but the runs prove less than the scenario asks for.
    Inconclusive,
    /// Some seed did not decide its run: it had another digest when it was run again, or asked for what no
    /// seed decides.
    Nondeterministic,
    /// Squall itself failed.
    HarnessError,
}

impl ScenarioStatus {
    /// Its name, as in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Nondeterministic => "nondeterministic",
            Self::HarnessError => "harness-error",
        }
    }
}

impl From<ScenarioStatus> for ExitCode {
    fn from(status: ScenarioStatus) -> Self {
        match status {
            ScenarioStatus::Pass => Self::AsExpected,
            ScenarioStatus::Fail => Self::Failed,
            ScenarioStatus::Inconclusive => Self::Inconclusive,
            ScenarioStatus::Nondeterministic => Self::Nondeterministic,
            ScenarioStatus::HarnessError => Self::HarnessBug,
        }
    }
}

/// An oracle that could not judge some of the runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NotApplicable {
    /// In how many seeds.
    pub seeds: u64,
    /// Why, in the first of them.
    pub why: String,
}

/// What a scenario came to. Every seed is counted in exactly one of `passed`, `failed`, `known`,
/// `unknown`, `nondeterministic` and `harness_errors`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ScenarioVerdict {
    /// [`SCENARIO_VERDICT_FORMAT`].
    pub v: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// In one word.
    pub status: ScenarioStatus,
    /// Seeds that ran.
    pub seeds: u64,
    /// Seeds that passed.
    pub passed: u64,
    /// Seeds that failed, but for those that only show the known failure.
    pub failed: u64,
    /// Seeds that violate the known failure and nothing else.
    pub known: u64,
    /// Seeds without an answer: some checker ran out of its budget.
    pub unknown: u64,
    /// Seeds with another digest when run again.
    pub nondeterministic: u64,
    /// Seeds in which Squall itself failed.
    pub harness_errors: u64,
    /// How many of `failed` reached the wall limit.
    pub timeouts: u64,
    /// Why the status is not `pass`, one sentence each, the gravest first; empty if it is.
    pub reasons: Vec<String>,
    /// How often each oracle had something to judge, over all seeds.
    pub exercised: BTreeMap<String, u64>,
    /// Oracles that had nothing to judge in any seed, those named by the scenario included.
    pub never_exercised: Vec<String>,
    /// Oracles that could not judge some of the runs.
    pub not_applicable: BTreeMap<String, NotApplicable>,
    /// How often each condition occurred, over all seeds.
    pub conditions: BTreeMap<String, u64>,
    /// Faults by action keyword, over all seeds.
    pub faults: BTreeMap<String, FaultCounts>,
    /// Kinds of fault that were applied and left no trace in any seed.
    pub without_effect: Vec<String>,
    /// Seeds counted in `failed`, in the order they came in.
    pub failing: Vec<Seed>,
    /// Seeds counted in `known`, in the order they came in.
    pub known_failing: Vec<Seed>,
    /// Simulator events executed, over all seeds.
    pub events: u64,
    /// Virtual time covered, over all seeds, in nanoseconds.
    pub sim_ns: u64,
}

/// Judges a scenario by the results of its seeds; results of other scenarios are left out.
///
/// A seed that failed outweighs whatever else is inconclusive. `expect` is to hold names of
/// oracles, not their ids: see [`with_names`](crate::with_names).
pub fn judge_scenario(name: &str, expect: &Expect, results: &[SeedResult]) -> ScenarioVerdict {
    let mut judge = ScenarioJudge::new(name, expect.clone());
    results.iter().filter(|result| result.scenario == name).for_each(|result| judge.take(result));
    judge.finish()
}

/// Judges a scenario while its results come in. It keeps sums, and no result: a sweep of a million
/// seeds takes no more memory than one of ten, but for the numbers of seeds that failed.
#[derive(Clone, Debug)]
pub struct ScenarioJudge {
    expect: Expect,
    verdict: ScenarioVerdict,
    causes: BTreeMap<(Class, String), Group>,
}

/// Seeds of which the same is said.
#[derive(Clone, Debug)]
struct Group {
    seeds: u64,
    first: Seed,
    /// What else the first one has to say.
    detail: String,
}

impl ScenarioJudge {
    /// One that has seen no seed of the scenario yet.
    pub fn new(name: &str, expect: Expect) -> Self {
        Self { expect, verdict: no_seed(name), causes: BTreeMap::new() }
    }

    /// Takes the next seed's result.
    ///
    /// # Panics
    /// If it is another scenario's.
    pub fn take(&mut self, result: &SeedResult) {
        assert_eq!(result.scenario, self.verdict.scenario, "each scenario has a judge of its own");
        let class = class_of(result, self.expect.known_failure.as_ref());
        add(&mut self.verdict, result);
        count_seed(&mut self.verdict, class, result);
        for cause in class.causes(result) {
            let new = || Group { seeds: 0, first: result.seed, detail: detail_of(result).to_owned() };
            self.causes.entry((class, cause)).or_insert_with(new).seeds += 1;
        }
    }

    /// The verdict on the seeds that it took.
    ///
    /// # Panics
    /// Only by a mistake of ours.
    pub fn finish(self) -> ScenarioVerdict {
        self.conclude(Scope::Campaign)
    }

    /// The verdict on the seeds that it took, if they are one shard's. What is asked of all seeds
    /// together (`sometimes`, oracles that must have judged, a known failure that must show) is not
    /// judged, and to have no seed is nothing to complain of.
    ///
    /// # Panics
    /// Only by a mistake of ours.
    pub fn finish_slice(self) -> ScenarioVerdict {
        self.conclude(Scope::Slice)
    }

    fn conclude(self, scope: Scope) -> ScenarioVerdict {
        let Self { expect, mut verdict, causes } = self;
        let traceless = |counts: &FaultCounts| counts.applied > 0 && counts.observed == 0;
        let without_effect = verdict.faults.iter().filter(|(_, counts)| traceless(counts));
        verdict.without_effect = without_effect.map(|(kind, _)| kind.clone()).collect();
        verdict.never_exercised = never_exercised(&verdict, &expect.invariants);
        conclude(&mut verdict, &expect, &causes, scope);
        assert_eq!(
            verdict.reasons.is_empty(),
            verdict.status == ScenarioStatus::Pass,
            "whatever is not a pass says why"
        );
        verdict
    }
}

/// What the seeds of a verdict are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scope {
    /// All of a campaign.
    Campaign,
    /// One shard's.
    Slice,
}

/// What one seed counts as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Class {
    Passed,
    Failed,
    Known,
    Unknown,
    Nondeterministic,
    HarnessError,
}

fn class_of(result: &SeedResult, known: Option<&KnownFailure>) -> Class {
    match result.outcome {
        Outcome::HarnessError => Class::HarnessError,
        Outcome::Nondeterministic => Class::Nondeterministic,
        // What is violated is violated, whatever the outcome says.
        outcome if outcome.is_failure() || !result.violations.is_empty() => match known {
            Some(known) if is_known(result, known) => Class::Known,
            _ => Class::Failed,
        },
        Outcome::Unknown => Class::Unknown,
        _ => Class::Passed,
    }
}

/// Whether all that went wrong is the known failure. A hang or an abort is something else, even
/// beside a known violation.
fn is_known(result: &SeedResult, known: &KnownFailure) -> bool {
    let judged = !matches!(
        result.outcome,
        Outcome::Abort
            | Outcome::StackOverflow
            | Outcome::Signal
            | Outcome::OutOfMemory
            | Outcome::Stuck
            | Outcome::Timeout
            | Outcome::EventLimit
    );
    judged
        && !result.violations.is_empty()
        && result.violations.iter().all(|violation| known.invariants.contains(&violation.oracle))
}

fn count_seed(verdict: &mut ScenarioVerdict, class: Class, result: &SeedResult) {
    let count = match class {
        Class::Passed => &mut verdict.passed,
        Class::Failed => {
            verdict.timeouts += u64::from(result.outcome == Outcome::Timeout);
            verdict.failing.push(result.seed);
            &mut verdict.failed
        }
        Class::Known => {
            verdict.known_failing.push(result.seed);
            &mut verdict.known
        }
        Class::Unknown => &mut verdict.unknown,
        Class::Nondeterministic => &mut verdict.nondeterministic,
        Class::HarnessError => &mut verdict.harness_errors,
    };
    *count += 1;
}

/// A verdict before the first seed.
fn no_seed(name: &str) -> ScenarioVerdict {
    ScenarioVerdict {
        v: SCENARIO_VERDICT_FORMAT,
        scenario: name.to_owned(),
        status: ScenarioStatus::Pass,
        seeds: 0,
        passed: 0,
        failed: 0,
        known: 0,
        unknown: 0,
        nondeterministic: 0,
        harness_errors: 0,
        timeouts: 0,
        reasons: Vec::new(),
        exercised: BTreeMap::new(),
        never_exercised: Vec::new(),
        not_applicable: BTreeMap::new(),
        conditions: BTreeMap::new(),
        faults: BTreeMap::new(),
        without_effect: Vec::new(),
        failing: Vec::new(),
        known_failing: Vec::new(),
        events: 0,
        sim_ns: 0,
    }
}

/// Adds up what needs no judgement.
fn add(verdict: &mut ScenarioVerdict, result: &SeedResult) {
    verdict.seeds += 1;
    verdict.events += result.events;
    verdict.sim_ns += result.sim_ns;
    add_counts(&mut verdict.exercised, &result.exercised);
    add_counts(&mut verdict.conditions, &result.conditions);
    for (kind, counts) in &result.faults {
        *verdict.faults.entry(kind.clone()).or_default() += *counts;
    }
    for (oracle, why) in &result.not_applicable {
        let none = || NotApplicable { seeds: 0, why: why.clone() };
        verdict.not_applicable.entry(oracle.clone()).or_insert_with(none).seeds += 1;
    }
}

fn add_counts(sum: &mut BTreeMap<String, u64>, counts: &BTreeMap<String, u64>) {
    for (name, count) in counts {
        *sum.entry(name.clone()).or_default() += count;
    }
}

fn never_exercised(verdict: &ScenarioVerdict, choice: &InvariantChoice) -> Vec<String> {
    let mut never: BTreeSet<&String> =
        verdict.exercised.iter().filter(|(_, count)| **count == 0).map(|(name, _)| name).collect();
    if let InvariantChoice::Named(named) = choice {
        never.extend(named.iter().filter(|name| !verdict.exercised.contains_key(*name)));
    }
    never.into_iter().cloned().collect()
}

/// Finds the status and the reasons, the gravest first.
fn conclude(
    verdict: &mut ScenarioVerdict,
    expect: &Expect,
    causes: &BTreeMap<(Class, String), Group>,
    scope: Scope,
) {
    if verdict.seeds == 0 && scope == Scope::Campaign {
        verdict.status = ScenarioStatus::Inconclusive;
        verdict.reasons.push("no seed ran".to_owned());
        return;
    }
    let mut found: Vec<(ScenarioStatus, String)> = Vec::new();
    for (status, class) in [
        (ScenarioStatus::HarnessError, Class::HarnessError),
        (ScenarioStatus::Nondeterministic, Class::Nondeterministic),
        (ScenarioStatus::Fail, Class::Failed),
        (ScenarioStatus::Inconclusive, Class::Unknown),
    ] {
        let of_class = causes.iter().filter(|((of, _), _)| *of == class);
        found.extend(of_class.map(|((_, what), group)| (status, group.sentence(what, verdict.seeds))));
    }
    if scope == Scope::Campaign {
        found.extend(expect.known_failure.as_ref().and_then(|known| absent(known, verdict)));
        found.extend(vacuous(verdict, expect).map(|why| (ScenarioStatus::Inconclusive, why)));
    }
    // A known failure that does not show may be graver than seeds without an answer. The sort is stable.
    found.sort_by_key(|(status, _)| std::cmp::Reverse(ExitCode::from(*status)));
    verdict.status = found.first().map_or(ScenarioStatus::Pass, |(status, _)| *status);
    verdict.reasons = found.into_iter().map(|(_, why)| why).collect();
}

impl Class {
    /// What there is to blame on a seed of this class.
    fn causes(self, result: &SeedResult) -> Vec<String> {
        match self {
            Self::Passed | Self::Known => Vec::new(),
            Self::Failed => causes(result),
            Self::Unknown => unanswered(result),
            Self::Nondeterministic => vec!["the seed did not decide the run".to_owned()],
            Self::HarnessError => vec!["squall itself failed".to_owned()],
        }
    }
}

/// What went wrong in a seed that failed: the violated oracles, else how it ended.
fn causes(result: &SeedResult) -> Vec<String> {
    let oracles: BTreeSet<&String> = result.violations.iter().map(|violation| &violation.oracle).collect();
    let mut causes: Vec<String> =
        oracles.into_iter().map(|oracle| format!("`{oracle}` is violated")).collect();
    let told_by_violations =
        matches!(result.outcome, Outcome::Pass | Outcome::Unknown | Outcome::Fail | Outcome::Panic);
    if causes.is_empty() || !told_by_violations {
        causes.push(format!("the run ended in `{}`", result.outcome.name()));
    }
    causes
}

fn unanswered(result: &SeedResult) -> Vec<String> {
    if result.unknown.is_empty() {
        return vec!["the run has no answer".to_owned()];
    }
    result.unknown.keys().map(|checker| format!("`{checker}` has no answer")).collect()
}

/// The known failure, if no seed shows it.
fn absent(known: &KnownFailure, verdict: &ScenarioVerdict) -> Option<(ScenarioStatus, String)> {
    if verdict.known > 0 {
        return None;
    }
    let status = if known.strict { ScenarioStatus::Fail } else { ScenarioStatus::Inconclusive };
    let names: Vec<String> = known.invariants.iter().map(|name| format!("`{name}`")).collect();
    let issue = known.issue.as_ref().map_or(String::new(), |issue| format!(" ({issue})"));
    Some((status, format!("no seed shows the known failure {}{issue} alone", names.join(" or "))))
}

/// What the scenario asks for and no seed gave.
fn vacuous<'a>(verdict: &'a ScenarioVerdict, expect: &'a Expect) -> impl Iterator<Item = String> + 'a {
    let conditions = expect
        .sometimes
        .iter()
        .filter(|name| verdict.conditions.get(*name).is_none_or(|count| *count == 0))
        .map(|name| format!("the condition `{name}` occurred in no seed"));
    let named = match &expect.invariants {
        InvariantChoice::All => &[][..],
        InvariantChoice::Named(named) => named,
    };
    let oracles = named.iter().filter(|name| verdict.never_exercised.contains(name)).map(|name| {
        let why =
            verdict.not_applicable.get(name).map_or(String::new(), |cannot| format!(": {}", cannot.why));
        format!("`{name}` is named but had nothing to judge in any seed{why}")
    });
    conditions.chain(oracles)
}

impl Group {
    fn sentence(&self, what: &str, of: u64) -> String {
        let Self { seeds, first, detail } = self;
        let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let noun = if of == 1 { "seed" } else { "seeds" };
        format!("{what} in {seeds} of {of} {noun}, first in {first}{detail}")
    }
}

/// The first line of what else there is to say: a reason is one sentence.
fn detail_of(result: &SeedResult) -> &str {
    let told = match result.outcome {
        Outcome::Unknown => result.unknown.values().next().map_or("", String::as_str),
        _ => &result.detail,
    };
    told.lines().next().unwrap_or("")
}
