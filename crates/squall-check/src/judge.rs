//! The judge: hears every record of one run, then gives the verdict.
//!
//! It knows which oracles apply and keeps what they say apart; what a promise means is theirs. It
//! needs no engine: a stored history, heard again, has the same verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde_json::json;
use squall_history::condition::Conditions;
use squall_history::{Expect, Header, History, InvariantChoice, Record, SimTime};

use crate::{
    Always, Availability, Budget, Checker, Findings, Invariant, Latency, NoPanic, Oracle, Promise, Recovery,
    Scope, Status, SteadyState, Verdict, Violation, always, no_panic,
};

/// Violations kept of one oracle. A broken promise tends to stay broken, at every record; the
/// first hundred tell as much as a million, and the rest is counted.
const VIOLATIONS_MAX: usize = 100;

/// Judged whatever a scenario names.
const ALWAYS_JUDGED: [&str; 2] = [no_panic::NAME, always::NAME];

/// Judges one run, record by record.
pub struct Judge {
    invariants: Vec<Hearing>,
    checkers: Vec<Box<dyn Checker>>,
    not_applicable: BTreeMap<String, String>,
    conditions: Conditions,
    occurred: BTreeMap<String, u64>,
    budget: Budget,
    /// The scenario's length.
    duration: SimTime,
    heard: usize,
    /// Time of the last record heard.
    now: SimTime,
    /// Time of the last record that broke a promise.
    broken: Option<SimTime>,
    stopped: Option<SimTime>,
}

/// An invariant and what it said so far.
struct Hearing {
    invariant: Box<dyn Invariant>,
    findings: Findings,
    surplus: Surplus,
}

/// Violations that are counted and not kept.
#[derive(Default)]
struct Surplus {
    count: u64,
    first: Option<SimTime>,
}

impl Judge {
    /// A judge of the run that `header` describes.
    ///
    /// It takes those of the oracles that `expect` chooses, and in any case `no-panic` and `always` (a
    /// system that brings an invariant of such a name replaces the harness's own) and the checkers of the
    /// expectations. Oracles that need what `header.capabilities` does not list are not applicable.
    pub fn new(
        header: &Header,
        expect: &Expect,
        invariants: Vec<Box<dyn Invariant>>,
        checkers: Vec<Box<dyn Checker>>,
    ) -> Self {
        let mut not_applicable = BTreeMap::new();
        let mut invariants = invariants;
        if !invariants.iter().any(|invariant| invariant.name() == no_panic::NAME) {
            invariants.push(Box::new(NoPanic::default()));
        }
        if !invariants.iter().any(|invariant| invariant.name() == always::NAME) {
            invariants.push(Box::new(Always));
        }
        invariants.retain(|oracle| {
            (ALWAYS_JUDGED.contains(&oracle.name()) || is_chosen(oracle.as_ref(), &expect.invariants))
                && is_fed(oracle.as_ref(), header, &mut not_applicable)
        });
        let mut checkers = checkers;
        checkers.retain(|oracle| {
            is_chosen(oracle.as_ref(), &expect.invariants)
                && is_fed(oracle.as_ref(), header, &mut not_applicable)
        });
        checkers.extend(expectations(expect));
        invariants.iter_mut().for_each(|invariant| invariant.begin(header, expect));
        Self {
            invariants: invariants.into_iter().map(Hearing::new).collect(),
            checkers,
            not_applicable,
            conditions: Conditions::default(),
            occurred: BTreeMap::new(),
            budget: Budget::default(),
            duration: SimTime::ZERO + header.duration,
            heard: 0,
            now: SimTime::ZERO,
            broken: None,
            stopped: None,
        }
    }

    /// Whether one of its oracles needs a capability: what nobody needs, an engine need not tell.
    pub fn needs(&self, capability: &str) -> bool {
        let invariants = self.invariants.iter().map(|hearing| hearing.invariant.needs());
        let checkers = self.checkers.iter().map(|checker| checker.needs());
        invariants.chain(checkers).flatten().any(|need| *need == capability)
    }

