//! `merge`: the slices of a campaign become the folder that one machine would have left, and are judged
//! as one.

use std::collections::BTreeMap;
use std::path::Path;

use squall::{Job, Registry, Slice, Turn};
use squall_check::{Outcome, SeedResult};
use squall_report::{Difference, RunFolder, RunInfo, RunStatus, Stored};

use super::run::report::{Closing, resume_command};
use super::run::resume::{refuse_differences, setting_of};
use super::run::setting::Setting;
use super::run::sweep::{Files, KEPT_MAX, Sweep};
use crate::args::{MergeArgs, RunArgs, ShowProgress};
use crate::environment;
use crate::error::CliError;
use crate::progress::{Display, counted};

pub(crate) fn run(registry: &Registry, args: &MergeArgs) -> Result<u8, CliError> {
    let mut shards = args.folders.iter().map(|path| Shard::open(path)).collect::<Result<Vec<_>, _>>()?;
    refuse_strangers(&shards)?;
    let slices = by_number(&shards)?;
    refuse_incomplete(&shards, &slices)?;
    let first = &shards[0];
    let mut setting = setting_of(registry, first.folder.info())?;
    refuse_differences(first.folder.path(), first.folder.info(), &setting)?;
    let changes = RunArgs::read(&first.folder.info().arguments).expect("they were just understood").changes;
    shards.iter_mut().for_each(|shard| shard.jobs = shard.slice.jobs(&setting.all));
    // Read through once before anything is written: a merge that fails leaves no half of a folder.
    verify(&setting, &mut shards, &slices)?;
    setting.slice = None;
    let folder = match &args.output {
        Some(path) => RunFolder::at(path, setting.info())?,
        None => RunFolder::create(Path::new(environment::REPORTS), setting.info())?,
    };
    let display = Display::new(ShowProgress::None, 0);
    let mut sweep = Sweep::new(&setting, folder, display, setting.all.iter().map(|job| job.scenario));
    // Results as they come, files of failing seeds from the slice that has them.
    in_order(&setting, &mut shards, &slices, &mut |job, result, shard| {
        let plan = || setting.plan(job);
        sweep.recall(registry, job.scenario, (&result, None), &plan, Files::In(&shard.folder))?;
        Ok(sweep.folder().result(&result)?)
    })?;
    let swept = sweep.finish();
    let (changes, annotations) = (&changes, args.annotations);
    Closing { registry, setting: &setting, changes, stopped: None, wall: None, annotations }
        .close(swept, &super::run::print)
}

/// A slice that was run.
struct Shard {
    folder: RunFolder,
    slice: Slice,
    jobs: Vec<Job>,
    turn: Turn,
    results: Stored<SeedResult>,
}

impl Shard {
    fn open(path: &Path) -> Result<Self, CliError> {
        let folder = RunFolder::reopen(path, None)?;
        let partition = folder.info().partition.clone();
        let slice = partition.and_then(|text| text.parse::<Slice>().ok()).ok_or_else(|| {
            CliError::Stored(format!(
                "{} is no slice of a campaign: it was run without --partition",
                path.display()
            ))
        })?;
        let results = folder.stored_results()?;
        Ok(Self { folder, slice, jobs: Vec::new(), turn: Turn::new(1), results })
    }

    fn info(&self) -> &RunInfo {
        self.folder.info()
    }

    /// Refuses if the files of a failing seed are not all there.
    fn refuse_without_files(&self, result: &SeedResult) -> Result<(), CliError> {
        let SeedResult { scenario, seed, .. } = result;
        if self.folder.failure_verdict(scenario, *seed)?.as_ref() == Some(result) {
            return Ok(());
        }
        let path = self.folder.failure_path(scenario, *seed)?;
        Err(CliError::Stored(format!(
            "{} lacks files: copy the whole folder of {}",
            path.display(),
            self.slice
        )))
    }

    /// The result of this job. Results before it that only this slice needed are passed by: a slice ends
    /// a scenario at a failure of its own, which may come after the campaign's.
    fn result_of(&mut self, setting: &Setting, wanted: &Job) -> Result<SeedResult, CliError> {
        let damaged = || {
            CliError::Stored(format!(
                "{} holds no result of seed {} of {} where it belongs: the file was changed since it was written",
                self.folder.path().join("results.ndjson").display(),
                wanted.seed,
                setting.loaded[wanted.scenario].scenario.name
            ))
        };
        loop {
            let Some(result) = self.results.read()? else { return Err(damaged()) };
            let Some(job) = self.turn.due(&self.jobs).map(|place| self.jobs[place].clone()) else {
                return Err(damaged());
            };
            if job.seed != result.seed || setting.loaded[job.scenario].scenario.name != result.scenario {
                return Err(damaged());
            }
            self.turn.told(&self.jobs, setting.counts(&result, job.scenario).into());
            if job == *wanted {
                return Ok(result);
            }
        }
    }
}

