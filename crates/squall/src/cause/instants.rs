//! The instants at which something happened in a run: what a cause is looked for among.

use squall_history::condition::Conditions;
use squall_history::vocab::{batch, raft};
use squall_history::{
    Assertion, Body, Boot, FaultEvent, History, NodeEvent, Op, Phase, Plan, Record, SimTime,
};

/// Records of one instant that are kept: a reader takes in no more.
const WHAT_MAX: usize = 4;

/// An instant of a run.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Instant {
    /// The first moment at which all of it has happened.
    pub(super) over: SimTime,
    /// The most remarkable records of it, in their order.
    pub(super) what: Vec<Record>,
    /// How remarkable they are.
    pub(super) weight: Weight,
}

/// How remarkable a record is: what to look at first when a run went wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Weight {
    /// Everything else that was told.
    Word,
    /// Votes, what a log lost or took over, operations that came to nothing.
    Step,
    /// Faults, lives of nodes, leaders, named conditions.
    Event,
}

/// The instants of a history up to the violation, by time; the first is the start, before all else.
pub(super) fn told(history: &History, violated: SimTime) -> Vec<Instant> {
    let mut instants = vec![start()];
    let (mut conditions, mut news) = (Conditions::default(), batch::FirstTold::default());
    let upto = history.records.partition_point(|record| record.at <= violated);
    for records in history.records[..upto].chunk_by(|one, other| one.at == other.at) {
        let mut weighed: Vec<(Weight, &Record)> =
            records.iter().map(|record| (weigh(record, &mut conditions, &mut news), record)).collect();
        let weight = weighed.iter().map(|(weight, _)| *weight).max().expect("a chunk holds a record");
        weighed.retain(|(own, _)| *own == weight);
        let what = weighed.into_iter().take(WHAT_MAX).map(|(_, record)| record.clone()).collect();
        instants.push(Instant { over: SimTime(records[0].at.0 + 1), what, weight });
    }
    instants
}

/// Without a history: when the plan's faults strike, and a grid over its duration.
pub(super) fn planned(plan: &Plan) -> Vec<Instant> {
    const GRID: u64 = 32;
    let end = plan.duration.as_nanos();
    let grid = (1..GRID).map(|step| end / GRID * step);
    let mut times: Vec<u64> = plan.faults.iter().map(|fault| fault.at.0 + 1).chain(grid).collect();
    times.sort_unstable();
    times.dedup();
    let instant = |over| Instant { over: SimTime(over), what: Vec::new(), weight: Weight::Event };
    std::iter::once(start()).chain(times.into_iter().map(instant)).collect()
}

/// Before anything has happened.
const fn start() -> Instant {
    Instant { over: SimTime::ZERO, what: Vec::new(), weight: Weight::Event }
}

fn weigh(record: &Record, conditions: &mut Conditions, told: &mut batch::FirstTold) -> Weight {
    let mut occurred = false;
    conditions.observe(record, |_| occurred = true);
    match &record.body {
        // Operations that fail are too many to be events, though they are conditions.
        Body::Op(Op { phase: Phase::Fail | Phase::Info, .. }) => Weight::Step,
        Body::Op(_) | Body::Disk(_) | Body::Custom(_) => Weight::Word,
        Body::Fault(FaultEvent::Observed { .. }) => Weight::Word,
        Body::Node(NodeEvent::Started) if record.boot == Some(Boot(1)) => Weight::Word,
        Body::Fault(_) | Body::Node(_) | Body::Assert(Assertion::Broken { .. }) => Weight::Event,
        Body::Batch(event) if !told.is_news(record, event) => Weight::Word,
        Body::Raft(raft::Event::BecameLeader { .. } | raft::Event::SteppedDown { .. }) => Weight::Event,
        Body::Raft(
            raft::Event::Voted { .. }
            | raft::Event::Truncated { .. }
            | raft::Event::SnapshotInstalled(_)
            | raft::Event::Recovered { .. },
        ) => Weight::Step,
        _ if occurred => Weight::Event,
        Body::Batch(_) => Weight::Step,
        Body::Raft(_) | Body::Assert(_) => Weight::Word,
    }
}
