//! The search on arbitrary small graphs, against reachability worked out in the plainest way.

use proptest::prelude::*;

use super::*;
use crate::transactions::Consistency;

/// Edges between these many transactions at most.
const NODES: u32 = 9;

type Arrow = (Node, Class, Node);

fn arrows() -> impl Strategy<Value = Vec<Arrow>> {
    let class = prop::sample::select(&Class::ALL[..6]);
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
        _ => &[Class::Ww, Class::WwOpen, Class::Wr],
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

/// What is found among these edges, by name.
fn found(nodes: u32, arrows: &[Arrow], level: Consistency) -> Vec<&'static str> {
    let mut edges = Edges::new(nodes);
    arrows.iter().for_each(|&(a, class, b)| edges.add(a, class, b));
    let mut budget = Budget::default();
    let graph = edges.into_graph(&mut budget).unwrap();
    let mut search = Search::new(&graph, nodes, &[], level.forbids());
    search.run(&mut budget).unwrap();
    search.found.iter().map(|cycle| cycle.anomaly.name()).collect()
}

/// More than are tried for a short example.
const MANY: u32 = 2 * TRIES;

/// Two writers, and two readers who saw one of them each.
fn long_fork(first: Node) -> [Arrow; 4] {
    let node = |place: u32| first + place;
    [
        (node(0), Class::Wr, node(1)),
        (node(1), Class::Rw, node(2)),
        (node(2), Class::Wr, node(3)),
        (node(3), Class::Rw, node(0)),
    ]
}

#[test]
fn one_g_single_behind_many_long_forks_is_found() {
    let mut arrows: Vec<Arrow> = (0..MANY).flat_map(|fork| long_fork(4 * fork)).collect();
    arrows.extend((1..MANY).map(|fork| (4 * fork - 4, Class::Ww, 4 * fork)));
    let [last, a, b, c, d] = [4 * MANY - 4, 4 * MANY, 4 * MANY + 1, 4 * MANY + 2, 4 * MANY + 3];
    // All are in one component: from the last fork to the first again, over two rw.
    arrows.extend([(last, Class::Rw, c), (c, Class::Wr, d), (d, Class::Rw, 0)]);
    let level = Consistency::ParallelSnapshotIsolation;
    assert_eq!(found(4 * MANY + 4, &arrows, level), [] as [&str; 0]);
    arrows.extend([(last, Class::Ww, a), (a, Class::Ww, b), (b, Class::Rw, a), (b, Class::Rw, c)]);
    assert_eq!(found(4 * MANY + 4, &arrows, level), ["G-single"]);
}

#[test]
fn one_long_fork_behind_many_write_skews_is_found() {
    let skew = |place: u32| [(2 * place, Class::Rw, 2 * place + 1), (2 * place + 1, Class::Rw, 2 * place)];
    let mut arrows: Vec<Arrow> = (0..MANY).flat_map(skew).collect();
    arrows.extend((1..MANY).map(|place| (2 * place - 2, Class::Ww, 2 * place)));
    let [last, fork, back] = [2 * MANY - 2, 2 * MANY, 2 * MANY + 4];
    arrows.extend([(last, Class::Rw, back), (back, Class::Rw, 0)]);
    let level = Consistency::SnapshotIsolation;
    assert_eq!(found(2 * MANY + 5, &arrows, level), [] as [&str; 0]);
    arrows.extend(long_fork(fork));
    arrows.extend([(last, Class::Ww, fork), (fork + 1, Class::Rw, back)]);
    assert_eq!(found(2 * MANY + 5, &arrows, level), ["G-nonadjacent"]);
}

/// What only passes on is no step: three edges by way of two such nodes are shorter than two.
#[test]
fn the_shortest_way_counts_transactions() {
    let mut edges = Edges::new(5);
    let arrows = [
        (0, Class::Ww, 1),
        (1, Class::Ww, 4),
        (0, Class::Realtime, 2),
        (2, Class::Pass, 3),
        (3, Class::Pass, 4),
    ];
    arrows.iter().for_each(|&(a, class, b)| edges.add(a, class, b));
    let mut budget = Budget::default();
    let graph = edges.into_graph(&mut budget).unwrap();
    let way = Ways::new(&graph).shortest(0, 4, Classes::ALL, |_| true, &mut budget).unwrap().unwrap();
    assert_eq!(way.iter().map(|&(node, _)| node).collect::<Vec<_>>(), [0, 2, 3]);
}
