//! Sampling: a few instants over the whole run, then ever closer ones around each rise.
//!
//! Every choice is made by counts of runs alone, so that the same plan gives the same chart whatever
//! the machine. A rise is one only if the two intervals lie apart, with the further runs that its ends
//! get once it cannot be narrowed any more; if they do not, the narrowest wider one that does is told.

use std::collections::BTreeMap;

use squall_check::cause::{CauseEnded, CauseMoment, Turn};
use squall_history::{Domain, Draws, Identity, Plan, Seed};

use super::instants::{Instant, Weight};
use super::symptom::Symptom;
use super::{CauseTerms, drawn_anew};
use crate::{HostError, Pool, Recording, RunRequest};

/// Instants that are sampled first.
const FIRST: usize = 32;
/// Rises that are looked for: more than a few are no explanation.
const TURNS_MAX: usize = 3;
/// How many times as many runs the two ends of a located rise get.
const SURE: u64 = 3;

/// Samples by place of the instant.
pub(super) struct Search<'a, 't> {
    pool: &'a mut Pool,
    base: &'a Plan,
    draws: Draws,
    symptom: &'a Symptom,
    instants: &'a [Instant],
    terms: &'a mut CauseTerms<'t>,
    sampled: BTreeMap<usize, CauseMoment>,
    /// Rises that are done with: before and after, by place of the instants.
    turns: Vec<(usize, usize)>,
    runs: u64,
}

/// Why sampling cannot go on.
enum Stop {
    Ended(CauseEnded),
    Host(HostError),
}

impl From<HostError> for Stop {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

impl<'a, 't> Search<'a, 't> {
    pub(super) fn new(
        pool: &'a mut Pool,
        base: &'a Plan,
        symptom: &'a Symptom,
        instants: &'a [Instant],
        terms: &'a mut CauseTerms<'t>,
    ) -> Self {
        let draws = Draws::new(base.seed);
        let (sampled, turns) = (BTreeMap::new(), Vec::new());
        Self { pool, base, draws, symptom, instants, terms, sampled, turns, runs: 0 }
    }

    /// Samples until every rise is located or runs are used up.
    pub(super) fn run(&mut self) -> Result<CauseEnded, HostError> {
        match self.rises() {
            Ok(()) => Ok(CauseEnded::Complete),
            Err(Stop::Ended(ended)) => Ok(ended),
            Err(Stop::Host(error)) => Err(error),
        }
    }

    /// What was sampled, by time; the rises; runs it took.
    pub(super) fn finish(mut self) -> (Vec<CauseMoment>, Vec<Turn>, u64) {
        if self.turns.is_empty() {
            // It ended before one was located: what is known so far.
            self.turns.extend(self.steepest());
        }
        self.turns.sort_unstable();
        let place = |instant| self.sampled.range(..instant).count();
        let turn = |&(before, after)| Turn {
            before: place(before),
            after: place(after),
            between: (after - before - 1) as u64,
        };
        let turns = self.turns.iter().map(turn).collect();
        (self.sampled.into_values().collect(), turns, self.runs)
    }

    fn rises(&mut self) -> Result<(), Stop> {
        self.sample(&overview(self.instants), self.terms.each)?;
        while self.turns.len() < TURNS_MAX
            && let Some((before, after)) = self.steepest()
        {
            let found = self.locate(before, after)?;
            self.turns.push(found);
        }
        Ok(())
    }

    /// The neighbouring samples with the greatest rise beyond chance outside those found; if no two
    /// neighbours lie apart and nothing is found yet, the closest two samples that do.
    fn steepest(&self) -> Option<(usize, usize)> {
        let all: Vec<(usize, &CauseMoment)> = self.sampled.iter().map(|(place, it)| (*place, it)).collect();
        let is_found = |&(before, after): &(usize, usize)| {
            self.turns.iter().any(|&(from, to)| before < to && from < after)
        };
        let neighbours = all.windows(2).filter(|pair| pair[0].1.is_less_likely_than(pair[1].1));
        let rise = |pair: &[(usize, &CauseMoment)]| pair[1].1.share() - pair[0].1.share();
        let steepest = neighbours
            .filter(|pair| !is_found(&(pair[0].0, pair[1].0)))
            // The first of equals.
            .reduce(|best, pair| if rise(pair) > rise(best) { pair } else { best });
        if let Some(pair) = steepest {
            return Some((pair[0].0, pair[1].0));
        }
        if !self.turns.is_empty() {
            return None;
        }
        let apart = all.iter().enumerate().flat_map(|(at, one)| {
            let later = all[at + 1..].iter().find(|other| one.1.is_less_likely_than(other.1));
            later.map(|other| (one.0, other.0))
        });
        apart.min_by_key(|(before, after)| (after - before, *before))
    }

