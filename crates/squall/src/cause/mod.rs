//! Why a run failed: how likely its violation was, seen from moments along the run.
//!
//! A run is replayed to a moment and drawn anew from there on, some twenty times; the share of these
//! runs that violate the same says how much was decided by then. Where the share rises, what made the
//! violation likely has just happened. (Antithesis calls its chart of this "bug likelihood".)
//!
//! What is sampled are the instants at which the run told something ([`instants`]): first a few
//! over the whole run, then ever closer ones around a rise ([`search`]). Nothing here depends on how
//! many hosts there are, and nothing is kept of a prefix: it is run again each time.

mod instants;
mod search;
mod symptom;

use std::collections::BTreeSet;

use squall_check::cause::{CAUSE_FORMAT, Cause, LaterFaults};
use squall_history::{FaultId, History, Plan, Reseed, Seed, SimTime};

use self::search::Search;
use self::symptom::Symptom;
use crate::{HostError, Interrupt, Pool, Recording, RunReply, RunRequest};

/// What bounds the search, and who hears of it.
pub struct CauseTerms<'a> {
    /// Most runs it may take, the first one not counted.
    pub runs_max: u64,
    /// Runs for each moment.
    pub each: u64,
    /// What becomes of faults planned for after a moment.
    pub later_faults: LaterFaults,
    /// The scenario's plan for a seed: where [`LaterFaults::Redrawn`] takes faults from.
    pub redraw: &'a dyn Fn(Seed) -> Plan,
    /// Ends it early; what was sampled by then comes out.
    pub interrupt: &'a Interrupt,
    /// Hears of each step: runs so far, and moments sampled.
    pub tell: &'a mut dyn FnMut(u64, usize),
}

/// What asking for a cause came to.
#[derive(Debug)]
pub enum Explained {
    /// The run fails, and this is how likely that was.
    Cause(Box<Cause>),
    /// The run does not fail in a way that can be found again: what it came to.
    NoFailure(Box<RunReply>),
}

/// Charts how likely the violation of a plan's run was, from moment to moment.
///
/// # Errors
/// Those of the host.
pub fn cause(pool: &mut Pool, plan: &Plan, terms: &mut CauseTerms<'_>) -> Result<Explained, HostError> {
    let first = pool.run(&RunRequest { plan: plan.clone(), recording: Recording::Full })?;
    let Some(symptom) = Symptom::of(&first.result) else {
        return Ok(Explained::NoFailure(Box::new(first)));
    };
    // Literal targets: what a selector means must not depend on what is drawn anew.
    let base = first.bound.clone().unwrap_or_else(|| plan.clone());
    let instants = match &first.history {
        Some(text) => {
            let history = History::read_ndjson(text.as_bytes()).expect("a history that was just written");
            instants::told(&history, symptom.at)
        }
        // Its process died, and took with it what it had told.
        None => instants::planned(plan),
    };
    let mut search = Search::new(pool, &base, &symptom, &instants, terms);
    let ended = search.run()?;
    let (moments, turns, runs) = search.finish();
    Ok(Explained::Cause(Box::new(Cause {
        v: CAUSE_FORMAT,
        scenario: plan.scenario.to_string(),
        seed: plan.seed,
        digest: first.result.digest,
        symptom: symptom.name().to_owned(),
        violated_at: symptom.at,
        later_faults: terms.later_faults,
        runs,
        ended,
        moments,
        turns,
    })))
}

/// `base` up to `at`, and other draws from there on.
pub(crate) fn drawn_anew(
    base: &Plan,
    at: SimTime,
    seed: Seed,
    later: LaterFaults,
    redraw: &dyn Fn(Seed) -> Plan,
) -> Plan {
    let mut plan = base.clone();
    plan.reseed.retain(|reseed| reseed.at < at);
    plan.reseed.push(Reseed { at, seed });
    if later == LaterFaults::Kept {
        return plan;
    }
    let is_past = |moment: SimTime| moment < at;
    plan.faults.retain(|fault| is_past(fault.at));
    plan.sequences.retain(|sequence| is_past(sequence.at));
    plan.vetoes.retain(|veto| is_past(veto.at));
    if later == LaterFaults::Redrawn {
        let Plan { faults, sequences, .. } = redraw(seed);
        let past: BTreeSet<FaultId> = plan.faults.iter().map(|fault| fault.id.clone()).collect();
        for mut fault in faults.into_iter().filter(|fault| !is_past(fault.at)) {
            while past.contains(&fault.id) {
                // Two faults of one name would share their draws.
                fault.id = FaultId(format!("{}+", fault.id).into());
            }
            plan.faults.push(fault);
        }
        plan.sequences.extend(sequences.into_iter().filter(|sequence| !is_past(sequence.at)));
    }
    plan
}

#[cfg(test)]
mod dice;
#[cfg(test)]
mod tests;
