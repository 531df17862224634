//! A simulation of a few nodes, run until one of them says that it is done.

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Throughput};
use squall_history::{
    Body, DiskProfile, Identity, NetworkProfile, NodeEvent, NodeName, Seed, SimDuration, SimTime, Topology,
};
use squall_sim::{Journaling, Ran, Rule, Sim, SimConfig, SimLimits, Software};

/// The software of a stage's nodes, by their place from zero.
pub(crate) type Cast = fn(u32) -> Software;

/// So many nodes, `node-1` and so on, each running its part of `cast`, on links of 1–5 ms.
pub(crate) fn begin(nodes: u32, cast: Cast) -> Sim {
    let topology = Topology::of_roles(&[("node", nodes)]);
    let mut sim = Sim::new(&SimConfig {
        seed: Seed(1),
        topology: &topology,
        network: NetworkProfile {
            latency: SimDuration::from_millis(1),
            jitter: SimDuration::from_millis(4),
            ..NetworkProfile::PERFECT
        },
        disk: DiskProfile::default(),
        limits: SimLimits { polls_per_instant: u64::MAX, ..SimLimits::default() },
        journaling: Journaling::Off,
    });
    for place in 0..nodes {
        sim.start(&name(place), cast(place));
    }
    sim
}

pub(crate) fn name(place: u32) -> NodeName {
    NodeName::from(format!("node-{}", place + 1).as_str())
}

/// Lays a rule on every link between the first nodes.
pub(crate) fn rule(sim: &mut Sim, nodes: u32, rule: Rule) {
    let pairs = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
    let links: Vec<_> =
        pairs.filter(|(from, to)| from != to).map(|(from, to)| (name(from), name(to))).collect();
    sim.add_rule(Identity::of("bench"), rule, &links);
}

/// Runs so much virtual time; the events that it took.
///
/// # Panics
/// If no node comes to its end in that time, or one fails: what was not done must not be measured.
pub(crate) fn run(sim: &mut Sim, span: Duration) -> u64 {
    let end = SimTime(sim.now().0 + u64::try_from(span.as_nanos()).expect("seconds"));
    let mut ended = 0;
    while sim.run_until(end) == Ran::Recorded {
        for record in sim.take_records() {
            match record.body {
                Body::Node(NodeEvent::Exited { error: None }) => ended += 1,
                Body::Node(NodeEvent::Exited { error: Some(why) }) => panic!("a node failed: {why}"),
                Body::Node(NodeEvent::Panicked { message, .. }) => panic!("a node panicked: {message}"),
                _ => {}
            }
        }
    }
    assert!(ended > 0, "no node came to its end");
    sim.events()
}

/// Measures a whole simulation from its beginning; `units` of work are done in `span`.
pub(crate) fn whole(
    group: &mut BenchmarkGroup<'_, WallTime>,
    title: &str,
    units: Throughput,
    span: Duration,
    mut build: impl FnMut() -> Sim,
) {
    group.throughput(units);
    group.bench_function(title, |bencher| {
        bencher.iter(|| {
            let mut sim = build();
            run(&mut sim, span)
        });
    });
}
