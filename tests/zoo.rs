//! The planted bugs of the batch cluster: each is found by its scenario, through an oracle that
//! promises what it breaks; its bound plan is the same run, and its history is judged again to the
//! same verdict; without it the same seed passes. And
//! the other way round: each oracle of the cluster is tripped by a bug, and is exercised by runs in
//! which nothing is wrong.

mod library;

use std::collections::{BTreeMap, BTreeSet};

use library::{registry, run, shipped_named};
use squall::history::{History, InvariantChoice, StopOn};
use squall::scenario::{Overrides, Scenario};
use squall::{Plan, Recording, RunReply, Seed, Terms, rejudge};

/// Seeds that a scenario may take here; as a campaign it may take more.
const SEEDS: u64 = 120;

/// Each bug with the oracles one of which is to find it first.
const FOUND_BY: [(&str, &[&str]); 20] = [
    ("applied-index-split", &["exactly-once-command", "state-machine-safety"]),
    ("commit-regress", &["monotonicity"]),
    ("dead-output-kept", &["job-finishes"]),
    ("double-handling", &["real-retries"]),
    ("epoch-not-bumped", &["no-zombie-effect"]),
    ("fsync-omitted", &["durability-at-commit"]),
    ("leader-drops-tail", &["leader-append-only"]),
    ("local-leader-read", &["linearizable-control"]),
    ("no-conflict-truncate", &["exactly-once-command", "state-machine-safety"]),
    ("no-prevote", &["leader-exists"]),
    ("rerun-after-success", &["atomic-publication"]),
    ("short-read-is-eof", &["conservation"]),
    ("snapshot-no-sessions", &["state-machine-safety"]),
    ("submit-not-idempotent", &["acked-job-not-lost"]),
    ("torn-tail-kept", &["recovery-finds-what-was-synced"]),
    ("truncate-always", &["durability-at-commit"]),
    ("two-masters", &["no-zombie-effect"]),
    ("vote-cleared-on-stepdown", &["monotonicity"]),
    ("vote-not-durable", &["monotonicity"]),
    ("zombie-commit", &["committed-once", "no-zombie-effect"]),
];

/// Oracles that another one always precedes: what trips them when they alone are asked.
const TRIPPED_BY: [(&str, &str); 6] = [
    ("election-safety", "vote-not-durable"),
    ("leader-completeness", "leader-drops-tail"),
    ("log-matching", "no-conflict-truncate"),
    ("exactly-once-command", "no-conflict-truncate"),
    ("output-equals-oracle", "short-read-is-eof"),
    ("committed-once", "zombie-commit"),
];

/// The first run of the bug's scenario, seed by seed, with a violation.
fn find(scenario: &Scenario, change: impl Fn(&mut Plan)) -> (Plan, RunReply) {
    let plans = (1..=SEEDS).map(|seed| {
        let mut plan = scenario.plan(Seed(seed), &Overrides::default());
        change(&mut plan);
        plan
    });
    let failing = plans.map(|plan| (run(&plan, Recording::Summary), plan));
    let found =
        failing.map(|(reply, plan)| (plan, reply)).find(|(_, reply)| !reply.result.violations.is_empty());
    found.unwrap_or_else(|| panic!("{}: none of {SEEDS} seeds finds the bug", scenario.name))
}

fn oracles(reply: &RunReply) -> BTreeSet<&str> {
    reply.result.violations.iter().map(|violation| violation.oracle.as_str()).collect()
}

