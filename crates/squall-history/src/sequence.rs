//! Faults in steps, as data: what is done one after the other, and what is waited for in between.
//!
//! Only the run knows when a named condition occurs. So a plan holds its sequences as they are; a
//! bound plan holds the faults that they became, with their times, and no sequence.

use serde::{Deserialize, Serialize};

use crate::{Action, BudgetRule, FaultId, SimDuration, SimTime};

/// Steps that are taken one after the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sequence {
    /// When the first step begins.
    pub at: SimTime,
    /// How the fault budget bounds its faults.
    #[serde(default)]
    pub budget: BudgetRule,
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step. It ends when what it does has ended; then the next one begins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// A fault. Ends when `lasts` has passed, at once without one.
    Fault(Box<StepFault>),
    /// Nothing, for so long.
    Wait(SimDuration),
    /// Ends when a condition occurs next, or at once if it is a state that holds.
    WaitFor {
        /// Name of the condition.
        event: String,
        /// After this the sequence is given up; absent: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout: Option<SimDuration>,
    },
    /// Several at once. Ends with the last of them.
    Parallel(Vec<Step>),
    /// Several one after the other, as one step.
    Steps(Vec<Step>),
}

/// A fault without a time of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StepFault {
    /// Its identity.
    pub id: FaultId,
    /// How long it lasts; absent: to the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<SimDuration>,
    /// What it does.
    pub action: Action,
}

impl Step {
    /// The faults of this step, in the order they are written in.
    pub fn faults(&self) -> Vec<&StepFault> {
        match self {
            Self::Fault(fault) => vec![&**fault],
            Self::Wait(_) | Self::WaitFor { .. } => Vec::new(),
            Self::Parallel(steps) | Self::Steps(steps) => steps.iter().flat_map(Self::faults).collect(),
        }
    }
}
