//! What is seen of faults: the eyes, and their words.

pub(crate) mod eyes;
pub(crate) mod row;
pub(crate) mod words;

use squall::history::{Body, NodeName, Seed};
use squall::scenario::{Overrides, Source, parse};
use squall::{Hooks, Recording, Registry};

/// What a node said, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    pub(crate) ms: u64,
    pub(crate) node: NodeName,
    pub(crate) boot: u32,
    pub(crate) words: String,
}

/// Four seconds of `eyes` with these faults on an engine.
pub(crate) fn watch_on(engine: &str, faults: &[String]) -> Vec<Seen> {
    let registry = Registry::default().add::<eyes::Eyes>("eyes");
    let text = format!(
        "version: 1\nname: efficacy\nsystem: eyes\nengine: {engine}\nduration: 4s\n\
         network: {{ latency: 1ms, jitter: 0ms }}\ndisk: {{ latency: 50us, fsync: 500us }}\n\
         faults: [{}]\n",
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