    /// With this budget for each checker.
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// Hears the next record. `Break` if it broke a promise: whether to end the run is the
    /// caller's decision (`limits.stop_on`), and further records may follow.
    ///
    /// # Panics
    /// If time runs backwards.
    pub fn observe(&mut self, record: &Record) -> ControlFlow<()> {
        assert!(record.at >= self.now, "a history is in order of time");
        self.now = record.at;
        self.heard += 1;
        let occurred = &mut self.occurred;
        self.conditions.observe(record, |name| match occurred.get_mut(name) {
            Some(count) => *count += 1,
            None => _ = occurred.insert(name.to_owned(), 1),
        });
        let mut flow = ControlFlow::Continue(());
        for hearing in &mut self.invariants {
            if hearing.observe(record).is_break() {
                self.broken = Some(record.at);
                flow = ControlFlow::Break(());
            }
        }
        flow
    }

    /// Tells that the run was ended at `at`, before its time, for a reason that is not in the
    /// history (a limit was reached, say). A run that ends with the very record that broke a
    /// promise needs no telling: nothing comes after it.
    pub fn stopped(&mut self, at: SimTime) {
        self.stopped = Some(at);
    }

    /// The verdict. `history` holds the records heard, all of them, in order.
    ///
    /// If the run was stopped early, the history is a prefix: invariants are not asked about its
    /// end, and checkers that must see more are not applicable.
    ///
    /// # Panics
    /// If `history` has more or fewer records than were heard.
    pub fn finish(mut self, history: &History) -> Verdict {
        assert_eq!(self.heard, history.records.len(), "the judge is to hear every record of the history");
        let stopped = self.stopped_at();
        let mut verdict = Verdict {
            status: Status::Pass,
            violations: Vec::new(),
            exercised: BTreeMap::new(),
            not_applicable: std::mem::take(&mut self.not_applicable),
            unknown: BTreeMap::new(),
            conditions: std::mem::take(&mut self.occurred),
        };
        let end = self.now.max(self.duration);
        for mut hearing in self.invariants {
            if stopped.is_none() {
                hearing.invariant.end(end, &mut hearing.findings);
                hearing.surplus.take(&mut hearing.findings);
            }
            absorb(&mut verdict, hearing.invariant.name(), hearing.findings, &hearing.surplus);
        }
        for checker in &self.checkers {
            let (mut findings, mut surplus) = (Findings::default(), Surplus::default());
            match stopped.filter(|at| !reaches(checker.scope(), *at)) {
                Some(at) => findings.not_applicable(format!("the run was stopped at {at}, before its end")),
                None => checker.check(history, &mut self.budget.clone(), &mut findings),
            }
            surplus.take(&mut findings);
            absorb(&mut verdict, checker.name(), findings, &surplus);
        }
        verdict.violations.sort_by(|a, b| (a.at, &a.oracle).cmp(&(b.at, &b.oracle)));
        verdict.status = status(&verdict);
        verdict
    }

    /// When the run was stopped, if it was. An engine that stops at a violation lets no time pass
    /// afterwards, so this can be seen in the history; only in a run that was as good as over, or
    /// whose system fell silent with the violation, it is taken for stopped and was not. Such a run
    /// has failed already.
    fn stopped_at(&self) -> Option<SimTime> {
        let at_violation = self.broken.filter(|at| *at == self.now && *at < self.duration);
        self.stopped.or(at_violation)
    }
}

/// Judges a finished history from its first record.
pub fn judge_history(
    history: &History,
    expect: &Expect,
    invariants: Vec<Box<dyn Invariant>>,
    checkers: Vec<Box<dyn Checker>>,
) -> Verdict {
    let mut judge = Judge::new(&history.header, expect, invariants, checkers);
    for record in &history.records {
        // All of it is there already: nothing is to be stopped.
        let _ = judge.observe(record);
    }
    judge.finish(history)
}

impl Hearing {
    fn new(invariant: Box<dyn Invariant>) -> Self {
        Self { invariant, findings: Findings::default(), surplus: Surplus::default() }
    }