/// Every third bug, so that the threads of the test program share the work.
fn check_third(remainder: usize) {
    for (bug, expected) in FOUND_BY.into_iter().skip(remainder).step_by(3) {
        let scenario = shipped_named(&format!("zoo-{bug}"));
        let (plan, reply) = find(&scenario, |_| {});
        let found = oracles(&reply);
        assert!(expected.iter().any(|oracle| found.contains(oracle)), "{bug} was found by {found:?}");

        let bound = reply.bound.expect("a run that ended has a bound plan");
        let again = run(&bound, Recording::Full);
        assert_eq!(again.result.digest, reply.result.digest, "{bug}: bound.yaml is another run");
        assert_eq!(again.result.violations, reply.result.violations, "{bug}: bound.yaml");
        is_judged_alike(bug, &bound, &again);

        let mut correct = plan;
        correct.system.bugs.clear();
        let clean = run(&correct, Recording::Summary);
        assert_eq!(clean.result.violations, [], "{bug} is off, seed {}", correct.seed);
    }
}

/// The stored history of a run is judged again to the same verdict.
fn is_judged_alike(bug: &str, plan: &Plan, reply: &RunReply) {
    let text = reply.history.as_ref().expect("all of it was recorded");
    let history = History::read_ndjson(text.as_bytes()).expect("a history that was just written");
    let (expect, workload) = (plan.expect.clone(), plan.workload.clone());
    let terms = Terms { expect, workload, ..Terms::default() };
    let verdict = rejudge(&registry(), &history, &terms).expect("the system is registered");
    assert_eq!(verdict.violations, reply.result.violations, "{bug}: judged again");
    assert_eq!(verdict.exercised, reply.result.exercised, "{bug}: judged again");
}

#[test]
fn each_planted_bug_is_found() {
    check_third(0);
}

#[test]
fn each_planted_bug_is_found_second_third() {
    check_third(1);
}

#[test]
fn each_planted_bug_is_found_last_third() {
    check_third(2);
}

#[test]
fn oracles_that_come_second_bite_too() {
    for (oracle, bug) in TRIPPED_BY {
        let scenario = shipped_named(&format!("zoo-{bug}"));
        let (_, reply) = find(&scenario, |plan| {
            plan.expect.invariants = InvariantChoice::Named(vec![oracle.to_owned()]);
            plan.limits.stop_on = StopOn::End;
        });
        assert!(oracles(&reply).contains(oracle), "{oracle}: {bug} trips {:?}", oracles(&reply));
    }
}

/// The names of the cluster's own oracles.
fn own_oracles() -> BTreeSet<String> {
    let catalogue = registry().catalogue();
    let common: BTreeSet<&str> = squall::check::oracles().iter().map(|oracle| oracle.name).collect();
    let all = catalogue.systems["batch"].oracles.iter().map(|oracle| oracle.name.clone());
    all.filter(|name| !common.contains(name.as_str())).collect()
}

#[test]
fn every_oracle_has_a_bug_that_trips_it() {
    // Where any of several may come first, none is sure to.
    let first = FOUND_BY.iter().filter_map(|(_, oracles)| match oracles {
        [only] => Some(*only),
        _ => None,
    });
    let tripped = first.chain(TRIPPED_BY.iter().map(|(oracle, _)| *oracle));
    assert_eq!(tripped.map(str::to_owned).collect::<BTreeSet<_>>(), own_oracles());
    let planted: BTreeSet<&str> = registry().bugs("batch").iter().map(|bug| bug.name).collect();
    assert_eq!(planted, FOUND_BY.iter().map(|(bug, _)| *bug).collect(), "every bug has a scenario");
}

#[test]
fn every_oracle_is_exercised_where_nothing_is_wrong() {
    let mut exercised: BTreeMap<String, u64> = BTreeMap::new();
    for (name, seed) in
        [("kill-leader", 1), ("batch-catch-up", 1), ("batch-power-loss", 1), ("batch-swarm", 1)]
    {
        let reply = run(&shipped_named(name).plan(Seed(seed), &Overrides::default()), Recording::Summary);
        assert_eq!(reply.result.violations, [], "{name} {seed}");
        for (oracle, count) in reply.result.exercised {
            *exercised.entry(oracle).or_default() += count;
        }
    }
    for oracle in own_oracles() {
        assert!(exercised.get(&oracle).is_some_and(|count| *count > 0), "{oracle}: {exercised:?}");
    }
}
