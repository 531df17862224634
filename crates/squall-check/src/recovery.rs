//! `recovery`: once the faults are over, every client makes progress, and goes on making it.
//!
//! Liveness with a bound, from the client's side alone: it needs no word from the system. It does
//! not ask what was slow, and it does not judge a run whose faults went beyond what the system
//! tolerates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use squall_history::{
    Body, FaultEvent, History, NodeEvent, NodeName, OpId, Phase, Record, SimDuration, SimTime,
};

use crate::{Budget, Checker, Findings, Oracle, Promise, Scope};

pub(crate) const NAME: &str = "recovery";

/// By E + d every client has an operation invoked after E that is `ok`, and no later gap without
/// an `ok` exceeds d. E is the latest end of a fault, or the application of one that never ends.
///
/// - "After E" is the order of the history: what is invoked at that instant but recorded later
///   counts.
/// - If no fault was applied, E is the start of the run: being switched on is what the system
///   recovers from. [`settled_by`](Self::settled_by) moves it to where the scenario allows the
///   start to end, so that a slow start is judged by `steady-state` and not by this bound.
/// - A client is answerable until it leaves for good: until its software returned, or it was
///   stopped and never came back. A client that left before E is not judged. (A client that gives
///   up should return an error, which is a violation of `no-panic`.)
/// - Not applicable: if a fault went beyond the budget; if the run does not reach E + d; if it was
///   stopped early, since then the latest fault is not known; if every client left before E.
///
/// Exercised once for each client judged.
#[derive(Clone, Copy, Debug)]
pub struct Recovery {
    within: SimDuration,
    settled_by: SimDuration,
}

impl Recovery {
    /// The bound d.
    pub const fn new(within: SimDuration) -> Self {
        Self { within, settled_by: SimDuration::ZERO }
    }

    /// With E at this time in a run without faults.
    #[must_use]
    pub const fn settled_by(self, span: SimDuration) -> Self {
        Self { settled_by: span, ..self }
    }
}

impl Oracle for Recovery {
    fn name(&self) -> &'static str {
        NAME
    }

    fn promise(&self) -> Promise {
        Promise::Liveness
    }
}

impl Checker for Recovery {
    fn scope(&self) -> Scope {
        Scope::WholeRun
    }

    fn check(&self, history: &History, _budget: &mut Budget, findings: &mut Findings) {
        let calm = match Calm::of(history, self.settled_by) {
            Ok(calm) => calm,
            Err(why) => return findings.not_applicable(why),
        };
        let end = SimTime::ZERO + history.header.duration;
        let due = calm.at + self.within;
        if due > end {
            return findings.not_applicable(format!(
                "{} at {}, and {} later lies beyond the end of the run at {end}",
                calm.what, calm.at, self.within
            ));
        }
        let clients = Client::all(history, &calm);
        let left = |client: &Client| client.left.is_some_and(|at| at <= calm.at);
        if !clients.is_empty() && clients.values().all(left) {
            return findings.not_applicable(format!("every client had left by {}", calm.at));
        }
        for (name, client) in clients.iter().filter(|(_, client)| !left(client)) {
            findings.exercised();
            self.judge(name, client, &calm, client.left.unwrap_or(end).min(end), findings);
        }
    }
}

impl Recovery {
    /// Judges one client, answerable until `until`.
    fn judge(&self, name: &NodeName, client: &Client, calm: &Calm, until: SimTime, findings: &mut Findings) {
        let due = calm.at + self.within;
        let after = json!({ "event": calm.what, "at": calm.at });
        let first = client.oks.iter().position(|ok| ok.invoked_after);
        let Some(first) = first.filter(|&first| client.oks[first].at <= due) else {
            if until >= due {
                let late = first.map(|first| client.oks[first].at);
                let message = format!(
                    "no operation that {name} invoked after {} at {} was `ok` within {}",
                    calm.what, calm.at, self.within
                );
                findings
                    .violated(due, message)
                    .node(name)
                    .evidence(json!({ "within": self.within, "after": after, "first-ok": late }));
            }
            return;
        };
        let times: Vec<SimTime> = client.oks[first..].iter().map(|ok| ok.at).chain([until]).collect();
        let gap = times.windows(2).find(|gap| gap[1] - gap[0] > self.within);
        if let Some(&[from, to]) = gap {
            let message = format!("{name} has no `ok` from {from} to {to}, longer than {}", self.within);
            findings
                .violated(from + self.within, message)
                .node(name)
                .evidence(json!({ "within": self.within, "after": after, "from": from, "to": to }));
        }
    }
}

