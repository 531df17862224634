//! What a scenario expects of its runs, and where it stops them.

use serde::{Deserialize, Serialize};

use crate::{Ppm, SimDuration};

/// Expectations, already validated. What is absent is not judged.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Expect {
    /// Which invariants and checkers judge the run.
    #[serde(default)]
    pub invariants: InvariantChoice,
    /// Before the first fault, and by this long after the start, every client has an `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady_state: Option<SimDuration>,
    /// By this long after the last fault's end every client has an operation invoked after that
    /// end which is `ok`, and no later gap without an `ok` is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<SimDuration>,
    /// At any time, enough of what clients ask for is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
    /// Clients do not wait too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyBounds>,
    /// Conditions that must have occurred in some seed of the campaign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sometimes: Vec<String>,
    /// The scenario is meant to find this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_failure: Option<KnownFailure>,
}

/// In every window outside the excepted faults, ok / (ok + fail + info) is at least a share.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Availability {
    /// The share.
    pub min: Ppm,
    /// Length of a window, more than zero.
    pub window: SimDuration,
    /// Names of faults, or ids, during which nothing is promised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
}

/// Longest times of operations; at least one of them is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LatencyBounds {
    /// Of the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<SimDuration>,
    /// Of the 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<SimDuration>,
    /// Of the longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<SimDuration>,
}

/// Which invariants and checkers judge a run. `no-panic` always does.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvariantChoice {
    /// All that the system brings and the engine can feed; those never exercised are listed.
    #[default]
    All,
    /// These alone; one never exercised makes the campaign inconclusive.
    Named(Vec<String>),
}

/// A violation that is known and tracked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownFailure {
    /// Names of invariants or checkers; one of them must be violated by at least one seed.
    pub invariants: Vec<String>,
    /// Where it is tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// Whether its absence is a failure instead of inconclusive.
    #[serde(default)]
    pub strict: bool,
}

/// Bounds of one run; reaching one is a named outcome.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Simulator events; reaching it is outcome `event-limit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Wall time; reaching it is outcome `timeout`, which takes no part in comparisons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<SimDuration>,
    /// Memory in bytes; reaching it is outcome `out-of-memory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// When to end a run that violates an invariant.
    #[serde(default)]
    pub stop_on: StopOn,
}

/// When to end a run that violates an invariant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopOn {
    /// At once.
    #[default]
    FirstViolation,
    /// At the end of the scenario's duration.
    End,
}
