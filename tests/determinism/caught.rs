//! Systems that no seed decides are caught: by a second digest, or by a wake from elsewhere.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use squall::check::{Outcome, SeedResult};
use squall::history::{Digest, Ppm};
use squall::{
    BugSet, Campaign, ClientCtx, FaultBudget, InProcess, Job, NodeCtx, NodeFuture, NodeResult, Plan, Policy,
    Registry, Role, RoleKind, RunHost, Seed, System, SystemError, Topology,
};

use super::{bare_plan, tell};

/// What a system does that no seed decides.
trait Sin: Send + Sync + 'static {
    fn commit() -> impl Future<Output = ()> + Send;
}

/// One server that sins.
struct Sinner<S>(std::marker::PhantomData<S>);

impl<S: Sin> System for Sinner<S> {
    type Config = ();
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "server", count: 1, kind: RoleKind::Server }]
    }

    fn new((): (), (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self(std::marker::PhantomData))
    }

    fn node(&self, _: NodeCtx) -> NodeFuture {
        Box::pin(async {
            S::commit().await;
            NodeResult::Ok(())
        })
    }

    fn client(&self, _: ClientCtx) -> NodeFuture {
        unreachable!("there is no client role")
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }
}

/// Sleeps longer each time it is run in this process.
struct Counts;

impl Sin for Counts {
    async fn commit() {
        static RUNS: AtomicU64 = AtomicU64::new(1);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        squall::io::time::sleep(Duration::from_millis(run)).await;
    }
}

/// Is woken by a thread of its own.
struct Threads;

impl Sin for Threads {
    async fn commit() {
        WokenByThread { asked: false }.await;
    }
}

struct WokenByThread {
    asked: bool,
}

impl Future for WokenByThread {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.asked, true) {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        std::thread::scope(|scope| scope.spawn(|| waker.wake()).join()).expect("waking does not panic");
        Poll::Pending
    }
}

/// What a campaign of one seed says of a sinner, with every seed run twice.
fn confession<S: Sin>() -> SeedResult {
    let registry = Registry::new().add::<Sinner<S>>("sinner");
    let mut hosts: Vec<Box<dyn RunHost>> = vec![Box::new(InProcess::new(registry.clone()))];
    let base = bare_plan(&registry, "sinner");
    let campaign = Campaign {
        jobs: vec![Job { scenario: 0, seed: Seed(5) }],
        plan: &|job| Plan { seed: job.seed, ..base.clone() },
        counts: &|result, _| result.outcome.is_failure(),
        policy: Policy { max_fail: 1, recheck: Ppm::ONE },
    };
    let told = tell(&campaign, &mut hosts, &mut [Box::new(InProcess::new(registry))]);
    let [done] = &told[..] else { panic!("one job, one result: {told:?}") };
    done.result.clone()
}

#[test]
fn a_system_that_counts_its_runs_is_caught_with_both_digests() {
    let result = confession::<Counts>();
    assert_eq!(result.outcome, Outcome::Nondeterministic);
    let digests: Vec<Digest> = result
        .detail
        .split(|letter: char| !letter.is_ascii_hexdigit())
        .filter(|word| word.len() == 32)
        .map(|word| word.parse().expect("32 hexadecimal digits"))
        .collect();
    let [first, second] = digests[..] else { panic!("two digests are named: {}", result.detail) };
    assert_eq!(Some(first), result.digest);
    assert_ne!(first, second);
}

#[test]
fn a_wake_from_another_thread_is_caught() {
    let result = confession::<Threads>();
    assert_eq!(result.outcome, Outcome::Nondeterministic, "{}", result.detail);
    assert!(result.detail.contains("1 wake came from other threads"), "{}", result.detail);
}

#[test]
fn a_sound_system_is_not_accused() {
    struct Sound;
    impl Sin for Sound {
        async fn commit() {
            squall::io::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert_eq!(confession::<Sound>().outcome, Outcome::Pass);
}