    /// Narrows a rise until its ends are neighbours, and takes more samples of these.
    fn locate(&mut self, mut before: usize, mut after: usize) -> Result<(usize, usize), Stop> {
        let mut nested = vec![(before, after)];
        while let Some(middle) = self.middle(before, after) {
            self.sample(&[middle], self.terms.each)?;
            let share = |place| self.sampled[&place].share();
            if share(middle) - share(before) >= share(after) - share(middle) {
                after = middle;
            } else {
                before = middle;
            }
            nested.push((before, after));
        }
        self.sample(&[before, after], self.terms.each * SURE)?;
        let is_sure = |&&(before, after): &&(usize, usize)| {
            self.sampled[&before].is_less_likely_than(&self.sampled[&after])
        };
        Ok(*nested.iter().rev().find(is_sure).unwrap_or(&nested[0]))
    }

    /// Between two instants, the one nearest the middle among the most remarkable.
    fn middle(&self, before: usize, after: usize) -> Option<usize> {
        let between = before + 1..after;
        let weight = self.instants[between.clone()].iter().map(|instant| instant.weight).max()?;
        let centre = before.midpoint(after);
        between
            .filter(|&place| self.instants[place].weight == weight)
            .min_by_key(|place| (place.abs_diff(centre), *place))
    }

    /// Takes `count` more samples of each of these instants.
    fn sample(&mut self, places: &[usize], count: u64) -> Result<(), Stop> {
        // A few at a time: enough for many hosts, and the interrupt is heard.
        for places in places.chunks(4) {
            let left = self.terms.runs_max - self.runs;
            let affordable = usize::try_from(left / count.max(1)).unwrap_or(usize::MAX).min(places.len());
            self.take(&places[..affordable], count)?;
            if affordable < places.len() {
                return Err(Stop::Ended(CauseEnded::OutOfRuns));
            }
        }
        Ok(())
    }

    fn take(&mut self, places: &[usize], count: u64) -> Result<(), Stop> {
        let mut requests = Vec::new();
        for &place in places {
            let done = self.sampled.get(&place).map_or(0, |moment| moment.runs);
            requests.extend((done..done + count).map(|nth| self.request(place, nth)));
        }
        let replies = self.pool.all(&requests, self.terms.interrupt)?;
        let Some(replies) = replies else { return Err(Stop::Ended(CauseEnded::Interrupted)) };
        let mut replies = replies.into_iter();
        for &place in places {
            let Instant { over, what, .. } = &self.instants[place];
            let moment = self.sampled.entry(place).or_insert_with(|| CauseMoment {
                at: *over,
                what: what.clone(),
                runs: 0,
                same: 0,
                other: 0,
            });
            for reply in replies.by_ref().take(usize::try_from(count).expect("a count of requests")) {
                let is_same = self.symptom.is_in(&reply.result);
                moment.runs += 1;
                moment.same += u64::from(is_same);
                moment.other += u64::from(!is_same && reply.result.outcome.is_failure());
            }
        }
        self.runs += requests.len() as u64;
        (self.terms.tell)(self.runs, self.sampled.len());
        Ok(())
    }

    /// The `nth` run from an instant on. Its seed is drawn in domain `Plan`, by (moment; nth).
    fn request(&self, place: usize, nth: u64) -> RunRequest {
        let at = self.instants[place].over;
        let draw = self.draws.draw(Domain::Plan, Identity::of("cause").with(at.0), nth);
        let seed = Seed(draw.bits());
        let plan = drawn_anew(self.base, at, seed, self.terms.later_faults, self.terms.redraw);
        RunRequest { plan, recording: Recording::Summary }
    }
}

/// The start, the end, and between them the most remarkable instants: all, or evenly chosen by rank.
fn overview(instants: &[Instant]) -> Vec<usize> {
    let inner = 1..instants.len().saturating_sub(1);
    let mut chosen: Vec<usize> = inner.filter(|&place| instants[place].weight == Weight::Event).collect();
    let room = FIRST - 2;
    if chosen.len() > room {
        chosen = (0..room).map(|k| chosen[k * (chosen.len() - 1) / (room - 1)]).collect();
    }
    chosen.insert(0, 0);
    chosen.push(instants.len() - 1);
    chosen.dedup();
    chosen
}
