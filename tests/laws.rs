//! The laws of addressed draws, on whole runs: taking one thing away leaves everything else as it
//! was. They are what makes replaying a reduced plan, and so shrinking, mean anything.
//!
//! The same laws at the level of the simulator are tests of `squall-io`.

mod library;

use library::{Packet, Recorded, at_ms, plan_of_file, planned, recorded, run, shipped};
use proptest::prelude::*;
use proptest::sample::subsequence;
use squall::history::{
    Action, Body, Direction, FaultEvent, FaultId, LinkSelector, NodeName, NodeSpec, Partition,
    PartitionShape, PlannedFault, Ppm, Record, Selector,
};
use squall::scenario::{Overrides, to_yaml};
use squall::{Plan, Recording, Seed, SimDuration, SimTime};

/// Few: each case is several runs of a whole system, unoptimised.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Every kind of fault, close together.
const STORM: &str = "
system: kv
workload: { think: 40ms }
duration: 5s
faults:
  - { at: 1500ms..4s, for: 300ms..1s, kill: { role: server, mode: one } }
  - { at: 1500ms..4s, for: 300ms..1s, power-loss: leader }
  - { at: 1500ms..4s, for: 300ms..1s, pause: leader }
  - { at: 1500ms..4s, for: 300ms..1s, partition: isolate-one }
  - { at: 1500ms..4s, for: 300ms..1s, latency: { from: leader, latency: 20ms, jitter: 20ms } }
  - { at: 1500ms..4s, for: 300ms..1s, loss: { loss: 10% } }
  - { at: 1500ms..4s, for: 300ms..1s, duplicate: { duplicate: 50% } }
  - { at: 1500ms..4s, for: 300ms..1s, reorder: { from: { role: server }, reorder: 50%, delay: 30ms } }
  - { at: 1500ms..4s, for: 300ms..1s, disk: { target: leader, fault: slow, latency: 1ms..50ms } }
  - { at: 1500ms..4s, for: 300ms..1s, disk: { target: { role: server, mode: one }, fault: error, percent: 20% } }
";

fn without(plan: &Plan, place: usize) -> Plan {
    let mut plan = plan.clone();
    plan.faults.remove(place);
    plan
}

/// When a fault took effect, if it did.
fn applied_at(run: &Recorded, fault: &FaultId) -> Option<SimTime> {
    run.faults().into_iter().find_map(|(at, event)| match event {
        FaultEvent::Applied { id, .. } if id == *fault => Some(at),
        _ => None,
    })
}

proptest! {
    #![proptest_config(cases(6))]

    /// Removing a fault leaves the run unchanged up to its application, and altogether if there was
    /// none.
    #[test]
    fn a_fault_taken_away_changes_nothing_before_its_moment(seed: u64, place in 0..10_usize) {
        let plan = planned(STORM, seed);
        let fewer = without(&plan, place);
        let (with, without) = (recorded(&plan), recorded(&fewer));
        let digest = |duration: SimTime, plan: &Plan| {
            let plan = Plan { duration: duration.since_start(), ..plan.clone() };
            run(&plan, Recording::Summary).result.digest
        };
        match applied_at(&with, &plan.faults[place].id) {
            Some(at) => {
                prop_assert_eq!(at, plan.faults[place].at);
                prop_assert!(with.records_before(at).len() > 20);
                prop_assert_eq!(with.records_before(at), without.records_before(at));
                prop_assert_eq!(with.packets_before(at), without.packets_before(at));
                prop_assert_eq!(digest(at, &plan), digest(at, &fewer));
                prop_assert_ne!(with.reply.result.digest, without.reply.result.digest);
            }
            None => prop_assert_eq!(with.reply.result.digest, without.reply.result.digest),
        }
    }

    /// A client that never spoke is missed by nobody. It is there, it starts, and it dies before it
    /// does anything.
    #[test]
    fn a_client_that_never_spoke_shifts_nobody(seed: u64) {
        let plan = planned(STORM, seed);
        // Shapes and open ends lie over all nodes; everything else names what it means.
        let narrow = |fault: &PlannedFault| {
            !matches!(fault.action, Action::Partition(_) | Action::Link(_))
        };
        let faults: Vec<_> = plan.faults.iter().filter(|fault| narrow(fault)).cloned().collect();
        let plan = Plan { faults, ..plan };
        let mut crowded = plan.clone();
        let mute = NodeName::from("client-4");
        let place = crowded.topology.nodes.iter().position(|node| node.role == "client").unwrap();
        let spec = NodeSpec { name: mute.clone(), number: 4, ..crowded.topology.nodes[place].clone() };
        crowded.topology.nodes.insert(place, spec);
        crowded.faults.insert(0, PlannedFault {
            id: FaultId("mute#0".into()),
            at: SimTime::ZERO,
            lasts: None,
            budget: squall::history::BudgetRule::AsWritten,
            action: Action::Kill(Selector::Nodes(vec![mute.clone()])),
        });
        let (alone, beside) = (recorded(&plan), recorded(&crowded));
        let others = |run: &Recorded| -> Vec<Record> {
            let own = |record: &&Record| record.node.as_ref().is_some_and(|node| *node != mute);
            run.records.iter().filter(own).cloned().collect()
        };
        prop_assert!(others(&alone).len() > 100);
        prop_assert_eq!(others(&alone), others(&beside));
        prop_assert_eq!(&alone.packets, &beside.packets);
    }
}

