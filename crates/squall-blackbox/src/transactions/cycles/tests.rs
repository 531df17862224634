//! The search on arbitrary small graphs, against reachability worked out in the plainest way.

use proptest::prelude::*;

use super::*;
use crate::transactions::Consistency;

/// Edges between these many transactions at most.
const NODES: u32 = 9;

type Arrow = (Node, Class, Node);

fn arrows() -> impl Strategy<Value = Vec<Arrow>> {
    let class = prop::sample::select(&Class::ALL[..5]);
    let arrow = (0..NODES, class, 0..NODES).prop_filter_map("no edge to itself", |(a, class, b)| {
        // Processes and real time only go forth.
        let forth = matches!(class, Class::Process | Class::Realtime);
        (a != b).then(|| if forth { (a.min(b), class, a.max(b)) } else { (a, class, b) })
    });
    prop::collection::vec(arrow, 0..24).prop_map(|mut arrows| {
        // What a process does it does in real time.
        let of_processes = arrows.clone().into_iter().filter(|(_, class, _)| *class == Class::Process);
        arrows.extend(of_processes.map(|(a, _, b)| (a, Class::Realtime, b)));
        arrows
    })
}

/// Which node reaches which over some edges, in one step or more.
fn reach(nodes: usize, arrows: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<bool>> {
    let mut reach = vec![vec![false; nodes]; nodes];
    arrows.for_each(|(a, b)| reach[a][b] = true);
    for via in 0..nodes {
        for a in 0..nodes {
            for b in 0..nodes {
                reach[a][b] |= reach[a][via] && reach[via][b];
            }
        }
    }
    reach
}

fn circular(nodes: usize, arrows: impl Iterator<Item = (usize, usize)>) -> bool {
    let reach = reach(nodes, arrows);
    (0..nodes).any(|node| reach[node][node])
}

/// Whether there is a circle of this shape or a worse one, with these orders.
fn exists(arrows: &[Arrow], shape: Shape, orders: &[Class]) -> bool {
    let nodes = NODES as usize;
    let data: &[Class] = match shape {
        Shape::G0 => &[Class::Ww],
        _ => &[Class::Ww, Class::Wr],
    };
    let may = |class: &Class| data.contains(class) || orders.contains(class);
    let plain = || {
        let plain = arrows.iter().filter(|(_, class, _)| may(class));
        plain.map(|&(a, _, b)| (a as usize, b as usize))
    };
    let rw = || {
        let rw = arrows.iter().filter(|(_, class, _)| *class == Class::Rw);
        rw.map(|&(a, _, b)| (a as usize, b as usize))
    };
    match shape {
        Shape::G0 | Shape::G1c => circular(nodes, plain()),
        Shape::GSingle => {
            let reach = reach(nodes, plain());
            circular(nodes, plain()) || rw().any(|(a, b)| reach[b][a])
        }
        Shape::GNonadjacent => {
            let after_plain = plain().flat_map(|(a, b)| [(2 * a, 2 * b), (2 * a + 1, 2 * b)]);
            circular(2 * nodes, after_plain.chain(rw().map(|(a, b)| (2 * a, 2 * b + 1))))
        }
        Shape::G2Item => circular(nodes, plain().chain(rw())),
    }
}

fn search(arrows: &[Arrow], level: Consistency) -> Vec<Cycle> {
    let mut edges = Edges::new(NODES);
    arrows.iter().for_each(|&(a, class, b)| edges.add(a, class, b));
    let mut budget = Budget::default();
    let graph = edges.into_graph(&mut budget).unwrap();
    let mut search = Search::new(&graph, NODES, &[], level.forbids());
    search.run(&mut budget).unwrap();
    search.found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() })]

    /// A cycle that a level forbids is found if and only if there is one.
    #[test]
    fn each_level_is_judged_exactly(arrows in arrows()) {
        for level in Consistency::all() {
            let forbidden = |shape, via| level.forbids().contains(Anomaly::Cycle(shape, via));
            let orders: &[Class] = match () {
                () if forbidden(Shape::G0, Via::Realtime) => &[Class::Process, Class::Realtime],
                () if forbidden(Shape::G0, Via::Process) => &[Class::Process],
                () => &[],
            };
            let mildest = Shape::ALL.into_iter().rfind(|&shape| forbidden(shape, Via::Data)).unwrap();
            let expected = exists(&arrows, mildest, orders);
            prop_assert_eq!(!search(&arrows, level).is_empty(), expected, "{:?}", level);
        }
    }

    /// What is shown is a circle of edges, of the kind that it is called, and forbidden.
    #[test]
    fn each_cycle_is_one(arrows in arrows()) {
        for level in [Consistency::StrictSerializable, Consistency::StrongSessionSnapshotIsolation] {
            for Cycle { anomaly, steps } in search(&arrows, level) {
                let next = steps.iter().cycle().skip(1);
                for (&(from, class), &(to, _)) in steps.iter().zip(next) {
                    prop_assert!(arrows.contains(&(from, class, to)));
                }
                prop_assert_eq!(kind(&steps), anomaly);
                prop_assert!(level.forbids().contains(anomaly));
            }
        }
    }
}

/// A chain of a million transactions is a deep graph, and one edge back makes it one circle.
#[test]
fn depth_is_no_limit() {
    let nodes = 1_000_000;
    let mut edges = Edges::new(nodes);
    (1..nodes).for_each(|node| edges.add(node - 1, Class::Ww, node));
    edges.add(nodes - 1, Class::Wr, 0);
    let mut budget = Budget::default();
    let graph = edges.into_graph(&mut budget).unwrap();
    let mut search = Search::new(&graph, nodes, &[], Consistency::Serializable.forbids());
    search.run(&mut budget).unwrap();
    let found: Vec<_> = search.found.iter().map(|cycle| (cycle.anomaly.name(), cycle.steps.len())).collect();
    assert_eq!(found, [("G1c", 1_000_000)]);
}
