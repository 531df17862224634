//! The same seed is the same run: twice in one process, after other seeds, in another thread, from
//! its plan file and its bound file, recorded or not, whatever the number of hosts.
//!
//! Runs here share a process, so what depends on process-wide counters (order of std hash maps) is
//! not covered; the systems used have none, but for those that are meant to be caught.

mod library;

#[path = "determinism/campaigns.rs"]
mod campaigns;
#[path = "determinism/caught.rs"]
mod caught;

use library::{plan_of_file, run, shipped, shipped_named};
use squall::scenario::{Overrides, Scenario, to_yaml};
use squall::{Campaign, Finished, Plan, Progress, Recording, Registry, RunHost, RunReply, Seed};

const SEEDS: [u64; 3] = [1, 0x1f3a, u64::MAX];

/// A shorter run of a scenario: the first faults of each strike after 4 to 6 s.
fn short(scenario: &Scenario, seed: u64) -> Plan {
    let set = vec![("duration".to_owned(), "9s".to_owned())];
    scenario.plan(Seed(seed), &Overrides { set, ..Overrides::default() })
}

/// A reply as bytes, bound plan, history and journal included.
fn bytes(reply: &RunReply) -> String {
    serde_json::to_string(reply).expect("a reply is JSON")
}

#[test]
fn one_seed_is_one_run_whenever_and_wherever() {
    for name in ["kv-swarm", "kv-power-loss", "batch-swarm"] {
        let scenario = shipped_named(name);
        let plan = short(&scenario, SEEDS[1]);
        let first = run(&plan, Recording::Full);
        assert!(first.history.as_ref().is_some_and(|text| text.lines().count() > 100), "{name}");
        assert_eq!(bytes(&run(&plan, Recording::Full)), bytes(&first), "{name} twice");
        let others: Vec<_> = [2, 3].map(|seed| run(&short(&scenario, seed), Recording::Summary)).into();
        assert!(others.iter().all(|other| other.result.digest != first.result.digest), "{name}");
        assert_eq!(bytes(&run(&plan, Recording::Full)), bytes(&first), "{name} after other seeds");
        let elsewhere = std::thread::scope(|scope| scope.spawn(|| run(&plan, Recording::Full)).join());
        assert_eq!(
            bytes(&elsewhere.expect("a run does not panic")),
            bytes(&first),
            "{name} in another thread"
        );
    }
}

/// Seed, plan.yaml and bound.yaml are the same run, with and without a recording.
fn check_files(plan: &Plan) {
    let what = format!("{} {}", plan.scenario, plan.seed);
    let first = run(plan, Recording::Summary);
    let digest = first.result.digest.expect("a run in this process has a digest");
    let planned = plan_of_file(&to_yaml(plan, "a comment"), plan.seed);
    assert_eq!(planned, *plan, "{what}: plan.yaml reads back as another plan");
    let full = run(&planned, Recording::Full);
    assert_eq!(full.result, first.result, "{what}: plan.yaml, recorded");

    let bound = first.bound.expect("a run that ended has a bound plan");
    let text = to_yaml(&bound, "");
    let literal = plan_of_file(&text, bound.seed);
    assert_eq!(literal, bound, "{what}: bound.yaml reads back as another plan");
    let again = run(&literal, Recording::Full);
    assert_eq!(again.result.digest, Some(digest), "{what}: bound.yaml\n{text}");
    assert_eq!(again.result.events, first.result.events, "{what}: bound.yaml");
    assert_eq!(again.bound, Some(bound), "{what}: binding a bound plan changes it");
    assert_eq!(happened(&again), happened(&full), "{what}: history of bound.yaml");
    assert_eq!(again.journal, full.journal, "{what}: journal of bound.yaml");
}

/// What happened in a run. Faults that did not are told by the first run alone: a bound plan holds
/// those that did. When a hook strikes is what a bound plan spells out.
fn happened(reply: &RunReply) -> Vec<String> {
    let lines = reply.history.as_ref().expect("a full recording has a history").lines();
    let absent =
        |line: &&str| line.contains(r#""fault":{"vetoed""#) || line.contains(r#""fault":{"not-applied""#);
    let without_when = |line: &str| {
        if !line.contains(r#""trouble":{"hook":"#) {
            return line.to_owned();
        }
        let mut record: serde_json::Value = serde_json::from_str(line).expect("a record a line");
        let hook = record.pointer_mut("/fault/applied/action/node/trouble/hook");
        hook.expect("only an application names a hook").as_object_mut().expect("a mapping").remove("when");
        record.to_string()
    };
    lines.filter(|line| !absent(line)).map(without_when).collect()
}

/// Every scenario of a half, so that two threads of the test program share the work.
fn check_half(parity: usize) {
    let scenarios = shipped();
    assert!(scenarios.len() >= 12, "only {} scenarios were found", scenarios.len());
    for scenario in scenarios.iter().skip(parity).step_by(2) {
        for seed in SEEDS {
            check_files(&short(scenario, seed));
        }
    }
}

#[test]
fn plan_and_bound_files_are_the_run_of_their_seed() {
    check_half(0);
}

#[test]
fn plan_and_bound_files_are_the_run_of_their_seed_too() {
    check_half(1);
}

/// A plan of one second of a system without any option.
fn bare_plan(registry: &Registry, system: &str) -> Plan {
    let text = format!("version: 1\nname: test\nsystem: {system}\nduration: 1s\n");
    let source = squall::scenario::Source::new("test.yaml", &text);
    let scenario = squall::scenario::parse(&source, &registry.catalogue());
    scenario.unwrap_or_else(|errors| panic!("{errors}")).plan(Seed(0), &Overrides::default())
}

/// Every result of a campaign, in the order told.
fn tell(
    campaign: &Campaign<'_>,
    hosts: &mut [Box<dyn RunHost>],
    verifiers: &mut [Box<dyn RunHost>],
) -> Vec<Finished> {
    let mut told = Vec::new();
    let mut sink = |progress| {
        if let Progress::Finished(done) = progress {
            told.push(*done);
        }
    };
    campaign.run(hosts, verifiers, &mut sink).expect("every plan fits");
    told
}
