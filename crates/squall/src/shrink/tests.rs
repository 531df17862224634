//! The passes as pure functions: what they offer, in which order.

use serde_json::json;
use squall_check::Promise;
use squall_history::{
    Action, BudgetRule, Direction, FaultId, LinkSelector, NodeName, Partition, Plan, PlannedFault, Selector,
    SimDuration, SimTime,
};

use super::round::{digits, rounder_times, simpler, up};
use super::{Scene, changes, faults, horizon, nodes, targets, times};
use crate::Registry;

fn plan(faults: Vec<PlannedFault>) -> Plan {
    let value = json!({
        "format": 1, "scenario": "a", "seed": "0x1", "engine": "native",
        "system": {"name": "a", "config": null}, "workload": null,
        "topology": squall_history::Topology::of_roles(&[("a", 3), ("b", 1)]),
        "network": squall_history::NetworkProfile::default(),
        "disk": squall_history::DiskProfile::default(),
        "duration": SimDuration::from_secs(40),
        "faults": faults, "expect": squall_history::Expect::default(),
        "limits": squall_history::Limits::default(),
    });
    serde_json::from_value(value).expect("a plan")
}

fn nodes_of(names: &[&str]) -> Selector {
    Selector::Nodes(names.iter().map(|name| NodeName::from(*name)).collect())
}

fn fault(id: &str, at_ns: u64, lasts_ns: Option<u64>, action: Action) -> PlannedFault {
    let lasts = lasts_ns.map(SimDuration);
    PlannedFault { id: FaultId(id.into()), at: SimTime(at_ns), lasts, budget: BudgetRule::AsWritten, action }
}

fn kill(id: &str, at_ns: u64, lasts_ns: Option<u64>, names: &[&str]) -> PlannedFault {
    fault(id, at_ns, lasts_ns, Action::Kill(nodes_of(names)))
}

