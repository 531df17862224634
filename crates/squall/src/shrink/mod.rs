//! Making a failing plan small, until a person reads what is left at a glance: the same violation with
//! fewer and simpler faults, fewer nodes, less to do, and a run no longer than it must be.
//!
//! Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE
//! 28(2), 2002) over a bound plan. It works because draws are addressed: a fault or a node taken away
//! leaves every other draw as it was.
//!
//! A *pass* is a pure function from a plan to plans that are simpler in one respect, the most wanted
//! first ([`passes`]); the *search* ([`search`]) runs them and goes on from the first that still fails. So
//! the result depends on the plan and the bound on runs, and on nothing else: not on how many hosts there
//! are, nor on how fast they are. What "still fails" means, and which failures of a smaller plan would be
//! other failures, stands in [`target`].

mod changes;
mod extent;
mod faults;
mod horizon;
mod nodes;
mod passes;
mod round;
mod search;
mod sections;
mod strength;
mod surroundings;
mod target;
mod targets;
mod times;

#[cfg(test)]
mod tests;

use squall_check::{Promise, SeedResult, Violation};
use squall_history::{History, Plan, SimDuration, SimTime};

use self::search::Search;
use crate::{HostError, Interrupt, Pool, Recording, Registry, RunReply, RunRequest};

pub use extent::Extent;
pub(crate) use round::rounder_times;
pub(crate) use target::Target;

/// A reduced plan.
#[derive(Clone, PartialEq, Debug)]
pub struct Shrunk {
    /// The bound plan of the last run that still failed.
    pub plan: Plan,
    /// What it came to.
    pub result: SeedResult,
    /// The violation that stayed, if it was one: others may be there besides.
    pub violation: Option<Violation>,
    /// How large the plan was, and is.
    pub before: Extent,
    /// See `before`.
    pub after: Extent,
    /// Runs it took. What hosts ran beyond the first plan that failed is not counted, nor is the one that
    /// records the result.
    pub runs: u64,
    /// Why it ended.
    pub ended: ShrinkEnd,
}

/// Why a shrinking ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShrinkEnd {
    /// No pass finds anything simpler that fails in the same way.
    NothingLeft,
    /// The runs were used up.
    RunsUsedUp,
    /// It was interrupted.
    Interrupted,
}

/// How far a shrinking is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShrinkStep<'a> {
    /// Runs so far.
    pub runs: u64,
    /// What is tried to be made simpler, in a word or two: `faults`, `nodes`, `times`.
    pub pass: &'a str,
    /// Faults left.
    pub faults: usize,
    /// Nodes left.
    pub nodes: usize,
    /// Length of the run now.
    pub duration: SimDuration,
}

/// What bounds a shrinking, and who hears of it.
pub struct ShrinkTerms<'a> {
    /// Knows the systems: which sections they read, who their clients are, what their oracles promise.
    pub registry: &'a Registry,
    /// Most runs it may take. Counted, so that the same plan shrinks to the same bytes on any machine.
    pub runs_max: u64,
    /// Ends it early; the best plan so far is what comes out.
    pub interrupt: &'a Interrupt,
    /// Hears of each step.
    pub tell: &'a mut dyn FnMut(&ShrinkStep<'_>),
}

/// Makes a failing plan small as long as the same oracle is violated, within the terms. `None` if the
/// plan does not fail in the first place, or ends in a way that is no failure of the system.
///
/// A plan that is not bound yet is bound by its first run.
///
/// # Errors
/// Those of the host, and of a plan that does not fit.
pub fn shrink(
    pool: &mut Pool,
    plan: &Plan,
    terms: &mut ShrinkTerms<'_>,
) -> Result<Option<Shrunk>, HostError> {
    let first = pool.run(&RunRequest { plan: plan.clone(), recording: Recording::Full })?;
    let Some(target) = Target::of(&first.result, plan, terms.registry) else { return Ok(None) };
    let before = Extent::of(plan, &first);
    let mut search = Search::new(pool, terms, target.clone(), plan, first);
    let nothing_left = passes::all(&mut search)?;
    let ended = match nothing_left {
        _ if search.is_interrupted() => ShrinkEnd::Interrupted,
        true => ShrinkEnd::NothingLeft,
        false => ShrinkEnd::RunsUsedUp,
    };
    let (plan, reply, runs) = search.finish()?;
    let after = Extent::of(&plan, &reply);
    let violation = target.violation(&reply.result).cloned();
    Ok(Some(Shrunk { plan, result: reply.result, violation, before, after, runs, ended }))
}

/// What passes see of the best plan so far.
pub(crate) struct Scene<'a> {
    plan: &'a Plan,
    /// When the promise was broken, or the run ended.
    broken: SimTime,
    /// Of which kind it is.
    promise: Promise,
    registry: &'a Registry,
}

/// When a run failed: at its first violation of what must stay, else at its end.
fn broken_at(target: &Target, reply: &RunReply) -> SimTime {
    target.broken_at(&reply.result).unwrap_or(SimTime(reply.result.sim_ns))
}

/// Client operations in a recorded history.
fn operations(history: Option<&str>) -> Option<u64> {
    use squall_history::{Body, Phase};
    let history = History::read_ndjson(history?.as_bytes()).ok()?;
    let is_invocation = |body: &Body| matches!(body, Body::Op(op) if op.phase == Phase::Invoke);
    Some(history.records.iter().filter(|record| is_invocation(&record.body)).count() as u64)
}
