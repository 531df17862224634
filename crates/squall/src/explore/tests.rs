//! Toys in which steps are unlikely: coverage becomes stable, and guided search comes further than a plain one.

use std::time::Duration;

use squall_history::Topology;
use squall_history::vocab::Custom;
use squall_io::{assert, observe, rand, time};
use squall_scenario::{Overrides, Source, parse, to_yaml};

use super::*;
use crate::{
    BugSet, ClientCtx, FaultBudget, InProcess, NodeCtx, NodeFuture, Registry, Role, RoleKind, System,
    SystemError,
};

/// A node that climbs: each second it gets one step higher with a chance of one in eight, if the step
/// before was taken the second before. Four steps in a row break it.
struct Stairs;

impl System for Stairs {
    type Config = ();
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "node", count: 1, kind: RoleKind::Server }]
    }

    fn new((): (), (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self)
    }

    fn node(&self, _: NodeCtx) -> NodeFuture {
        Box::pin(async move {
            for step in 1..=4 {
                time::sleep(Duration::from_secs(1)).await;
                if rand::below(8) > 0 {
                    break;
                }
                observe(Custom::new("stairs", &format!("step-{step}")));
                assert::always!(step < 4, "stairs/never-at-the-top");
            }
            std::future::pending().await
        })
    }

    fn client(&self, _: ClientCtx) -> NodeFuture {
        unreachable!("there is no client role")
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }
}

fn registry() -> Registry {
    Registry::new().add::<Stairs>("stairs")
}

fn host() -> Box<dyn RunHost> {
    Box::new(InProcess::new(registry()))
}

/// What came of it, and each run.
fn explored(
    hosts: usize,
    runs: u64,
    until_stable: Option<u64>,
    guidance: Guidance,
) -> (Exhausted, Vec<(SeedResult, Plan)>) {
    let text = "version: 1\nname: stairs\nsystem: stairs\nduration: 6s\n";
    let scenario = parse(&Source::new("stairs.yaml", text), &registry().catalogue());
    let scenario = scenario.unwrap_or_else(|errors| panic!("{errors}"));
    let seeds: Vec<Seed> = (0..runs).map(Seed).collect();
    let exploration = Exploration {
        scenario: 0,
        seeds: &seeds,
        plan: &|seed| scenario.plan(seed, &Overrides::default()),
        counts: &|result| result.outcome.is_failure(),
        policy: Policy::default(),
        until_stable,
        guidance,
        interrupt: &Interrupt::default(),
    };
    let mut told = Vec::new();
    let mut pool = Pool::new((0..hosts).map(|_| host()).collect());
    let exhausted = exploration.run(&mut pool, host().as_mut(), &mut |run| {
        assert_ne!(run.second, Second::Differs);
        told.push((run.result, run.plan));
    });
    (exhausted.expect("the plans fit"), told)
}

#[test]
fn it_ends_when_nothing_new_comes_at_the_same_run_whatever_the_hosts() {
    let (alone, told) = explored(1, 1_000, Some(40), Guidance::None);
    assert_eq!(alone.ended, ExploreEnded::Stable);
    assert_eq!(alone.explored.runs_since_new(), 40);
    assert_eq!(alone.explored.runs(), told.len() as u64);
    assert!(told.iter().enumerate().all(|(place, (result, _))| result.seed == Seed(place as u64)));
    for hosts in 2..5 {
        assert_eq!(explored(hosts, 1_000, Some(40), Guidance::None), (alone.clone(), told.clone()));
    }
    // Without end it goes on, and the seeds before are the same.
    let (all, more) = explored(2, 200, None, Guidance::None);
    assert_eq!((all.ended, all.explored.runs()), (ExploreEnded::Seeds, 200));
    let shared = told.len().min(200);
    assert_eq!(more[..shared], told[..shared]);
}

#[test]
fn guided_runs_find_what_takes_many_steps_sooner() {
    let (plain, _) = explored(2, 20_000, None, Guidance::None);
    let (guided, told) = explored(2, 20_000, None, Guidance::RareFeatures);
    assert_eq!((plain.ended, guided.ended), (ExploreEnded::Failures, ExploreEnded::Failures));
    let (plain, guided_runs) = (plain.explored.runs(), guided.explored.runs());
    assert!(guided_runs * 3 < plain, "{guided_runs} guided, {plain} plain");
    assert!(guided.guided > 0);
    assert_eq!(explored(1, 20_000, None, Guidance::RareFeatures), (guided, told.clone()));

    // What was found is a plan, and its run is the same again.
    let (result, plan) = told.last().expect("it ended with a failure");
    assert_eq!(plan.reseed.last().map(|reseed| reseed.seed), Some(result.seed), "{:?}", plan.reseed);
    let text = to_yaml(plan, "");
    let file = parse(&Source::new("plan.yaml", &text), &registry().catalogue());
    let file = file.unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(&file.plan(result.seed, &Overrides::default()), plan, "{text}");
    let again = host().run(&RunRequest { plan: plan.clone(), recording: Recording::Summary });
    assert_eq!(again.expect("it fits").result.digest, result.digest);
}
