//! A campaign tells the same results in the same order, whatever the number of hosts.

use std::time::Duration;

use serde_json::Value;
use squall::check::{Outcome, SeedResult};
use squall::history::Ppm;
use squall::{
    BugSet, Campaign, ClientCtx, FaultBudget, InProcess, Job, NodeCtx, NodeFuture, Plan, Policy, Registry,
    Role, RoleKind, RunHost, Seed, System, SystemError, Topology,
};

use super::{bare_plan, library, short, tell};
use library::shipped_named;

/// `dice`: one client that runs for a drawn time and fails in a third of all seeds.
struct Dice;

impl System for Dice {
    type Config = ();
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "client", count: 1, kind: RoleKind::Client }]
    }

    fn new((): (), (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self)
    }

    fn node(&self, _: NodeCtx) -> NodeFuture {
        unreachable!("there is no server role")
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        Box::pin(async move {
            let draw = ctx.draw(1);
            // Seeds take between nothing and some milliseconds of wall time: hosts overtake each other.
            for _ in 0..draw.property(1).below(5_000) {
                squall::io::time::sleep(Duration::from_micros(10)).await;
            }
            ctx.invoke("throw", None, Value::Null).ok(draw.property(2).below(6).into());
            if draw.property(3).below(3) == 0 { Err("an unlucky number".into()) } else { Ok(()) }
        })
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }
}

/// Runs both scenarios over many seeds and returns every result, in the order told.
fn campaign(hosts: usize, max_fail: u64) -> Vec<(usize, SeedResult, String)> {
    let registry = Registry::new().add::<Dice>("dice");
    let host = || Box::new(InProcess::new(registry.clone())) as Box<dyn RunHost>;
    let jobs = (0..2).flat_map(|scenario| (0..40).map(move |seed| Job { scenario, seed: Seed(seed) }));
    let base = bare_plan(&registry, "dice");
    // The second scenario is the first with other seeds.
    let plan = |job: &Job| Plan { seed: Seed(job.seed.0 + 1_000 * job.scenario as u64), ..base.clone() };
    let told = tell(
        &Campaign {
            jobs: jobs.collect(),
            plan: &plan,
            counts: &|result, _| result.outcome.is_failure(),
            policy: Policy { max_fail, recheck: Ppm::percent(33) },
        },
        &mut (0..hosts).map(|_| host()).collect::<Vec<_>>(),
        &mut [host()],
    );
    told.into_iter()
        .map(|done| {
            let text = (serde_json::to_string(&done.result), serde_json::to_string(&done.recorded));
            (done.scenario, done.result, format!("{text:?}"))
        })
        .collect()
}

#[test]
fn a_campaign_tells_the_same_whatever_the_number_of_hosts() {
    let all = campaign(1, u64::MAX);
    assert_eq!(all.len(), 80);
    let failed = |results: &[(usize, SeedResult, String)]| {
        results.iter().filter(|(_, result, _)| result.outcome == Outcome::Fail).count()
    };
    assert!((10..40).contains(&failed(&all)), "{} of 80 seeds failed", failed(&all));
    assert_eq!(failed(&all) + all.iter().filter(|(_, it, _)| it.outcome == Outcome::Pass).count(), 80);
    for max_fail in [1, 2, 5, u64::MAX] {
        // By its meaning: each scenario up to its `max_fail`-th failing seed.
        let mut left = [max_fail; 2];
        let expected = all.iter().filter(|(scenario, result, _)| {
            let told = left[*scenario] > 0;
            left[*scenario] -= u64::from(told && result.outcome.is_failure());
            told
        });
        let expected: Vec<_> = expected.cloned().collect();
        for hosts in 1..=3 {
            assert_eq!(campaign(hosts, max_fail), expected, "{hosts} hosts, max-fail {max_fail}");
        }
    }
}

#[test]
fn a_campaign_of_kv_tells_the_same_on_two_hosts() {
    let scenario = shipped_named("zoo-retry-applied-twice");
    let results = |hosts: usize| -> Vec<String> {
        let host = || Box::new(InProcess::new(library::registry())) as Box<dyn RunHost>;
        let campaign = Campaign {
            jobs: (1..=6).map(|seed| Job { scenario: 0, seed: Seed(seed) }).collect(),
            plan: &|job| short(&scenario, job.seed.0),
            counts: &|result, _| result.outcome.is_failure(),
            policy: Policy { max_fail: 2, recheck: Ppm::percent(50) },
        };
        let told = tell(&campaign, &mut (0..hosts).map(|_| host()).collect::<Vec<_>>(), &mut [host()]);
        assert!(told.iter().all(|done| done.recorded.is_some() == done.result.outcome.is_failure()));
        told.iter().map(|done| serde_json::to_string(&done.result).expect("a result is JSON")).collect()
    };
    assert_eq!(results(2), results(1));
}
