//! Scenarios from Rust are those of a file: the same plans, seed by seed, and the same errors.

#[path = "support/base.rs"]
mod support;

use std::ops::RangeInclusive;

use squall_history::{BudgetRule, Ppm, Seed, SimDuration};
use squall_scenario::build::{Act, Fault, Map, Nodes, ScenarioBuilder, Setting, Step, act};
use squall_scenario::{Overrides, Scenario};
use support::{SIMPLE, catalogue, must_read};

const fn secs(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

fn ms(span: RangeInclusive<u64>) -> RangeInclusive<SimDuration> {
    SimDuration::from_millis(*span.start())..=SimDuration::from_millis(*span.end())
}

#[track_caller]
fn same(built: &ScenarioBuilder, text: &str) {
    let read = must_read(text);
    let built =
        built.build(&catalogue()).unwrap_or_else(|problems| panic!("{problems}\n{}", built.to_yaml()));
    assert_eq!(format!("{:?}", built.seeds), format!("{:?}", read.seeds));
    assert_eq!((&built.tags, &built.engine), (&read.tags, &read.engine));
    for seed in (0..40).map(Seed) {
        let plan = |scenario: &Scenario| scenario.plan(seed, &Overrides::default());
        assert_eq!(plan(&built), plan(&read), "seed {seed}; built:\n{}", built.source().text);
    }
}

#[test]
fn the_simple_example() {
    let built = Scenario::builder("kill-leader", "batch")
        .description("The leader dies once; the cluster elects another and loses no job.")
        .nodes("controller", 3)
        .nodes("worker", 3)
        .nodes("client", 1)
        .workload("jobs", 4)
        .workload("records", 200..=1000)
        .duration(secs(30))
        .seeds(64)
        .fault(Fault::at(secs(5)).lasting(secs(3)).does(act::kill(Nodes::leader())))
        .recovery_within(secs(2))
        .sometimes("leader-changed");
    same(&built, SIMPLE);
}

#[test]
fn everything_around_the_nodes() {
    let built = Scenario::builder("all-around", "batch")
        .description("It's \"quoted\": 5s..6s")
        .tag("a")
        .tag("b c")
        .config("heartbeat", SimDuration::from_millis(50))
        .bug("acks-early")
        .zone("west")
        .zone("east")
        .role("controller", Map::new().with("count", 5).with("spread", "zones"))
        .nodes("worker", 2..=7_u32)
        .network("latency", ms(1..=9))
        .network("loss", Ppm::percent(1))
        .link(
            Map::new()
                .with("from", Nodes::zone("west"))
                .with("to", Nodes::zone("east"))
                .with("latency", secs(1)),
        )
        .clock("drift", "200ppm")
        .disk("fsync", ms(1..=5))
        .disk("capacity", "64MiB")
        .workload("jobs", 4..=9_u32)
        .duration(secs(100)..=secs(200))
        .these_seeds([Seed(7), Seed(0x1f3a)])
        .invariants(["election-safety"])
        .steady_state_within(secs(4))
        .recovery_within(ms(500..=900))
        .expect("latency", Map::new().with("p99", "800ms"))
        .sometimes("task-reassigned")
        .known_failure("election-safety")
        .limit("events", 1_000_000)
        .limit("stop-on", "end");
    let text = "
version: 1
name: all-around
description: 'It''s \"quoted\": 5s..6s'
tags: [a, b c]
system: { name: batch, config: { heartbeat: 50ms }, bugs: [acks-early] }
topology:
  zones: [west, east]
  roles:
    controller: { count: 5, spread: zones }
    worker: 2..7
network:
  latency: 1ms..9ms
  loss: 1%
  links: [{ from: { zone: west }, to: { zone: east }, latency: 1s }]
clock: { drift: 200ppm }
disk: { fsync: 1ms..5ms, capacity: 64MiB }
workload: { jobs: 4..9 }
duration: 100s..200s
seeds: [0x7, 0x1f3a]
expect:
  invariants: [election-safety]
  steady-state: { within: 4s }
  recovery: { within: 500ms..900ms }
  latency: { p99: 800ms }
  sometimes: [task-reassigned]
  known-failure: { invariant: election-safety }
limits: { events: 1000000, stop-on: end }
";
    same(&built, text);
}

#[test]
fn when_faults_happen() {
    let worker = || Nodes::role("worker");
    let built = Scenario::builder("when", "batch")
        .duration(secs(100))
        .fault(Fault::at(secs(1)..=secs(9)).named("once").does(act::pause(worker().one())))
        .fault(
            Fault::every(secs(5))
                .named("often")
                .jitter(secs(2))
                .between(secs(10), secs(60))
                .lasting(ms(10..=900))
                .budget(BudgetRule::QuorumReturns)
                .does(act::power_loss(worker().share_at_most(Ppm::percent(50)).with_io_in_flight())),
        )
        .fault(Fault::swarm(ms(1000..=5000)).named("swarm").between(secs(5), secs(80)))
        .fault(Fault::steps(
            secs(30),
            [
                Step::wait_for("leader-elected", secs(10)),
                Step::parallel([
                    Step::act(act::partition(Nodes::leader(), worker()).with("direction", "to"))
                        .lasting(secs(20)),
                    Step::act(act::clock(Nodes::leader()).with("skew", "-500ms")).lasting(secs(20)),
                ]),
                Step::wait(secs(5)),
                Step::act(act::wipe(worker().some(2))),
            ],
        ));
    let text = "
version: 1
name: when
system: batch
duration: 100s
faults:
  - { name: once, at: 1s..9s, pause: { role: worker, mode: one } }
  - name: often
    every: 5s
    jitter: 2s
    between: [10s, 60s]
    for: 10ms..900ms
    budget: quorum-returns
    power-loss: { role: worker, mode: random-max-percent, value: 50%, prefer: io-in-flight }
  - { name: swarm, between: [5s, 80s], random: { interval: 1s..5s, swarm: true, mix: default } }
  - at: 30s
    steps:
      - wait-for: { event: leader-elected, timeout: 10s }
      - parallel:
          - { for: 20s, partition: { from: leader, to: { role: worker }, direction: to } }
          - { for: 20s, clock: { target: leader, skew: -500ms } }
      - wait: 5s
      - { wipe: { role: worker, mode: fixed, value: 2 } }
";
    same(&built, text);
}

#[test]
fn every_keyword() {
    let one = || Nodes::role("worker").one();
    let all = || Nodes::role("controller");
    let acts: [(Act, &str); 22] = [
        (act::kill(Nodes::named(["worker-1", "worker-2"])), "kill: [worker-1, worker-2]"),
        (act::power_loss(Nodes::leader()), "power-loss: leader"),
        (act::pause(Nodes::all()), "pause: { mode: all }"),
        (act::stop(one()).with("grace", secs(2)), "stop: { target: { role: worker, mode: one }, grace: 2s }"),
        (act::slow(one(), 10..=50_u32), "slow: { target: { role: worker, mode: one }, factor: 10..50 }"),
        (act::wipe(one()), "wipe: { role: worker, mode: one }"),
        (act::clock(one()).with("jump", "1h"), "clock: { target: { role: worker, mode: one }, jump: 1h }"),
        (act::partition_shape("isolate-leader"), "partition: isolate-leader"),
        (
            act::latency(ms(1..=5)).with("jitter", ms(1..=9)),
            "latency: { latency: 1ms..5ms, jitter: 1ms..9ms }",
        ),
        (
            act::loss(Ppm::percent(5)).with("from", one()),
            "loss: { from: { role: worker, mode: one }, loss: 5% }",
        ),
        (act::duplicate("5%"), "duplicate: { duplicate: 5% }"),
        (act::reorder("5%").with("delay", ms(1..=2)), "reorder: { reorder: 5%, delay: 1ms..2ms }"),
        (act::corrupt("1%"), "corrupt: { corrupt: 1% }"),
        (act::bandwidth("1Mbit"), "bandwidth: { rate: 1Mbit }"),
        (act::hold(one(), all()), "hold: { from: { role: worker, mode: one }, to: { role: controller } }"),
        (act::reset(one(), all()), "reset: { from: { role: worker, mode: one }, to: { role: controller } }"),
        (
            act::refuse(one(), all()),
            "refuse: { from: { role: worker, mode: one }, to: { role: controller } }",
        ),
        (
            act::dns(one(), all(), "fail"),
            "dns: { from: { role: worker, mode: one }, to: { role: controller }, fault: fail }",
        ),
        (
            act::disk(all(), "error").with("percent", Ppm::percent(3)).with("ops", ["read", "sync"]),
            "disk: { target: { role: controller }, fault: error, percent: 3%, ops: [read, sync] }",
        ),
        (
            act::buggify(all()).with("sites", ["a/*"]),
            "buggify: { target: { role: controller }, sites: ['a/*'] }",
        ),
        (
            act::hook(all(), "**").with("crash", "kill").with("restart", ms(1..=2)),
            "hook: { target: { role: controller }, point: '**', crash: kill, restart: 1ms..2ms }",
        ),
        (act::core("random"), "core: random"),
    ];
    for (act, written) in acts {
        let instant = ["wipe", "reset", "core", "clock"].iter().any(|word| written.starts_with(word));
        let fault = Fault::at(secs(3));
        let fault = if instant { fault } else { fault.lasting(secs(2)) };
        let lasting = if instant { "" } else { "for: 2s, " };
        let text = format!(
            "version: 1\nname: one\nsystem: batch\nduration: 20s\nfaults: [{{ at: 3s, {lasting}{written} }}]\n"
        );
        same(&Scenario::builder("one", "batch").fault(fault.does(act)), &text);
    }
}

#[test]
fn what_is_wrong_is_shown_in_the_file_that_it_would_be() {
    let built = Scenario::builder("wrong", "batch")
        .workload("jbos", 3)
        .fault(Fault::at(secs(1)).lasting(secs(500)).does(act::kill(Nodes::role("wroker"))));
    let problems = built.build(&catalogue()).unwrap_err().to_string();
    for words in ["wrong.yaml:", "unknown role `wroker`", "jbos"] {
        assert!(problems.contains(words), "no `{words}` in:\n{problems}");
    }
}

#[test]
fn the_later_value_counts() {
    let built = Scenario::builder("twice", "batch").workload("jobs", 3).workload("jobs", Setting::from(4));
    assert_eq!(built.build(&catalogue()).unwrap().plan(Seed(0), &Overrides::default()).workload["jobs"], 4);
}
