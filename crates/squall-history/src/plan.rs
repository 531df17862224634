//! The plan of one run: everything the run depends on besides the binary.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Expect, FaultId, Limits, PlannedFault, Ppm, Seed, SimDuration, SimTime, Topology};

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
    /// The disks before any fault.
    pub disk: DiskProfile,
    /// Virtual length of the run.
    pub duration: SimDuration,
    /// The faults, by time, then by position in the scenario.
    pub faults: Vec<PlannedFault>,
    /// From each of these times on, draws come from another seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reseed: Vec<Reseed>,
    /// Faults that the budget refused (bound plans only): listed, not applied again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vetoes: Vec<Veto>,
    /// What is expected.
    pub expect: Expect,
    /// Where a run is stopped.
    pub limits: Limits,
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

/// Behaviour of every link that no fault touches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NetworkProfile {
    /// One-way latency.
    pub latency: SimDuration,
    /// Added to it, uniform from 0 to this.
    pub jitter: SimDuration,
    /// Chance that a packet vanishes.
    pub loss: Ppm,
    /// Chance that a datagram arrives twice.
    pub duplicate: Ppm,
    /// Chance that a packet is held back so that later ones overtake it.
    pub reorder: Ppm,
}

impl NetworkProfile {
    /// Everything at once, and never lost.
    pub const PERFECT: Self = Self {
        latency: SimDuration::ZERO,
        jitter: SimDuration::ZERO,
        loss: Ppm::ZERO,
        duplicate: Ppm::ZERO,
        reorder: Ppm::ZERO,
    };
    /// One data centre: 0.2 to 0.5 ms, no loss. The default.
    pub const LAN: Self = Self {
        latency: SimDuration::from_micros(200),
        jitter: SimDuration::from_micros(300),
        ..Self::PERFECT
    };
    /// Between regions: 20 to 30 ms, 0.01 % loss.
    pub const WAN: Self = Self {
        latency: SimDuration::from_millis(20),
        jitter: SimDuration::from_millis(10),
        loss: match Ppm::new(100) {
            Some(loss) => loss,
            None => Ppm::ZERO,
        },
        ..Self::PERFECT
    };
    /// A bad day: 1 to 10 ms, 1 % loss, 1 % duplicates, 2 % held back.
    pub const FLAKY: Self = Self {
        latency: SimDuration::from_millis(1),
        jitter: SimDuration::from_millis(9),
        loss: Ppm::percent(1),
        duplicate: Ppm::percent(1),
        reorder: Ppm::percent(2),
    };

    /// A profile by its name in the scenario schema.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "perfect" => Self::PERFECT,
            "lan" => Self::LAN,
            "wan" => Self::WAN,
            "flaky" => Self::FLAKY,
            _ => return None,
        })
    }

    /// Names that [`named`](Self::named) knows.
    pub const NAMES: [&'static str; 4] = ["perfect", "lan", "wan", "flaky"];
}

impl Default for NetworkProfile {
    fn default() -> Self {
        Self::LAN
    }
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
