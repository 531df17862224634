//! One small campaign, used by every test of a renderer: a failure that was shrunk, one that was
//! not, other endings, a scenario that proves too little, a known failure. Every value is literal.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use squall_check::{
    FaultCounts, NotApplicable, Outcome, ScenarioStatus, ScenarioVerdict, SeedResult, Violation,
};
use squall_history::vocab::{Custom, raft};
use squall_history::*;
use squall_report::{
    Campaign, Commands, Failure, Faults, RunInfo, RunStatus, ScenarioFile, Shrunk, Unreached,
};

pub(crate) fn at_ms(ms: u64) -> SimTime {
    SimTime(ms * 1_000_000)
}

pub(crate) fn run_info() -> RunInfo {
    RunInfo {
        v: squall_report::RUN_FORMAT,
        run_id: "20261120-0912-a1b2".to_owned(),
        status: RunStatus::Complete,
        seeds: 640,
        done: Some(640),
        exit_code: Some(100),
        started: "2026-11-20T09:12:00Z".to_owned(),
        commit: Some("4c1afc7".to_owned()),
        dirty: true,
        rustc: "rustc 1.95.0 (59807616e 2026-04-14)".to_owned(),
        squall: "0.1.0".to_owned(),
        binary: "5f".repeat(16),
        sim_format: 1,
        history_format: 1,
        arguments: vec!["run".to_owned(), "kill-leader".to_owned()],
        options: [("--max-fail".to_owned(), "1".to_owned())].into(),
        scenarios: vec![ScenarioFile {
            name: "kill-leader".to_owned(),
            path: "scenarios/kill-leader.yaml".to_owned(),
            hash: "9f86d081884c7d65".to_owned(),
        }],
        base_seed: Seed(0x5eed),
        partition: None,
    }
}

fn counts(planned: u64, applied: u64, observed: u64, vetoed: u64) -> FaultCounts {
    FaultCounts { planned, applied, observed, vetoed, skipped: 0 }
}

fn map<V: Clone>(entries: &[(&str, V)]) -> BTreeMap<String, V> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A result without violations; the fixture's others are made from it.
pub(crate) fn result(scenario: &str, seed: u64, outcome: Outcome) -> SeedResult {
    SeedResult {
        v: 1,
        scenario: scenario.to_owned(),
        seed: Seed(seed),
        engine: "native".to_owned(),
        outcome,
        digest: Some(Digest(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)),
        events: 123_456,
        sim_ns: 30_000_000_000,
        violations: Vec::new(),
        exercised: map(&[("acked-job-not-lost", 12), ("election-safety", 3)]),
        not_applicable: BTreeMap::new(),
        unknown: BTreeMap::new(),
        conditions: map(&[("leader-changed", 1)]),
        faults: map(&[("kill", counts(1, 1, 1, 0)), ("loss", counts(8, 8, 0, 0))]),
        detail: String::new(),
    }
}

pub(crate) fn violation(oracle: &str, ms: u64, message: &str) -> Violation {
    Violation {
        oracle: oracle.to_owned(),
        at: at_ms(ms),
        nodes: vec!["controller-1".into(), "controller-2".into()],
        ops: vec![OpId(17)],
        message: message.to_owned(),
        anomaly: None,
        evidence: json!({ "job": 17 }),
    }
}

/// Seeds that did not pass, one of each kind of ending.
pub(crate) fn results() -> Vec<SeedResult> {
    let failed = SeedResult {
        violations: vec![violation("acked-job-not-lost", 4_213, "job 17")],
        ..result("kill-leader", 0x1f3a, Outcome::Fail)
    };
    let panicked = SeedResult {
        detail: "controller-2 panicked at src/raft.rs:17:5: \u{1b}[31mindex 4 out of 3\nfor slice".to_owned(),
        violations: vec![
            violation("no-panic", 5_000, "controller-2 panicked"),
            violation(
                "election-safety",
                6_100,
                "two leaders in term 4: <b>controller-1</b> | `controller-2`",
            ),
        ],
        ..result("kill-leader", 0x2b, Outcome::Panic)
    };
    let unknown = SeedResult {
        unknown: map(&[("linearizable", "20,000,000 steps".to_owned())]),
        faults: BTreeMap::new(),
        ..result("zone-split", 0x7, Outcome::Unknown)
    };
    let died = SeedResult {
        digest: None,
        faults: BTreeMap::new(),
        ..result("zone-split", 0x8, Outcome::StackOverflow)
    };
    let differs = SeedResult {
        detail: "the first difference is event 4,097".to_owned(),
        ..result("zone-split", 0x9, Outcome::Nondeterministic)
    };
    let known = SeedResult {
        violations: vec![violation("exclusive-lease", 9_000, "two holders")],
        ..result("clock-blind", 0x3, Outcome::Fail)
    };
    vec![failed, panicked, unknown, died, differs, known]
}

