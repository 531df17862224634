//! A campaign tells the same results in the same order, whatever the number of hosts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use squall::check::{Outcome, SeedResult};
use squall::history::Ppm;
use squall::{
    BugSet, Campaign, ClientCtx, FaultBudget, InProcess, Job, NodeCtx, NodeFuture, Plan, Policy, Progress,
    Reached, Registry, Role, RoleKind, RunHost, Seed, Stint, System, SystemError, Topology, Turn,
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

/// Runs the campaign of [`Dice`] from a turn on, until so many results are told. The turn after them, the
/// results, and whether all were told; a result of every job that began is among them.
fn stint(
    hosts: usize,
    max_fail: u64,
    from: Turn,
    results: usize,
) -> (Turn, Vec<(usize, SeedResult)>, Reached) {
    let registry = Registry::new().add::<Dice>("dice");
    let host = || Box::new(InProcess::new(registry.clone())) as Box<dyn RunHost>;
    let jobs = (0..2).flat_map(|scenario| (0..40).map(move |seed| Job { scenario, seed: Seed(seed) }));
    let base = bare_plan(&registry, "dice");
    let campaign = Campaign {
        jobs: jobs.collect(),
        plan: &|job| Plan { seed: Seed(job.seed.0 + 1_000 * job.scenario as u64), ..base.clone() },
        counts: &|result, _| result.outcome.is_failure(),
        policy: Policy { max_fail, recheck: Ppm::percent(33) },
    };
    let finished = AtomicUsize::new(0);
    let (mut begun, mut stopping, mut told) = (Vec::new(), 0, Vec::new());
    let reached = campaign.run_stint(
        &Stint { from: from.clone(), stop: &|| finished.load(Ordering::Relaxed) >= results },
        &mut (0..hosts).map(|_| host()).collect::<Vec<_>>(),
        &mut [host()],
        &mut |progress| match progress {
            Progress::Started { scenario, seed, .. } => begun.push((scenario, seed)),
            Progress::Done { .. } => {}
            Progress::Finished(done) => {
                finished.fetch_add(1, Ordering::Relaxed);
                told.push((done.scenario, done.result));
            }
            Progress::Stopping => stopping += 1,
        },
    );
    let reached = reached.expect("every plan fits");
    let mut turn = from;
    for (_, result) in &told {
        turn.told(&campaign.jobs, result.outcome.is_failure().into());
    }
    assert!(stopping <= 1);
    let is_told = |begun: &(usize, Seed)| {
        let mut seeds = told.iter().map(|(scenario, result)| (*scenario, Seed(result.seed.0 % 1_000)));
        seeds.any(|told| told == *begun) || turn.is_over(begun.0)
    };
    assert!(begun.iter().all(is_told), "a run that began was thrown away");
    (turn, told, reached)
}

#[test]
fn a_campaign_in_stints_tells_what_one_in_one_go_does() {
    for max_fail in [2, u64::MAX] {
        let all: Vec<_> =
            campaign(2, max_fail).into_iter().map(|(scenario, result, _)| (scenario, result)).collect();
        for hosts in 1..=3 {
            let (mut turn, mut told, mut stints) = (Turn::new(max_fail), Vec::new(), 0);
            loop {
                let (after, results, reached) = stint(hosts, max_fail, turn, 3 + stints % 5);
                turn = after;
                told.extend(results);
                stints += 1;
                if reached == Reached::End {
                    break;
                }
                assert_eq!(told, all[..told.len()], "{hosts} hosts: not a prefix");
            }
            assert_eq!(told, all, "{hosts} hosts, max-fail {max_fail}");
            assert!(stints > 1, "it was never stopped");
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
