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

/// Those that take more seeds on an engine than a test has time for, with what a sweep of the same scenario
/// says: in 120 seeds on madsim no candidate votes twice, and a paused worker commits late in the 35th.
const RARE: [(&str, &str); 2] = [("madsim", "zoo-vote-cleared-on-stepdown"), ("madsim", "zoo-zombie-commit")];

fn zoo(registry: &Registry) -> Vec<Scenario> {
    let folder = format!("{}/../scenarios/zoo", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).expect("the zoo is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        parse(&Source::new(&path.to_string_lossy(), &text), &registry.catalogue())
            .unwrap_or_else(|error| panic!("{error}"))
    };
    paths.into_iter().map(read).collect()
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
    SEEDS.into_iter().find(|seed| {
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
    let is_rare = |scenario: &&Scenario| RARE.contains(&(ENGINE, scenario.name.as_str()));
    let sought = can.iter().filter(|scenario| !is_rare(scenario));
    let missed = sought.filter(|scenario| found(&registry, scenario, None).is_none());
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
