//! Arbitrary plans: whatever a scenario over the test catalogue could plan or a run could bind.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value};
use squall_history::*;

const ROLES: [&str; 3] = ["controller", "worker", "client"];
const ZONES: [&str; 3] = ["a", "zone-2", "3"];

/// One bound or planned plan.
pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    topology()
        .prop_flat_map(|topology| {
            let (nodes, zones) = (topology.nodes.clone(), topology.zones.clone());
            let duration = (1_u64..u64::MAX / 4).prop_map(SimDuration);
            (duration, Just(topology), vec(action(nodes.clone(), zones.clone()), 0..8)).prop_flat_map(
                move |(duration, topology, actions)| {
                    let faults: Vec<_> = actions.into_iter().map(|action| fault(action, duration)).collect();
                    let sequences = vec(sequence(&nodes, &zones, duration), 0..3);
                    (
                        any::<u64>(),
                        "[ -~é☂\u{85}\n]{0,20}",
                        sections(),
                        surroundings(&nodes),
                        (faults, sequences),
                        judging(),
                        Just((duration, topology)),
                    )
                },
            )
        })
        .prop_map(assemble)
}

type Parts = (
    u64,
    String,
    (Value, Value, Vec<String>),
    Surroundings,
    (Vec<PlannedFault>, Vec<Sequence>),
    (Vec<Reseed>, Vec<Veto>, Expect, Limits),
    (SimDuration, Topology),
);

fn assemble(parts: Parts) -> Plan {
    let (seed, description, (config, workload, bugs), (network, links, disk, clock), planned, judged, rest) =
        parts;
    let (mut faults, mut sequences) = planned;
    let (reseed, vetoes, expect, limits) = judged;
    for (k, fault) in faults.iter_mut().enumerate() {
        fault.id = FaultId(format!("{}#{k}", fault.id).into());
    }
    faults.sort_by_key(|fault| fault.at);
    sequences.sort_by_key(|sequence| sequence.at);
    for (k, sequence) in sequences.iter_mut().enumerate() {
        number(&mut sequence.steps, &format!("steps-{k}"));
    }
    Plan {
        format: PLAN_FORMAT,
        scenario: "some-plan".into(),
        description,
        seed: Seed(seed),
        engine: "turmoil".to_owned(),
        system: SystemPlan { name: "batch".to_owned(), config, bugs },
        workload,
        topology: rest.1,
        network,
        links,
        disk,
        clock,
        duration: rest.0,
        faults,
        sequences,
        reseed,
        vetoes,
        skip_unsupported: false,
        expect,
        limits,
    }
}

/// Ids that no other fault has.
fn number(steps: &mut [Step], stem: &str) {
    for (k, step) in steps.iter_mut().enumerate() {
        match step {
            Step::Fault(fault) => fault.id = FaultId(format!("{stem}#{k}").into()),
            Step::Parallel(members) | Step::Steps(members) => number(members, &format!("{stem}#{k}")),
            Step::Wait(_) | Step::WaitFor { .. } => {}
        }
    }
}

fn supervisor() -> impl Strategy<Value = Restart> + Clone {
    let wait = || (1_000_000..u64::MAX / 4).prop_map(SimDuration);
    let on = proptest::sample::subsequence(vec![RestartOn::Panic, RestartOn::Exit], 1..=2);
    (wait(), wait(), on).prop_map(|(a, b, on)| Restart { after: (a.min(b), a.max(b)), on })
}