    fn observe(&mut self, record: &Record) -> ControlFlow<()> {
        let before = self.findings.violations.len();
        self.invariant.observe(record, &mut self.findings);
        let after = self.findings.violations.len();
        assert!(after >= before, "an oracle cannot take back what it said");
        self.surplus.take(&mut self.findings);
        if after > before { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Surplus {
    fn take(&mut self, findings: &mut Findings) {
        if let Some(first) = findings.violations.get(VIOLATIONS_MAX) {
            self.first.get_or_insert(first.at);
            self.count += (findings.violations.len() - VIOLATIONS_MAX) as u64;
            findings.violations.truncate(VIOLATIONS_MAX);
        }
    }
}

fn expectations(expect: &Expect) -> impl Iterator<Item = Box<dyn Checker>> {
    let steady_state = expect.steady_state.map(|within| Box::new(SteadyState::new(within)) as _);
    let recovery = expect.recovery.map(|within| {
        Box::new(Recovery::new(within).settled_by(expect.steady_state.unwrap_or_default())) as _
    });
    let availability = expect.availability.clone().map(|bound| Box::new(Availability::new(bound)) as _);
    let latency = expect.latency.map(|bounds| Box::new(Latency::new(bounds)) as _);
    [steady_state, recovery, availability, latency].into_iter().flatten()
}

/// Names of the oracles that judge liveness: of the harness's own for `expect`, and of those given.
pub fn liveness_oracles(
    expect: &Expect,
    invariants: &[Box<dyn Invariant>],
    checkers: &[Box<dyn Checker>],
) -> BTreeSet<String> {
    let expected: Vec<_> = expectations(expect).collect();
    let invariants = invariants.iter().map(|oracle| (oracle.name(), oracle.promise()));
    let checkers = checkers.iter().chain(&expected).map(|oracle| (oracle.name(), oracle.promise()));
    let liveness = invariants.chain(checkers).filter(|(_, promise)| *promise == Promise::Liveness);
    liveness.map(|(name, _)| name.to_owned()).collect()
}

fn is_chosen<O: Oracle + ?Sized>(oracle: &O, choice: &InvariantChoice) -> bool {
    match choice {
        InvariantChoice::All => true,
        InvariantChoice::Named(names) => {
            names.iter().any(|name| name == oracle.name() || Some(name.as_str()) == oracle.id())
        }
    }
}

/// Whether the engine gives what the oracle needs; notes what is missing.
fn is_fed<O: Oracle + ?Sized>(
    oracle: &O,
    header: &Header,
    not_applicable: &mut BTreeMap<String, String>,
) -> bool {
    let given = |need: &&&str| header.capabilities.iter().any(|capability| capability == *need);
    let missing: Vec<&str> = oracle.needs().iter().filter(|need| !given(need)).copied().collect();
    if missing.is_empty() {
        return true;
    }
    let why = format!("it needs {}, which this history does not have", missing.join(", "));
    not_applicable.insert(oracle.name().to_owned(), why);
    false
}

const fn reaches(scope: Scope, stopped: SimTime) -> bool {
    match scope {
        Scope::Prefix => true,
        Scope::Until(at) => at.0 <= stopped.0,
        Scope::WholeRun => false,
    }
}

/// Puts what one oracle said into the verdict.
fn absorb(verdict: &mut Verdict, oracle: &str, findings: Findings, surplus: &Surplus) {
    let said_something = findings.exercised > 0 || !findings.violations.is_empty();
    // Assertions that hold leave no record: of its silence nothing follows, not even that there are any.
    if oracle == always::NAME && !said_something {
        return;
    }
    if findings.not_applicable.is_none() || said_something {
        *verdict.exercised.entry(oracle.to_owned()).or_default() += findings.exercised;
    }
    if let Some(why) = findings.not_applicable {
        verdict.not_applicable.insert(oracle.to_owned(), why);
    }
    if let Some(which) = findings.unknown {
        verdict.unknown.insert(oracle.to_owned(), which);
    }
    verdict.violations.extend(findings.violations.into_iter().map(|finding| Violation::of(oracle, finding)));
    if let Some(at) = surplus.first {
        let mut rest = Findings::default();
        rest.violated(at, format!("{} more violations are not listed", surplus.count))
            .evidence(json!({ "not-listed": surplus.count }));
        verdict.violations.extend(rest.violations.into_iter().map(|finding| Violation::of(oracle, finding)));
    }
}

fn status(verdict: &Verdict) -> Status {
    if !verdict.violations.is_empty() {
        Status::Fail
    } else if !verdict.unknown.is_empty() {
        Status::Unknown
    } else {
        Status::Pass
    }
}
