//! Fault entries: a trigger, a duration and an action, or a choice of them.
//!
//! What they are, and how they are read and checked; when they happen is drawn in `plan`.

use squall_history::{BudgetRule, Identity, Ppm, SimDuration};

use crate::action::Template;
use crate::range::Ranged;

mod random;
mod read;
mod steps;

pub(crate) use read::read;

/// Most faults that one entry may plan.
pub(crate) const FAULTS_MAX: u64 = 10_000;

/// One entry of `faults`.
#[derive(Clone, Debug)]
pub(crate) struct FaultEntry {
    /// Its name; else its faults are named by their action.
    pub(crate) name: Option<String>,
    /// Given by a plan file.
    pub(crate) id: Option<String>,
    /// Whose draws these are: the name, else the keyword with its ordinal.
    pub(crate) identity: Identity,
    /// How the budget bounds its faults.
    pub(crate) budget: BudgetRule,
    pub(crate) trigger: Trigger,
}

/// When the faults of an entry happen.
#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    At { at: Ranged<SimDuration>, fault: Timed },
    Every { interval: Ranged<SimDuration>, jitter: Ranged<SimDuration>, window: Option<Window>, fault: Timed },
    Random(Random),
    Steps { at: Ranged<SimDuration>, steps: Vec<Step> },
}

/// One step of a sequence.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Fault { id: Option<String>, fault: Timed },
    Wait(Ranged<SimDuration>),
    WaitFor { event: String, timeout: Option<Ranged<SimDuration>> },
    Parallel(Vec<Step>),
    Steps(Vec<Step>),
}

/// A time from which on and a time before which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start: Ranged<SimDuration>,
    pub(crate) end: Ranged<SimDuration>,
}

/// An action with its duration.
#[derive(Clone, Debug)]
pub(crate) struct Timed {
    pub(crate) lasts: Option<Ranged<SimDuration>>,
    pub(crate) action: Template,
}

/// Faults at drawn times, each drawn from a list.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    /// Mean time between two.
    pub(crate) interval: Ranged<SimDuration>,
    /// How many may be active at once.
    pub(crate) max_active: Option<Ranged<u32>>,
    /// Whether each seed keeps a subset of the choices, with weights of its own.
    pub(crate) swarm: bool,
    pub(crate) window: Option<Window>,
    pub(crate) classes: Vec<Class>,
    pub(crate) picks: Vec<Choice>,
}

/// Choices of `random` that a swarm leaves out or takes in together.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) name: String,
    /// Chance that a seed takes it in.
    pub(crate) chance: Ppm,
}

/// One of the choices of `random`.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// Its place among the classes, if it is in one.
    pub(crate) class: Option<usize>,
    pub(crate) when: When,
    /// Its own rule, if it is not its entry's.
    pub(crate) budget: Option<BudgetRule>,
    pub(crate) fault: Timed,
}

/// When a choice happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// At drawn times, as often as its weight says beside the others.
    Drawn { weight: u32 },
    /// From the start of the window to its end.
    Throughout,
}

impl Step {
    /// Keywords of the actions in it.
    fn keywords(&self) -> Vec<String> {
        match self {
            Self::Fault { fault, .. } => vec![fault.action.keyword().to_owned()],
            Self::Wait(_) | Self::WaitFor { .. } => Vec::new(),
            Self::Parallel(steps) | Self::Steps(steps) => steps.iter().flat_map(Self::keywords).collect(),
        }
    }

    /// Ids that a plan file gave to faults of this step.
    fn given_ids(&self) -> Vec<String> {
        match self {
            Self::Fault { id, .. } => id.clone().into_iter().collect(),
            Self::Wait(_) | Self::WaitFor { .. } => Vec::new(),
            Self::Parallel(steps) | Self::Steps(steps) => steps.iter().flat_map(Self::given_ids).collect(),
        }
    }
}

impl FaultEntry {
    /// Ids that a plan file gave to its faults.
    pub(crate) fn given_ids(&self) -> Vec<String> {
        match &self.trigger {
            Trigger::Steps { steps, .. } => steps.iter().flat_map(Step::given_ids).collect(),
            _ => self.id.clone().into_iter().collect(),
        }
    }

    /// What its faults are called, as far as their names are no numbers: its name, or else the keywords
    /// of its actions.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.name {
            Some(name) => vec![name.clone()],
            None => self.keywords(),
        }
    }

    /// Keywords of its actions.
    pub(crate) fn keywords(&self) -> Vec<String> {
        let keyword = |fault: &Timed| fault.action.keyword().to_owned();
        match &self.trigger {
            Trigger::At { fault, .. } | Trigger::Every { fault, .. } => vec![keyword(fault)],
            Trigger::Random(random) => random.picks.iter().map(|choice| keyword(&choice.fault)).collect(),
            Trigger::Steps { steps, .. } => steps.iter().flat_map(Step::keywords).collect(),
        }
    }

    /// About how many faults it plans in a run of this length.
    pub(crate) fn expected(&self, duration: SimDuration) -> u64 {
        let (interval, window) = match &self.trigger {
            Trigger::At { .. } | Trigger::Steps { .. } => return 1,
            Trigger::Every { interval, window, .. } => (interval, window),
            Trigger::Random(random) => (&random.interval, &random.window),
        };
        occurrences(*interval, window.as_ref(), Some(duration))
    }
}

/// The most times that an interval fits into a window, or else into the run.
fn occurrences(interval: Ranged<SimDuration>, window: Option<&Window>, duration: Option<SimDuration>) -> u64 {
    let end = window.map(|window| window.end.high).or(duration).unwrap_or_default();
    let end = duration.map_or(end, |duration| end.min(duration));
    let start = window.map_or(SimDuration::ZERO, |window| window.start.low);
    end.as_nanos().saturating_sub(start.as_nanos()) / interval.low.as_nanos().max(1)
}
