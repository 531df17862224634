//! A whole run as a campaign has it: the batch cluster, from plan to judged verdict.

use criterion::Criterion;
use squall::scenario::{Overrides, Source, parse};
use squall::{Hooks, Recording, Seed};

const SCENARIO: &str = include_str!("../../../../scenarios/kill-leader.yaml");

pub(crate) fn all(criterion: &mut Criterion) {
    let registry = squall_systems::registry();
    let scenario = parse(&Source::new("kill-leader.yaml", SCENARIO), &registry.catalogue());
    let plan = scenario.expect("a shipped scenario").plan(Seed(0x1f3a), &Overrides::default());
    let mut group = criterion.benchmark_group("whole");
    group.sample_size(10);
    group.bench_function("kill-leader", |bencher| {
        bencher.iter(|| {
            let reply = squall::run(&registry, &plan, Recording::Summary, &Hooks::default());
            reply.expect("the plan fits its system").result.events
        });
    });
    group.finish();
}
