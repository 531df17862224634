//! `steady-state`: the system works before anything is done to it.
//!
//! A scenario whose system never came up would pass every safety check and prove nothing; this
//! tells the two apart. It does not look at anything after the first fault.

use std::collections::BTreeMap;

use serde_json::json;
use squall_history::{Body, FaultEvent, FaultId, History, NodeName, Phase, SimDuration, SimTime};

use crate::{Budget, Checker, Findings, Oracle, Promise, Scope};

pub(crate) const NAME: &str = "steady-state";

/// Before the first fault, and by this long after the start, every client has an `ok`.
///
/// "Before" is the order of the history: an `ok` at the very instant of the fault counts if it is
/// recorded first. A fault that was vetoed or found no target is none. If the run ends before the
/// bound, and no fault cut the wait short, clients that still wait prove nothing: not applicable.
/// Exercised once for each client.
#[derive(Clone, Copy, Debug)]
pub struct SteadyState {
    within: SimDuration,
}

impl SteadyState {
    /// The bound, from the start of the run.
    pub const fn new(within: SimDuration) -> Self {
        Self { within }
    }

    fn due(&self) -> SimTime {
        SimTime::ZERO + self.within
    }
}

impl Oracle for SteadyState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn promise(&self) -> Promise {
        Promise::Liveness
    }
}

impl Checker for SteadyState {
    fn scope(&self) -> Scope {
        Scope::Until(self.due())
    }

    fn check(&self, history: &History, _budget: &mut Budget, findings: &mut Findings) {
        let start = Start::of(history);
        let cut_short = start.first_fault.filter(|(at, _)| *at <= self.due());
        let until = cut_short.map_or(self.due(), |(at, _)| at);
        let is_late = |client: &&NodeName| start.calm_ok.get(*client).is_none_or(|at| *at > until);
        let late: Vec<&NodeName> = history.header.clients().filter(is_late).collect();
        let end = SimTime::ZERO + history.header.duration;
        if !late.is_empty() && end < until {
            let why = format!("the run ended at {end}, before the bound of {}", self.within);
            return findings.not_applicable(why);
        }
        history.header.clients().for_each(|_| findings.exercised());
        for client in late {
            let bound = match cut_short {
                Some((at, fault)) => format!("before the first fault, {fault} at {at}"),
                None => format!("within {} of the start", self.within),
            };
            findings.violated(until, format!("{client} has no `ok` {bound}")).node(client).evidence(json!({
                "within": self.within,
                "first-fault": start.first_fault.map(|(at, fault)| json!({ "id": fault, "at": at })),
                "first-ok": start.any_ok.get(client),
            }));
        }
    }
}

/// What the beginning of a run was like.
#[derive(Default)]
struct Start<'h> {
    first_fault: Option<(SimTime, &'h FaultId)>,
    /// Each client's first `ok` before the first fault.
    calm_ok: BTreeMap<&'h NodeName, SimTime>,
    /// Each client's first `ok` at all.
    any_ok: BTreeMap<&'h NodeName, SimTime>,
}

impl<'h> Start<'h> {
    fn of(history: &'h History) -> Self {
        let mut start = Self::default();
        for record in &history.records {
            match (&record.body, &record.node) {
                (Body::Fault(FaultEvent::Applied { id, .. }), _) if start.first_fault.is_none() => {
                    start.first_fault = Some((record.at, id));
                }
                (Body::Op(op), Some(client)) if op.phase == Phase::Ok => {
                    start.any_ok.entry(client).or_insert(record.at);
                    if start.first_fault.is_none() {
                        start.calm_ok.entry(client).or_insert(record.at);
                    }
                }
                _ => {}
            }
        }
        start
    }
}