/// Roles with holes in their numbers, some of them empty; zones dealt out by number.
fn topology() -> impl Strategy<Value = Topology> {
    let role = (btree_set(1_u32..6, 0..4), 0_usize..4, labels(), option::of(supervisor()));
    (0_usize..=3, [role.clone(), role.clone(), role]).prop_map(|(zones, roles)| {
        let zones: Vec<String> = ZONES[..zones].iter().map(|zone| (*zone).to_owned()).collect();
        let mut nodes = Vec::new();
        let mut restart = BTreeMap::new();
        for (role, (numbers, dealt, labels, supervisor)) in ROLES.into_iter().zip(roles) {
            restart
                .extend(supervisor.filter(|_| !numbers.is_empty()).map(|policy| (role.to_owned(), policy)));
            let dealt = &zones[..dealt.min(zones.len())];
            nodes.extend(numbers.into_iter().map(|number| NodeSpec {
                name: NodeName::of_role(role, number),
                role: role.to_owned(),
                number,
                zone: dealt.get((number as usize - 1) % dealt.len().max(1)).cloned(),
                labels: labels.clone(),
            }));
        }
        if nodes.is_empty() {
            nodes = Topology::of_roles(&[("worker", 1)]).nodes;
        }
        Topology { zones, nodes, restart }
    })
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> + Clone {
    btree_map("[a-z]{1,4}", prop_oneof!["[ -~]{0,6}", Just("true".to_owned()), Just("1..2".to_owned())], 0..2)
}

fn span() -> impl Strategy<Value = SimDuration> {
    prop_oneof![Just(0), 0..u64::MAX / 4, (0_u64..100).prop_map(|s| s * 1_000_000_000)].prop_map(SimDuration)
}

fn share() -> impl Strategy<Value = Ppm> {
    (0_u32..=1_000_000).prop_map(|parts| Ppm::new(parts).expect("at most the whole"))
}

fn selector(nodes: Vec<NodeSpec>, zones: Vec<String>) -> impl Strategy<Value = Selector> {
    let names: Vec<NodeName> = nodes.iter().map(|node| node.name.clone()).collect();
    let mode = prop_oneof![
        Just(Mode::All),
        Just(Mode::One),
        any::<u32>().prop_map(Mode::Fixed),
        share().prop_map(Mode::FixedPercent),
        share().prop_map(Mode::RandomMaxPercent),
    ];
    let roles = proptest::sample::subsequence(ROLES.to_vec(), 0..=3);
    let prefer = option::of(Just(Prefer::IoInFlight));
    let count = zones.len();
    let filter = (roles, proptest::sample::subsequence(zones, 0..=count), labels(), mode, prefer);
    prop_oneof![
        Just(Selector::Leader),
        // A bound fault may have found nobody.
        vec(proptest::sample::select(names), 0..3).prop_map(Selector::Nodes),
        filter.prop_map(|(roles, zones, labels, mode, prefer)| {
            let roles = roles.into_iter().map(str::to_owned).collect();
            Selector::Where(Filter { roles, zones, labels, mode, prefer })
        }),
    ]
}

fn action(nodes: Vec<NodeSpec>, zones: Vec<String>) -> BoxedStrategy<Action> {
    let one = || selector(nodes.clone(), zones.clone());
    let direction = || proptest::sample::select(vec![Direction::To, Direction::From, Direction::Both]);
    let link = || {
        (one(), option::of(one()), direction()).prop_map(|(from, to, direction)| LinkSelector {
            from,
            to,
            direction,
        })
    };
    let shapes: Vec<PartitionShape> = PartitionShape::ALL.iter().map(|(_, shape)| *shape).collect();
    prop_oneof![
        one().prop_map(Action::Kill),
        one().prop_map(Action::PowerLoss),
        one().prop_map(Action::Pause),
        proptest::sample::select(shapes).prop_map(|shape| Action::Partition(Partition::Shape(shape))),
        vec(link(), 0..3).prop_map(|cuts| Action::Partition(Partition::Cuts(cuts))),
        (link(), link_trouble().boxed())
            .prop_map(|(link, trouble)| Action::Link(LinkFault { link, trouble })),
        (one(), node_trouble().boxed())
            .prop_map(|(target, trouble)| Action::Node(NodeFault { target, trouble })),
        (one(), span()).prop_map(|(target, grace)| Action::Stop { target, grace }),
        one().prop_map(Action::Wipe),
        (one(), option::of(glob()), trouble().boxed())
            .prop_map(|(target, path, trouble)| Action::Disk(DiskFault { target, path, trouble })),
    ]
    .boxed()
}

fn chance() -> impl Strategy<Value = Chance> {
    (share(), share()).prop_map(|(percent, correlation)| Chance { percent, correlation })
}

fn link_trouble() -> impl Strategy<Value = LinkTrouble> {
    let shapes: Vec<LatencyShape> = LatencyShape::ALL.iter().map(|(_, shape)| *shape).collect();
    prop_oneof![
        (span(), span(), proptest::sample::select(shapes), share()).prop_map(
            |(latency, jitter, shape, correlation)| LinkTrouble::Latency {
                latency,
                jitter,
                shape,
                correlation
            }
        ),
        chance().prop_map(LinkTrouble::Loss),
        chance().prop_map(LinkTrouble::Duplicate),
        chance().prop_map(LinkTrouble::Corrupt),
        (chance(), span()).prop_map(|(chance, delay)| LinkTrouble::Reorder { chance, delay }),
        (1..=u64::MAX, any::<u64>()).prop_map(|(bytes_per_second, queue_bytes)| LinkTrouble::Bandwidth(
            Bandwidth { bytes_per_second, queue_bytes }
        )),
        Just(LinkTrouble::Hold),
        Just(LinkTrouble::Reset),
        Just(LinkTrouble::Refuse),
        Just(LinkTrouble::Dns(DnsTrouble::Fail)),
        Just(LinkTrouble::Dns(DnsTrouble::TimeOut)),
        range().prop_map(|latency| LinkTrouble::Dns(DnsTrouble::Slow { latency })),
    ]
}

fn range() -> impl Strategy<Value = (SimDuration, SimDuration)> {
    (span(), span()).prop_map(|(a, b)| (a.min(b), a.max(b)))
}

fn offset() -> impl Strategy<Value = ClockOffset> {
    (span(), any::<bool>()).prop_map(|(span, ahead)| {
        let size = i64::try_from(span.as_nanos()).expect("spans are short");
        ClockOffset(if ahead { size } else { -size })
    })
}

fn node_trouble() -> impl Strategy<Value = NodeTrouble> {
    let drift =
        (-ClockDrift::MOST..=ClockDrift::MOST).prop_map(|ppm| ClockDrift::new(ppm).expect("within bounds"));
    let clock = (option::of(offset()), option::of(drift), option::of(offset()), any::<bool>())
        .prop_map(|(skew, drift, jump, freeze)| ClockChange { skew, drift, jump, freeze })
        .prop_filter("something is wrong", |clock| !clock.is_nothing());
    let place =
        (glob(), any::<u64>()).prop_map(|(site, nth)| Injection { site, node: "client-1".into(), nth });
    let when = prop_oneof![
        (1..=u64::MAX).prop_map(HookWhen::Nth),
        share().prop_map(HookWhen::Percent),
        vec(place, 0..3).prop_map(HookWhen::Listed),
    ];
    let act = prop_oneof![
        span().prop_map(|restart| HookAct::Kill { restart }),
        span().prop_map(|restart| HookAct::PowerLoss { restart }),
        range().prop_map(|delay| HookAct::Delay { delay }),
    ];
    prop_oneof![
        (2..=u32::MAX).prop_map(|factor| NodeTrouble::Slow { factor }),
        clock.prop_map(NodeTrouble::Clock),
        (vec(glob(), 0..3), share(), share())
            .prop_map(|(sites, enable, fire)| NodeTrouble::Buggify(Buggify { sites, enable, fire })),
        (glob(), when, act).prop_map(|(point, when, act)| NodeTrouble::Hook(Hook { point, when, act })),
    ]
}

fn sequence(nodes: &[NodeSpec], zones: &[String], duration: SimDuration) -> BoxedStrategy<Sequence> {
    let fault = ("[a-z0-9-]{1,6}", option::of(span()), action(nodes.to_vec(), zones.to_vec())).prop_map(
        |(stem, lasts, action)| {
            let lasts = lasts.filter(|_| !action.is_instant());
            Step::Fault(Box::new(StepFault { id: FaultId(stem.into()), lasts, action }))
        },
    );
    let events = proptest::sample::select(vec!["leader-changed", "task-reassigned"]);
    let step = prop_oneof![
        fault.boxed(),
        span().prop_map(Step::Wait),
        (events, option::of(span()))
            .prop_map(|(event, timeout)| Step::WaitFor { event: event.to_owned(), timeout }),
    ];
    let step =
        step.prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 1..3).prop_map(Step::Parallel),
                vec(inner, 1..3).prop_map(Step::Steps),
            ]
        });
    let at = (0..=duration.as_nanos()).prop_map(SimTime);
    (at, rule(), vec(step, 1..4)).prop_map(|(at, budget, steps)| Sequence { at, budget, steps }).boxed()
}

