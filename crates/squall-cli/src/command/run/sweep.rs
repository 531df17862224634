//! What a campaign says, taken down: results in order, failures with their files, progress.
//!
//! Results come from runs, or are read back: those of an earlier stint of the same folder, those of
//! slices that are merged. What is made of them is the same.

mod kept;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use squall::{
    Finished, Interrupt, Plan, Pool, Progress, Registry, RunReply, Second, Seed, ShrinkStep, ShrinkTerms,
    Shrunk, SimTime,
};
use squall_check::{Outcome, ScenarioJudge, SeedResult};
use squall_report::{FailureFile, Inflight, RunFolder, ScenarioCoverage, Timing};

pub(crate) use self::kept::Kept;
use self::kept::{store, stored_plan};
use super::setting::Setting;
use crate::args::SHRINK_RUNS;
use crate::command::shrink;
use crate::environment::wall_now;
use crate::error::CliError;
use crate::library::Loaded;
use crate::progress::{Display, counted};

/// Failing seeds of one scenario whose files are kept; the others are lines of `results.ndjson`.
pub(crate) const KEPT_MAX: usize = 20;

/// A campaign in progress.
pub(crate) struct Sweep<'a> {
    loaded: &'a [Loaded],
    folder: RunFolder,
    display: Display,
    judges: Vec<ScenarioJudge>,
    /// Seeds of each scenario that did not pass.
    failed: Vec<u64>,
    /// Seeds of each scenario that are done.
    done: Vec<u64>,
    /// Seeds of each scenario that may still come.
    left: Vec<u64>,
    current: usize,
    running: BTreeMap<usize, (usize, Seed, Instant)>,
    walls: BTreeMap<(usize, Seed), (usize, Duration)>,
    kept: Vec<Kept>,
    /// What shrinking made of some of them.
    shrunk: Vec<Shrunk>,
    coverage: Vec<ScenarioCoverage>,
}

/// What a campaign leaves.
pub(crate) struct Swept {
    pub(crate) folder: RunFolder,
    /// One for each scenario, of the seeds that it took.
    pub(crate) judges: Vec<ScenarioJudge>,
    pub(crate) kept: Vec<Kept>,
    /// What shrinking made of some of them.
    pub(crate) shrunk: Vec<Shrunk>,
    /// What runs went through, where that was asked for.
    pub(crate) coverage: Vec<ScenarioCoverage>,
    /// Since it began.
    pub(crate) wall: Duration,
    /// Seeds that are done.
    pub(crate) done: u64,
}

/// Where the files of a failing seed come from whose result was read back.
pub(crate) enum Files<'a> {
    /// They lie in the folder; what is missing is made again by this.
    Here(&'a mut dyn FnMut(&Plan) -> Result<RunReply, CliError>),
    /// They lie in that folder, and are copied.
    In(&'a RunFolder),
}

/// Whether work came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Worked {
    ToTheEnd,
    UntilInterrupted,
}

impl<'a> Sweep<'a> {
    /// `jobs`: the scenario of each seed.
    pub(crate) fn new(
        setting: &'a Setting,
        folder: RunFolder,
        display: Display,
        jobs: impl Iterator<Item = usize>,
    ) -> Self {
        let scenarios = setting.loaded.len();
        let mut left = vec![0; scenarios];
        jobs.for_each(|scenario| left[scenario] += 1);
        Self {
            loaded: &setting.loaded,
            folder,
            display,
            judges: setting.judges(),
            failed: vec![0; scenarios],
            done: vec![0; scenarios],
            left,
            current: 0,
            running: BTreeMap::new(),
            walls: BTreeMap::new(),
            kept: Vec::new(),
            shrunk: Vec::new(),
            coverage: Vec::new(),
        }
    }

    /// Where it is written.
    pub(crate) fn folder(&mut self) -> &mut RunFolder {
        &mut self.folder
    }

    pub(crate) fn take(&mut self, progress: Progress) -> Result<(), CliError> {
        match progress {
            Progress::Started { worker, scenario, seed } => {
                self.running.insert(worker, (scenario, seed, wall_now()));
                self.note_running()
            }
            Progress::Done { worker, scenario, seed } => {
                let began = self.running.remove(&worker).map_or_else(wall_now, |(.., began)| began);
                self.walls.insert((scenario, seed), (worker, began.elapsed()));
                Ok(())
            }
            Progress::Finished(finished) => self.finished(*finished),
            Progress::Stopping => {
                let running = counted(self.running.len() as u64, "run");
                self.display.note(&format!("stopping: {running} to come to an end"));
                Ok(())
            }
        }
    }

    /// Notes what runs now, so that a crash of ours names it.
    fn note_running(&self) -> Result<(), CliError> {
        let running = self.running.values().map(|(scenario, seed, _)| Inflight {
            scenario: self.loaded[*scenario].scenario.name.clone(),
            seed: *seed,
        });
        Ok(self.folder.inflight(&running.collect::<Vec<_>>())?)
    }

