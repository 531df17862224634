//! Every fault bites, from YAML to what the software under it sees; and every check of that can fail.
//!
//! Two nodes of the system `eyes` send, connect, look up, write, read and tell the time, and say what
//! they see. A row of the table lays one fault on them; its check asks what they saw. Under the no-op
//! switch of the simulator the same check must fail, and must see exactly what is seen without a fault.

#[path = "efficacy/eyes.rs"]
mod eyes;
#[path = "efficacy/table.rs"]
mod table;

use std::collections::BTreeSet;

use squall::history::{Action, Body, NodeName, Seed};
use squall::scenario::{Overrides, Source, parse};
use squall::{Hooks, Recording, Registry};
use table::{Row, TABLE};

/// What a node said, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    ms: u64,
    node: NodeName,
    boot: u32,
    words: String,
}

/// Four seconds of `eyes` with these faults.
fn watch(faults: &[String]) -> Vec<Seen> {
    let registry = Registry::default().add::<eyes::Eyes>("eyes");
    let text = format!(
        "version: 1\nname: efficacy\nsystem: eyes\nduration: 4s\nnetwork: {{ latency: 1ms, jitter: 0ms }}\n\
         disk: {{ latency: 50us, fsync: 500us }}\nfaults: [{}]\n",
        faults.join(", ")
    );
    let scenario =
        parse(&Source::new("efficacy.yaml", &text), &registry.catalogue()).unwrap_or_else(|e| panic!("{e}"));
    let plan = scenario.plan(Seed(7), &Overrides::default());
    let reply = squall::run(&registry, &plan, Recording::Full, &Hooks::default()).expect("the plan fits");
    let history = reply.history.expect("a full recording has a history");
    let history = squall::history::History::read_ndjson(history.as_bytes()).expect("it can be read");
    let seen = history.records.into_iter().filter_map(|record| match record.body {
        Body::Custom(word) => Some(Seen {
            ms: record.at.0 / 1_000_000,
            node: record.node?,
            boot: record.boot?.0,
            words: word.name.to_string(),
        }),
        _ => None,
    });
    seen.collect()
}

fn faults(row: &Row) -> Vec<String> {
    let lasts = row.lasts.map(|lasts| format!("for: {lasts}, ")).unwrap_or_default();
    let fault = format!("{{ at: 1s, {lasts}{} }}", row.fault);
    std::iter::once(fault).chain(row.besides.map(str::to_owned)).collect()
}

#[test]
fn every_fault_bites() {
    let idle = TABLE.iter().filter(|row| !(row.bites)(&watch(&faults(row)))).map(|row| row.kind);
    let idle: Vec<&str> = idle.collect();
    assert!(idle.is_empty(), "these do nothing: {idle:?}");
}

#[test]
fn no_check_passes_without_its_fault() {
    for row in TABLE {
        let without = watch(&row.besides.map(str::to_owned).into_iter().collect::<Vec<_>>());
        squall::neutralise(Some(row.kind));
        let neutral = watch(&faults(row));
        squall::neutralise(None);
        assert!(!(row.bites)(&neutral), "the check of `{}` passes though the fault does nothing", row.kind);
        assert!(!(row.bites)(&without), "the check of `{}` passes without the fault", row.kind);
        let differs = neutral.iter().zip(&without).find(|(one, other)| one != other);
        assert!(differs.is_none(), "`{}` is not neutral under its switch: {differs:?}", row.kind);
        assert_eq!(neutral.len(), without.len(), "`{}` is not neutral under its switch", row.kind);
    }
}

#[test]
fn every_fault_of_the_schema_is_in_the_table() {
    let kinds: BTreeSet<&str> = TABLE.iter().map(|row| row.kind).collect();
    for keyword in Action::KEYWORDS.iter().filter(|keyword| **keyword != "disk") {
        assert!(kinds.contains(keyword), "`{keyword}` has no efficacy check");
    }
    for word in squall::history::DiskTrouble::KINDS {
        assert!(kinds.contains(format!("disk {word}").as_str()), "`disk {word}` has no efficacy check");
    }
    assert_eq!(kinds.len(), TABLE.len(), "a fault is in the table twice");
}