fn rule() -> impl Strategy<Value = BudgetRule> {
    proptest::sample::select(vec![BudgetRule::AsWritten, BudgetRule::QuorumStays, BudgetRule::QuorumReturns])
}

fn glob() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "ctl/**",
        "*.log",
        "{a,b}/[0-9]?",
        "wal",
        "true",
        "1..5",
        "a b/'#: \"x",
        "é☂",
    ])
    .prop_map(str::to_owned)
}

fn trouble() -> impl Strategy<Value = DiskTrouble> {
    let all: Vec<DiskOp> = DiskOp::ALL.iter().map(|(_, op)| *op).collect();
    let ops = proptest::sample::subsequence(all, 1..=3);
    prop_oneof![
        (share(), ops).prop_map(|(percent, ops)| DiskTrouble::Error { percent, ops }),
        Just(DiskTrouble::Full),
        (span(), span()).prop_map(|(a, b)| DiskTrouble::Slow { latency: (a.min(b), a.max(b)) }),
        (1..u64::MAX).prop_map(|rate| DiskTrouble::Throttle { rate }),
        share().prop_map(|percent| DiskTrouble::Misdirected { percent }),
        share().prop_map(|percent| DiskTrouble::TornWrite { percent }),
        Just(DiskTrouble::Stall),
        Just(DiskTrouble::LyingSync),
        share().prop_map(|share| DiskTrouble::Corrupt(Rot::Percent(share))),
        any::<u32>().prop_map(|count| DiskTrouble::Corrupt(Rot::Sectors(count))),
    ]
}

