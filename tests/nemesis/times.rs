//! When faults begin and end: overlaps, nodes that are down already, the end of the run, reseeding.

use squall::history::{FaultEvent, NodeEvent, Reseed};
use squall::scenario::to_yaml;
use squall::{Plan, Seed};

use super::{library, life, plan, refused, run};
use library::{Recorded, at_ms, plan_of_file, planned, recorded};

#[test]
fn a_node_starts_again_when_the_last_fault_that_holds_it_ends() {
    let starts = |faults: &str| life(&run(faults, 1), "server-1", &NodeEvent::Started);
    let kill = "  - { at: 1s, for: 3s, kill: server-1 }\n";
    assert_eq!(starts(kill), [0, 4_000]);
    // A dead process can still lose its power, not be killed again.
    let staggered = format!("{kill}  - {{ at: 2s, for: 4s, power-loss: server-1 }}");
    assert_eq!(starts(&staggered), [0, 6_000]);
    let nested = format!("{kill}  - {{ at: 2s, for: 1s, power-loss: server-1 }}");
    assert_eq!(starts(&nested), [0, 4_000]);
    let meeting = format!("{kill}  - {{ at: 4s, for: 1s, power-loss: server-1 }}");
    assert_eq!(starts(&meeting), [0, 4_000, 5_000], "at one instant faults end before others begin");
    let for_ever = format!("{kill}  - {{ at: 2s, power-loss: server-1 }}");
    assert_eq!(starts(&for_ever), [0]);
    let others = format!("{kill}  - {{ at: 2s, for: 4s, kill: [server-1, server-3] }}");
    assert_eq!(starts(&others), [0, 4_000], "of two named only the one that runs is killed");
}

#[test]
fn a_node_goes_on_when_the_last_pause_ends() {
    let faults = "  - { at: 1s, for: 2s, pause: server-1 }\n  - { at: 2s, for: 3s, pause: server-1 }";
    let run = run(faults, 1);
    assert_eq!(life(&run, "server-1", &NodeEvent::Paused), [1_000]);
    assert_eq!(life(&run, "server-1", &NodeEvent::Resumed), [5_000]);
}

#[test]
fn a_node_killed_while_it_stands_still_is_down_until_its_restart() {
    let faults = "  - { at: 1s, for: 3s, pause: server-1 }\n  - { at: 2s, for: 1s, kill: server-1 }";
    let run = run(faults, 1);
    assert_eq!(life(&run, "server-1", &NodeEvent::Killed), [2_000]);
    assert_eq!(life(&run, "server-1", &NodeEvent::Started), [0, 3_000]);
    assert_eq!(life(&run, "server-1", &NodeEvent::Resumed), [0; 0], "another incarnation was never paused");
}

#[test]
fn a_fault_on_a_node_already_down_is_told_and_changes_nothing() {
    let first = "  - { name: first, at: 1s, for: 4s, kill: server-1 }\n";
    for again in ["kill: server-1", "pause: server-1"] {
        let run = run(&format!("{first}  - {{ name: again, at: 2s, for: 1s, {again} }}"), 1);
        assert_eq!(refused(&run, "again#0").as_deref(), Some("no matching node is running"), "{again}");
        let applied: Vec<&str> = run.bound().faults.iter().map(|fault| &*fault.id.0).collect();
        assert_eq!(applied, ["first#0"], "{again}");
        assert_eq!(life(&run, "server-1", &NodeEvent::Started), [0, 5_000], "{again}");
        let alone = recorded(&plan(first, 1));
        assert_eq!(run.reply.result.digest, alone.reply.result.digest, "{again}");
    }
}

/// Begin and end of each fault, in milliseconds; no end for one that lasts.
fn spans(run: &Recorded) -> Vec<(u64, Option<u64>)> {
    let faults = run.faults();
    let ms = |at: squall::SimTime| at.0 / 1_000_000;
    let begun = faults.iter().filter_map(|(at, event)| match event {
        FaultEvent::Applied { id, .. } => Some((*at, id)),
        _ => None,
    });
    let end = |fault| {
        let ended = |event: &FaultEvent| matches!(event, FaultEvent::Ended { id } if id == fault);
        faults.iter().find(|(_, event)| ended(event)).map(|(at, _)| ms(*at))
    };
    begun.map(|(at, fault)| (ms(at), end(fault))).collect()
}