/// Gossip under faults, with nodes that take no part.
fn gossip(seed: u64, silent: &[&str]) -> Plan {
    let silent = silent.join(", ");
    planned(
        &format!(
            "
system: {{ name: gossip, config: {{ silent: [{silent}] }} }}
topology: {{ roles: {{ node: 6 }} }}
network: {{ profile: flaky }}
duration: 3s
faults:
  - {{ at: 500ms, for: 500ms, pause: node-1 }}
  - {{ at: 800ms, for: 700ms, kill: node-2 }}
  - {{ at: 1s, for: 1s, loss: {{ from: node-1, to: node-2, loss: 20% }} }}
  - {{ at: 1s, for: 500ms, partition: {{ from: node-2, to: node-1, direction: to }} }}
"
        ),
        seed,
    )
}

/// What each node heard: when, from whom, which number.
fn heard(run: &Recorded) -> Vec<Record> {
    run.records.iter().filter(|record| matches!(record.body, Body::Custom(_))).cloned().collect()
}

/// A packet without its fate.
fn sent(packet: &Packet) -> Packet {
    Packet { arrives: None, ..packet.clone() }
}

/// Two runs that send the same packets; those that arrived in both took the same time. Returns how
/// many were lost in the first alone.
fn same_latencies(lossy: &Recorded, calm: &Recorded) -> Result<usize, TestCaseError> {
    prop_assert_eq!(lossy.packets.len(), calm.packets.len());
    let mut lost = 0;
    for (left, right) in lossy.packets.iter().zip(&calm.packets) {
        prop_assert_eq!(sent(left), sent(right));
        match left.arrives {
            None => lost += usize::from(right.arrives.is_some()),
            arrives => prop_assert_eq!(arrives, right.arrives),
        }
    }
    Ok(lost)
}

fn cut() -> impl Strategy<Value = Partition> {
    let nodes = || {
        let names = (1..=4).map(|k| NodeName::of_role("node", k)).collect::<Vec<_>>();
        subsequence(names, 1..=4).prop_map(Selector::Nodes)
    };
    let direction = prop_oneof![Just(Direction::To), Just(Direction::From), Just(Direction::Both)];
    let cut = (nodes(), proptest::option::of(nodes()), direction)
        .prop_map(|(from, to, direction)| LinkSelector { from, to, direction });
    let shapes = PartitionShape::ALL.map(|(_, shape)| shape).to_vec();
    prop_oneof![
        proptest::collection::vec(cut, 1..3).prop_map(Partition::Cuts),
        proptest::sample::select(shapes).prop_map(Partition::Shape),
    ]
}

/// Whether a literal partition keeps two of the first four nodes apart.
fn parts_speakers(action: &Action) -> bool {
    let Action::Partition(Partition::Cuts(cuts)) = action else { panic!("not literal: {action:?}") };
    let speakers = |selector: Option<&Selector>| match selector {
        Some(Selector::Nodes(nodes)) => {
            nodes.iter().filter(|node| !["node-5", "node-6"].contains(&node.as_str())).cloned().collect()
        }
        open => panic!("not literal: {open:?}"),
    };
    cuts.iter().any(|cut| {
        let (left, right): (Vec<_>, Vec<_>) = (speakers(Some(&cut.from)), speakers(cut.to.as_ref()));
        left.iter().any(|one| right.iter().any(|other| one != other))
    })
}

