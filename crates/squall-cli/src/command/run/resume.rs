//! `--resume`: a campaign that was killed, interrupted or cut goes on in its own folder, to the bytes that
//! one without a break would have left.
//!
//! What is there is checked before anything changes: the folder is of this program, these scenarios and
//! these options, and its results are the first ones of this campaign, in order.

use std::path::{Path, PathBuf};
use std::time::Duration;

use squall::{Plan, Pool, Recording, Registry, RunReply, RunRequest, Slice, Turn};
use squall_check::SeedResult;
use squall_report::{Difference, RunFolder, RunInfo, RunStatus, Stored, Timing};

use super::Begun;
use super::setting::Setting;
use super::sweep::{Files, Sweep};
use crate::args::RunArgs;
use crate::environment;
use crate::error::CliError;
use crate::progress::counted;

/// What there is to do for `--resume`.
pub(super) enum TakenUp {
    /// This.
    Left(Box<Begun>),
    /// Nothing: the campaign is complete, and ended with this exit code.
    Nothing(u8),
}

/// Opens the folder of an earlier stint and works out its campaign.
pub(super) fn take_up(registry: &Registry, args: &RunArgs, given: &Path) -> Result<TakenUp, CliError> {
    if !args.typed.is_empty() {
        return Err(CliError::Usage(format!(
            "--resume goes on with the arguments that the campaign began with: {} cannot stand beside it",
            args.typed.join(", ")
        )));
    }
    let path = own_path(given);
    let folder = RunFolder::reopen(&path, reports_of(&path))?;
    let stored = folder.info().clone();
    if let (RunStatus::Complete, Some(code)) = (stored.status, stored.exit_code) {
        // Whoever starts it again after each end need not know which was the last.
        anstream::eprintln!("the campaign in {} is complete: it ended with {code}", path.display());
        return Ok(TakenUp::Nothing(code));
    }
    let setting = setting_of(registry, &stored)?;
    refuse_differences(&path, &stored, &setting)?;
    let began_with = arguments_of(&stored)?;
    if setting.is_explored() {
        return Err(CliError::Usage(format!(
            "the campaign in {} chose its runs from its results (--guided, --until-stable): it cannot be gone \
             on with; run it again",
            path.display()
        )));
    }
    let args = RunArgs {
        jobs: args.jobs.or(began_with.jobs),
        show_progress: args.show_progress,
        time_budget: args.time_budget,
        annotations: args.annotations,
        ..began_with
    };
    Ok(TakenUp::Left(Box::new(Begun { args, setting, folder, resumed: true })))
}

/// The campaign of a folder, from what its `run.json` says and the scenarios as they are now.
pub(crate) fn setting_of(registry: &Registry, stored: &RunInfo) -> Result<Setting, CliError> {
    let slice = stored.partition.as_deref().map(str::parse::<Slice>).transpose();
    let slice = slice.map_err(|error| CliError::Stored(format!("{}: {error}", stored.run_id)))?;
    Setting::of(registry, &arguments_of(stored)?, stored.base_seed, slice)
}

/// With what their profile says now; should it have said something else, the options differ.
fn arguments_of(stored: &RunInfo) -> Result<RunArgs, CliError> {
    let args = RunArgs::read(&stored.arguments).map_err(|error| {
        let run_id = &stored.run_id;
        CliError::Stored(format!("this Squall does not understand the arguments of run {run_id}: {error}"))
    })?;
    args.with_profile()
}

