//! Every partition shape: which links it cuts, for groups of three to seven servers.

use std::collections::BTreeSet;

use squall::history::{Action, Direction, FaultEvent, NodeName, Partition, PartitionShape, Selector};

use super::{library, refused};
use library::{Recorded, planned, recorded};

/// One shape over so many servers and two clients. The leader is `server-2`.
fn laid(shape: &str, servers: u32, seed: u64) -> Recorded {
    let text = format!(
        "
system: {{ name: probe, config: {{ leaders: [{{ node: server-2, at: 10ms }}] }} }}
topology: {{ roles: {{ server: {servers}, client: 2 }} }}
duration: 200ms
faults:
  - {{ name: shape, at: 100ms, partition: {shape} }}
"
    );
    recorded(&planned(&text, seed))
}

/// The literal cuts of a run: the two sides of each, both directions.
fn cuts(run: &Recorded) -> Vec<[BTreeSet<NodeName>; 2]> {
    let Some((_, FaultEvent::Applied { action: Action::Partition(Partition::Cuts(cuts)), .. })) =
        run.faults().into_iter().next()
    else {
        panic!("{:?}", run.faults())
    };
    let side = |selector: &Selector| match selector {
        Selector::Nodes(nodes) => nodes.iter().cloned().collect::<BTreeSet<_>>(),
        open => panic!("not literal: {open:?}"),
    };
    let sides = cuts.iter().map(|cut| {
        assert_eq!(cut.direction, Direction::Both);
        [side(&cut.from), side(cut.to.as_ref().expect("a bound cut has two ends"))]
    });
    let sides: Vec<_> = sides.collect();
    assert!(sides.iter().all(|[left, right]| left.is_disjoint(right)), "{sides:?}");
    sides
}

/// The one cut of shapes that have one.
fn only_cut(run: &Recorded) -> [BTreeSet<NodeName>; 2] {
    let [cut] = &cuts(run)[..] else { panic!("one cut: {:?}", cuts(run)) };
    cut.clone()
}

fn servers(count: u32) -> BTreeSet<NodeName> {
    (1..=count).map(|k| NodeName::of_role("server", k)).collect()
}

fn everybody(count: u32) -> BTreeSet<NodeName> {
    servers(count).into_iter().chain((1..=2).map(|k| NodeName::of_role("client", k))).collect()
}

/// The nodes that a node still reaches, itself included.
fn reached(
    cuts: &[[BTreeSet<NodeName>; 2]],
    node: &NodeName,
    all: &BTreeSet<NodeName>,
) -> BTreeSet<NodeName> {
    let apart = |other: &NodeName| {
        cuts.iter().any(|[left, right]| {
            left.contains(node) && right.contains(other) || right.contains(node) && left.contains(other)
        })
    };
    all.iter().filter(|other| !apart(other)).cloned().collect()
}

/// Each size of group under some seeds.
fn each(shape: &str, mut check: impl FnMut(u32, &Recorded)) {
    for count in 3..=7 {
        for seed in 0..6 {
            check(count, &laid(shape, count, seed));
        }
    }
}

fn union([left, right]: &[BTreeSet<NodeName>; 2]) -> BTreeSet<NodeName> {
    left.union(right).cloned().collect()
}

#[test]
fn every_shape_has_its_test_here() {
    let tested = [
        "isolate-one",
        "isolate-leader",
        "majority",
        "minority-third",
        "halves",
        "bridge",
        "majorities-ring",
        "swizzle-clog",
    ];
    assert_eq!(PartitionShape::ALL.map(|(name, _)| name), tested);
}

#[test]
fn isolate_one_takes_one_server_from_all_others() {
    let mut drawn = BTreeSet::new();
    each("isolate-one", |count, run| {
        let cut = only_cut(run);
        assert_eq!((cut[0].len(), union(&cut)), (1, everybody(count)));
        assert!(cut[0].is_subset(&servers(count)), "{cut:?}");
        drawn.extend(cut[0].clone());
    });
    assert!(drawn.len() > 4, "always {drawn:?}");
}

#[test]
fn isolate_leader_takes_the_leader_from_all_others() {
    each("isolate-leader", |count, run| {
        let cut = only_cut(run);
        assert_eq!(cut[0], ["server-2".into()].into());
        assert_eq!(union(&cut), everybody(count));
    });
}

#[test]
fn majority_leaves_a_majority_of_the_servers_together() {
    each("majority", |count, run| {
        let cut = only_cut(run);
        assert_eq!(union(&cut), servers(count), "clients reach both sides");
        assert_eq!(cut[0].len() as u32, count / 2 + 1);
    });
}

