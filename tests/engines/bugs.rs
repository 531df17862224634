//! The planted bugs are found on this engine too, wherever it can inject the fault that they need; and the same
//! seeds pass without them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use squall::capability::EngineSpec;
use squall::history::Seed;
use squall::scenario::{Overrides, Scenario, Source, parse};
use squall::{Hooks, Recording, Registry};
use squall_systems::registry;

use super::ENGINE;

/// Seeds that a bug may take: the first of a default sweep, and some more.
const SEEDS: [u64; 8] =
    [0x7e79_598f_3329_08fa, 0x3e2e_c608_c3c3_5721, 0x9511_3170_2061_afd6, 0x8985_4b3a_3e3b_00d1, 1, 2, 3, 4];

/// A bug that takes more seeds on an engine than a test has time for, or another form of the fault.
struct Rare {
    engine: &'static str,
    name: &'static str,
    /// What stands for the faults of the file, which strike another engine otherwise.
    faults: Option<&'static str>,
    /// The first that a sweep found.
    seed: u64,
}

const RARE: [Rare; 4] = [
    // The 45th: the segment that comes late has to be a whole append, since a stream that lost one stands still.
    Rare { engine: "turmoil", name: "zoo-truncate-always", faults: None, seed: 0x1a64_e54f_331a_7016 },
    // A stream sends nothing again after a partition, in 400 seeds, so no word comes late: a hold makes it late.
    Rare {
        engine: "turmoil",
        name: "zoo-zombie-commit",
        faults: Some(
            "faults:
  - { name: late-words, every: 3500ms, jitter: 1s, between: [1s, 34s], for: 2500ms..4s, hold: { from: { role: worker, mode: fixed, value: 2 }, to: { role: controller } } }
",
        ),
        seed: 0x7e79_598f_3329_08fa,
    },
    // The 35th.
    Rare { engine: "madsim", name: "zoo-zombie-commit", faults: None, seed: 0xb5a8_a815_7cc4_ea2a },
    // Its latency is that of all links and has no jitter: candidates meet, in the 13th seed, when it is that of an election.
    Rare {
        engine: "madsim",
        name: "zoo-vote-cleared-on-stepdown",
        faults: Some(
            "faults:
  - { name: slow, at: 1s, for: 36s, latency: { from: { role: controller }, to: { role: controller }, latency: 150ms..250ms, jitter: 100ms } }
  - { name: elections, every: 2500ms, jitter: 500ms, between: [2s, 36s], for: 500ms..1500ms, kill: leader }
",
        ),
        seed: 0xf77d_ca75_6232_3f5b,
    },
];

fn zoo(registry: &Registry) -> Vec<Scenario> {
    let folder = format!("{}/../scenarios/zoo", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).expect("the zoo is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let scenario = parsed(registry, &path.to_string_lossy(), &text);
        let faults = rare(&scenario).and_then(|rare| rare.faults);
        faults.map_or(scenario, |faults| parsed(registry, "bugs.rs", &with_faults(&text, faults)))
    };
    paths.into_iter().map(read).collect()
}

fn parsed(registry: &Registry, name: &str, text: &str) -> Scenario {
    parse(&Source::new(name, text), &registry.catalogue()).unwrap_or_else(|error| panic!("{error}"))
}

/// The text of a scenario with other faults.
fn with_faults(text: &str, faults: &str) -> String {
    let (before, rest) = text.split_once("faults:\n").expect("it has faults");
    let (_, after) = rest.split_once("expect:").expect("it expects something after them");
    format!("{before}{faults}expect:{after}")
}

fn rare(scenario: &Scenario) -> Option<&'static Rare> {
    RARE.iter().find(|rare| (rare.engine, rare.name) == (ENGINE, scenario.name.as_str()))
}

/// Whether the engine can inject all that a scenario asks for.
fn can(scenario: &Scenario) -> bool {
    let engine = EngineSpec::named(ENGINE).expect("it is in the table");
    let plan = scenario.plan(Seed(1), &on_this_engine(None));
    scenario.fault_keywords().iter().all(|keyword| engine.lacks(keyword).is_none())
        && engine.lacks_of(&plan).is_empty()
}

fn on_this_engine(bugs: Option<Vec<String>>) -> Overrides {
    Overrides { engine: Some(ENGINE.to_owned()), bugs, ..Overrides::default() }
}

/// The first seed of those that is no pass.
fn found(registry: &Registry, scenario: &Scenario, bugs: Option<Vec<String>>) -> Option<u64> {
    let seeds = rare(scenario).map_or(SEEDS.to_vec(), |rare| vec![rare.seed]);
    seeds.into_iter().find(|seed| {
        let plan = scenario.plan(Seed(*seed), &on_this_engine(bugs.clone()));
        let reply = squall::run(registry, &plan, Recording::Summary, &Hooks::default());
        reply.expect("the plan fits").result.outcome.is_failure()
    })
}

#[test]
fn planted_bugs_are_found() {
    let registry = registry();
    let (can, cannot): (Vec<_>, Vec<_>) = zoo(&registry).into_iter().partition(can);
    assert!(can.len() >= 15, "the engine can do too little: without {:?}", names(&cannot));
    let missed = can.iter().filter(|scenario| found(&registry, scenario, None).is_none());
    let missed: Vec<&Scenario> = missed.collect();
    assert!(missed.is_empty(), "not found on {ENGINE}: {:?}", names(missed));
}

#[test]
fn without_their_bugs_the_same_scenarios_pass() {
    let registry = registry();
    // Each at one seed: the swarms of the other tests take many.
    let scenarios = zoo(&registry).into_iter().filter(can);
    let failed = scenarios.filter(|scenario| {
        let plan = scenario.plan(Seed(1), &on_this_engine(Some(Vec::new())));
        let reply = squall::run(&registry, &plan, Recording::Summary, &Hooks::default());
        reply.expect("the plan fits").result.outcome.is_failure()
    });
    let failed: Vec<Scenario> = failed.collect();
    assert!(failed.is_empty(), "with no bug on {ENGINE} these fail: {:?}", names(&failed));
}

fn names<'s>(scenarios: impl IntoIterator<Item = &'s Scenario>) -> BTreeSet<&'s str> {
    scenarios.into_iter().map(|scenario| scenario.name.as_str()).collect()
}