fn fault(action: Action, duration: SimDuration) -> BoxedStrategy<PlannedFault> {
    let at = (0..=duration.as_nanos()).prop_map(SimTime);
    ("[a-z0-9-]{1,6}", at, option::of(span()), rule())
        .prop_map(move |(stem, at, lasts, budget)| PlannedFault {
            id: FaultId(stem.into()),
            at,
            lasts: lasts.filter(|_| !action.is_instant()),
            budget,
            action: action.clone(),
        })
        .boxed()
}

fn json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9_f64..1e9).prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
    ];
    let words = [
        "", "null", "~", "yes", "1..5", "2s..3s", "0x10", "1e3", "-", "- a", "a: b", "#", "100ms", "34%",
        "1_000",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn sections() -> impl Strategy<Value = (Value, Value, Vec<String>)> {
    let section = |key: &'static str| {
        option::of(json()).prop_map(move |value| {
            Value::Object(value.into_iter().map(|value| (key.to_owned(), value)).collect::<Map<_, _>>())
        })
    };
    let bugs = proptest::sample::subsequence(vec!["forgets-vote".to_owned(), "acks-early".to_owned()], 0..=2);
    (section("lease"), section("deadline"), bugs)
}

type Surroundings = (NetworkProfile, Vec<LinkProfile>, DiskProfile, ClockProfile);

fn profile() -> impl Strategy<Value = NetworkProfile> {
    let shapes: Vec<LatencyShape> = LatencyShape::ALL.iter().map(|(_, shape)| *shape).collect();
    let bandwidth = option::of((1..=u64::MAX, any::<u64>()))
        .prop_map(|it| it.map(|(bytes_per_second, queue_bytes)| Bandwidth { bytes_per_second, queue_bytes }));
    let chances = (share(), share(), share());
    (span(), span(), chances, proptest::sample::select(shapes), bandwidth, 576..=u16::MAX).prop_map(
        |(latency, jitter, (loss, duplicate, reorder), shape, bandwidth, mtu)| NetworkProfile {
            latency,
            jitter,
            loss,
            duplicate,
            reorder,
            shape,
            bandwidth,
            mtu,
        },
    )
}