/// From when on nothing new is done to the system: the moment from which on progress is judged.
pub(crate) struct Calm {
    /// E.
    pub(crate) at: SimTime,
    /// What happened at E, in words.
    pub(crate) what: &'static str,
    /// In a run with faults: records from this place on come after E.
    place: Option<usize>,
}

impl Calm {
    fn of(history: &History, settled_by: SimDuration) -> Result<Self, String> {
        let mut faults = Faults::default();
        history.records.iter().for_each(|record| faults.observe(record));
        faults.calm(settled_by)
    }

    /// Whether the record at `place` of the history, at that time, comes after E.
    fn is_before(&self, place: usize, at: SimTime) -> bool {
        self.place.map_or(at >= self.at, |after| place >= after)
    }
}

/// The faults of a run, as far as it was heard: what [`Calm`] is found by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    heard: usize,
    last: Option<(SimTime, &'static str, usize)>,
    /// Why progress is not to be judged.
    beyond: Option<String>,
}

impl Faults {
    /// Takes the next record.
    pub(crate) fn observe(&mut self, record: &Record) {
        self.heard += 1;
        let what = match &record.body {
            Body::Fault(FaultEvent::Applied { beyond_budget: true, id, .. }) => {
                let at = record.at;
                self.beyond.get_or_insert_with(|| {
                    format!(
                        "faults went beyond what the system tolerates ({id} at {at}): only safety is judged"
                    )
                });
                return;
            }
            Body::Fault(FaultEvent::Applied { .. }) => "the last fault was applied, never to end,",
            Body::Fault(FaultEvent::Ended { .. }) => "the last fault ended",
            _ => return,
        };
        // A fault whose end is missing when its application is the last of all never ends; the
        // others, whether they end or not, were applied before. So the last record is E.
        self.last = Some((record.at, what, self.heard));
    }

    /// Whether progress is to be judged at all; otherwise why not.
    pub(crate) fn within_budget(&self) -> Result<(), String> {
        self.beyond.clone().map_or(Ok(()), Err)
    }

    /// E of the run that was heard, if its faults were within the budget. `settled_by` is E of a run
    /// without faults.
    pub(crate) fn calm(&self, settled_by: SimDuration) -> Result<Calm, String> {
        self.within_budget()?;
        Ok(match self.last {
            Some((at, what, place)) => Calm { at, what, place: Some(place) },
            None => Calm {
                at: SimTime::ZERO + settled_by,
                what: "the start was over (no fault was applied)",
                place: None,
            },
        })
    }
}

/// What one client did.
#[derive(Default)]
struct Client {
    oks: Vec<Done>,
    /// Since when it is away for good.
    left: Option<SimTime>,
}

/// One operation that ended in `ok`.
struct Done {
    at: SimTime,
    invoked_after: bool,
}

impl Client {
    /// Every client of the topology, by name.
    fn all<'h>(history: &'h History, calm: &Calm) -> BTreeMap<&'h NodeName, Self> {
        let mut clients: BTreeMap<&NodeName, Self> =
            history.header.clients().map(|name| (name, Self::default())).collect();
        let mut invoked_after: BTreeSet<OpId> = BTreeSet::new();
        for (place, record) in history.records.iter().enumerate() {
            let Some(client) = record.node.as_ref().and_then(|name| clients.get_mut(name)) else { continue };
            match &record.body {
                Body::Op(op) if op.phase == Phase::Invoke && calm.is_before(place, record.at) => {
                    invoked_after.insert(op.id);
                }
                Body::Op(op) if op.phase == Phase::Ok => {
                    client.oks.push(Done { at: record.at, invoked_after: invoked_after.contains(&op.id) });
                }
                Body::Node(NodeEvent::Started | NodeEvent::Resumed) => client.left = None,
                Body::Node(
                    NodeEvent::Killed | NodeEvent::PowerLost | NodeEvent::Paused | NodeEvent::Exited { .. },
                ) => client.left = client.left.or(Some(record.at)),
                _ => {}
            }
        }
        clients
    }
}