proptest! {
    #![proptest_config(cases(12))]

    /// Loss switched off, in the profile or as a fault, leaves the latencies of the same packets.
    #[test]
    fn loss_switched_off_leaves_the_latencies_of_the_same_packets(seed: u64, percent in 1..60_u32) {
        let lossy = gossip(seed, &[]);
        let mut profile = lossy.clone();
        profile.network.loss = Ppm::percent(percent);
        let mut calm = lossy.clone();
        calm.network.loss = Ppm::ZERO;
        let lost = same_latencies(&recorded(&profile), &recorded(&calm))?;
        prop_assert!(lost > 0, "nothing was lost");

        let place = calm.faults.iter().position(|fault| fault.action.keyword() == "loss").unwrap();
        let lost = same_latencies(&recorded(&calm), &recorded(&without(&calm, place)))?;
        prop_assert!(lost > 0, "the fault lost nothing");
    }

    /// Nodes that never spoke shift nobody, wherever they stood.
    #[test]
    fn nodes_that_never_spoke_shift_nobody(
        seed: u64,
        silent in subsequence(vec!["node-3", "node-4", "node-5", "node-6"], 1..=3),
    ) {
        let plan = gossip(seed, &silent);
        let mut fewer = plan.clone();
        fewer.topology.nodes.retain(|node| !silent.contains(&node.name.as_str()));
        let (with, without) = (recorded(&plan), recorded(&fewer));
        let others = |run: &Recorded| -> Vec<Record> {
            let stays = |name: &NodeName| !silent.contains(&name.as_str());
            run.records.iter().filter(|record| record.node.as_ref().is_none_or(stays)).cloned().collect()
        };
        prop_assert!(heard(&without).len() > 200);
        prop_assert_eq!(&with.packets, &without.packets);
        prop_assert_eq!(others(&with), others(&without));
    }

    /// From the heal on every packet fares as if there had been no partition.
    #[test]
    fn heal_undoes_partition(seed: u64, cut in cut(), at in 200..1_500_u64, lasts in 100..1_000_u64) {
        let calm = Plan { faults: Vec::new(), ..gossip(seed, &["node-5", "node-6"]) };
        let fault = PlannedFault {
            id: FaultId("cut#0".into()),
            at: at_ms(at),
            lasts: Some(SimDuration::from_millis(lasts)),
            budget: squall::history::BudgetRule::AsWritten,
            action: Action::Partition(cut),
        };
        let faulty = recorded(&Plan { faults: vec![fault], ..calm.clone() });
        let calm = recorded(&calm);
        let (start, end) = (at_ms(at), at_ms(at + lasts));
        prop_assert_eq!(faulty.packets_before(start), calm.packets_before(start));
        prop_assert_eq!(faulty.packets_from(end), calm.packets_from(end));
        // What was sent before the heal has arrived by then, or never will.
        let after = end + SimDuration::from_millis(100);
        let late = |run: &Recorded| heard(run).into_iter().filter(|record| record.at >= after).collect::<Vec<_>>();
        prop_assert!(late(&calm).len() > 50);
        prop_assert_eq!(late(&faulty), late(&calm));
        // Which nodes a shape takes is drawn: where it keeps no two speakers apart it drops nothing. A
        // swizzle is applied node by node, and counted for each step.
        let (mut parts, mut drops) = (false, false);
        for (_, event) in faulty.faults() {
            match event {
                FaultEvent::Applied { action, .. } => parts |= parts_speakers(&action),
                FaultEvent::Observed { effects, .. } => drops |= effects.contains_key("packets-dropped"),
                _ => {}
            }
        }
        prop_assert_eq!(drops, parts);
        let lost = |run: &Recorded| run.packets.iter().filter(|packet| packet.arrives.is_none()).count();
        prop_assert!(lost(&faulty) >= lost(&calm));
    }

    /// The plan is a function of scenario and seed, whatever was planned before, and wherever; and
    /// its file holds all of it.
    #[test]
    fn the_plan_is_a_pure_function(seed: u64, other: u64) {
        let scenarios = shipped();
        let plans = |seed: u64| -> Vec<Plan> {
            scenarios.iter().map(|scenario| scenario.plan(Seed(seed), &Overrides::default())).collect()
        };
        let first = plans(seed);
        let between = plans(other);
        prop_assert_eq!(&plans(seed), &first);
        let elsewhere = std::thread::scope(|scope| scope.spawn(|| plans(seed)).join());
        prop_assert_eq!(&elsewhere.expect("planning does not panic"), &first);
        for plan in &first {
            prop_assert_eq!(&plan_of_file(&to_yaml(plan, ""), plan.seed), plan);
        }
        // It depends on the seed, or all of this would say nothing.
        prop_assert!(seed == other || between.iter().zip(&first).any(|(left, right)| left.faults != right.faults));
    }
}
