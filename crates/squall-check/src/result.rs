//! What one seed came to: a line of `results.ndjson`.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use squall_history::{Digest, Plan, Seed};

use crate::{Status, Verdict, Violation};

/// How a run ended. Every ending has a name; none is passed over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran to its end and nothing is violated.
    Pass,
    /// Something is violated.
    Fail,
    /// A checker ran out of its budget.
    Unknown,
    /// A task of the system panicked.
    Panic,
    /// The process aborted.
    Abort,
    /// The stack overflowed.
    StackOverflow,
    /// The process died of another signal.
    Signal,
    /// The memory limit was reached.
    OutOfMemory,
    /// A poll did not return, or tasks woke each other for ever while virtual time stood still.
    Stuck,
    /// The wall limit was reached; takes no part in comparisons.
    Timeout,
    /// The limit on simulator events was reached.
    EventLimit,
    /// The second run had another digest, or the system asked the world outside for what no seed decides.
    Nondeterministic,
    /// Squall itself failed.
    HarnessError,
}

impl Outcome {
    /// Whether the scenario's expectation failed: exit code 100.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Pass | Self::Unknown | Self::Nondeterministic | Self::HarnessError)
    }

    /// Its name, as in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Panic => "panic",
            Self::Abort => "abort",
            Self::StackOverflow => "stack-overflow",
            Self::Signal => "signal",
            Self::OutOfMemory => "out-of-memory",
            Self::Stuck => "stuck",
            Self::Timeout => "timeout",
            Self::EventLimit => "event-limit",
            Self::Nondeterministic => "nondeterministic",
            Self::HarnessError => "harness-error",
        }
    }
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        match status {
            Status::Pass => Self::Pass,
            Status::Fail => Self::Fail,
            Status::Unknown => Self::Unknown,
        }
    }
}

/// What became of the faults of one kind in one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FaultCounts {
    /// In the plan.
    pub planned: u64,
    /// Took effect.
    pub applied: u64,
    /// Left a trace that was counted: packets dropped, connections reset, tasks lost, …
    pub observed: u64,
    /// Refused by the fault budget.
    pub vetoed: u64,
    /// Left out, since the engine cannot inject them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl AddAssign for FaultCounts {
    fn add_assign(&mut self, other: Self) {
        self.planned += other.planned;
        self.applied += other.applied;
        self.observed += other.observed;
        self.vetoed += other.vetoed;
        self.skipped += other.skipped;
    }
}

/// What one seed came to. Nothing in it depends on wall time, on `-j` or on the machine.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SeedResult {
    /// Version of this record.
    pub v: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: Seed,
    /// The engine.
    pub engine: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Digest of the run; absent if the process died before it could say.
    pub digest: Option<Digest>,
    /// Simulator events executed.
    pub events: u64,
    /// Virtual time covered, in nanoseconds.
    pub sim_ns: u64,
    /// What was violated.
    pub violations: Vec<Violation>,
    /// How often each oracle had something to judge.
    pub exercised: BTreeMap<String, u64>,
    /// Oracles that could not judge, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_applicable: BTreeMap<String, String>,
    /// Checkers without an answer, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown: BTreeMap<String, String>,
    /// How often each condition occurred.
    pub conditions: BTreeMap<String, u64>,
    /// Faults by action keyword.
    pub faults: BTreeMap<String, FaultCounts>,
    /// What else there is to say of the outcome: the signal, the panic, the node that is stuck.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Version of [`SeedResult`].
pub const RESULT_FORMAT: u32 = 1;

impl SeedResult {
    /// The result of a run of this plan that nothing is known of yet but how it ended.
    pub fn of(plan: &Plan, outcome: Outcome) -> Self {
        Self {
            v: RESULT_FORMAT,
            scenario: plan.scenario.to_string(),
            seed: plan.seed,
            engine: plan.engine.clone(),
            outcome,
            digest: None,
            events: 0,
            sim_ns: 0,
            violations: Vec::new(),
            exercised: BTreeMap::new(),
            not_applicable: BTreeMap::new(),
            unknown: BTreeMap::new(),
            conditions: BTreeMap::new(),
            faults: BTreeMap::new(),
            detail: String::new(),
        }
    }

    /// Takes over what the judge said.
    pub fn set_verdict(&mut self, verdict: Verdict) {
        self.outcome = verdict.status.into();
        self.violations = verdict.violations;
        self.exercised = verdict.exercised;
        self.not_applicable = verdict.not_applicable;
        self.unknown = verdict.unknown;
        self.conditions = verdict.conditions;
    }
}