fn links(nodes: &[NodeSpec]) -> impl Strategy<Value = Vec<LinkProfile>> + use<> {
    let names: Vec<NodeName> = nodes.iter().map(|node| node.name.clone()).collect();
    let count = names.len();
    // In the topology's order, as planning lists them.
    let some = proptest::sample::subsequence(names, 1..=count);
    let direction = proptest::sample::select(vec![Direction::To, Direction::From, Direction::Both]);
    let link = (some.clone(), some, direction, profile(), share()).prop_map(
        |(from, to, direction, profile, correlation)| LinkProfile {
            from,
            to,
            direction,
            profile,
            correlation,
        },
    );
    vec(link, 0..3)
}

fn clock() -> impl Strategy<Value = ClockProfile> {
    let drift = || {
        (-ClockDrift::MOST..=ClockDrift::MOST).prop_map(|ppm| ClockDrift::new(ppm).expect("within bounds"))
    };
    let ordered = |(a, b): (ClockDrift, ClockDrift)| (a.min(b), a.max(b));
    (drift(), drift(), offset(), offset(), span()).prop_map(move |(d, e, a, b, uncertainty)| ClockProfile {
        drift: ordered((d, e)),
        skew: (a.min(b), a.max(b)),
        uncertainty,
    })
}

fn surroundings(nodes: &[NodeSpec]) -> impl Strategy<Value = Surroundings> + use<> {
    let disk = (range(), range(), option::of(any::<u64>()))
        .prop_map(|(latency, fsync, capacity)| DiskProfile { latency, fsync, capacity });
    (profile().boxed(), links(nodes).boxed(), disk.boxed(), clock().boxed())
}

fn judging() -> impl Strategy<Value = (Vec<Reseed>, Vec<Veto>, Expect, Limits)> {
    let reseed =
        (any::<u64>(), any::<u64>()).prop_map(|(at, seed)| Reseed { at: SimTime(at), seed: Seed(seed) });
    let veto = ("[a-z]{1,5}#[0-9]", any::<u64>(), any::<String>()).prop_map(|(id, at, why)| Veto {
        id: FaultId(id.into()),
        at: SimTime(at),
        why,
    });
    let names = vec![
        "election-safety".to_owned(),
        "acked-job-not-lost".to_owned(),
        "output-equals-oracle".to_owned(),
    ];
    let some = proptest::sample::subsequence(names, 0..=3);
    let invariants = prop_oneof![Just(InvariantChoice::All), some.clone().prop_map(InvariantChoice::Named)];
    let known = (some, option::of(any::<String>()), any::<bool>())
        .prop_map(|(invariants, issue, strict)| KnownFailure { invariants, issue, strict });
    let conditions = vec!["leader-changed".to_owned(), "task-reassigned".to_owned()];
    let sometimes = proptest::sample::subsequence(conditions, 0..=2);
    let expect =
        (invariants, option::of(span()), option::of(span()), service(), sometimes, option::of(known));
    let expect =
        expect.prop_map(
            |(invariants, steady_state, recovery, (availability, latency), sometimes, known_failure)| {
                Expect { invariants, steady_state, recovery, availability, latency, sometimes, known_failure }
            },
        );
    let stop = proptest::sample::select(vec![StopOn::FirstViolation, StopOn::End]);
    let limits = (option::of(any::<u64>()), option::of(span()), option::of(any::<u64>()), stop)
        .prop_map(|(events, wall, memory, stop_on)| Limits { events, wall, memory, stop_on });
    (vec(reseed, 0..3), vec(veto, 0..3), expect, limits)
}

/// Bounds on what clients get. A shrunk plan may except faults that it no longer has.
fn service() -> impl Strategy<Value = (Option<Availability>, Option<LatencyBounds>)> {
    let positive = || (1..u64::MAX / 4).prop_map(SimDuration::from_nanos);
    let except = vec("[a-z]{1,5}(#[0-9])?", 0..3);
    let availability =
        (share(), positive(), except).prop_map(|(min, window, except)| Availability { min, window, except });
    let bounds = (option::of(positive()), option::of(positive()), positive());
    let latency = bounds.prop_map(|(p50, p99, max)| LatencyBounds { p50, p99, max: Some(max) });
    (option::of(availability), option::of(latency))
}
