//! What a campaign says, taken down: results in order, failures with their files, progress.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use squall::{Finished, Interrupt, Plan, Pool, Progress, RunReply, Second, Seed, ShrinkTerms, Shrunk};
use squall_check::{Outcome, ScenarioJudge, ScenarioVerdict, SeedResult};
use squall_report::{Detail, FailureFile, Inflight, RunFolder, Style, Timing};
use squall_scenario::to_yaml;

use crate::command::shrink;
use crate::environment::wall_now;
use crate::error::CliError;
use crate::known::Found;
use crate::library::Loaded;
use crate::progress::{Display, counted};

/// Failing seeds of one scenario whose files are kept; the others are lines of `results.ndjson`.
const KEPT_MAX: usize = 20;
/// Runs that shrinking may take after a campaign.
const SHRINK_RUNS: u64 = 200;

/// A failing seed.
pub(super) struct Kept {
    scenario: usize,
    pub(super) target: String,
    pub(super) result: SeedResult,
    pub(super) plan: Plan,
    pub(super) bound: Option<Plan>,
    pub(super) shrunk: Option<(Shrunk, String)>,
    pub(super) wall: Duration,
    pub(super) second: Second,
}

/// A campaign in progress.
pub(super) struct Sweep<'a> {
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
}

impl<'a> Sweep<'a> {
    /// `judges`: one for each scenario. `jobs`: the scenario of each seed.
    pub(super) fn new(
        loaded: &'a [Loaded],
        judges: Vec<ScenarioJudge>,
        folder: RunFolder,
        display: Display,
        jobs: Vec<usize>,
    ) -> Self {
        let mut left = vec![0; loaded.len()];
        jobs.into_iter().for_each(|scenario| left[scenario] += 1);
        Self {
            loaded,
            folder,
            display,
            judges,
            failed: vec![0; loaded.len()],
            done: vec![0; loaded.len()],
            left,
            current: 0,
            running: BTreeMap::new(),
            walls: BTreeMap::new(),
            kept: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, progress: Progress) -> Result<(), CliError> {
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

    fn finished(&mut self, finished: Finished) -> Result<(), CliError> {
        let Finished { scenario, result, plan, recorded, second } = finished;
        self.turn_to(scenario);
        let (worker, wall) = self.walls.remove(&(scenario, result.seed)).unwrap_or_default();
        self.folder.result(&result)?;
        self.folder.timing(&Timing {
            v: squall_report::TIMING_FORMAT,
            scenario: result.scenario.clone(),
            seed: result.seed,
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            worker: u32::try_from(worker).unwrap_or(u32::MAX),
        })?;
        self.display.seed(&result);
        self.left[scenario] -= 1;
        let kept = self.kept.iter().filter(|kept| kept.scenario == scenario).count();
        if result.outcome != Outcome::Pass && kept < KEPT_MAX {
            let bound = recorded.as_ref().and_then(|reply| reply.bound.clone());
            self.store(&result, &plan, recorded.as_ref())?;
            let target = self.loaded[scenario].target.clone();
            self.kept.push(Kept {
                scenario,
                target,
                result: result.clone(),
                plan,
                bound,
                shrunk: None,
                wall,
                second,
            });
        }
        self.done[scenario] += 1;
        self.failed[scenario] += u64::from(result.outcome != Outcome::Pass);
        self.judges[scenario].take(&result);
        Ok(())
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

    /// Writes the files of a failing seed.
    fn store(
        &mut self,
        result: &SeedResult,
        plan: &Plan,
        recorded: Option<&RunReply>,
    ) -> Result<(), CliError> {
        let mut write = |file, text: &str| -> Result<(), CliError> {
            self.folder.failure(&result.scenario, result.seed, file, text.as_bytes())?;
            Ok(())
        };
        let found = Found::now(result).line();
        write(FailureFile::Plan, &to_yaml(plan, &format!("What the seed drew, before the run.\n{found}")))?;
        let verdict = serde_json::to_string_pretty(result).expect("a result is plain data");
        write(FailureFile::Verdict, &verdict)?;
        let Some(reply) = recorded else { return Ok(()) };
        if let Some(bound) = &reply.bound {
            let head = format!("What the run did: every fault with its literal targets.\n{found}");
            write(FailureFile::Bound, &to_yaml(bound, &head))?;
        }
        if let Some(journal) = &reply.journal {
            write(FailureFile::Journal, journal)?;
        }
        let mut log = format!("{} seed {}: {}\n", result.scenario, result.seed, result.outcome.name());
        log += &format!("{}\n{}\n", result.detail, reply.log);
        if let Some(text) = &reply.history {
            write(FailureFile::History, text)?;
            let history =
                squall::history::History::read_ndjson(text.as_bytes()).expect("just written by the run");
            log += &squall_report::timeline(&history, &result.violations, Detail::Trace, None, Style::Plain);
        }
        write(FailureFile::Log, &log)
    }

    /// Shrinks the first failing seed of each scenario.
    pub(super) fn shrink(&mut self, pool: &mut Pool, interrupt: &Interrupt) -> Result<(), CliError> {
        self.turn_to(self.loaded.len());
        let mut done = Vec::new();
        for kept in &mut self.kept {
            // What dies or hangs takes its time limit at each try; a digest that wobbles shrinks nowhere.
            let shrinks = matches!(kept.result.outcome, Outcome::Fail | Outcome::Panic);
            if !shrinks || done.contains(&kept.scenario) {
                continue;
            }
            done.push(kept.scenario);
            let bound = kept.bound.as_ref().unwrap_or(&kept.plan);
            if bound.faults.is_empty() {
                continue;
            }
            self.display.note(&format!("shrinking {} seed {}", kept.result.scenario, kept.result.seed));
            let mut terms = ShrinkTerms { runs_max: SHRINK_RUNS, interrupt, tell: &mut |_, _| {} };
            let Some(shrunk) = squall::shrink(pool, bound, &mut terms)? else { continue };
            let text = shrink::file_text(&shrunk);
            let path = self.folder.failure(
                &kept.result.scenario,
                kept.result.seed,
                FailureFile::Shrunk,
                text.as_bytes(),
            )?;
            kept.shrunk = Some((shrunk, path.display().to_string()));
        }
        Ok(())
    }

    /// Finds the first event in which the two runs of a seed differed, for the first such seed of each
    /// scenario, and writes it down.
    pub(super) fn differences(
        &mut self,
        compared: impl Fn(&Plan) -> Result<String, CliError>,
    ) -> Result<Vec<String>, CliError> {
        self.turn_to(self.loaded.len());
        let (mut done, mut texts) = (Vec::new(), Vec::new());
        for kept in self.kept.iter().filter(|kept| kept.second == Second::Differs) {
            if done.contains(&kept.scenario) {
                continue;
            }
            done.push(kept.scenario);
            let result = &kept.result;
            self.display.note(&format!("comparing two runs of {} seed {}", result.scenario, result.seed));
            let text = compared(&kept.plan)?;
            self.folder.failure(&result.scenario, result.seed, FailureFile::Difference, text.as_bytes())?;
            texts.push(text);
        }
        Ok(texts)
    }

    /// What the campaign leaves: its folder, what every scenario came to, and failing seeds.
    pub(super) fn finish(mut self) -> (RunFolder, Vec<ScenarioVerdict>, Vec<Kept>, Duration) {
        self.turn_to(self.loaded.len());
        let verdicts = self.judges.into_iter().map(ScenarioJudge::finish).collect();
        (self.folder, verdicts, self.kept, self.display.finish())
    }
}
