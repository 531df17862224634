//! Faults of running nodes as data: of whom, and what is wrong.
//!
//! How a simulated node behaves under each is told in `docs/faults.md`; nothing here does anything.
//! Stops of every kind are not among them: they end an incarnation, these leave it running.

use serde::{Deserialize, Serialize};

use crate::{Drift, Offset, Ppm, Selector, SimDuration};

/// Something wrong with nodes that go on running.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct NodeFault {
    /// Whose.
    pub target: Selector,
    /// What is wrong.
    pub trouble: NodeTrouble,
}

/// What is wrong with a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeTrouble {
    /// Its processor is slower by this factor, at least two.
    Slow {
        /// How many times slower.
        factor: u32,
    },
    /// Its clocks are wrong.
    Clock(ClockTrouble),
    /// Its kernel refuses connections.
    Refuse,
    /// Its lookups of names go wrong.
    Dns(DnsTrouble),
    /// Its software meets what is rare but allowed.
    Buggify(Buggify),
    /// Something happens to it exactly at a hook point of its software.
    Hook(Hook),
}

impl NodeTrouble {
    /// Keyword of the scenario schema.
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::Slow { .. } => "slow",
            Self::Clock(_) => "clock",
            Self::Refuse => "refuse",
            Self::Dns(_) => "dns",
            Self::Buggify(_) => "buggify",
            Self::Hook(_) => "hook",
        }
    }

    /// Whether it is over as soon as it is done: a clock that only jumps.
    pub fn is_instant(&self) -> bool {
        let Self::Clock(clock) = self else { return false };
        *clock == ClockTrouble { jump: clock.jump, ..ClockTrouble::default() }
    }
}

/// What is wrong with a node's clocks; at least one of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct ClockTrouble {
    /// The wall clock is off by this while the fault lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<Offset>,
    /// Both clocks run at another rate while the fault lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// The wall clock is set by this much, and stays so: an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump: Option<Offset>,
    /// Whether the wall clock stands still while the fault lasts.
    #[serde(default, skip_serializing_if = "Freeze::is_no")]
    pub freeze: Freeze,
}

/// Whether a clock stands still.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freeze {
    /// It runs.
    #[default]
    No,
    /// It stands.
    Yes,
}

impl Freeze {
    /// Whether it runs.
    pub fn is_no(&self) -> bool {
        *self == Self::No
    }
}

/// What is wrong with lookups of names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsTrouble {
    /// No such name, at once.
    NotFound,
    /// No answer: an error after the resolver's own time-out of 5 s.
    Timeout,
    /// The right answer, late by a drawn time.
    Slow {
        /// Shortest and longest delay.
        latency: (SimDuration, SimDuration),
    },
}

/// Which `buggify!` sites are active, and how often they fire (FoundationDB's two levels).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Buggify {
    /// Globs of site names; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// Chance that a site is enabled, for the whole run.
    pub enable: Ppm,
    /// Chance that an enabled site fires when it is met.
    pub fire: Ppm,
}

/// What happens at a hook point.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Hook {
    /// A glob of names of hook points.
    pub point: String,
    /// Chance each time that a node comes by.
    pub percent: Ppm,
    /// What happens.
    pub act: HookAct,
}

/// What a hook does to the node that comes by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookAct {
    /// Its process is killed exactly there, at most once for each fault and node, and started again after this.
    Kill {
        /// How long it is down.
        restart: SimDuration,
    },
    /// The same, by a loss of power.
    PowerLoss {
        /// How long it is down.
        restart: SimDuration,
    },
    /// The task waits there for a drawn time.
    Delay {
        /// Shortest and longest.
        delay: (SimDuration, SimDuration),
    },
}
