//! Features of runs: what counts as one, and how counts fall into buckets.

use serde_json::json;
use squall_history::vocab::batch::{Cause, Event, Stage, Task};
use squall_history::vocab::raft;
use squall_history::{Action, Boot, FaultId, NodeEvent, NodeName, Record, Selector, Topology};

use super::*;

const NODE: &str = "member-1";

fn history(bodies: Vec<Body>) -> History {
    let header = json!({
        "format": squall_history::HISTORY_FORMAT, "sim_format": 1, "scenario": "a", "seed": "0x1",
        "engine": "native", "system": "a", "config": null,
        "topology": Topology::of_roles(&[("member", 2), ("worker", 1)]),
        "network": squall_history::NetworkProfile::default(), "duration": "1s", "capabilities": [],
        "client_roles": [],
    });
    let records = bodies.into_iter().enumerate().map(|(at, body)| Record {
        at: SimTime(at as u64),
        node: Some(NodeName::from(NODE)),
        boot: Some(Boot(1)),
        body,
    });
    History { header: serde_json::from_value(header).expect("a header"), records: records.collect() }
}

fn names(coverage: &Coverage) -> Vec<String> {
    coverage.features.iter().map(|(name, seen)| format!("{name} ×{}", seen.count)).collect()
}

fn kill(node: &str) -> Body {
    let action = Action::Kill(Selector::Nodes(vec![node.into()]));
    Body::Fault(FaultEvent::Applied { id: FaultId("kill#0".into()), action, beyond_budget: false })
}

#[test]
fn a_run_is_the_steps_it_went_through() {
    let leads = |term| Body::Raft(raft::Event::BecameLeader { term });
    let coverage = Coverage::of(&history(vec![
        leads(1),
        Body::Raft(raft::Event::Committed { index: 4 }),
        kill(NODE),
        Body::Node(NodeEvent::Killed),
        kill(NODE),
        Body::Node(NodeEvent::Started),
        leads(2),
        Body::Assert(Assertion::Reached { name: "log/cut".to_owned() }),
    ]));
    assert_eq!(
        names(&coverage),
        [
            "assertion:log/cut ×1",
            "condition:fault-applied ×2",
            "condition:leader-elected ×2",
            "condition:node-killed ×1",
            "fault:kill × member down ×1",
            "fault:kill × member leading ×1",
            "raft:is killed → starts ×1",
            "raft:leads → is killed ×1",
            "raft:new → leads ×1",
            "raft:starts → leads ×1",
        ]
    );
    assert_eq!(coverage.features["fault:kill × member down"].first, SimTime(4));
}

#[test]
fn tasks_and_workers_have_steps_too() {
    let task = Task { job: 1, stage: Stage::Map, number: 0 };
    let worker = NodeName::from("worker-1");
    let assigned =
        |index| Body::Batch(Event::Assigned { index, attempt: index, task, node: worker.clone(), epoch: 1 });
    let ended = Event::AttemptEnded { index: 4, attempt: 3, task, cause: Cause::NodeLost, fails: 0 };
    let coverage = Coverage::of(&history(vec![
        kill("worker-1"),
        assigned(3),
        // Told again, it is no news.
        assigned(2),
        kill("worker-1"),
        Body::Batch(ended),
        assigned(5),
    ]));
    let own: Vec<_> = names(&coverage).into_iter().filter(|name| !name.starts_with("condition")).collect();
    assert_eq!(
        own,
        [
            "batch:task assigned → its worker lost ×1",
            "batch:task its worker lost → assigned ×1",
            "batch:task new → assigned ×1",
            "fault:kill × worker at work ×1",
            "fault:kill × worker idle ×1",
        ]
    );
}

#[test]
fn counts_are_taken_by_powers_of_two_and_rare_is_what_few_runs_show() {
    let of = |count| {
        let features = [("condition:a".to_owned(), Seen { count, first: SimTime(1) })];
        Coverage { features: features.into() }
    };
    let mut explored = Explored::default();
    let new: Vec<u64> = [1, 1, 2, 3, 4, 7, 8, 1].map(|count| explored.take(&of(count))).to_vec();
    assert_eq!(new, [1, 0, 1, 0, 1, 0, 1, 0]);
    assert_eq!((explored.runs(), explored.runs_since_new(), explored.features()), (8, 1, 1));
    assert_eq!(explored.seen(Point { name: "condition:a", power: 1 }), 2);
    assert_eq!(explored.seen(Point { name: "condition:a", power: 9 }), 0);
    assert_eq!(explored.by_feature().collect::<Vec<_>>(), [("condition:a", 8)]);
}

#[test]
fn every_feature_is_of_a_kind_that_has_a_meaning() {
    let history = history(vec![kill(NODE), Body::Raft(raft::Event::BecameLeader { term: 1 })]);
    for name in Coverage::of(&history).features.keys() {
        let kind = name.split(':').next().expect("split yields something");
        assert!(KINDS.iter().any(|(known, _)| *known == kind), "{name}");
    }
}