#[test]
fn every_and_for_reach_to_the_end_of_the_run() {
    let repeated = run("  - { every: 2s, for: 500ms, pause: server-1 }", 1);
    let ends = |at| (at, Some(at + 500));
    assert_eq!(spans(&repeated), [ends(2_000), ends(4_000), ends(6_000), ends(8_000)]);

    let last = run("  - { every: 3s, between: [1s, 10s], for: 2s, pause: server-1 }", 1);
    assert_eq!(spans(&last), [(1_000, Some(3_000)), (4_000, Some(6_000)), (7_000, Some(9_000))]);

    // Neither the one without an end nor the one that would end later is ended, and both are told.
    let open = run("  - { at: 8s, partition: isolate-one }\n  - { at: 9s, for: 1h, pause: server-3 }", 1);
    assert_eq!(spans(&open), [(8_000, None), (9_000, None)]);
    let told = open.faults().into_iter().filter(|(_, event)| matches!(event, FaultEvent::Observed { .. }));
    let told: Vec<_> = told.map(|(at, _)| at).collect();
    assert_eq!(told, [at_ms(10_000); 2]);
    assert_eq!(open.bound().faults[0].lasts, None, "to the end of the run, however long");
}

/// Gossip whose draws come from another seed from 1 s on, and a fault drawn after that.
fn reseeded(seed: u64, reseed: &[(u64, u64)]) -> Plan {
    let text = "
system: gossip
network: { profile: flaky }
duration: 2s
faults:
  - { name: early, at: 500ms, for: 100ms, pause: { role: node, mode: one } }
  - { name: late, at: 1500ms, for: 100ms, pause: { role: node, mode: one } }
";
    let reseed = reseed.iter().map(|&(at, seed)| Reseed { at: at_ms(at), seed: Seed(seed) });
    Plan { reseed: reseed.collect(), ..planned(text, seed) }
}

#[test]
fn reseed_changes_the_run_from_its_instant_on_and_not_before() {
    let change = at_ms(1_000);
    let plain = recorded(&reseeded(1, &[]));
    let mut chosen = std::collections::BTreeSet::from([super::chosen(&plain, "late#0")]);
    for seed in 2..12 {
        let other = recorded(&reseeded(1, &[(1_000, seed)]));
        assert!(plain.packets_before(change).len() > 100);
        assert_eq!(other.packets_before(change), plain.packets_before(change), "seed {seed}");
        assert_eq!(other.records_before(change), plain.records_before(change), "seed {seed}");
        let shared =
            other.packets_from(change).iter().filter(|packet| plain.packets.contains(packet)).count();
        assert!(shared < 10, "seed {seed}: {shared} later packets are as they were");
        assert_eq!(super::chosen(&other, "early#0"), super::chosen(&plain, "early#0"));
        chosen.insert(super::chosen(&other, "late#0"));

        let text = to_yaml(other.bound(), "");
        let again = recorded(&plan_of_file(&text, other.bound().seed));
        assert_eq!(again.reply.result.digest, other.reply.result.digest, "{text}");
    }
    assert!(chosen.len() > 1, "faults after it are still drawn from the first seed: {chosen:?}");

    // The seed it has already: other draws are no draws at all.
    let same = recorded(&reseeded(1, &[(1_000, 1)]));
    assert_eq!((same.packets, same.records), (plain.packets, plain.records));
}

#[test]
fn the_latest_reseed_counts() {
    let change = at_ms(1_500);
    let once = recorded(&reseeded(1, &[(1_000, 2)]));
    let twice = recorded(&reseeded(1, &[(1_000, 2), (1_500, 3)]));
    assert_eq!(twice.packets_before(change), once.packets_before(change));
    assert_ne!(twice.packets_from(change), once.packets_from(change));
}
