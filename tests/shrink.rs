//! Shrinking on the shipped systems: what comes out is a file that violates the same, is the same whoever
//! ran it, and passes without the bug.

mod library;

use library::{plan_of_file, registry, run, shipped_named};
use squall::history::{Action, NodeName, Selector};
use squall::scenario::{Overrides, to_yaml};
use squall::{
    InProcess, Interrupt, Plan, Pool, Recording, RunHost, Seed, ShrinkEnd, ShrinkStep, ShrinkTerms, Shrunk,
    shrink,
};

/// Runs that a shrinking may take here: enough for faults and nodes, not for the last digit.
const RUNS: u64 = 250;

fn pool(hosts: usize) -> Pool {
    Pool::new((0..hosts).map(|_| Box::new(InProcess::new(registry())) as Box<dyn RunHost>).collect())
}

fn shrunk(plan: &Plan, runs_max: u64, hosts: usize) -> Option<Shrunk> {
    let (registry, interrupt) = (registry(), Interrupt::default());
    let tell = &mut |_: &ShrinkStep<'_>| {};
    let mut terms = ShrinkTerms { registry: &registry, runs_max, interrupt: &interrupt, tell };
    shrink(&mut pool(hosts), plan, &mut terms).expect("the plan fits")
}

/// The plan of the first seed of a scenario that fails, with a bug of one's own choice or the scenario's.
fn failing(name: &str, bug: Option<&str>) -> Plan {
    let scenario = shipped_named(name);
    let bugs = bug.map(|bug| vec![bug.to_owned()]);
    let overrides = Overrides { bugs, ..Overrides::default() };
    let seeds = scenario.seeds.resolve(Seed(0x5eed)).take(120);
    let mut plans = seeds.map(|seed| scenario.plan(seed, &overrides));
    let fails = |plan: &Plan| !run(plan, Recording::Summary).result.violations.is_empty();
    plans.find(fails).unwrap_or_else(|| panic!("{name}: no seed fails"))
}

/// What must hold of every result.
fn check(name: &str, plan: &Plan) -> Shrunk {
    let original = run(plan, Recording::Summary).result;
    let small = shrunk(plan, RUNS, 1).expect("it fails");
    let oracle = &original.violations[0].oracle;
    assert!(
        small.result.violations.iter().any(|found| found.oracle == *oracle),
        "{name}: {oracle} became {:?}",
        small.result.violations
    );

    // A file, read elsewhere, is the same plan and the same run.
    let read = plan_of_file(&to_yaml(&small.plan, "a comment"), small.plan.seed);
    assert_eq!(read, small.plan, "{name}: the file says something else");
    let again = run(&read, Recording::Summary).result;
    assert_eq!((again.digest, &again.violations), (small.result.digest, &small.result.violations), "{name}");

    // It is the bug that fails, not what was taken away.
    let mut correct = small.plan.clone();
    correct.system.bugs.clear();
    let clean = run(&correct, Recording::Summary).result;
    assert_eq!(clean.violations, [], "{name}: fails without the bug too:\n{}", to_yaml(&small.plan, ""));

    assert!(small.after.faults <= small.before.faults && small.after.nodes <= small.before.nodes);
    assert!(small.plan.faults.len() <= 3, "{name}:\n{}", to_yaml(&small.plan, ""));
    small
}

#[test]
fn the_bugs_that_the_swarms_find_become_a_fault_or_two() {
    for (swarm, bug) in [
        ("batch-swarm", "commit-regress"),
        ("batch-swarm", "epoch-not-bumped"),
        ("kv-swarm", "ack-before-replicate"),
        ("kv-swarm", "stale-primary-read"),
    ] {
        let small = check(bug, &failing(swarm, Some(bug)));
        assert!(small.before.faults > small.after.faults, "{bug}: {:?}", small.before);
        assert!(small.after.duration < small.before.duration, "{bug}: {:?}", small.after);
    }
}

#[test]
fn a_lateness_is_not_made_by_taking_servers_away() {
    for bug in ["dead-output-kept", "no-prevote"] {
        let plan = failing(&format!("zoo-{bug}"), None);
        let small = check(bug, &plan);
        let servers = |plan: &Plan| plan.topology.nodes.iter().filter(|node| node.role != "client").count();
        assert_eq!(servers(&small.plan), servers(&plan), "{bug}");
    }
}

#[test]
fn the_number_of_hosts_changes_nothing() {
    let plan = failing("kv-swarm", Some("ack-before-replicate"));
    let alone = shrunk(&plan, 60, 1).expect("it fails");
    assert_eq!(shrunk(&plan, 60, 3).expect("it fails"), alone);
}

#[test]
fn runs_and_an_interrupt_bound_it_and_the_best_so_far_comes_out() {
    let plan = failing("kv-swarm", Some("ack-before-replicate"));
    let nothing = shrunk(&plan, 1, 2).expect("it fails");
    assert_eq!((nothing.ended, nothing.runs), (ShrinkEnd::RunsUsedUp, 1));
    assert_eq!(nothing.before, nothing.after);

    let (registry, interrupt) = (registry(), Interrupt::default());
    let raised = interrupt.clone();
    let mut heard = Vec::new();
    let tell = &mut |step: &ShrinkStep<'_>| {
        heard.push((step.runs, step.faults));
        if step.runs > 20 {
            raised.raise();
        }
    };
    let mut terms = ShrinkTerms { registry: &registry, runs_max: 1_000, interrupt: &interrupt, tell };
    let small = shrink(&mut pool(1), &plan, &mut terms).expect("the plan fits").expect("it fails");
    assert_eq!(small.ended, ShrinkEnd::Interrupted);
    assert!(small.runs > 20 && small.runs < 100, "{}", small.runs);
    assert!(small.plan.faults.len() < plan.faults.len());
    assert!(heard.is_sorted_by_key(|(runs, _)| *runs) && heard.len() > 3, "{heard:?}");
}

#[test]
fn what_does_not_fail_is_not_shrunk() {
    let calm = shipped_named("kv-calm").plan(Seed(1), &Overrides::default());
    assert_eq!(shrunk(&calm, 100, 1), None);
}

/// A fault that nothing depends on goes even where its node must stay.
#[test]
fn what_is_left_is_needed() {
    let plan = failing("kv-swarm", Some("ack-before-replicate"));
    let small = shrunk(&plan, 1_000, 2).expect("it fails");
    assert_eq!(small.ended, ShrinkEnd::NothingLeft);
    for place in 0..small.plan.faults.len() {
        let mut fewer = small.plan.clone();
        fewer.faults.remove(place);
        let result = run(&fewer, Recording::Summary).result;
        assert_eq!(result.violations, [], "fault {place} is not needed");
    }
    // Nobody is named who is not there.
    let there = |name: &NodeName| small.plan.topology.node(name.as_str()).is_some();
    for fault in &small.plan.faults {
        if let Action::Kill(Selector::Nodes(names)) | Action::PowerLoss(Selector::Nodes(names)) =
            &fault.action
        {
            assert!(names.iter().all(there), "{names:?}");
        }
    }
}
