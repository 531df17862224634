//! When something goes wrong, and for how long.

use squall_history::BudgetRule;

use super::{Act, Map, Setting};
use crate::budget;

/// An entry of `faults`: one fault, many of a kind, random ones, or a sequence of steps.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault(Map);

/// Something that is done in its turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Step(Map);

impl Fault {
    /// Once, at this time.
    pub fn at(time: impl Into<Setting>) -> Self {
        Self(Map::new().with("at", time))
    }

    /// Again and again, with this time between.
    pub fn every(interval: impl Into<Setting>) -> Self {
        Self(Map::new().with("every", interval))
    }

    /// Random faults of the default mix, with this time between: another part of the mix for each seed.
    pub fn swarm(interval: impl Into<Setting>) -> Self {
        let random = Map::new().with("interval", interval).with("swarm", true).with("mix", "default");
        Self(Map::new().with("random", random))
    }

    /// Random faults: `interval`, `pick` or `mix`, `max-active`, `swarm`.
    pub fn random(options: Map) -> Self {
        Self(Map::new().with("random", options))
    }

    /// One after the other, from this time on.
    pub fn steps(at: impl Into<Setting>, steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: Vec<Step> = steps.into_iter().collect();
        Self(Map::new().with("at", at).with("steps", steps))
    }

    /// A name, for reports and so that its draws are its own.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self(self.0.with("name", name))
    }

    /// For so long; without it, until the end.
    #[must_use]
    pub fn lasting(self, span: impl Into<Setting>) -> Self {
        Self(self.0.with("for", span))
    }

    /// The interval of [`every`](Self::every) is off by up to this, drawn.
    #[must_use]
    pub fn jitter(self, span: impl Into<Setting>) -> Self {
        Self(self.0.with("jitter", span))
    }

    /// Those of [`every`](Self::every) and random ones begin between these times.
    #[must_use]
    pub fn between(self, start: impl Into<Setting>, end: impl Into<Setting>) -> Self {
        Self(self.0.with("between", [start.into(), end.into()]))
    }

    /// How the system's fault budget bounds it.
    #[must_use]
    pub fn budget(self, rule: BudgetRule) -> Self {
        let word = budget::WORDS.iter().find(|(_, known)| *known == rule).expect("every rule has a name");
        Self(self.0.with("budget", word.0))
    }

    /// What goes wrong.
    #[must_use]
    pub fn does(self, act: Act) -> Self {
        Self(act.put(self.0))
    }
}

impl Step {
    /// Something goes wrong, at once and for ever, or [`lasting`](Self::lasting).
    pub fn act(act: Act) -> Self {
        Self(act.put(Map::new()))
    }

    /// Nothing, for so long.
    pub fn wait(span: impl Into<Setting>) -> Self {
        Self(Map::new().with("wait", span))
    }

    /// Until a condition occurs; given up after `timeout`.
    pub fn wait_for(condition: &str, timeout: impl Into<Setting>) -> Self {
        let options = Map::new().with("event", condition).with("timeout", timeout);
        Self(Map::new().with("wait-for", options))
    }

    /// All at once; it ends with the last of them.
    pub fn parallel(steps: impl IntoIterator<Item = Self>) -> Self {
        let steps: Vec<Self> = steps.into_iter().collect();
        Self(Map::new().with("parallel", steps))
    }

    /// For so long.
    #[must_use]
    pub fn lasting(self, span: impl Into<Setting>) -> Self {
        Self(self.0.with("for", span))
    }
}

impl From<Fault> for Setting {
    fn from(fault: Fault) -> Self {
        fault.0.into()
    }
}

impl From<Step> for Setting {
    fn from(step: Step) -> Self {
        step.0.into()
    }
}
