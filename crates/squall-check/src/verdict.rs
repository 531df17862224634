//! What a judge says of one run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use squall_blackbox::Finding;
use squall_history::{NodeName, OpId, SimTime};

/// One broken promise.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Violation {
    /// Name of the invariant or checker.
    pub oracle: String,
    /// When it was broken, in virtual time.
    pub at: SimTime,
    /// Nodes concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeName>,
    /// Client operations concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ops: Vec<OpId>,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Name of the anomaly, where the field has one: `G1c`, `lost-element`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<String>,
    /// Whatever proves it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub evidence: Value,
}

impl Violation {
    /// What `oracle` found.
    pub fn of(oracle: &str, finding: Finding) -> Self {
        let Finding { at, message, nodes, ops, anomaly, evidence } = finding;
        let anomaly = anomaly.map(str::to_owned);
        Self { oracle: oracle.to_owned(), at, nodes, ops, message, anomaly, evidence }
    }
}

/// A run's verdict in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing is violated, and every oracle came to an end.
    Pass,
    /// At least one violation.
    Fail,
    /// No violation, but some checker ran out of its budget.
    Unknown,
}

/// What a judge says of one run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// In one word.
    pub status: Status,
    /// All violations found, by time, then by oracle.
    pub violations: Vec<Violation>,
    /// How often each applicable oracle had something to judge. Zero: it said nothing about this run.
    pub exercised: BTreeMap<String, u64>,
    /// Oracles that could not judge this history, and why.
    pub not_applicable: BTreeMap<String, String>,
    /// Checkers that ran out of their budget, and which.
    pub unknown: BTreeMap<String, String>,
    /// How often each named condition occurred.
    pub conditions: BTreeMap<String, u64>,
}
