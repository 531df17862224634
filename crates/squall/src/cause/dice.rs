//! The law that charts of causes stand on: a run whose draws come from another seed from t on is the
//! same before t, in everything, and differs in every kind of draw after it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use squall_history::vocab::Custom;
use squall_history::{Body, History, Plan, Reseed, Seed, SimTime, Topology};
use squall_io::net::UdpSocket;
use squall_io::{buggify, fs, hook, observe, rand, task, time};
use squall_scenario::{Overrides, Source, parse};

use crate::{
    BugSet, ClientCtx, FaultBudget, Hooks, NodeCtx, NodeFuture, NodeResult, Recording, Registry, Role,
    RoleKind, System, SystemError,
};

const PORT: u16 = 9;
const PACE: Duration = Duration::from_millis(40);
/// When draws change.
const CHANGE: SimTime = SimTime(2_010_000_000);
/// What was under way then may still come out as it was.
const SETTLED: SimTime = SimTime(2_200_000_000);

/// Nodes that tell what they drew, of every kind.
struct Dice;

impl System for Dice {
    type Config = ();
    type Workload = ();

    fn roles() -> Vec<Role> {
        let role = |name, count, kind| Role { name, count, kind };
        vec![role("node", 3, RoleKind::Server), role("client", 1, RoleKind::Client)]
    }

    fn new((): (), (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self)
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        Box::pin(throw(ctx))
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        Box::pin(async move {
            loop {
                told("workload", ctx.draw(ctx.next_op()).bits());
                time::sleep(PACE).await;
            }
        })
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }
}

fn told(kind: &str, value: u64) {
    observe(Custom::new("dice", kind).with("value", value));
}

async fn throw(ctx: NodeCtx) -> NodeResult {
    let socket = Arc::new(UdpSocket::bind(("0.0.0.0", PORT)).await?);
    let ears = socket.clone();
    drop(task::spawn(async move {
        let mut sent = [0; 8];
        while ears.recv_from(&mut sent).await.is_ok() {
            told("network", squall_sim::now().0 - u64::from_be_bytes(sent));
        }
    }));
    for turn in 0_u64.. {
        told("system", rand::bits());
        let mut entropy = [0; 8];
        squall_sim::entropy(&mut entropy);
        told("entropy", u64::from_be_bytes(entropy));
        told("buggify", u64::from(buggify!("dice/turn")));
        let before = squall_sim::now().0;
        fs::write("own", &turn.to_be_bytes()).await?;
        told("disk", squall_sim::now().0 - before);
        let before = squall_sim::now().0;
        hook!("dice/late").await;
        told("hook", squall_sim::now().0 - before);
        told("schedule", order().await);
        let peer = if ctx.name().as_str() == "node-1" { "node-2" } else { "node-1" };
        socket.send_to(&squall_sim::now().0.to_be_bytes(), (peer, PORT)).await?;
        time::sleep(PACE).await;
    }
    Ok(())
}

/// In which order eight tasks that are woken at one instant were polled.
async fn order() -> u64 {
    let polled = Arc::new(Mutex::new(0_u64));
    let wake = time::now() + Duration::from_millis(1);
    let tasks: Vec<_> = (0..8_u64)
        .map(|number| {
            let polled = polled.clone();
            task::spawn(async move {
                time::sleep_until(wake).await;
                let mut polled = polled.lock().expect("nobody panics");
                *polled = *polled * 8 + number;
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("nobody panics");
    }
    *polled.lock().expect("nobody panics")
}

fn history(seed: u64, reseed: Option<u64>) -> History {
    let reseed: Vec<Reseed> =
        reseed.map(|seed| Reseed { at: CHANGE, seed: Seed(seed) }).into_iter().collect();
    history_of(seed, &reseed)
}

fn history_of(seed: u64, reseed: &[Reseed]) -> History {
    let registry = Registry::new().add::<Dice>("dice");
    let text = "
version: 1
name: dice
system: dice
duration: 4s
faults:
  - { at: 0s, for: 4s, buggify: { target: { role: node }, enable: 100%, fire: 50% } }
  - { at: 0s, for: 4s, hook: { target: { role: node }, point: dice/late, percent: 50%, delay: 1ms..9ms } }
  - { name: late, at: 3s, for: 500ms, pause: { role: node, mode: one } }
";
    let scenario = parse(&Source::new("dice.yaml", text), &registry.catalogue());
    let scenario = scenario.unwrap_or_else(|errors| panic!("{errors}"));
    let mut plan: Plan = scenario.plan(Seed(seed), &Overrides::default());
    plan.reseed.extend_from_slice(reseed);
    let reply = crate::run(&registry, &plan, Recording::Full, &Hooks::default()).expect("it fits");
    History::read_ndjson(reply.history.expect("it is recorded").as_bytes()).expect("just written")
}

/// What was told of each kind from `SETTLED` on, by node.
fn drawn_after(history: &History) -> BTreeMap<String, Vec<String>> {
    let mut drawn: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in history.records.iter().filter(|record| record.at >= SETTLED) {
        if let (Body::Custom(word), Some(node)) = (&record.body, &record.node) {
            drawn.entry(word.name.to_string()).or_default().push(format!("{node} {}", word.fields["value"]));
        }
    }
    drawn
}

#[test]
fn other_draws_change_everything_from_their_moment_on_and_nothing_before() {
    let plain = history(1, None);
    let before = |history: &History| history.records.partition_point(|record| record.at < CHANGE);
    assert!(before(&plain) > 500);
    let old = drawn_after(&plain);
    assert_eq!(
        old.keys().map(String::as_str).collect::<Vec<_>>(),
        ["buggify", "disk", "entropy", "hook", "network", "schedule", "system", "workload"]
    );
    for seed in 2..5 {
        let other = history(1, Some(seed));
        assert_eq!(other.records[..before(&other)], plain.records[..before(&plain)], "seed {seed}");
        for (kind, new) in drawn_after(&other) {
            let same = new.iter().zip(&old[&kind]).filter(|(one, other)| one == other).count();
            // What is a yes or a no agrees half of the time by chance, everything else next to never.
            let most = if ["buggify", "hook"].contains(&kind.as_str()) { 7 } else { 1 };
            assert!(new.len() > 30, "{kind}: {}", new.len());
            assert!(
                same * 10 <= new.len() * most,
                "seed {seed}, {kind}: {same} of {} are as they were",
                new.len()
            );
        }
    }
}

#[test]
fn other_draws_from_the_start_are_all_of_them() {
    let own = history_of(9, &[Reseed { at: SimTime::ZERO, seed: Seed(1) }]);
    assert_eq!(own.records, history(1, None).records);
    assert_ne!(own.records, history(9, None).records);
}
