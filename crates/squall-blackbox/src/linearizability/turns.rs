//! Many objects, one budget: each is searched for a while, then the next.
//!
//! One object may have no end while another is quickly illegal, so searches take turns, each longer
//! than the last. In a round every object has the same turn; the first illegal one of the first round
//! that has any is told, so with threads the answer is the same. Threads share what is left of the
//! budget at the beginning of each round: whoever has too little waits for the next. So with threads
//! a budget may suffice for a little less, never for another verdict.

use super::job::{Job, Judge};
use super::objects::Object;
use super::prefix::{Illegal, Unexplained};
use super::{Limits, Model};
use crate::{Budget, Exhausted, Operation};

/// Steps of an object's first turn. Easy objects end within it; turns double, so that a hard one
/// costs few changes of turn.
const FIRST_TURN: u64 = 1_024;

/// What came of all objects together.
pub(super) enum Ending<'h, M: Model> {
    /// Each has a legal order.
    Legal,
    /// This one has none.
    Illegal(Box<Illegal<'h, M>>),
    /// This one has none either, but the budget did not suffice to say why in words of operations.
    Contradictory(Box<Unexplained<'h, M>>),
    /// The model cannot read an operation.
    Unreadable(String),
    /// The budget ran out.
    Undecided { objects: usize, what: Exhausted },
}

/// Lets all objects come to an end, or the budget.
pub(super) fn take<'h, M: Model>(
    model: &M,
    limits: Limits,
    all: &[Operation<'h>],
    objects: Vec<Object<'h>>,
    budget: &mut Budget,
) -> Ending<'h, M> {
    let mut jobs: Vec<Job<'h, '_, M>> = objects.into_iter().map(Job::New).collect();
    let mut out_of_memory = 0;
    let mut turn = FIRST_TURN;
    loop {
        let ended = round(model, limits, all, &mut jobs, turn, budget);
        if let Some(place) = jobs.iter().position(Job::ends_all) {
            return jobs.swap_remove(place).ending(model, limits, all, budget);
        }
        out_of_memory += jobs.iter().filter(|job| matches!(job, Job::OutOfMemory)).count();
        jobs.retain(|job| matches!(job, Job::New(_) | Job::Searching(_)));
        let undecided = |what| Ending::Undecided { objects: out_of_memory + jobs.len(), what };
        match ended {
            Err(what) => return undecided(what),
            Ok(()) if !jobs.is_empty() => turn = turn.saturating_mul(2),
            Ok(()) if out_of_memory > 0 => return undecided(Exhausted::Bytes),
            Ok(()) => return Ending::Legal,
        }
    }
}

/// One turn for each object.
fn round<'h, 'm, M: Model>(
    model: &'m M,
    limits: Limits,
    all: &[Operation<'h>],
    jobs: &mut [Job<'h, 'm, M>],
    turn: u64,
    budget: &mut Budget,
) -> Result<(), Exhausted> {
    let threads = limits.threads.min(jobs.len()).max(1);
    if threads == 1 {
        return Judge::new(model, limits, all).turns(jobs, turn, budget);
    }
    let (steps, bytes) = (budget.steps / threads as u64, budget.bytes / threads as u64);
    let share = Budget { steps, bytes, ..*budget };
    let ends = std::thread::scope(|scope| {
        let work = |jobs: &'_ mut [Job<'h, 'm, M>]| {
            let mut share = share;
            let end = Judge::new(model, limits, all).turns(jobs, turn, &mut share);
            (end, share)
        };
        let parts = parts(jobs, threads).into_iter();
        let workers: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().map(join).collect::<Vec<(Result<(), Exhausted>, Budget)>>()
    });
    let left = |of: fn(&Budget) -> u64| ends.iter().map(|(_, share)| of(share)).sum::<u64>();
    budget.steps = budget.steps % threads as u64 + left(|share| share.steps);
    budget.bytes = budget.bytes % threads as u64 + left(|share| share.bytes);
    let what = ends.iter().find_map(|(end, _)| end.err());
    match what {
        // Another round, as long as there is enough to share.
        Some(Exhausted::Steps) if budget.steps > steps / 8 => Ok(()),
        Some(what) => Err(what),
        None => Ok(()),
    }
}

/// The jobs in as many parts, each with about as many operations.
fn parts<'a, 'h, 'm, M: Model>(
    mut jobs: &'a mut [Job<'h, 'm, M>],
    parts: usize,
) -> Vec<&'a mut [Job<'h, 'm, M>]> {
    let mut left: usize = jobs.iter().map(Job::size).sum();
    let mut cut = Vec::with_capacity(parts);
    for more in (1..=parts).rev() {
        let (mut size, mut count) = (0, 0);
        while count < jobs.len() && (more == 1 || size < left.div_ceil(more)) {
            size += jobs[count].size();
            count += 1;
        }
        let (part, rest) = jobs.split_at_mut(count);
        cut.push(part);
        jobs = rest;
        left -= size;
    }
    cut
}
