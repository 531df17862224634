//! What does a partition do, from YAML to socket? One test walks the whole trail: keyword, moment,
//! act, effect, report. Whoever changes one of the places it touches sees here what depends on it.
//!
//! Shapes and edge cases of partitions are not here (see `nemesis.rs` and the simulator's tests).

mod library;

use library::{Packet, Recorded, at_ms, planned, recorded};
use squall::history::{
    Action, Body, Cut, Direction, FaultEvent, Filter, LinkSelector, Mode, NodeName, Partition, Phase,
    Selector,
};
use squall::{Plan, SimDuration, SimTime};

const SCENARIO: &str = "
system: { name: probe, config: { leaders: [{ node: server-1, at: 1s }] } }
topology: { roles: { server: 3, client: 2 } }
duration: 10s
faults:
  - { name: cut, at: 3s, for: 2s, partition: { from: leader, to: { role: client, mode: one } } }
expect: { steady-state: { within: 1s }, recovery: { within: 2s } }
";

fn start() -> SimTime {
    at_ms(3_000)
}

fn end() -> SimTime {
    at_ms(5_000)
}

/// The operations of one client that ended in a phase between two instants.
fn ended(run: &Recorded, client: &NodeName, f: &str, phase: Phase, from: SimTime, to: SimTime) -> usize {
    let ended = run.records.iter().filter(|record| match &record.body {
        Body::Op(op) => {
            record.node.as_ref() == Some(client) && op.phase == phase && &*op.f == f && record.at >= from
        }
        _ => false,
    });
    ended.filter(|record| record.at < to).count()
}

/// Packets sent over the cut links while the cut holds.
fn crossing<'r>(run: &'r Recorded, client: &NodeName) -> Vec<&'r Packet> {
    let server = NodeName::from("server-1");
    let crosses = |packet: &&Packet| {
        let ends = (&packet.from, &packet.to);
        ends == (&server, client) || ends == (client, &server)
    };
    let packets = run.packets.iter().filter(|packet| (start()..end()).contains(&packet.at));
    packets.filter(crosses).collect()
}

#[test]
fn a_partition_from_keyword_to_report() {
    // Keyword: the YAML is a partition with open selectors.
    let plan = planned(SCENARIO, 7);
    let [fault] = &plan.faults[..] else { panic!("one entry with `at` is one fault: {:?}", plan.faults) };
    let one_client = Filter { roles: vec!["client".to_owned()], mode: Mode::One, ..Filter::default() };
    let open = LinkSelector {
        from: Selector::Leader,
        to: Some(Selector::Where(one_client)),
        direction: Direction::Both,
    };
    assert_eq!(fault.action, Action::Partition(Partition::Cuts(vec![open])));

    // Moment: when it is due, and for how long.
    assert_eq!((fault.at, fault.lasts), (start(), Some(SimDuration::from_secs(2))));

    // Act: applied at that moment to literal nodes, and taken off again.
    let run = recorded(&plan);
    let client = check_act(&run);

    // Effect: nothing crosses the cut links, everything else does.
    check_packets(&run, &client);
    check_operations(&run, &client);

    // Report: planned, applied, and seen to have dropped packets.
    check_report(&run, &client);

    // Without the fault none of it happens: the checks above look at the fault and at nothing else.
    check_calm(&Plan { faults: Vec::new(), ..plan }, &client, &run);
}

