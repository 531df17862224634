//! Faults tied to what happened just before them, and to whom they concerned: a time says nothing to
//! another seed, nor to the same one once the system has changed.

use std::collections::BTreeMap;

use squall_history::condition::Conditions;
use squall_history::{
    Action, BudgetRule, DiskFault, History, LinkFault, LinkSelector, NodeFault, NodeName, Partition, Plan,
    PlannedFault, Selector, Sequence, SimDuration, SimTime, Step, StepFault,
};

use crate::shrink::rounder_times;

/// When things first happened in a run, and who led.
pub(super) struct Moments {
    first: BTreeMap<String, SimTime>,
    leaders: Vec<(SimTime, NodeName)>,
}

/// What a fault may wait for: what systems do, and what other faults have done to nodes.
const EVENTS: [&str; 15] = [
    "leader-changed",
    "leader-elected",
    "leader-deposed",
    "snapshot-installed",
    "node-killed",
    "node-restarted",
    "power-lost",
    "node-paused",
    "node-wiped",
    "worker-declared-dead",
    "lease-lost",
    "task-reassigned",
    "output-lost",
    "dataset-published",
    "job-failed",
];

/// An event further back than this has little to do with it.
const SHORTLY: SimDuration = SimDuration::from_secs(3);
/// Events that are tried, the latest first.
const EVENTS_TRIED: usize = 2;

impl Moments {
    /// Of a stored history; `None` if it cannot be read.
    pub(super) fn read(text: &str) -> Option<Self> {
        let history = History::read_ndjson(text.as_bytes()).ok()?;
        let mut moments = Self { first: BTreeMap::new(), leaders: Vec::new() };
        let mut conditions = Conditions::default();
        for record in &history.records {
            let first = &mut moments.first;
            conditions.observe(record, |name| _ = first.entry(name.to_owned()).or_insert(record.at));
            if let Some(leader) = conditions.leader()
                && moments.leaders.last().is_none_or(|(_, last)| last != leader)
            {
                moments.leaders.push((record.at, leader.clone()));
            }
        }
        Some(moments)
    }

    fn leader_at(&self, at: SimTime) -> Option<&NodeName> {
        self.leaders.iter().take_while(|(since, _)| *since < at).last().map(|(_, leader)| leader)
    }

    /// Events that first happened shortly before, the latest first.
    fn before(&self, at: SimTime) -> Vec<(&'static str, SimTime)> {
        let first = |name: &&'static str| Some((*name, *self.first.get(*name)?));
        let is_shortly = |(_, since): &(&str, SimTime)| *since < at && at - *since <= SHORTLY;
        let mut found: Vec<_> = EVENTS.iter().filter_map(first).filter(is_shortly).collect();
        // Stable: of those at one instant the one that says most comes first.
        found.sort_by_key(|(_, since)| std::cmp::Reverse(*since));
        found.truncate(EVENTS_TRIED);
        found
    }
}

/// The plan with one of its faults anchored, in every way that is worth a try, the best first.
pub(super) fn anchored(plan: &Plan, place: usize, moments: &Moments) -> Vec<Plan> {
    let fault = &plan.faults[place];
    let led = moments.leader_at(fault.at).and_then(|leader| led(&fault.action, leader));
    let mut plans = Vec::new();
    for action in led.iter().chain([&fault.action]) {
        for (event, since) in moments.before(fault.at) {
            plans.extend(waits(fault.at - since).map(|wait| waiting(plan, place, event, wait, action)));
        }
    }
    if let Some(action) = led {
        let mut at_its_time = plan.clone();
        at_its_time.faults[place].action = action;
        plans.push(at_its_time);
    }
    plans
}

/// How long to wait after the event: nothing, round, and last to the nanosecond.
fn waits(span: SimDuration) -> impl Iterator<Item = SimDuration> {
    // What waited for an event goes on one nanosecond after it.
    let exact = SimTime(span.0.saturating_sub(1));
    let round = rounder_times(exact).into_iter();
    round.chain([exact]).map(SimTime::since_start)
}

fn waiting(plan: &Plan, place: usize, event: &str, wait: SimDuration, action: &Action) -> Plan {
    let mut anchored = plan.clone();
    let PlannedFault { id, lasts, .. } = anchored.faults.remove(place);
    let mut steps = vec![Step::WaitFor { event: event.to_owned(), timeout: None }];
    steps.extend((wait > SimDuration::ZERO).then_some(Step::Wait(wait)));
    steps.push(Step::Fault(Box::new(StepFault { id, lasts, action: action.clone() })));
    anchored.sequences.push(Sequence { at: SimTime::ZERO, budget: BudgetRule::AsWritten, steps });
    anchored
}

/// The same action upon whoever leads, if it was the leader that it struck.
fn led(action: &Action, leader: &NodeName) -> Option<Action> {
    let is_it = |target: &Selector| *target == Selector::Nodes(vec![leader.clone()]);
    let from = |link: &LinkSelector| {
        is_it(&link.from).then(|| LinkSelector { from: Selector::Leader, ..link.clone() })
    };
    match action {
        Action::Kill(target) if is_it(target) => Some(Action::Kill(Selector::Leader)),
        Action::PowerLoss(target) if is_it(target) => Some(Action::PowerLoss(Selector::Leader)),
        Action::Pause(target) if is_it(target) => Some(Action::Pause(Selector::Leader)),
        Action::Wipe(target) if is_it(target) => Some(Action::Wipe(Selector::Leader)),
        Action::Stop { target, grace } if is_it(target) => {
            Some(Action::Stop { target: Selector::Leader, grace: *grace })
        }
        Action::Partition(Partition::Cuts(cuts)) => match &cuts[..] {
            [cut] => Some(Action::Partition(Partition::Cuts(vec![from(cut)?]))),
            _ => None,
        },
        Action::Link(LinkFault { link, trouble }) => {
            Some(Action::Link(LinkFault { link: from(link)?, trouble: *trouble }))
        }
        Action::Node(NodeFault { target, trouble }) if is_it(target) => {
            Some(Action::Node(NodeFault { target: Selector::Leader, trouble: trouble.clone() }))
        }
        Action::Disk(fault) if is_it(&fault.target) => {
            Some(Action::Disk(DiskFault { target: Selector::Leader, ..fault.clone() }))
        }
        _ => None,
    }
}