/// Refuses a campaign that this program with these files would not run alike.
pub(crate) fn refuse_differences(path: &Path, stored: &RunInfo, setting: &Setting) -> Result<(), CliError> {
    let mut now = setting.info();
    // One more thing that decides the list of jobs, without a name of its own.
    now.options.insert("the number of seeds".to_owned(), now.seeds.to_string());
    let mut then = stored.clone();
    then.options.insert("the number of seeds".to_owned(), then.seeds.to_string());
    let differences = then.differences(&now);
    if differences.is_empty() {
        return Ok(());
    }
    let line = |(what, then, now): &Difference| format!("\n  {what}: {then} then, {now} now");
    let lines: String = differences.iter().map(line).collect();
    let began = stored.commit.as_deref().unwrap_or("no commit");
    Err(CliError::Stored(format!(
        "{} was begun by another campaign than this would be:{lines}\nhelp: build and check out what began it ({began}), or run the campaign again",
        path.display()
    )))
}

/// The folder under its own name: `reports/latest` will point elsewhere when the next run ends.
fn own_path(given: &Path) -> PathBuf {
    match (std::fs::read_link(given), given.parent()) {
        (Ok(target), Some(parent)) => parent.join(target),
        _ => given.to_owned(),
    }
}

/// `reports`, if the folder lies in it.
fn reports_of(path: &Path) -> Option<&'static Path> {
    let reports = Path::new(environment::REPORTS);
    let above = path.parent()?.canonicalize().ok()?;
    (above == reports.canonicalize().ok()?).then_some(reports)
}

/// Takes in what is there, cuts off what is not whole, and says whose turn it is.
pub(super) fn recall(
    registry: &Registry,
    setting: &Setting,
    sweep: &mut Sweep<'_>,
    hosts: &mut Pool,
) -> Result<Turn, CliError> {
    let jobs = setting.jobs();
    let mut turn = Turn::new(setting.max_fail);
    let mut results = sweep.folder().stored_results()?;
    let mut walls = Walls { stored: sweep.folder().stored_timings()?, sound: 0, ended: false };
    let mut make = |plan: &Plan| -> Result<RunReply, CliError> {
        Ok(hosts.run(&RunRequest { plan: plan.clone(), recording: Recording::Full })?)
    };
    while let Some(result) = results.read()? {
        let due = turn.due(&jobs).map(|place| &jobs[place]);
        let job = due.filter(|job| {
            job.seed == result.seed && setting.loaded[job.scenario].scenario.name == result.scenario
        });
        let Some(job) = job else {
            return Err(stranger(sweep.folder().path(), results.lines(), &result));
        };
        let wall = walls.of(&result)?;
        let plan = || setting.plan(job);
        sweep.recall(registry, job.scenario, (&result, wall), &plan, Files::Here(&mut make))?;
        turn.told(&jobs, setting.counts(&result, job.scenario).into());
    }
    let (done, behind, timings) = (results.lines() as u64, results.behind()?, walls.sound);
    sweep.folder().rewind(results.bytes(), timings)?;
    let torn =
        if behind == 0 { String::new() } else { format!(" (the last {behind} bytes were no whole result)") };
    anstream::eprintln!(
        "resuming {}: {done} of {} done{torn}",
        sweep.folder().path().display(),
        counted(jobs.len() as u64, "seed")
    );
    Ok(turn)
}

/// A result that is not the next of this campaign.
fn stranger(folder: &Path, line: usize, result: &SeedResult) -> CliError {
    CliError::Stored(format!(
        "{}:{line}: seed {} of {} is not the next one of this campaign: the file holds results of another",
        folder.join("results.ndjson").display(),
        result.seed,
        result.scenario
    ))
}

/// Wall times beside results. They stand in the same order; what does not is cut off.
struct Walls {
    stored: Stored<Timing>,
    /// Bytes that belong to results.
    sound: u64,
    ended: bool,
}

impl Walls {
    fn of(&mut self, result: &SeedResult) -> Result<Option<Duration>, CliError> {
        if self.ended {
            return Ok(None);
        }
        let timing = self.stored.read()?;
        let timing = timing.filter(|timing| timing.seed == result.seed && timing.scenario == result.scenario);
        self.ended = timing.is_none();
        if timing.is_some() {
            self.sound = self.stored.bytes();
        }
        Ok(timing.map(|timing| Duration::from_millis(timing.wall_ms)))
    }
}
