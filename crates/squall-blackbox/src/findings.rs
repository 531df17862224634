//! What an oracle has to say: [`Findings`].

use std::collections::BTreeMap;

use serde_json::Value;
use squall_history::{NodeName, OpId, SimTime};

/// What one oracle has to say; collected by whoever asked it.
#[derive(Debug, Default)]
pub struct Findings {
    /// How often there was something to judge.
    pub exercised: u64,
    /// What is violated.
    pub violations: Vec<Finding>,
    /// Why there is no answer, if there is none.
    pub unknown: Option<String>,
    /// Why this history cannot be judged, if it cannot.
    pub not_applicable: Option<String>,
    /// What was counted or measured, whatever the answer: `elements` with how many were lost.
    pub summary: BTreeMap<&'static str, Value>,
}

/// A violation before the judge puts the oracle's name on it.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// When the promise was broken.
    pub at: SimTime,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Nodes concerned.
    pub nodes: Vec<NodeName>,
    /// Operations concerned.
    pub ops: Vec<OpId>,
    /// Name of the anomaly, where the field has one: `G1c`, `lost-element`.
    pub anomaly: Option<&'static str>,
    /// Whatever proves it.
    pub evidence: Value,
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
            anomaly: None,
            evidence: Value::Null,
        });
        self.violations.last_mut().expect("just pushed")
    }

    /// The budget ran out before an answer; `which` says what of it.
    pub fn unknown(&mut self, which: impl Into<String>) {
        self.unknown = Some(which.into());
    }

    /// Something was counted or measured, whether or not anything is wrong.
    pub fn measured(&mut self, what: &'static str, value: Value) {
        self.summary.insert(what, value);
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

    /// Names the anomaly.
    pub fn anomaly(&mut self, name: &'static str) -> &mut Self {
        self.anomaly = Some(name);
        self
    }

    /// Adds the proof.
    pub fn evidence(&mut self, evidence: Value) -> &mut Self {
        self.evidence = evidence;
        self
    }
}