    /// A run is done. Its files come before its line: where a line is found, nothing of it is missing.
    fn finished(&mut self, finished: Finished) -> Result<(), CliError> {
        let Finished { scenario, result, plan, recorded, second } = finished;
        self.turn_to(scenario);
        let (worker, wall) = self.walls.remove(&(scenario, result.seed)).unwrap_or_default();
        if self.is_kept(scenario, &result) {
            store(&mut self.folder, &result, &plan, recorded.as_ref())?;
            let bound = recorded.and_then(|reply| reply.bound);
            self.keep(scenario, &result, plan, bound, (Some(wall), second));
        }
        self.folder.timing(&Timing {
            v: squall_report::TIMING_FORMAT,
            scenario: result.scenario.clone(),
            seed: result.seed,
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            worker: u32::try_from(worker).unwrap_or(u32::MAX),
        })?;
        self.folder.result(&result)?;
        self.display.seed(&result);
        self.count(scenario, &result);
        Ok(())
    }

    /// A result is read back. Its line is there, or is the caller's to write.
    pub(crate) fn recall(
        &mut self,
        registry: &Registry,
        scenario: usize,
        (result, wall): (&SeedResult, Option<Duration>),
        plan: &dyn Fn() -> Plan,
        files: Files<'_>,
    ) -> Result<(), CliError> {
        self.turn_to(scenario);
        if self.is_kept(scenario, result) {
            let second = if squall::has_differed(result) { Second::Differs } else { Second::Same };
            self.keep(scenario, result, plan(), None, (wall, second));
            self.find_files(registry, files)?;
        }
        self.display.past(result);
        self.count(scenario, result);
        Ok(())
    }

    /// Sees to the files of the seed that was kept last, and reads from them what the report needs.
    fn find_files(&mut self, registry: &Registry, files: Files<'_>) -> Result<(), CliError> {
        let place = self.kept.len() - 1;
        let merged = matches!(files, Files::In(_));
        match files {
            Files::Here(make) => self.complete(place, make)?,
            Files::In(other) => {
                // A slice made these of its own first failing seed. Later ones do not change which is first.
                let made =
                    [(FailureFile::Shrunk, self.to_shrink()), (FailureFile::Difference, self.to_compare())];
                let left_out = made.iter().filter(|(_, places)| !places.contains(&place));
                let left_out: Vec<_> = left_out.map(|(file, _)| *file).collect();
                let result = &self.kept[place].result;
                self.folder.adopt(other, &result.scenario, result.seed, &left_out)?;
            }
        }
        let kept = &mut self.kept[place];
        kept.bound = stored_plan(registry, &self.folder, &kept.result, FailureFile::Bound)?;
        if merged && let Some(plan) = stored_plan(registry, &self.folder, &kept.result, FailureFile::Shrunk)?
        {
            let folder = self.folder.failure_path(&kept.result.scenario, kept.result.seed)?;
            kept.shrunk = Some((plan, folder.join(FailureFile::Shrunk.name()).display().to_string()));
        }
        Ok(())
    }

    /// Makes the files of a failing seed again if they are not all there.
    fn complete(
        &mut self,
        place: usize,
        make: &mut dyn FnMut(&Plan) -> Result<RunReply, CliError>,
    ) -> Result<(), CliError> {
        let Kept { result, plan, .. } = &self.kept[place];
        if self.folder.failure_verdict(&result.scenario, result.seed)?.as_ref() == Some(result) {
            return Ok(());
        }
        // How far a run came that reached the wall limit is a matter of the machine: it left a plan.
        if result.outcome == Outcome::Timeout {
            return store(&mut self.folder, result, plan, None);
        }
        let reply = make(plan)?;
        let differs = squall::difference(result, &reply.result);
        if let (Some(difference), false) = (differs, result.outcome == Outcome::Nondeterministic) {
            return Err(CliError::Differs(format!(
                "{} seed {} is not the run it was: {difference}; `diff-runs` shows where two runs part",
                result.scenario, result.seed
            )));
        }
        store(&mut self.folder, result, plan, Some(&reply))
    }

    /// Takes what the runs of a scenario went through.
    pub(crate) fn saw(&mut self, coverage: ScenarioCoverage) {
        self.coverage.push(coverage);
    }

    fn is_kept(&self, scenario: usize, result: &SeedResult) -> bool {
        let kept = self.kept.iter().filter(|kept| kept.scenario == scenario).count();
        result.outcome != Outcome::Pass && kept < KEPT_MAX
    }

