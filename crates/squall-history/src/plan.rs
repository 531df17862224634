//! The plan of one run: everything the run depends on besides the binary.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Action, ClockProfile, Expect, FaultId, Limits, LinkProfile, NetworkProfile, PlannedFault, Seed, Sequence,
    SimDuration, SimTime, Step, Topology,
};

/// A plan: a pure function of (scenario, seed) before the run, and after it, with literal targets,
/// the record of what was done. Engines need nothing else.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// [`PLAN_FORMAT`](crate::PLAN_FORMAT).
    pub format: u32,
    /// Name of the scenario.
    pub scenario: Arc<str>,
    /// The scenario's one-line description.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The seed.
    pub seed: Seed,
    /// Name of the engine it is meant for.
    pub engine: String,
    /// The system under test.
    pub system: SystemPlan,
    /// The system's own workload section, drawn values in place.
    pub workload: Value,
    /// The nodes.
    pub topology: Topology,
    /// The network before any fault.
    pub network: NetworkProfile,
    /// Links that behave otherwise before any fault. Of several that name one link the last counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkProfile>,
    /// The disks before any fault.
    pub disk: DiskProfile,
    /// The nodes' clocks before any fault.
    #[serde(default)]
    pub clock: ClockProfile,
    /// Virtual length of the run.
    pub duration: SimDuration,
    /// The faults, by time, then by position in the scenario.
    pub faults: Vec<PlannedFault>,
    /// Faults in steps; a bound plan holds what they became among its faults, and none here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sequences: Vec<Sequence>,
    /// From each of these times on, draws come from another seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reseed: Vec<Reseed>,
    /// Faults that the budget refused (bound plans only): listed, not applied again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vetoes: Vec<Veto>,
    /// Whether faults that the engine cannot inject are left out, in place of refusing the plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_unsupported: bool,
    /// What is expected.
    pub expect: Expect,
    /// Where a run is stopped.
    pub limits: Limits,
}

impl Plan {
    /// What all of its faults do, those in steps included.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        let in_steps = self.sequences.iter().flat_map(|sequence| &sequence.steps).flat_map(Step::faults);
        self.faults.iter().map(|fault| &fault.action).chain(in_steps.map(|fault| &fault.action))
    }
}

/// Which system runs, and how.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SystemPlan {
    /// Its registered name.
    pub name: String,
    /// Its own configuration section, drawn values in place.
    pub config: Value,
    /// Planted bugs that are switched on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bugs: Vec<String>,
}

/// Behaviour of every disk that no fault touches. Each operation takes a drawn time from the range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DiskProfile {
    /// Shortest and longest time of a read, a write or a directory operation.
    pub latency: (SimDuration, SimDuration),
    /// Shortest and longest time of a sync.
    pub fsync: (SimDuration, SimDuration),
    /// Bytes that the files of a disk may hold together; absent: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
}

impl Default for DiskProfile {
    /// A solid-state disk with a write cache: 20 to 100 µs, sync 0.5 to 2 ms.
    fn default() -> Self {
        Self {
            latency: (SimDuration::from_micros(20), SimDuration::from_micros(100)),
            fsync: (SimDuration::from_micros(500), SimDuration::from_millis(2)),
            capacity: None,
        }
    }
}

/// From `at` on, draws come from `seed`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reseed {
    /// First instant of the new draws.
    pub at: SimTime,
    /// Where they come from.
    pub seed: Seed,
}

/// A fault that the budget refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Veto {
    /// Which.
    pub id: FaultId,
    /// When it was due.
    pub at: SimTime,
    /// Which assumption it would have broken.
    pub why: String,
}