fn verdict(scenario: &str, status: ScenarioStatus) -> ScenarioVerdict {
    ScenarioVerdict {
        v: 1,
        scenario: scenario.to_owned(),
        status,
        seeds: 0,
        passed: 0,
        failed: 0,
        known: 0,
        unknown: 0,
        nondeterministic: 0,
        harness_errors: 0,
        timeouts: 0,
        reasons: Vec::new(),
        exercised: map(&[("acked-job-not-lost", 7_680), ("election-safety", 1_923)]),
        never_exercised: Vec::new(),
        not_applicable: BTreeMap::new(),
        conditions: map(&[("leader-changed", 640), ("node-killed", 640)]),
        faults: BTreeMap::new(),
        without_effect: Vec::new(),
        failing: Vec::new(),
        known_failing: Vec::new(),
        events: 0,
        sim_ns: 0,
    }
}

pub(crate) fn verdicts() -> Vec<ScenarioVerdict> {
    let failed = ScenarioVerdict {
        seeds: 512,
        passed: 510,
        failed: 2,
        reasons: strings(&["2 of 512 seeds failed, the first is 0x1f3a"]),
        faults: map(&[("kill", counts(512, 512, 510, 3)), ("loss", counts(4_096, 4_096, 0, 0))]),
        without_effect: strings(&["loss"]),
        never_exercised: strings(&["log-matching", "snapshot-agrees"]),
        failing: vec![Seed(0x1f3a), Seed(0x2b)],
        events: 63_209_472,
        sim_ns: 15_360_000_000_000,
        ..verdict("kill-leader", ScenarioStatus::Fail)
    };
    let differs = ScenarioVerdict {
        seeds: 64,
        passed: 61,
        failed: 1,
        unknown: 1,
        nondeterministic: 1,
        reasons: strings(&["seed 0x9 had another digest when it was run again"]),
        not_applicable: [(
            "synced-is-durable".to_owned(),
            NotApplicable { seeds: 64, why: "it needs truth.disk".to_owned() },
        )]
        .into(),
        failing: vec![Seed(0x8)],
        events: 7_901_184,
        sim_ns: 1_920_000_000_000,
        ..verdict("zone-split", ScenarioStatus::Nondeterministic)
    };
    let known = ScenarioVerdict {
        seeds: 64,
        passed: 63,
        known: 1,
        known_failing: vec![Seed(0x3)],
        events: 7_901_184,
        sim_ns: 1_920_000_000_000,
        ..verdict("clock-blind", ScenarioStatus::Pass)
    };
    let doubtful = ScenarioVerdict {
        seeds: 8,
        passed: 8,
        reasons: strings(&["`task-reassigned` occurred in no seed"]),
        events: 987_648,
        sim_ns: 240_000_000_000,
        ..verdict("a-scenario-with-quite-a-long-name", ScenarioStatus::Inconclusive)
    };
    vec![failed, differs, known, doubtful]
}

fn nodes(names: &[&str]) -> Selector {
    Selector::Nodes(names.iter().map(|name| NodeName::from(*name)).collect())
}

fn link(from: Selector, to: Option<Selector>, direction: Direction) -> LinkSelector {
    LinkSelector { from, to, direction }
}

