//! `no-panic`: the system's software neither panics nor returns an error.
//!
//! It needs no vocabulary, since the engine itself tells of node events, and it judges every run
//! whatever the scenario names. It does not ask whether a node should have exited at all.

use serde_json::json;
use squall_history::{Body, NodeEvent, Record};

use crate::{Findings, Invariant, Oracle};

pub(crate) const NAME: &str = "no-panic";

/// No task of a node panics, and no node's software returns an error. Exercised by every start of
/// a node.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPanic;

impl Oracle for NoPanic {
    fn name(&self) -> &'static str {
        NAME
    }
}

impl Invariant for NoPanic {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Body::Node(event) = &record.body else { return };
        let name = record.node.as_ref().map_or("a node", |node| node.as_str());
        let found = match event {
            NodeEvent::Started => return findings.exercised(),
            NodeEvent::Panicked { message, location } => findings
                .violated(record.at, format!("{name} panicked: {}", first_line(message)))
                .evidence(json!({ "message": message, "location": location, "boot": record.boot })),
            NodeEvent::Exited { error: Some(error) } => findings
                .violated(record.at, format!("{name} ended with an error: {}", first_line(error)))
                .evidence(json!({ "error": error, "boot": record.boot })),
            NodeEvent::Exited { error: None }
            | NodeEvent::Killed
            | NodeEvent::PowerLost
            | NodeEvent::Paused
            | NodeEvent::Resumed => return,
        };
        if let Some(node) = &record.node {
            found.node(node);
        }
    }
}

/// A violation's message is one sentence; the whole text is in the evidence.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}
