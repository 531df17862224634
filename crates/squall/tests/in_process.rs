//! A scenario within a test, of a system that has words, an invariant and a checker of its own.

use std::time::Duration;

use squall::check::{checker_fn, invariant_fn};
use squall::history::{NodeName, Record};
use squall::scenario::Scenario;
use squall::scenario::build::{Fault, Nodes, ScenarioBuilder, Step, act};
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, Invariant, NodeCtx, NodeFuture, PlantedBug, Registry, Role,
    RoleKind, System, SystemError, Topology, assert_passes,
};
use squall_io::{Word, observe, time};

/// What a node tells of the one lease that all of them share.
#[derive(Clone, PartialEq, Debug, Word)]
#[word(vocab = "lease")]
enum Lease {
    Granted { turn: u32 },
    Released { turn: u32 },
    Stolen,
}

/// Nodes that hold the lease one after the other.
struct Leases {
    overlap: bool,
}

const TURN: Duration = Duration::from_secs(2);

impl System for Leases {
    type Config = ();
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "node", count: 3, kind: RoleKind::Server }]
    }

    fn new((): (), (): (), bugs: BugSet) -> Result<Self, SystemError> {
        Ok(Self { overlap: bugs.has("overlap") })
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let turn = ctx.node.number;
        let held = if self.overlap { TURN * 2 } else { TURN / 2 };
        Box::pin(async move {
            time::sleep(TURN * turn).await;
            observe(Lease::Granted { turn });
            time::sleep(held).await;
            observe(Lease::Released { turn });
            std::future::pending().await
        })
    }

    fn client(&self, _: ClientCtx) -> NodeFuture {
        unreachable!("there is no client role")
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        vec![invariant_fn("one-holder", None, |holder: &mut Option<NodeName>, record: &Record, findings| {
            match record.word::<Lease>() {
                Some(Lease::Granted { turn }) => {
                    findings.exercised();
                    if let Some(other) = holder.as_ref().filter(|other| record.node.as_ref() != Some(other)) {
                        findings
                            .violated(record.at, format!("in turn {turn} {other} holds the lease as well"));
                    }
                    holder.clone_from(&record.node);
                }
                Some(Lease::Released { .. }) => *holder = None,
                Some(Lease::Stolen) | None => {}
            }
        })]
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![checker_fn("somebody-holds", |history, _, findings| {
            let granted = history.records.iter().filter_map(Record::word::<Lease>).count();
            findings.exercised();
            if granted == 0 {
                let end = history.records.last().map_or(squall::SimTime::ZERO, |last| last.at);
                findings.violated(end, "nobody ever held the lease");
            }
        })]
    }

    fn bugs() -> &'static [PlantedBug] {
        &[PlantedBug { name: "overlap", what: "the lease is held beyond its turn" }]
    }

    fn conditions() -> &'static [&'static str] {
        Lease::CONDITIONS
    }
}

fn registry() -> Registry {
    Registry::new().add::<Leases>("leases")
}

fn leases() -> ScenarioBuilder {
    let steps = [
        Step::wait_for("lease/released", Duration::from_secs(10)),
        Step::act(act::pause(Nodes::named(["node-1"]))),
    ];
    Scenario::builder("leases", "leases")
        .duration(Duration::from_secs(10))
        .seeds(3)
        .fault(Fault::steps(Duration::from_secs(1), steps))
        .sometimes("lease/released")
        .sometimes("node-paused")
}

fn built(builder: &ScenarioBuilder) -> Scenario {
    builder.build(&registry().catalogue()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// What a test would print.
fn panic_of(scenario: &Scenario) -> String {
    let caught = std::panic::catch_unwind(|| assert_passes(&registry(), scenario));
    *caught.expect_err("it does not pass").downcast::<String>().expect("a formatted message")
}

#[test]
fn words_are_conditions_and_oracles_read_them() {
    let scenario = built(&leases());
    assert_passes(&registry(), &scenario);
    let verdict = squall::test(&registry(), &scenario).unwrap().verdict;
    assert_eq!(
        (verdict.seeds, verdict.exercised["one-holder"], verdict.exercised["somebody-holds"]),
        (3, 9, 3)
    );
    assert_eq!(verdict.conditions["lease/released"], 9);
}

#[test]
fn what_fails_is_told_with_its_seed() {
    let text = panic_of(&built(&leases().bug("overlap")));
    let seed = built(&leases()).seeds.resolve(squall::BASE_SEED).next().unwrap();
    for words in [
        "scenario leases: fail after 1 seeds".to_owned(),
        format!("seed {seed}: fail"),
        "one-holder violated at t=4.000s: in turn 2 node-1 holds the lease as well".to_owned(),
        format!("replay leases --seed {seed}"),
        "bugs: [overlap]".to_owned(),
    ] {
        assert!(text.contains(&words), "no `{words}` in:\n{text}");
    }
    // Run alone as it says, it fails alike.
    let alone = panic_of(&built(&leases().bug("overlap").these_seeds([seed])));
    assert!(alone.contains("one-holder violated at t=4.000s"), "{alone}");
}

#[test]
fn what_never_happened_is_no_pass() {
    let text = panic_of(&built(&leases().sometimes("lease/stolen")));
    assert!(text.contains("inconclusive after 3 seeds") && text.contains("lease/stolen"), "{text}");
}