/// The history and the bound plan name the same literal cut; the client that was drawn.
fn check_act(run: &Recorded) -> NodeName {
    let [(at, FaultEvent::Applied { id, action, beyond_budget: false }), (healed, ended), (_, observed)] =
        &run.faults()[..]
    else {
        panic!("applied, ended, observed: {:?}", run.faults())
    };
    assert_eq!((*at, &*id.0, *healed), (start(), "cut#0", end()));
    assert_eq!(*ended, FaultEvent::Ended { id: id.clone() });
    assert!(matches!(observed, FaultEvent::Observed { .. }), "{observed:?}");
    assert_eq!(run.bound().faults[0].action, *action);
    let Action::Partition(Partition::Cuts(cuts)) = action else { panic!("not a literal cut: {action:?}") };
    let [Cut { from: Selector::Nodes(from), to: Some(Selector::Nodes(to)), direction: Direction::Both }] =
        &cuts[..]
    else {
        panic!("not one cut between literal nodes: {cuts:?}")
    };
    let [client] = &to[..] else { panic!("mode `one` chose {to:?}") };
    assert_eq!(*from, [NodeName::from("server-1")]);
    assert!(client.as_str().starts_with("client-"), "{client}");
    client.clone()
}

fn check_packets(run: &Recorded, client: &NodeName) {
    let cut = crossing(run, client);
    assert!(cut.len() > 5, "the client tried only {} packets in two seconds", cut.len());
    let passed: Vec<_> = cut.iter().filter(|packet| packet.arrives.is_some()).collect();
    assert!(passed.is_empty(), "these crossed the cut: {passed:?}");
    let lost = run.packets.iter().filter(|packet| packet.arrives.is_none()).count();
    assert_eq!(lost, cut.len(), "packets were lost that did not cross the cut");
}

/// The client's stream stands still and new connections get no answer; then both work again.
fn check_operations(run: &Recorded, client: &NodeName) {
    let count = |f, phase, from, to| ended(run, client, f, phase, from, to);
    // An answer that was there in time may still be read.
    let cut = start() + SimDuration::from_millis(50);
    assert!(count("echo", Phase::Ok, at_ms(1_000), start()) > 50);
    assert_eq!(count("echo", Phase::Ok, cut, end()), 0, "an answer crossed the cut");
    assert_eq!(count("echo", Phase::Info, cut, end()), 1, "the stream gave an answer nobody sent");
    assert_eq!(count("connect", Phase::Ok, cut, end()), 0, "a connection crossed the cut");
    assert!(count("connect", Phase::Fail, cut, end()) > 5, "connecting did not fail");
    assert!(count("connect", Phase::Ok, end(), at_ms(10_000)) >= 1, "no connection after the heal");
    assert!(count("echo", Phase::Ok, end(), at_ms(10_000)) > 100, "no answers after the heal");

    let spared = NodeName::from(if client.as_str() == "client-1" { "client-2" } else { "client-1" });
    assert!(ended(run, &spared, "echo", Phase::Ok, cut, end()) > 50, "the cut hit {spared} too");
}

fn check_report(run: &Recorded, client: &NodeName) {
    let Some((_, FaultEvent::Observed { effects, .. })) = run.faults().pop() else { unreachable!("seen") };
    // Those under way when it struck count as well.
    let dropped = effects["packets-dropped"];
    assert!(dropped >= crossing(run, client).len() as u64, "{effects:?}");
    let result = &run.reply.result;
    let counts = result.faults["partition"];
    let counts = (counts.planned, counts.applied, counts.observed, counts.vetoed);
    assert_eq!(counts, (1, 1, 1, 0), "planned, applied, observed, vetoed");
    assert_eq!(result.conditions["fault-applied"], 1);
    assert_eq!(result.outcome.name(), "pass", "{:?}", result.violations);
    assert_eq!((result.exercised["steady-state"], result.exercised["recovery"]), (2, 2));
}

fn check_calm(plan: &Plan, client: &NodeName, faulty: &Recorded) {
    let calm = recorded(plan);
    assert!(crossing(&calm, client).len() > 50);
    assert!(calm.packets.iter().all(|packet| packet.arrives.is_some()), "lost without a fault");
    assert!(ended(&calm, client, "echo", Phase::Ok, start(), end()) > 50);
    assert_eq!(ended(&calm, client, "connect", Phase::Ok, at_ms(0), at_ms(10_000)), 1);
    assert!(calm.faults().is_empty() && calm.reply.result.faults.is_empty());
    assert_ne!(calm.reply.result.digest, faulty.reply.result.digest);
}
