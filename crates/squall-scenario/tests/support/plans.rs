//! Arbitrary plans: whatever a scenario over the test catalogue could plan or a run could bind.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value};
use squall_history::{
    Action, Direction, DiskFault, DiskOp, DiskProfile, DiskTrouble, Expect, FaultId, Filter, InvariantChoice,
    KnownFailure, Limits, LinkSelector, Mode, NetworkProfile, NodeName, NodeSpec, PLAN_FORMAT, Partition,
    PartitionShape, Plan, PlannedFault, Ppm, Reseed, Rot, Seed, Selector, SimDuration, SimTime, StopOn,
    SystemPlan, Topology, Veto,
};

const ROLES: [&str; 3] = ["controller", "worker", "client"];
const ZONES: [&str; 3] = ["a", "zone-2", "3"];

/// One bound or planned plan.
pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    topology()
        .prop_flat_map(|topology| {
            let (nodes, zones) = (topology.nodes.clone(), topology.zones.clone());
            let duration = (1_u64..u64::MAX / 4).prop_map(SimDuration);
            (duration, Just(topology), vec(action(nodes, zones), 0..8)).prop_flat_map(
                |(duration, topology, actions)| {
                    let faults: Vec<_> = actions.into_iter().map(|action| fault(action, duration)).collect();
                    (
                        any::<u64>(),
                        "[ -~é☂\u{85}\n]{0,20}",
                        sections(),
                        conditions(),
                        faults,
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
    (NetworkProfile, DiskProfile),
    Vec<PlannedFault>,
    (Vec<Reseed>, Vec<Veto>, Expect, Limits),
    (SimDuration, Topology),
);

fn assemble(parts: Parts) -> Plan {
    let (seed, description, (config, workload, bugs), (network, disk), mut faults, judged, rest) = parts;
    let (reseed, vetoes, expect, limits) = judged;
    for (k, fault) in faults.iter_mut().enumerate() {
        fault.id = FaultId(format!("{}#{k}", fault.id).into());
    }
    faults.sort_by_key(|fault| fault.at);
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
        disk,
        duration: rest.0,
        faults,
        reseed,
        vetoes,
        expect,
        limits,
    }
}

/// Roles with holes in their numbers, some of them empty; zones dealt out by number.
fn topology() -> impl Strategy<Value = Topology> {
    let role = (btree_set(1_u32..6, 0..4), 0_usize..4, labels());
    (0_usize..=3, [role.clone(), role.clone(), role]).prop_map(|(zones, roles)| {
        let zones: Vec<String> = ZONES[..zones].iter().map(|zone| (*zone).to_owned()).collect();
        let mut nodes = Vec::new();
        for (role, (numbers, dealt, labels)) in ROLES.into_iter().zip(roles) {
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
        Topology { zones, nodes }
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
    let count = zones.len();
    let filter = (roles, proptest::sample::subsequence(zones, 0..=count), labels(), mode);
    prop_oneof![
        Just(Selector::Leader),
        // A bound fault may have found nobody.
        vec(proptest::sample::select(names), 0..3).prop_map(Selector::Nodes),
        filter.prop_map(|(roles, zones, labels, mode)| {
            let roles = roles.into_iter().map(str::to_owned).collect();
            Selector::Where(Filter { roles, zones, labels, mode })
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
        (link(), span(), span()).prop_map(|(link, latency, jitter)| Action::Latency {
            link,
            latency,
            jitter
        }),
        (link(), share()).prop_map(|(link, loss)| Action::Loss { link, loss }),
        (link(), share()).prop_map(|(link, duplicate)| Action::Duplicate { link, duplicate }),
        (link(), share(), span()).prop_map(|(link, reorder, delay)| Action::Reorder { link, reorder, delay }),
        (one(), option::of(glob()), trouble()).prop_map(|(target, path, trouble)| Action::Disk(DiskFault {
            target,
            path,
            trouble
        })),
    ]
    .boxed()
}

fn is_rot(action: &Action) -> bool {
    matches!(action, Action::Disk(DiskFault { trouble: DiskTrouble::Corrupt(_), .. }))
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
    ("[a-z0-9-]{1,6}", at, option::of(span()), any::<bool>())
        .prop_map(move |(stem, at, lasts, obeys_budget)| PlannedFault {
            id: FaultId(stem.into()),
            at,
            // Rot is an instant.
            lasts: lasts.filter(|_| !is_rot(&action)),
            obeys_budget,
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

fn conditions() -> impl Strategy<Value = (NetworkProfile, DiskProfile)> {
    let range = || (span(), span()).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let network = (span(), span(), share(), share(), share());
    (network, range(), range(), option::of(any::<u64>())).prop_map(|(network, latencies, fsync, capacity)| {
        let (latency, jitter, loss, duplicate, reorder) = network;
        (
            NetworkProfile { latency, jitter, loss, duplicate, reorder },
            DiskProfile { latency: latencies, fsync, capacity },
        )
    })
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
    let expect = (invariants, option::of(span()), option::of(span()), sometimes, option::of(known)).prop_map(
        |(invariants, steady_state, recovery, sometimes, known_failure)| Expect {
            invariants,
            steady_state,
            recovery,
            sometimes,
            known_failure,
        },
    );
    let stop = proptest::sample::select(vec![StopOn::FirstViolation, StopOn::End]);
    let limits = (option::of(any::<u64>()), option::of(span()), option::of(any::<u64>()), stop)
        .prop_map(|(events, wall, memory, stop_on)| Limits { events, wall, memory, stop_on });
    (vec(reseed, 0..3), vec(veto, 0..3), expect, limits)
}