/// Tells every result of the whole campaign in its order, with the slice it comes from.
fn in_order(
    setting: &Setting,
    shards: &mut [Shard],
    slices: &BTreeMap<u64, usize>,
    tell: &mut dyn FnMut(&Job, SeedResult, &Shard) -> Result<(), CliError>,
) -> Result<(), CliError> {
    for shard in &mut *shards {
        shard.turn = Turn::new(setting.max_fail);
        shard.results = shard.folder.stored_results()?;
    }
    let mut turn = Turn::new(setting.max_fail);
    while let Some(place) = turn.due(&setting.all) {
        let job = &setting.all[place];
        let shard = &mut shards[slices[&Slice::number_at(place, slices.len() as u64)]];
        let result = shard.result_of(setting, job)?;
        turn.told(&setting.all, setting.counts(&result, job.scenario).into());
        tell(job, result, shard)?;
    }
    Ok(())
}

/// Refuses slices that lack results, or files of those failing seeds that keep theirs.
fn verify(setting: &Setting, shards: &mut [Shard], slices: &BTreeMap<u64, usize>) -> Result<(), CliError> {
    let mut kept = BTreeMap::new();
    in_order(setting, shards, slices, &mut |job, result, shard| {
        if result.outcome == Outcome::Pass {
            return Ok(());
        }
        let kept: &mut usize = kept.entry(job.scenario).or_default();
        *kept += 1;
        if *kept > KEPT_MAX { Ok(()) } else { shard.refuse_without_files(&result) }
    })
}

/// Refuses slices that are not of one campaign.
fn refuse_strangers(shards: &[Shard]) -> Result<(), CliError> {
    let first = &shards[0];
    for other in &shards[1..] {
        let mut differences = first.info().differences(other.info());
        if first.slice.of() != other.slice.of() {
            let of = |shard: &Shard| shard.slice.of().to_string();
            differences.push(("the number of slices".to_owned(), of(first), of(other)));
        }
        if !differences.is_empty() {
            let (one, two) = (first.folder.path().display(), other.folder.path().display());
            let line = |(what, this, that): &Difference| format!("\n  {what}: {this} there, {that} here");
            let lines: String = differences.iter().map(line).collect();
            return Err(CliError::Stored(format!("{one} and {two} are not slices of one campaign:{lines}")));
        }
    }
    Ok(())
}

/// Places of slices by their number; no number twice.
fn by_number(shards: &[Shard]) -> Result<BTreeMap<u64, usize>, CliError> {
    let mut slices = BTreeMap::new();
    for (place, shard) in shards.iter().enumerate() {
        if let Some(other) = slices.insert(shard.slice.number(), place) {
            let (one, two) = (shards[other].folder.path().display(), shard.folder.path().display());
            return Err(CliError::Stored(format!("{one} and {two} are both {}: leave one out", shard.slice)));
        }
    }
    Ok(slices)
}

/// Slices and folders that are named; the others are counted.
const NAMED_MAX: usize = 20;

/// Names what is missing: slices without a folder, and folders that are not complete.
fn refuse_incomplete(shards: &[Shard], slices: &BTreeMap<u64, usize>) -> Result<(), CliError> {
    let of = shards[0].slice.of();
    let absent = (1..=of).filter(|number| !slices.contains_key(number));
    let absent: Vec<String> = absent.map(|number| format!("slice:{number}/{of}")).collect();
    let mut why = Vec::new();
    if !absent.is_empty() {
        let names = absent.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
        let more = if absent.len() > NAMED_MAX { ", …" } else { "" };
        why.push(format!("{} missing of {}: {names}{more}", absent.len(), counted(of, "slice")));
    }
    let incomplete = shards.iter().filter(|shard| shard.info().status != RunStatus::Complete);
    why.extend(incomplete.take(NAMED_MAX).map(|shard| {
        let (slice, status) = (shard.slice, shard.info().status.name());
        format!("{slice} is not complete ({status}): go on with `{}`", resume_command(&shard.folder))
    }));
    if why.is_empty() {
        return Ok(());
    }
    Err(CliError::Incomplete(format!("nothing is merged\n  {}", why.join("\n  "))))
}