fn fault(id: &str, ms: u64, lasts: Option<u64>, action: Action) -> PlannedFault {
    PlannedFault {
        id: FaultId(id.into()),
        at: at_ms(ms),
        lasts: lasts.map(SimDuration::from_millis),
        budget: if id.starts_with("swarm") { BudgetRule::QuorumStays } else { BudgetRule::AsWritten },
        action,
    }
}

fn loss(link: LinkSelector, percent: u32) -> Action {
    Action::Link(LinkFault { link, trouble: LinkTrouble::Loss(Ppm::percent(percent).into()) })
}

/// Nine faults with literal targets: one bound plan.
pub(crate) fn applied() -> Vec<PlannedFault> {
    let cut = link(nodes(&["controller-1"]), Some(nodes(&["controller-2", "controller-3"])), Direction::To);
    let lossy = |k: u64| {
        let link = link(nodes(&["worker-1"]), None, Direction::Both);
        fault(&format!("loss#{k}"), 5_000 + k * 500, Some(400), loss(link, 30))
    };
    let mut faults = vec![
        fault("partition#1", 3_900, Some(2_000), Action::Partition(Partition::Cuts(vec![cut]))),
        fault("kill#1", 4_050, Some(3_000), Action::Kill(nodes(&["controller-2"]))),
    ];
    faults.extend((1..=7).map(lossy));
    faults
}

/// The two faults that shrinking left.
pub(crate) fn shrunk() -> Vec<PlannedFault> {
    applied().into_iter().take(2).collect()
}

/// Calls `render` with the whole campaign.
pub(crate) fn with_campaign<R>(render: impl FnOnce(&Campaign) -> R) -> R {
    let (verdicts, results, applied, shrunk) = (verdicts(), results(), applied(), shrunk());
    let failure = |result, faults| Failure {
        result,
        target: &result.scenario,
        faults,
        shrunk: None,
        wall: Some(Duration::from_millis(84)),
    };
    let small = Shrunk {
        faults: &shrunk,
        path: "reports/20261120-0912-a1b2/failures/kill-leader/0x1f3a/shrunk.yaml",
    };
    let failures = [
        Failure { shrunk: Some(small), ..failure(&results[0], Faults::Applied(&applied)) },
        failure(&results[1], Faults::Applied(&applied)),
        Failure { wall: None, ..failure(&results[2], Faults::Applied(&[])) },
        Failure {
            target: "scenarios/zone-split.yaml",
            ..failure(&results[3], Faults::Planned(&applied[..1]))
        },
        failure(&results[4], Faults::Applied(&applied[..2])),
        failure(&results[5], Faults::Applied(&applied[..1])),
    ];
    let unreached = [Unreached {
        system: "batch".to_owned(),
        names: strings(&["raft/group-commit", "worker/output-outlives-restart"]),
    }];
    let campaign = Campaign {
        extent: squall_report::Extent::default(),
        verdicts: &verdicts,
        failures: &failures,
        unreached: &unreached,
        coverage: &[],
        commands: Commands { program: "cargo xtask chaos", options: &[] },
        wall: Some(Duration::from_millis(12_400)),
    };
    render(&campaign)
}

/// Faults as a seed draws them: selectors still open.
fn planned() -> Vec<PlannedFault> {
    let workers = Filter {
        roles: strings(&["worker"]),
        mode: Mode::FixedPercent(Ppm::percent(34)),
        ..Filter::default()
    };
    let replies = link(
        Selector::Leader,
        Some(Selector::Where(Filter { mode: Mode::All, ..workers.clone() })),
        Direction::From,
    );
    let ms = SimDuration::from_millis;
    vec![
        fault("kill#1", 5_000, Some(3_000), Action::Kill(Selector::Leader)),
        fault("swarm#1", 7_125, Some(1_500), Action::PowerLoss(Selector::Where(workers))),
        fault(
            "swarm#2",
            9_000,
            Some(2_000),
            Action::Partition(Partition::Shape(PartitionShape::MajoritiesRing)),
        ),
        fault("lossy-replies#1", 12_000, None, loss(replies, 30)),
        fault(
            "slow#1",
            13_000,
            Some(500),
            Action::Link(LinkFault {
                link: link(nodes(&["worker-1", "worker-2", "worker-3", "worker-4"]), None, Direction::Both),
                trouble: LinkTrouble::Latency {
                    latency: ms(200),
                    jitter: ms(50),
                    shape: LatencyShape::Uniform,
                    correlation: Ppm::ZERO,
                },
            }),
        ),
    ]
}

