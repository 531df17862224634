//! `always`: no assertion that the system makes about itself is broken.
//!
//! It needs no vocabulary and judges every run whatever the scenario names, as `no-panic` does: an
//! `always!` that does not hold is a panic that the system was spared. An assertion that holds leaves no
//! record, so this oracle speaks only of what is broken, and is silent of runs in which nothing is.

use serde_json::json;
use squall_history::{Assertion, Body, Record};

use crate::{Findings, Invariant, Oracle};

pub(crate) const NAME: &str = "always";

/// Every `always!` holds and no `unreachable!` is reached. Exercised by what is broken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Always;

impl Oracle for Always {
    fn name(&self) -> &'static str {
        NAME
    }
}

impl Invariant for Always {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        let Body::Assert(Assertion::Broken { name, place, details }) = &record.body else { return };
        findings.exercised();
        let more = if details.is_empty() { String::new() } else { format!(": {details}") };
        let found = findings.violated(record.at, format!("`{name}` does not hold{more} ({place})"));
        if let Some(node) = &record.node {
            found.node(node);
        }
        found.evidence(json!({ "assertion": name, "place": place, "details": details }));
    }
}
