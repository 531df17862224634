//! Making a failing plan small: fewer faults, the same violation.
//!
//! Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input",
//! IEEE TSE 28(2), 2002, algorithm ddmin) over whole faults of a bound plan. It works because draws
//! are addressed: a fault taken away leaves every other draw as it was.

use squall_check::SeedResult;
use squall_history::{Plan, PlannedFault};

use crate::{HostError, Interrupt, Pool, Recording, RunReply, RunRequest};

/// A reduced plan.
#[derive(Clone, PartialEq, Debug)]
pub struct Shrunk {
    /// The bound plan of the last run that still failed.
    pub plan: Plan,
    /// What it came to.
    pub result: SeedResult,
    /// Runs it took.
    pub runs: u64,
    /// Whether it ended because runs were used up, not because nothing more could go.
    pub cut_short: bool,
}

/// What bounds a shrinking, and who hears of it.
pub struct ShrinkTerms<'a> {
    /// Most runs it may take. Counted, so that the same plan shrinks to the same bytes on any machine.
    pub runs_max: u64,
    /// Ends it early; the best plan so far is what comes out.
    pub interrupt: &'a Interrupt,
    /// Hears of each step: runs so far, and faults left.
    pub tell: &'a mut dyn FnMut(u64, usize),
}

/// Removes faults from a bound plan as long as the same oracle is violated, within the terms.
/// `None` if the plan does not fail in the first place, or violates nothing that has a name.
///
/// # Errors
/// Those of the host.
pub fn shrink(
    pool: &mut Pool,
    bound: &Plan,
    terms: &mut ShrinkTerms<'_>,
) -> Result<Option<Shrunk>, HostError> {
    let runs_max = terms.runs_max;
    let first = pool.run(&RunRequest { plan: bound.clone(), recording: Recording::Summary })?;
    let Some(target) = Target::of(&first.result) else { return Ok(None) };
    // What strikes after the promise was broken cannot have broken it.
    let broken = first.result.violations.first().map(|violation| violation.at);
    let mut faults = bound.faults.clone();
    faults.retain(|fault| broken.is_none_or(|broken| fault.at <= broken));
    let mut search = Search { pool, bound, target, runs: 1, runs_max, best: first, terms };
    if faults.len() < bound.faults.len() && !search.still_fails(&faults)? {
        faults.clone_from(&bound.faults);
    }
    search.ddmin(faults)?;
    let Search { runs, best, .. } = search;
    let faults = best.bound.as_ref().map_or(bound.faults.clone(), |plan| plan.faults.clone());
    let plan = Plan { faults, vetoes: Vec::new(), ..bound.clone() };
    Ok(Some(Shrunk { plan, result: best.result, runs, cut_short: runs >= runs_max }))
}

/// What must stay: the first violated oracle, or how the process died.
#[derive(Clone, PartialEq, Debug)]
enum Target {
    Oracle(String),
    Outcome(squall_check::Outcome),
}

impl Target {
    fn of(result: &SeedResult) -> Option<Self> {
        match result.violations.first() {
            Some(violation) => Some(Self::Oracle(violation.oracle.clone())),
            None if result.outcome.is_failure() => Some(Self::Outcome(result.outcome)),
            None => None,
        }
    }

    fn is_met(&self, result: &SeedResult) -> bool {
        match self {
            Self::Oracle(name) => result.violations.iter().any(|violation| violation.oracle == *name),
            Self::Outcome(outcome) => result.outcome == *outcome,
        }
    }
}

struct Search<'a, 't> {
    pool: &'a mut Pool,
    bound: &'a Plan,
    target: Target,
    runs: u64,
    runs_max: u64,
    best: RunReply,
    terms: &'a mut ShrinkTerms<'t>,
}

impl Search<'_, '_> {
    /// Tries without ever smaller parts of the faults, and starts over when a part could go.
    fn ddmin(&mut self, mut faults: Vec<PlannedFault>) -> Result<(), HostError> {
        let mut parts = 2;
        // Without any fault first: then the fault-free system fails, and nothing else matters.
        if !faults.is_empty() && self.still_fails(&[])? {
            return Ok(());
        }
        while faults.len() > 1 && self.runs < self.runs_max {
            let size = faults.len().div_ceil(parts);
            let without = (0..faults.len()).step_by(size).map(|start| {
                let end = (start + size).min(faults.len());
                [&faults[..start], &faults[end..]].concat()
            });
            let mut reduced = None;
            for rest in without.collect::<Vec<_>>() {
                if self.still_fails(&rest)? {
                    reduced = Some(rest);
                    break;
                }
            }
            match reduced {
                Some(rest) => {
                    faults = rest;
                    parts = (parts - 1).max(2);
                }
                None if size == 1 => return Ok(()),
                None => parts = (parts * 2).min(faults.len()),
            }
        }
        Ok(())
    }

    fn still_fails(&mut self, faults: &[PlannedFault]) -> Result<bool, HostError> {
        if self.runs >= self.runs_max || self.terms.interrupt.is_raised() {
            return Ok(false);
        }
        self.runs += 1;
        let plan = Plan { faults: faults.to_vec(), vetoes: Vec::new(), ..self.bound.clone() };
        let reply = self.pool.run(&RunRequest { plan: plan.clone(), recording: Recording::Summary })?;
        let fails = self.target.is_met(&reply.result);
        (self.terms.tell)(self.runs, faults.len());
        if fails {
            self.best = RunReply { bound: reply.bound.or(Some(plan)), ..reply };
        }
        Ok(fails)
    }
}
