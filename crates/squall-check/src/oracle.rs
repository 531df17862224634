//! The seams every oracle fits: [`Invariant`] and [`Checker`].

use serde_json::Value;
use squall_history::{Expect, Header, History, NodeName, OpId, Record, SimTime};

use crate::Violation;

/// What invariants and checkers have in common.
pub trait Oracle {
    /// Its name, kebab-case: `election-safety`.
    fn name(&self) -> &'static str;

    /// Its id in the catalogue of invariants, an alias for the name: `R1`.
    fn id(&self) -> Option<&'static str> {
        None
    }

    /// Capabilities of the history it cannot do without: `vocab.raft`, `truth.disk`, …
    fn needs(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Judges each record as it comes.
pub trait Invariant: Oracle {
    /// Called once, before the first record, with what the scenario expects: bounds are its own.
    fn begin(&mut self, _header: &Header, _expect: &Expect) {}

    /// Takes the next record.
    fn observe(&mut self, record: &Record, findings: &mut Findings);

    /// Called once after the last record, at the end of the run. Not called if the run was stopped
    /// before its end: what should have happened by then may still have come.
    fn end(&mut self, _at: SimTime, _findings: &mut Findings) {}
}

/// Judges a finished history.
pub trait Checker: Oracle {
    /// How much of the run it must see. A run that ends early, at its first violation say, gives
    /// it only a prefix; where that is not enough the judge leaves it out, by name.
    fn scope(&self) -> Scope {
        Scope::Prefix
    }

    /// Examines the whole history within `budget`.
    fn check(&self, history: &History, budget: &mut Budget, findings: &mut Findings);
}

/// How much of a run a checker must see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Whatever there is: what is wrong in a prefix of a run is wrong in the whole.
    Prefix,
    /// The run up to this time.
    Until(SimTime),
    /// The run to its end.
    WholeRun,
}

/// What one oracle has to say; collected by the judge.
#[derive(Debug, Default)]
pub struct Findings {
    pub(crate) exercised: u64,
    pub(crate) violations: Vec<Finding>,
    pub(crate) unknown: Option<String>,
    pub(crate) not_applicable: Option<String>,
}

/// A violation before the judge puts the oracle's name on it.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    pub(crate) at: SimTime,
    pub(crate) message: String,
    pub(crate) nodes: Vec<NodeName>,
    pub(crate) ops: Vec<OpId>,
    pub(crate) evidence: Value,
}

impl Findings {
    /// Its trigger occurred: it had something to judge.
    pub fn exercised(&mut self) {
        self.exercised += 1;
    }

    /// The promise is broken. Add nodes, operations and evidence to what is returned.
    pub fn violated(&mut self, at: SimTime, message: impl Into<String>) -> &mut Finding {
        self.violations.push(Finding {
            at,
            message: message.into(),
            nodes: Vec::new(),
            ops: Vec::new(),
            evidence: Value::Null,
        });
        self.violations.last_mut().expect("just pushed")
    }

    /// The budget ran out before an answer; `which` says what of it.
    pub fn unknown(&mut self, which: impl Into<String>) {
        self.unknown = Some(which.into());
    }

    /// This history cannot be judged by this oracle (faults beyond its assumption, say).
    pub fn not_applicable(&mut self, why: impl Into<String>) {
        self.not_applicable = Some(why.into());
    }
}

impl Finding {
    /// Names a node concerned.
    pub fn node(&mut self, node: &NodeName) -> &mut Self {
        self.nodes.push(node.clone());
        self
    }

    /// Names an operation concerned.
    pub fn op(&mut self, op: OpId) -> &mut Self {
        self.ops.push(op);
        self
    }

    /// Adds the proof.
    pub fn evidence(&mut self, evidence: Value) -> &mut Self {
        self.evidence = evidence;
        self
    }

    pub(crate) fn by(self, oracle: &str) -> Violation {
        Violation {
            oracle: oracle.to_owned(),
            at: self.at,
            nodes: self.nodes,
            ops: self.ops,
            message: self.message,
            evidence: self.evidence,
        }
    }
}

/// How much work a checker may do; counted, never timed, so that a verdict is reproducible.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Steps left (one step: one state visited).
    pub steps: u64,
    /// Bytes of state it may keep at a time.
    pub bytes: u64,
    /// Hears, every few thousand steps, how many are left: whoever watches the judging process knows
    /// that it gets somewhere. It cannot change a verdict.
    pub on_progress: Option<fn(u64)>,
}

/// Steps between two calls of [`Budget::on_progress`].
const PROGRESS_STEPS: u64 = 1 << 14;

impl Default for Budget {
    /// 20 million steps and 256 MiB: seconds, not minutes.
    fn default() -> Self {
        Self { steps: 20_000_000, bytes: 256 << 20, on_progress: None }
    }
}

impl Budget {
    /// Takes one step; false when there is none left.
    pub fn step(&mut self) -> bool {
        self.steps = match self.steps.checked_sub(1) {
            Some(left) => left,
            None => return false,
        };
        if let Some(hook) = self.on_progress
            && self.steps.is_multiple_of(PROGRESS_STEPS)
        {
            hook(self.steps);
        }
        true
    }
}
