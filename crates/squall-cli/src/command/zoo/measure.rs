//! One row of the score: the hunt, the shrinking, and the shrunk plan in a process of its own.

use std::path::Path;
use std::time::Duration;

use squall::zoo::{Find, Hunt, Replayed, Row, RowTimes, ShrunkRow, WithoutBug, hunt, what_caught};
use squall::{
    Interrupt, Plan, Pool, Recording, Registry, RunReply, RunRequest, ShrinkEnd, ShrinkTerms, Shrunk,
};
use squall_scenario::{Overrides, Seeds};

use super::store;
use super::targets::Target;
use crate::args::{HuntTerms, Place, SHRINK_RUNS};
use crate::command::shrink;
use crate::environment;
use crate::error::CliError;
use crate::library;

/// What measuring needs.
pub(super) struct Bench<'a> {
    pub(super) registry: &'a Registry,
    pub(super) pool: &'a mut Pool,
    pub(super) terms: HuntTerms,
    pub(super) interrupt: &'a Interrupt,
    /// Where shrunk plans go.
    pub(super) folder: &'a Path,
}

impl Bench<'_> {
    /// Measures a bug under a scenario; `None` if it was interrupted. `tell` hears what goes on.
    pub(super) fn measure(
        &mut self,
        target: &Target,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Option<(Row, RowTimes)>, CliError> {
        let before = self.pool.spent().unwrap_or_default();
        let mut seeds = Seeds::Count(self.terms.seeds_max).resolve(self.terms.base_seed);
        let hunted = hunt(
            self.pool,
            &mut Hunt {
                seeds: &mut seeds,
                plan: &|seed| target.plan(seed),
                finds_max: self.terms.finds_max,
                interrupt: self.interrupt,
                tell: &mut |seeds, failed| tell(&format!("{failed} of {seeds} seeds")),
            },
        )?;
        if hunted.interrupted {
            return Ok(None);
        }
        let spent = self.pool.spent().unwrap_or_default() - before;
        let mut times = RowTimes::of(target.key.clone(), self.pool.size(), spent);
        let mut rows = Vec::new();
        let shrinks = usize::try_from(self.terms.shrinks).unwrap_or(usize::MAX);
        for find in hunted.finds.iter().take(shrinks) {
            tell(&format!("shrinking seed {}", find.plan.seed));
            let Some((row, wall)) = self.shrink(target, find)? else { return Ok(None) };
            rows.push(row);
            times.shrink_wall_ms.push(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        }
        let row = Row {
            key: target.key.clone(),
            scenario_hash: target.loaded.scenario.hash().to_string(),
            commit: environment::commit_text(),
            base_seed: self.terms.base_seed,
            seeds_max: self.terms.seeds_max,
            finds_max: self.terms.finds_max,
            tally: hunted.tally,
            shrunk: rows,
        };
        Ok(Some((row, times)))
    }

    /// Shrinks a find, writes the plan down, reads it back and runs it elsewhere. `None` if interrupted.
    fn shrink(&mut self, target: &Target, find: &Find) -> Result<Option<(ShrunkRow, Duration)>, CliError> {
        let bound = find.reply.bound.as_ref().unwrap_or(&find.plan);
        let caught_by = what_caught(&find.reply.result).expect("a find failed");
        let began = environment::wall_now();
        let interrupt = self.interrupt;
        let registry = self.registry;
        let mut terms = ShrinkTerms { registry, runs_max: SHRINK_RUNS, interrupt, tell: &mut |_| {} };
        let shrunk = squall::shrink(self.pool, bound, &mut terms)?;
        let wall = began.elapsed();
        if interrupt.is_raised() {
            return Ok(None);
        }
        let mut row = ShrunkRow {
            seed: find.plan.seed,
            caught_by: caught_by.clone(),
            faults_before: bound.faults.len() as u64,
            faults_after: bound.faults.len() as u64,
            runs: 0,
            cut_short: false,
            replayed: Replayed::Differs("the bound plan does not fail".to_owned()),
            without_bug: WithoutBug::Fails("there is no shrunk plan".to_owned()),
        };
        if let Some(shrunk) = shrunk {
            row.faults_after = shrunk.plan.faults.len() as u64;
            row.runs = shrunk.runs;
            row.cut_short = shrunk.ended != ShrinkEnd::NothingLeft;
            (row.replayed, row.without_bug) = self.replay(target, &shrunk, &caught_by)?;
        }
        Ok(Some((row, wall)))
    }

    /// What the stored plan does in a worker process that has run nothing else, with the bug and without.
    fn replay(
        &self,
        target: &Target,
        shrunk: &Shrunk,
        caught_by: &str,
    ) -> Result<(Replayed, WithoutBug), CliError> {
        let key = &target.key;
        let path = self.folder.join("shrunk").join(&key.bug).join(&key.scenario);
        let path = path.join(format!("{}.yaml", shrunk.plan.seed));
        store::write(&path, &shrink::file_text(shrunk))?;
        let scenario = library::read(&path, &self.registry.catalogue())?;
        let seed = shrunk.plan.seed;
        let as_stored = scenario.plan(seed, &Overrides::default());
        let without = scenario.plan(seed, &Overrides { bugs: Some(Vec::new()), ..Overrides::default() });
        let reply = self.alone(as_stored)?;
        let replayed = match differs(&reply, shrunk, caught_by) {
            None => Replayed::Same,
            Some(how) => Replayed::Differs(how),
        };
        let clean = self.alone(without)?;
        let without_bug = match what_caught(&clean.result) {
            None => WithoutBug::Passes,
            Some(what) => WithoutBug::Fails(what),
        };
        Ok((replayed, without_bug))
    }

    fn alone(&self, plan: Plan) -> Result<RunReply, CliError> {
        let mut host = environment::host(self.registry, Place::default())?;
        Ok(host.run(&RunRequest { plan, recording: Recording::Summary })?)
    }
}

/// In what a replay is another run than the one that was shrunk, if it is.
fn differs(reply: &RunReply, shrunk: &Shrunk, caught_by: &str) -> Option<String> {
    let result = &reply.result;
    let violated = result.violations.iter().any(|violation| violation.oracle == caught_by);
    if !violated && result.outcome.name() != caught_by {
        let what = what_caught(result).unwrap_or_else(|| result.outcome.name().to_owned());
        return Some(format!("{what} in place of {caught_by}"));
    }
    squall::difference(&shrunk.result, result)
}
