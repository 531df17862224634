//! A hunt: seeds of one scenario with one bug on, until enough of them have found it.
//!
//! A seed finds a bug if its run fails with the bug and does not fail without it: the same plan, but for the
//! bug, is run as well. What is counted does not depend on how many runs go on side by side.

use squall_check::{Outcome, SeedResult};
use squall_history::{Plan, Seed};

use super::tally::{EndedBy, Tally};
use crate::{HostError, Interrupt, Pool, Recording, RunReply, RunRequest};

/// Plans that are made at a time: enough to keep every host busy, few enough to hold.
const AT_A_TIME: usize = 64;

/// What to hunt for, and how long.
pub struct Hunt<'a> {
    /// The seeds, in order.
    pub seeds: &'a mut dyn Iterator<Item = Seed>,
    /// The plan of a seed, with the bug on.
    pub plan: &'a dyn Fn(Seed) -> Plan,
    /// It ends at so many finds.
    pub finds_max: u64,
    /// Ends it early; what was counted then is no result.
    pub interrupt: &'a Interrupt,
    /// Hears of progress: seeds so far, and how many of them failed.
    pub tell: &'a mut dyn FnMut(u64, u64),
}

/// A seed that found the bug.
#[derive(Clone, Debug)]
pub struct Find {
    /// Its place among the seeds, from 1.
    pub place: u64,
    /// What ran.
    pub plan: Plan,
    /// What came of it.
    pub reply: RunReply,
}

/// What a hunt came to.
#[derive(Clone, Debug)]
pub struct Hunted {
    /// The counts.
    pub tally: Tally,
    /// The finds, in the order of the seeds.
    pub finds: Vec<Find>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// Runs it.
///
/// # Errors
/// Those of the hosts.
pub fn hunt(pool: &mut Pool, hunt: &mut Hunt<'_>) -> Result<Hunted, HostError> {
    let mut hunted = Hunted { tally: Tally::default(), finds: Vec::new(), interrupted: false };
    let mut failed = Vec::new();
    loop {
        let seeds = std::iter::from_fn(|| hunt.seeds.next()).take(AT_A_TIME);
        let plans: Vec<Plan> = seeds.map(|seed| (hunt.plan)(seed)).collect();
        if plans.is_empty() || !chunk(pool, hunt, &plans, &mut hunted, &mut failed)? {
            break;
        }
    }
    hunted.interrupted |= !without_the_bug(pool, hunt.interrupt, failed, &mut hunted)?;
    Ok(hunted)
}

/// Runs some plans; whether to go on.
fn chunk(
    pool: &mut Pool,
    hunt: &mut Hunt<'_>,
    plans: &[Plan],
    hunted: &mut Hunted,
    failed: &mut Vec<Find>,
) -> Result<bool, HostError> {
    let requests: Vec<RunRequest> = plans.iter().map(|plan| summary(plan.clone())).collect();
    let mut from = 0;
    while from < requests.len() {
        // What did not pass ends a step of the search: a find, or something to count.
        let stops = |reply: &RunReply| reply.result.outcome != Outcome::Pass;
        let searched = pool.first(&requests[from..], hunt.interrupt, &stops)?;
        hunted.tally.seeds += searched.runs;
        hunted.interrupted = searched.interrupted;
        let Some((place, reply)) = searched.found else {
            (hunt.tell)(hunted.tally.seeds, failed.len() as u64);
            return Ok(!searched.interrupted);
        };
        match what_caught(&reply.result) {
            Some(_) => {
                let plan = plans[from + place].clone();
                failed.push(Find { place: hunted.tally.seeds, plan, reply });
            }
            None => {
                let name = reply.result.outcome.name().to_owned();
                *hunted.tally.undecided.entry(name).or_default() += 1;
            }
        }
        (hunt.tell)(hunted.tally.seeds, failed.len() as u64);
        if failed.len() as u64 == hunt.finds_max {
            hunted.tally.ended = EndedBy::Finds;
            return Ok(false);
        }
        from += place + 1;
    }
    Ok(true)
}

/// Runs what failed without the bug, and counts as finds what then does not fail. False if interrupted.
fn without_the_bug(
    pool: &mut Pool,
    interrupt: &Interrupt,
    failed: Vec<Find>,
    hunted: &mut Hunted,
) -> Result<bool, HostError> {
    let clean = |find: &Find| {
        let mut plan = find.plan.clone();
        plan.system.bugs.clear();
        summary(plan)
    };
    let requests: Vec<RunRequest> = failed.iter().map(clean).collect();
    let Some(replies) = pool.all(&requests, interrupt)? else { return Ok(false) };
    let tally = &mut hunted.tally;
    for (find, clean) in failed.into_iter().zip(replies) {
        if what_caught(&clean.result).is_some() {
            tally.fail_without += 1;
            continue;
        }
        let caught = what_caught(&find.reply.result).expect("it failed");
        tally.found += 1;
        tally.first.get_or_insert(find.place);
        *tally.caught_by.entry(caught).or_default() += 1;
        hunted.finds.push(find);
    }
    Ok(true)
}

fn summary(plan: Plan) -> RunRequest {
    RunRequest { plan, recording: Recording::Summary }
}

/// What a failing run was caught by: the oracle that was violated first, else how the process died. `None` if
/// it did not fail, or reached the wall limit, which depends on the machine.
pub fn what_caught(result: &SeedResult) -> Option<String> {
    if !result.outcome.is_failure() || result.outcome == Outcome::Timeout {
        return None;
    }
    let oracle = result.violations.first().map(|violation| violation.oracle.clone());
    Some(oracle.unwrap_or_else(|| result.outcome.name().to_owned()))
}
