//! From a recording of Jepsen's to the verdict.

use serde_json::{Value, json};
use squall_blackbox::recording::{Options, Recording};
use squall_blackbox::{Budget, Findings, catalogue, operations};

use super::history::anomalies;

const READ_SKEW: &str = include_str!("../../../../../tests/cli/recordings/read-skew.edn");

fn judged(options: &Value) -> Vec<&'static str> {
    let recording = Recording::read(READ_SKEW.as_bytes(), Options::default()).unwrap();
    let operations = operations(recording.events()).unwrap();
    let entry = catalogue().iter().find(|entry| entry.name == "list-append").unwrap();
    let mut findings = Findings::default();
    entry.build(options).unwrap().analyse(&operations, &mut Budget::default(), &mut findings);
    assert_eq!(findings.exercised, 2);
    anomalies(&findings)
}

#[test]
fn a_recording_of_transactions_is_judged() {
    assert_eq!(judged(&Value::Null), ["G-single"]);
    assert_eq!(judged(&json!({ "consistency": "read-committed" })), [] as [&str; 0]);
}