#[test]
fn minority_third_takes_a_third_of_the_servers() {
    each("minority-third", |count, run| {
        let cut = only_cut(run);
        assert_eq!((cut[0].len() as u32, union(&cut)), ((count / 3).max(1), servers(count)));
    });
}

#[test]
fn halves_part_everybody() {
    let mut with_clients = 0;
    each("halves", |count, run| {
        let cut = only_cut(run);
        assert_eq!(union(&cut), everybody(count));
        assert_eq!(cut[0].len() as u32, (count + 2) / 2);
        with_clients += cut[0].iter().filter(|node| node.as_str().starts_with("client")).count();
    });
    assert!((5..55).contains(&with_clients), "the clients are always on one side");
}

#[test]
fn bridge_leaves_one_server_in_reach_of_both_halves() {
    each("bridge", |count, run| {
        let cut = only_cut(run);
        let between: Vec<NodeName> = servers(count).difference(&union(&cut)).cloned().collect();
        assert_eq!((between.len(), cut[0].len() as u32), (1, (count - 1) / 2));
        assert_eq!(cut[1].len() as u32, count / 2);
        let all = servers(count);
        let cut = [cut];
        assert_eq!(reached(&cut, &between[0], &all), all);
        assert!(cut[0].iter().flatten().all(|node| reached(&cut, node, &all).contains(&between[0])));
    });
}

#[test]
fn majorities_ring_leaves_each_server_another_majority() {
    for count in 4..=7 {
        for seed in 0..6 {
            let cuts = cuts(&laid("majorities-ring", count, seed));
            let all = servers(count);
            let majorities: Vec<_> = all.iter().map(|node| reached(&cuts, node, &all)).collect();
            for (node, majority) in all.iter().zip(&majorities) {
                assert!(majority.len() as u32 > count / 2, "{node} of {count} reaches {majority:?}");
                assert!(majority.len() < all.len(), "{node} of {count} reaches everybody");
            }
            let different: BTreeSet<_> = majorities.iter().collect();
            assert_eq!(different.len(), majorities.len(), "two of {count} have one majority");
        }
    }
}

#[test]
fn a_ring_of_three_has_nothing_to_cut_and_says_so() {
    // Each of three reaches both neighbours, who are all there are.
    let run = laid("majorities-ring", 3, 1);
    assert_eq!(refused(&run, "shape#0").as_deref(), Some("no link matches"));
    let counts = run.reply.result.faults["partition"];
    assert_eq!((counts.planned, counts.applied), (1, 0));
}

#[test]
fn swizzle_clog_cuts_servers_off_one_by_one_and_heals_them_in_another_order() {
    let (mut orders, mut sizes) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..12 {
        let text = "
system: probe
duration: 10s
faults:
  - { name: clog, at: 1s, for: 6s, partition: swizzle-clog }
";
        let run = recorded(&planned(text, seed));
        let times = |is_it: fn(&FaultEvent) -> Option<String>| {
            let told =
                run.faults().into_iter().filter_map(|(at, event)| Some((at.0 / 1_000_000, is_it(&event)?)));
            told.collect::<Vec<_>>()
        };
        let cut = times(|event| match event {
            FaultEvent::Applied { id, .. } => Some(id.to_string()),
            _ => None,
        });
        let healed = times(|event| match event {
            FaultEvent::Ended { id } => Some(id.to_string()),
            _ => None,
        });
        assert!(cut.iter().all(|(at, id)| (1_000..=3_000).contains(at) && id.starts_with("clog#0#server-")));
        assert!(healed.iter().all(|(at, _)| (5_000..=7_000).contains(at)), "{healed:?}");
        let names = |told: &[(u64, String)]| told.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>();
        assert_eq!(
            names(&cut).into_iter().collect::<BTreeSet<_>>(),
            names(&healed).into_iter().collect::<BTreeSet<_>>()
        );
        let counts = run.reply.result.faults["partition"];
        assert_eq!((counts.planned, counts.applied), (cut.len() as u64, cut.len() as u64));
        sizes.insert(cut.len());
        orders.insert(names(&cut) == names(&healed));
        // The bound plan is literal: its cuts come and go at the same times.
        let again = recorded(run.bound());
        assert_eq!(again.reply.result.digest, run.reply.result.digest);
    }
    assert!(sizes.len() > 2, "always {sizes:?} servers");
    assert!(orders.contains(&false), "they heal in the order they were cut off in");
}
