//! What the tests of the whole flow share: from YAML text or a file of `scenarios/` to a plan, from
//! a plan to a run in this process, from a reply back to records and packets.
//!
//! Two tiny systems are registered beside the shipped ones: [`gossip`] speaks in datagrams that no
//! loss can shift, [`probe`] does what its configuration says. No assertion lives here.

#![allow(dead_code, reason = "each test program compiles this module for itself and uses a part of it")]

pub(crate) mod gossip;
pub(crate) mod probe;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use squall::history::{Body, FaultEvent, History, NodeName, Record};
use squall::scenario::{Overrides, Scenario, Source, parse};
use squall::{Hooks, Plan, Recording, Registry, RunReply, Seed, SimDuration, SimTime};

/// The shipped systems and those of the tests.
pub(crate) fn registry() -> Registry {
    squall_systems::registry().add::<gossip::Gossip>("gossip").add::<probe::Probe>("probe")
}

/// The scenario of a text.
pub(crate) fn scenario(name: &str, text: &str) -> Scenario {
    parse(&Source::new(name, text), &registry().catalogue()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The plan of a text that lacks the keys every scenario has.
pub(crate) fn planned(lines: &str, seed: u64) -> Plan {
    let text = format!("version: 1\nname: test\n{lines}");
    scenario("test.yaml", &text).plan(Seed(seed), &Overrides::default())
}

/// The plan that a plan file holds.
pub(crate) fn plan_of_file(text: &str, seed: Seed) -> Plan {
    scenario("plan.yaml", text).plan(seed, &Overrides::default())
}

/// The folder that holds the whole project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the project")
}

/// Every file of `scenarios/` and `scenarios/zoo/`, by path.
pub(crate) fn shipped() -> Vec<Scenario> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in ["scenarios", "scenarios/zoo"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("the project has this folder");
        let paths = entries.map(|entry| entry.expect("the folder can be read").path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")));
    }
    files.sort();
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("a scenario is text");
    files.iter().map(|path| scenario(&path.to_string_lossy(), &read(path))).collect()
}

/// The shipped scenario of that name.
pub(crate) fn shipped_named(name: &str) -> Scenario {
    let found = shipped().into_iter().find(|scenario| scenario.name == name);
    found.unwrap_or_else(|| panic!("no shipped scenario is called {name}"))
}

/// Runs a plan in this thread.
pub(crate) fn run(plan: &Plan, recording: Recording) -> RunReply {
    squall::run(&registry(), plan, recording, &Hooks::default()).expect("the plan fits its system")
}

/// Runs a plan in this thread with its history and journal.
pub(crate) fn recorded(plan: &Plan) -> Recorded {
    let reply = run(plan, Recording::Full);
    let text = reply.history.as_deref().expect("a full recording has a history");
    let history = History::read_ndjson(text.as_bytes()).expect("a run's history can be read");
    let journal = reply.journal.as_deref().expect("a full recording has a journal");
    let packets = journal.lines().skip(1).map(|line| serde_json::from_str(line).expect("a packet a line"));
    Recorded { packets: packets.collect(), records: history.records, reply }
}

/// A run with everything it left behind.
pub(crate) struct Recorded {
    pub(crate) reply: RunReply,
    pub(crate) records: Vec<Record>,
    pub(crate) packets: Vec<Packet>,
}

/// A line of the journal.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(crate) struct Packet {
    pub(crate) at: SimTime,
    pub(crate) from: NodeName,
    pub(crate) to: NodeName,
    pub(crate) class: String,
    pub(crate) bytes: u64,
    /// When it arrives; absent if it is lost.
    pub(crate) arrives: Option<SimTime>,
}

impl Recorded {
    /// The life of the faults, with its times.
    pub(crate) fn faults(&self) -> Vec<(SimTime, FaultEvent)> {
        let fault = |record: &Record| match &record.body {
            Body::Fault(event) => Some((record.at, event.clone())),
            _ => None,
        };
        self.records.iter().filter_map(fault).collect()
    }

    /// The plan with literal targets.
    pub(crate) fn bound(&self) -> &Plan {
        self.reply.bound.as_ref().expect("a run that ended has a bound plan")
    }

    /// Everything recorded before an instant.
    pub(crate) fn records_before(&self, at: SimTime) -> &[Record] {
        &self.records[..self.records.partition_point(|record| record.at < at)]
    }

    /// Every packet sent before an instant, and its fate.
    pub(crate) fn packets_before(&self, at: SimTime) -> &[Packet] {
        &self.packets[..self.packets.partition_point(|packet| packet.at < at)]
    }

    /// Every packet sent from an instant on, and its fate.
    pub(crate) fn packets_from(&self, at: SimTime) -> &[Packet] {
        &self.packets[self.packets.partition_point(|packet| packet.at < at)..]
    }
}

/// The instant so many milliseconds after the start.
pub(crate) fn at_ms(ms: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(ms)
}
