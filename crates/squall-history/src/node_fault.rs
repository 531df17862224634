//! Faults of running nodes as data: of whom, and what is wrong.
//!
//! How a simulated node behaves under each is told in `docs/faults.md`; nothing here does anything.
//! Stops of every kind are not among them: they end an incarnation, these leave it running.

use serde::{Deserialize, Serialize};

use crate::{ClockChange, Injection, Ppm, Selector, SimDuration};

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
    Clock(ClockChange),
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
            Self::Buggify(_) => "buggify",
            Self::Hook(_) => "hook",
        }
    }

    /// Whether it is over as soon as it is done: a clock that only jumps.
    pub fn is_instant(&self) -> bool {
        let Self::Clock(clock) = self else { return false };
        *clock == ClockChange { jump: clock.jump, ..ClockChange::default() }
    }
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
    /// At which passages.
    pub when: HookWhen,
    /// What happens.
    pub act: HookAct,
}

/// At which passages a hook strikes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookWhen {
    /// Once: at this passage, from 1, of all that the fault meets.
    Nth(u64),
    /// At each with this chance.
    Percent(Ppm),
    /// At these, literally: what a run wrote down into its bound plan.
    Listed(Vec<Injection>),
}

/// What a hook does to the node that comes by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookAct {
    /// Its process is killed exactly there, and started again after a while.
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