    fn keep(
        &mut self,
        scenario: usize,
        result: &SeedResult,
        plan: Plan,
        bound: Option<Plan>,
        (wall, second): (Option<Duration>, Second),
    ) {
        let mut target = self.loaded[scenario].target.clone();
        // What was drawn anew after a moment of another run is no seed of the scenario, but its plan.
        if plan.reseed.first().is_some_and(|reseed| reseed.at == SimTime::ZERO)
            && let Ok(path) = self.folder.failure_path(&result.scenario, result.seed)
        {
            target = path.join(FailureFile::Plan.name()).display().to_string();
        }
        let result = result.clone();
        self.kept.push(Kept { scenario, target, result, plan, bound, shrunk: None, wall, second });
    }

    fn count(&mut self, scenario: usize, result: &SeedResult) {
        self.left[scenario] -= 1;
        self.done[scenario] += 1;
        self.failed[scenario] += u64::from(result.outcome != Outcome::Pass);
        self.judges[scenario].take(result);
    }

    /// Says a line for each scenario that is over.
    fn turn_to(&mut self, scenario: usize) {
        while self.current < scenario {
            self.say_over(self.current);
            self.current += 1;
        }
    }

    fn say_over(&self, scenario: usize) {
        self.display.skip(self.left[scenario]);
        let (done, failed) = (counted(self.done[scenario], "seed"), self.failed[scenario]);
        let name = &self.loaded[scenario].scenario.name;
        self.display.scenario(&format!("{name}: {done}, {failed} failed"));
    }

    /// The failing seeds that are made small: the first of each scenario.
    fn to_shrink(&self) -> Vec<usize> {
        // What dies or hangs takes its time limit at each try; a digest that wobbles shrinks nowhere.
        self.firsts(|kept| matches!(kept.result.outcome, Outcome::Fail | Outcome::Panic))
    }

    /// The first kept seed of each scenario that is such.
    fn firsts(&self, is_such: impl Fn(&Kept) -> bool) -> Vec<usize> {
        let mut firsts = BTreeMap::new();
        for (place, kept) in self.kept.iter().enumerate().filter(|(_, kept)| is_such(kept)) {
            firsts.entry(kept.scenario).or_insert(place);
        }
        firsts.into_values().collect()
    }

    /// Shrinks the first failing seed of each scenario. One whose shrinking is interrupted is left as it
    /// is: how far it came would be a matter of the moment.
    pub(crate) fn shrink(
        &mut self,
        registry: &Registry,
        pool: &mut Pool,
        interrupt: &Interrupt,
    ) -> Result<Worked, CliError> {
        self.turn_to(self.loaded.len());
        for place in self.to_shrink() {
            let kept = &mut self.kept[place];
            let bound = kept.bound.as_ref().unwrap_or(&kept.plan);
            let what = format!("shrinking {} seed {}", kept.result.scenario, kept.result.seed);
            self.display.note(&what);
            let display = &self.display;
            let mut tell = |step: &ShrinkStep<'_>| display.shrinking(&what, step);
            let mut terms = ShrinkTerms { registry, runs_max: SHRINK_RUNS, interrupt, tell: &mut tell };
            let shrunk = squall::shrink(pool, bound, &mut terms)?;
            if interrupt.is_raised() {
                return Ok(Worked::UntilInterrupted);
            }
            let Some(shrunk) = shrunk else { continue };
            let text = shrink::file_text(&shrunk);
            let path = self.folder.failure(
                &kept.result.scenario,
                kept.result.seed,
                FailureFile::Shrunk,
                text.as_bytes(),
            )?;
            kept.shrunk = Some((shrunk.plan.clone(), path.display().to_string()));
            self.shrunk.push(shrunk);
        }
        Ok(Worked::ToTheEnd)
    }

    /// The failing seeds whose two runs are compared: the first of each scenario that had two.
    fn to_compare(&self) -> Vec<usize> {
        self.firsts(|kept| kept.second == Second::Differs)
    }

    /// Finds the first event in which the two runs of a seed differed, for the first such seed of each
    /// scenario, and writes it down.
    pub(crate) fn differences(
        &mut self,
        compared: impl Fn(&Plan) -> Result<String, CliError>,
    ) -> Result<Vec<String>, CliError> {
        self.turn_to(self.loaded.len());
        let mut texts = Vec::new();
        for place in self.to_compare() {
            let result = &self.kept[place].result;
            self.display.note(&format!("comparing two runs of {} seed {}", result.scenario, result.seed));
            let text = compared(&self.kept[place].plan)?;
            self.folder.failure(&result.scenario, result.seed, FailureFile::Difference, text.as_bytes())?;
            texts.push(text);
        }
        Ok(texts)
    }

    /// What the campaign leaves.
    pub(crate) fn finish(mut self) -> Swept {
        self.turn_to(self.loaded.len());
        let done = self.done.iter().sum();
        let Self { folder, judges, kept, shrunk, coverage, display, .. } = self;
        Swept { folder, judges, kept, shrunk, coverage, wall: display.finish(), done }
    }
}