/// A leader that is awaited, and then cut off and killed.
fn steps() -> Sequence {
    let fault = |id: &str, lasts: Option<u64>, action| {
        Step::Fault(Box::new(StepFault {
            id: FaultId(id.into()),
            lasts: lasts.map(SimDuration::from_secs),
            action,
        }))
    };
    let (event, timeout) = ("leader-elected".to_owned(), Some(SimDuration::from_secs(10)));
    let isolate = Action::Partition(Partition::Shape(PartitionShape::IsolateLeader));
    let steps = vec![
        Step::WaitFor { event, timeout },
        Step::Parallel(vec![
            fault("deposed#1", Some(20), isolate),
            Step::Steps(vec![
                Step::Wait(SimDuration::from_secs(5)),
                fault("deposed#2", None, Action::Wipe(nodes(&["worker-1"]))),
            ]),
        ]),
    ];
    Sequence { at: at_ms(15_000), budget: BudgetRule::AsWritten, steps }
}

pub(crate) fn plan() -> Plan {
    let mut topology = Topology::of_roles(&[("controller", 3), ("worker", 6), ("client", 1)]);
    topology.zones = strings(&["a", "b"]);
    for (place, node) in topology.nodes.iter_mut().enumerate() {
        node.zone = Some(topology.zones[place % 2].clone());
    }
    Plan {
        format: PLAN_FORMAT,
        scenario: "kill-leader".into(),
        description: "The leader dies once; the cluster elects another and loses no job.".to_owned(),
        seed: Seed(0x1f3a),
        engine: "native".to_owned(),
        system: SystemPlan {
            name: "batch".to_owned(),
            config: json!({ "replication": 3, "lease": "2s" }),
            bugs: strings(&["lease-no-uncertainty"]),
        },
        workload: json!({ "jobs": 4, "records": 731 }),
        topology,
        network: NetworkProfile::FLAKY,
        links: Vec::new(),
        disk: DiskProfile::default(),
        clock: squall_history::ClockProfile::default(),
        duration: SimDuration::from_secs(30),
        faults: planned(),
        sequences: vec![steps()],
        reseed: vec![Reseed { at: at_ms(20_000), seed: Seed(0xbeef) }],
        skip_unsupported: false,
        vetoes: vec![Veto {
            id: FaultId("swarm#3".into()),
            at: at_ms(14_000),
            why: "no quorum of controllers would return".to_owned(),
        }],
        expect: Expect {
            invariants: InvariantChoice::Named(strings(&["election-safety", "acked-job-not-lost"])),
            steady_state: Some(SimDuration::from_secs(5)),
            recovery: Some(SimDuration::from_secs(2)),
            availability: Some(Availability {
                min: Ppm::percent(99),
                window: SimDuration::from_secs(5),
                except: vec!["cut".to_owned()],
            }),
            latency: Some(LatencyBounds {
                p50: None,
                p99: Some(SimDuration::from_secs(4)),
                max: Some(SimDuration::from_secs(20)),
            }),
            sometimes: strings(&["leader-changed"]),
            known_failure: Some(KnownFailure {
                invariants: strings(&["exclusive-lease"]),
                issue: Some("https://example.org/issues/42".to_owned()),
                strict: true,
            }),
        },
        limits: Limits {
            events: Some(50_000_000),
            wall: Some(SimDuration::from_secs(120)),
            memory: None,
            stop_on: StopOn::FirstViolation,
        },
    }
}

fn record(ms: u64, node: Option<&str>, boot: u32, body: Body) -> Record {
    Record { at: at_ms(ms), node: node.map(NodeName::from), boot: node.map(|_| Boot(boot)), body }
}

