//! `availability`: at any time, enough of what clients ask for is done.
//!
//! Liveness from the client's side, as `recovery`, but with a share in place of a client: it does not
//! ask who was served, and it looks at the whole run, faults included unless they are excepted.

use std::ops::Range;

use serde_json::json;
use squall_history::{Availability as Bound, Body, FaultEvent, FaultId, History, Phase, Ppm, SimTime};

use crate::recovery::Faults;
use crate::{Budget, Checker, Findings, Oracle, Promise, Scope};

pub(crate) const NAME: &str = "availability";

/// In every window of the given length outside the excepted faults, ok / (ok + fail + info) is at least
/// the given share; a window in which no operation completed fails.
///
/// - A window is half-open, begins at any nanosecond, and lies whole within the run and outside every
///   excepted fault, from its application to its end. An excepted fault that never ends excepts the rest
///   of the run, one that takes no time the windows across its instant.
/// - An operation counts in the windows in which it completes. One that never completes counts nowhere.
/// - Windows that fail side by side are one violation, told by the worst of them, and dated by the end of
///   the first: then the promise was broken.
/// - Not applicable: if a fault went beyond the budget, since then only safety is judged; if the run was
///   stopped early; if no window fits.
///
/// Exercised once for each window, windows laid end to end.
#[derive(Clone, Debug)]
pub struct Availability {
    bound: Bound,
}

impl Availability {
    /// The bound.
    pub const fn new(bound: Bound) -> Self {
        Self { bound }
    }
}

impl Oracle for Availability {
    fn name(&self) -> &'static str {
        NAME
    }

    fn promise(&self) -> Promise {
        Promise::Liveness
    }
}

impl Checker for Availability {
    fn scope(&self) -> Scope {
        Scope::WholeRun
    }

    fn check(&self, history: &History, _budget: &mut Budget, findings: &mut Findings) {
        let mut faults = Faults::default();
        history.records.iter().for_each(|record| faults.observe(record));
        if let Err(why) = faults.within_budget() {
            return findings.not_applicable(why);
        }
        let width = self.bound.window.as_nanos().max(1);
        let free: Vec<Range<u64>> =
            self.free(history).into_iter().filter(|it| it.end - it.start >= width).collect();
        if free.is_empty() {
            let window = self.bound.window;
            return findings
                .not_applicable(format!("no window of {window} lies outside the excepted faults"));
        }
        let completions = Completions::of(history);
        for span in free {
            findings.exercised += (span.end - span.start) / width;
            self.judge(&completions, &span, width, findings);
        }
    }
}

impl Availability {
    /// The stretches of the run outside the excepted faults, in order.
    fn free(&self, history: &History) -> Vec<Range<u64>> {
        let mut in_force: Vec<&FaultId> = Vec::new();
        let mut free = Vec::new();
        let mut from = 0;
        for record in &history.records {
            let at = record.at.0;
            match &record.body {
                Body::Fault(FaultEvent::Applied { id, action, .. }) if self.is_excepted(id) => {
                    if in_force.is_empty() {
                        free.push(from..at);
                        from = at;
                    }
                    if !action.is_instant() {
                        in_force.push(id);
                    }
                }
                Body::Fault(FaultEvent::Ended { id }) => {
                    let before = in_force.len();
                    in_force.retain(|other| *other != id);
                    if in_force.is_empty() && before > 0 {
                        from = at;
                    }
                }
                _ => {}
            }
        }
        if in_force.is_empty() {
            free.push(from..(SimTime::ZERO + history.header.duration).0);
        }
        free
    }

    /// Whether a fault has one of the excepted names, or is one that is excepted by its id.
    fn is_excepted(&self, id: &FaultId) -> bool {
        self.bound.except.iter().any(|name| {
            let number = id.0.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('#'));
            *id.0 == **name
                || number.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
        })
    }

    fn judge(&self, completions: &Completions, span: &Range<u64>, width: u64, findings: &mut Findings) {
        let mut failing: Option<Stretch> = None;
        for start in completions.starts(span, width) {
            let window = completions.within(start, width);
            if window.is_enough(self.bound.min) {
                self.tell(failing.take(), findings);
                continue;
            }
            let stretch = failing.get_or_insert(Stretch { first: window, last: window, worst: window });
            stretch.last = window;
            if window.is_worse_than(&stretch.worst) {
                stretch.worst = window;
            }
        }
        self.tell(failing, findings);
    }

    fn tell(&self, stretch: Option<Stretch>, findings: &mut Findings) {
        let Some(Stretch { first, last, worst }) = stretch else { return };
        let (min, width) = (self.bound.min, self.bound.window);
        let Window { ok, all, .. } = worst;
        let message = match all {
            0 => format!("no operation completed from {} to {}", worst.from(), worst.until()),
            _ => format!(
                "{ok} of {all} operations that completed from {} to {} were `ok`, less than {min}",
                worst.from(),
                worst.until()
            ),
        };
        findings.violated(first.until(), message).evidence(json!({
            "min": min,
            "window": width,
            "worst": { "from": worst.from(), "to": worst.until(), "ok": ok, "completed": all },
            "failing": { "from": first.from(), "to": last.until() },
        }));
    }
}

/// Windows side by side that all fail.
struct Stretch {
    first: Window,
    last: Window,
    worst: Window,
}

/// What completed in a window.
#[derive(Clone, Copy)]
struct Window {
    start: u64,
    width: u64,
    ok: u64,
    all: u64,
}

impl Window {
    fn is_enough(&self, min: Ppm) -> bool {
        self.all > 0 && u128::from(self.ok) * 1_000_000 >= u128::from(self.all) * u128::from(min.get())
    }

    fn is_worse_than(&self, other: &Self) -> bool {
        match (self.all, other.all) {
            (_, 0) => false,
            (0, _) => true,
            _ => u128::from(self.ok) * u128::from(other.all) < u128::from(other.ok) * u128::from(self.all),
        }
    }

    fn from(&self) -> SimTime {
        SimTime(self.start)
    }

    fn until(&self) -> SimTime {
        SimTime(self.start + self.width)
    }
}

/// When operations completed, and how many of them in `ok`.
struct Completions {
    at: Vec<u64>,
    /// How many of the first k were `ok`, for each k.
    ok: Vec<u64>,
}

impl Completions {
    fn of(history: &History) -> Self {
        let mut completions = Self { at: Vec::new(), ok: vec![0] };
        let mut ok = 0;
        for record in &history.records {
            if let Body::Op(op) = &record.body
                && op.phase != Phase::Invoke
            {
                ok += u64::from(op.phase == Phase::Ok);
                completions.at.push(record.at.0);
                completions.ok.push(ok);
            }
        }
        completions
    }

    /// Where windows begin that differ in what completed in them: the first, and those into which a
    /// completion just came or from which one just went. Between two of these nothing changes.
    fn starts(&self, span: &Range<u64>, width: u64) -> Vec<u64> {
        let last = span.end - width;
        let changes = self.at.iter().flat_map(|&at| [at + 1, (at + 1).saturating_sub(width)]);
        let inside = changes.filter(|start| (span.start..=last).contains(start));
        let mut starts: Vec<u64> = std::iter::once(span.start).chain(inside).collect();
        starts.sort_unstable();
        starts.dedup();
        starts
    }

    fn within(&self, start: u64, width: u64) -> Window {
        let before = |time: u64| self.at.partition_point(|&at| at < time);
        let (low, high) = (before(start), before(start + width));
        Window { start, width, ok: self.ok[high] - self.ok[low], all: (high - low) as u64 }
    }
}
