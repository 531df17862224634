//! A catalogue for tests, and the examples: the same for every test of this crate.

#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::sync::Arc;

use serde_json::Value;
use squall_scenario::{
    Catalogue, Diagnostics, OracleEntry, RoleEntry, Scenario, SectionError, Source, SystemEntry, parse,
};

pub(crate) const SIMPLE: &str = include_str!("../examples/simple.yaml");
pub(crate) const MEDIUM: &str = include_str!("../examples/medium.yaml");
pub(crate) const EXPERT: &str = include_str!("../examples/expert.yaml");
pub(crate) const EXAMPLES: [&str; 3] = [SIMPLE, MEDIUM, EXPERT];

/// One system, `batch`, whose workload knows a few keys and takes at most 50 jobs.
pub(crate) fn catalogue() -> Catalogue {
    let role = |name: &str, default_count, client| RoleEntry { name: name.to_owned(), default_count, client };
    let oracle = |name: &str, id: &str| OracleEntry { name: name.to_owned(), id: Some(id.to_owned()) };
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let batch = SystemEntry {
        oracles: vec![
            oracle("election-safety", "R1"),
            oracle("acked-job-not-lost", "B1"),
            oracle("output-equals-oracle", "B2"),
        ],
        conditions: words(&["leader-changed", "leader-elected", "task-reassigned"]),
        bugs: words(&["forgets-vote", "acks-early"]),
        planned: words(&[
            "exclusive-lease",
            "R8",
            "snapshot-installed",
            "lease-no-uncertainty",
            "system.config.mirrors",
            "workload.mix.dag",
        ]),
        check_config: Arc::new(|config| known_keys(config, &["replication", "heartbeat", "lease"])),
        check_workload: Arc::new(check_workload),
        ..SystemEntry::new(vec![
            role("controller", 3, false),
            role("worker", 3, false),
            role("client", 1, true),
        ])
    };
    Catalogue { systems: [("batch".to_owned(), batch)].into() }
}

fn known_keys(section: &Value, known: &[&str]) -> Result<(), SectionError> {
    let entries = section.as_object().expect("a section is a mapping");
    match entries.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(SectionError { path: vec![key.clone()], message: format!("no setting `{key}`") }),
        None => Ok(()),
    }
}

fn check_workload(workload: &Value) -> Result<(), SectionError> {
    known_keys(workload, &["jobs", "mix", "records", "rate", "deadline"])?;
    let wrong = |path: &[&str], message: &str| {
        let path = path.iter().map(|key| (*key).to_owned()).collect();
        Err(SectionError { path, message: message.to_owned() })
    };
    match (workload.get("jobs").map(Value::as_u64), workload["mix"].as_object()) {
        (Some(None), _) => wrong(&["jobs"], "expected a count"),
        (Some(Some(51..)), _) => wrong(&["jobs"], "at most 50 jobs"),
        (_, Some(mix)) if mix.contains_key("grep") => wrong(&["mix", "grep"], "no job kind `grep`"),
        _ => Ok(()),
    }
}

pub(crate) fn read(text: &str) -> Result<Scenario, Diagnostics> {
    parse(&Source::new("scenario.yaml", text), &catalogue())
}

pub(crate) fn must_read(text: &str) -> Scenario {
    read(text).unwrap_or_else(|diagnostics| panic!("{diagnostics}\nin\n{text}"))
}