fn op(ms: u64, id: u64, phase: Phase) -> Record {
    let value = match phase {
        Phase::Invoke => json!(5),
        Phase::Info => json!("timed out"),
        _ => serde_json::Value::Null,
    };
    let op = Op { id: OpId(id), process: ProcessId(1), phase, f: "put".into(), key: Some("x".into()), value };
    record(ms, Some("client-1"), 1, Body::Op(op))
}

/// A short run in which everything happens that a timeline tells.
pub(crate) fn history() -> History {
    let plan = plan();
    let node = |ms, name, boot, event| record(ms, Some(name), boot, Body::Node(event));
    let raft = |ms, name, event| record(ms, Some(name), 1, Body::Raft(event));
    let fault = |ms, event| record(ms, None, 0, Body::Fault(event));
    let id = |id: &str| FaultId(id.into());
    let kill = Action::Kill(nodes(&["controller-1"]));
    let mut records: Vec<Record> =
        plan.topology.nodes.iter().map(|spec| node(0, spec.name.as_str(), 1, NodeEvent::Started)).collect();
    records.extend([
        raft(140, "controller-1", raft::Event::Voted { term: 1, candidate: "controller-1".into() }),
        raft(150, "controller-1", raft::Event::BecameLeader { term: 1 }),
        op(200, 1, Phase::Invoke),
        op(210, 1, Phase::Ok),
        op(220, 2, Phase::Invoke),
        op(230, 2, Phase::Fail),
        op(240, 3, Phase::Invoke),
        record(250, Some("worker-1"), 1, Body::Custom(Custom::new("batch", "task-started").with("job", 17))),
        fault(5_000, FaultEvent::Applied { id: id("kill#1"), action: kill, beyond_budget: false }),
        node(5_000, "controller-1", 1, NodeEvent::Killed),
        op(5_240, 3, Phase::Info),
        raft(5_600, "controller-2", raft::Event::BecameLeader { term: 2 }),
        fault(7_125, FaultEvent::NotApplied { id: id("swarm#1"), why: "no node matches".to_owned() }),
        fault(
            7_200,
            FaultEvent::Applied {
                id: id("pause#1"),
                action: Action::Pause(nodes(&["worker-2"])),
                beyond_budget: true,
            },
        ),
        node(7_200, "worker-2", 1, NodeEvent::Paused),
        node(7_700, "worker-2", 1, NodeEvent::Resumed),
        node(8_000, "controller-1", 2, NodeEvent::Started),
        fault(8_000, FaultEvent::Ended { id: id("kill#1") }),
        node(8_500, "worker-3", 1, NodeEvent::PowerLost),
        node(8_600, "worker-4", 1, NodeEvent::Exited { error: Some("disk is full".to_owned()) }),
        node(8_700, "worker-5", 1, NodeEvent::Exited { error: None }),
        node(
            9_000,
            "controller-3",
            1,
            NodeEvent::Panicked {
                message: "index 4\nout of 3".to_owned(),
                location: "src/raft.rs:17:5".to_owned(),
            },
        ),
        raft(9_100, "controller-2", raft::Event::SteppedDown { term: 2 }),
        fault(14_000, FaultEvent::Vetoed { id: id("swarm#3"), why: "no quorum would return".to_owned() }),
        fault(
            30_000,
            FaultEvent::Observed {
                id: id("kill#1"),
                effects: map(&[("connections-reset", 1_204), ("tasks-lost", 7), ("writes-lost", 0)]),
            },
        ),
        fault(30_000, FaultEvent::Observed { id: id("loss#1"), effects: map(&[("packets-dropped", 0)]) }),
    ]);
    History { header: header(plan), records }
}

fn header(plan: Plan) -> Header {
    Header {
        format: HISTORY_FORMAT,
        sim_format: SIM_FORMAT,
        scenario: "kill-leader".to_owned(),
        seed: Seed(0x1f3a),
        engine: "native".to_owned(),
        system: "batch".to_owned(),
        config: plan.system.config,
        bugs: plan.system.bugs,
        network: plan.network,
        links: Vec::new(),
        topology: plan.topology,
        duration: plan.duration,
        capabilities: strings(&["vocab.raft"]),
        client_roles: strings(&["client"]),
    }
}