fn candidates(pass: fn(&Scene<'_>) -> Vec<Plan>, plan: &Plan, promise: Promise) -> Vec<Plan> {
    let broken = SimTime(4_213_000_000);
    pass(&Scene { plan, broken, promise, registry: &Registry::new() })
}

fn safety(pass: fn(&Scene<'_>) -> Vec<Plan>, plan: &Plan) -> Vec<Plan> {
    candidates(pass, plan, Promise::Safety)
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn parts_go_from_halves_to_single_items() {
    let without = |items: &[u32]| changes::without_parts(items);
    assert_eq!(without(&[]), Vec::<Vec<u32>>::new());
    assert_eq!(without(&[1]), Vec::<Vec<u32>>::new());
    assert_eq!(without(&[1, 2]), [[2], [1]]);
    let of_four: Vec<Vec<u32>> = without(&[1, 2, 3, 4]);
    assert_eq!(of_four[..2], [vec![3, 4], vec![1, 2]]);
    assert_eq!(of_four[2..], [[2, 3, 4], [1, 3, 4], [1, 2, 4], [1, 2, 3]]);
    // In the end each item is left out alone: nothing that could go alone is overlooked.
    for len in 2..20_u32 {
        let items: Vec<u32> = (0..len).collect();
        let lists = without(&items);
        for item in &items {
            let alone: Vec<u32> = items.iter().copied().filter(|other| other != item).collect();
            assert!(lists.contains(&alone), "{item} of {len}");
        }
    }
}

#[test]
fn simpler_numbers_are_small_or_round() {
    assert_eq!([0, 7, 70, 4_200, 4_201].map(digits), [0, 1, 1, 2, 4]);
    assert_eq!(simpler(1), Vec::<u64>::new());
    assert_eq!(simpler(4), [1, 2]);
    assert_eq!(simpler(4_172), [500, 1_000, 2_000, 4_000, 5_000, 4_100, 4_200, 4_170, 4_180]);
    assert_eq!((up(4_213, 2), up(4_200, 2), up(9_999, 1)), (4_300, 4_200, 10_000));
    for number in [1, 2, 9, 10, 11, 99, 100, 101, 123_456_789, u64::from(u32::MAX)] {
        for other in simpler(number) {
            assert!(other > 0 && other != number && digits(other) <= digits(number), "{number}: {other}");
            assert!(other < number || digits(other) < digits(number), "{number}: {other}");
        }
    }
}

#[test]
fn times_are_rounded_from_coarse_to_fine() {
    let times = rounder_times(SimTime(4_172_938_471));
    let hundredths: Vec<u64> = times.iter().map(|at| at.0 / 10_000).collect();
    assert_eq!(
        hundredths,
        [400_000, 500_000, 420_000, 410_000, 417_000, 418_000, 417_300, 417_200, 417_290, 417_294, 417_293]
    );
    assert_eq!(rounder_times(SimTime(4 * SECOND)), []);
}

#[test]
fn faults_go_in_parts_and_the_last_one_too() {
    let three = plan(vec![
        kill("a#0", 1, None, &["a-1"]),
        kill("a#1", 2, None, &["a-2"]),
        kill("a#2", 3, None, &["a-3"]),
    ]);
    let ids = |plan: &Plan| plan.faults.iter().map(|fault| fault.id.to_string()).collect::<Vec<_>>();
    let left: Vec<Vec<String>> = safety(faults::fewer, &three).iter().map(ids).collect();
    assert_eq!(left, [["a#1", "a#2"], ["a#0", "a#2"], ["a#0", "a#1"]]);
    let one = plan(vec![kill("a#0", 1, None, &["a-1"])]);
    assert_eq!(safety(faults::fewer, &one).iter().map(ids).collect::<Vec<_>>(), [Vec::<String>::new()]);
    assert_eq!(safety(faults::none, &plan(Vec::new())), []);
}

#[test]
fn a_node_takes_along_what_concerned_it_alone() {
    let cut = LinkSelector {
        from: nodes_of(&["a-1"]),
        to: Some(nodes_of(&["a-2", "b-1"])),
        direction: Direction::Both,
    };
    let both = plan(vec![
        kill("kill#0", 1, None, &["a-1"]),
        kill("kill#1", 2, None, &["a-1", "a-2"]),
        fault("cut#0", 3, None, Action::Partition(Partition::Cuts(vec![cut]))),
    ]);
    let found = safety(nodes::fewer, &both);
    let alone = |name: &str| {
        let is_it = |plan: &&Plan| {
            plan.topology.nodes.len() == 3
                && plan.topology.nodes.iter().all(|node| node.name.as_str() != name)
        };
        found.iter().find(is_it).unwrap_or_else(|| panic!("nobody tried without {name}"))
    };
    let without_first = alone("a-1");
    assert_eq!(without_first.faults, [kill("kill#1", 2, None, &["a-2"])]);
    let without_client = alone("b-1");
    assert_eq!(without_client.faults.len(), 3);
    assert!(found.iter().all(|plan| !plan.topology.nodes.is_empty()));
    // A system that must be in time keeps its servers; an unknown one has no clients.
    assert_eq!(candidates(nodes::fewer, &both, Promise::Liveness), []);
}

#[test]
fn targets_become_fewer_and_links_one_way() {
    let cut = LinkSelector {
        from: nodes_of(&["a-1"]),
        to: Some(nodes_of(&["a-2", "a-3"])),
        direction: Direction::Both,
    };
    let one = plan(vec![fault("cut#0", 1, None, Action::Partition(Partition::Cuts(vec![cut.clone()])))]);
    let cuts: Vec<LinkSelector> = safety(targets::fewer, &one)
        .into_iter()
        .map(|plan| match &plan.faults[0].action {
            Action::Partition(Partition::Cuts(cuts)) => cuts[0].clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    let to = |names: &[&str]| LinkSelector { to: Some(nodes_of(names)), ..cut.clone() };
    let way = |direction| LinkSelector { direction, ..cut.clone() };
    assert_eq!(cuts, [to(&["a-3"]), to(&["a-2"]), way(Direction::To), way(Direction::From)]);
}

#[test]
fn an_end_that_comes_too_late_to_matter_is_left_out_and_others_only_where_it_is_safe() {
    let forever = |lasts: u64, promise| {
        let one = plan(vec![kill("kill#0", 4 * SECOND, Some(lasts), &["a-1"])]);
        candidates(times::rounder, &one, promise).iter().any(|plan| plan.faults[0].lasts.is_none())
    };
    // The promise is broken at 4.213s.
    assert!(forever(SECOND, Promise::Safety) && forever(SECOND, Promise::Liveness));
    assert!(forever(SECOND / 10, Promise::Safety) && !forever(SECOND / 10, Promise::Liveness));
}

#[test]
fn faults_move_together_and_stay_in_order() {
    let two =
        plan(vec![kill("kill#0", 14 * SECOND, None, &["a-1"]), kill("kill#1", 20 * SECOND, None, &["a-2"])]);
    let moved: Vec<[u64; 2]> =
        safety(times::sooner, &two).iter().map(|plan| [0, 1].map(|k| plan.faults[k].at.0 / SECOND)).collect();
    assert_eq!(moved, [[2, 8], [4, 10], [7, 13], [14, 15], [14, 16], [14, 17]]);
}

#[test]
fn the_run_ends_just_behind_the_violation() {
    let late =
        plan(vec![kill("kill#0", SECOND, None, &["a-1"]), kill("kill#1", 30 * SECOND, None, &["a-2"])]);
    let ends: Vec<(String, usize)> = safety(horizon::tight, &late)
        .iter()
        .map(|plan| (plan.duration.to_string(), plan.faults.len()))
        .collect();
    assert_eq!(ends, [("4.3s".to_owned(), 1), ("5s".to_owned(), 1)]);
    let roomy = &safety(horizon::roomy, &late)[0];
    assert_eq!((roomy.duration, roomy.faults.len()), (SimDuration::from_millis(7_300), 1));
}
