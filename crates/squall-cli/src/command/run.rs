//! `run`: a campaign over scenarios and seeds, with a run folder.

mod sweep;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use squall::{Campaign, Job, Plan, Policy, Pool, Registry, RunHost, Seed};
use squall_check::{ScenarioJudge, ScenarioVerdict, SeedResult, exit_code, judge_scenario};
use squall_report::{Commands, Ending, Failure, Faults, RunFolder, ScenarioFile, Unreached};
use squall_scenario::{Overrides, Seeds};

use self::sweep::{Kept, Sweep};
use super::diff_runs;
use crate::args::{BaseSeed, RunArgs};
use crate::environment::{self, STYLE};
use crate::error::CliError;
use crate::interrupt;
use crate::library::{self, Loaded, Scope};
use crate::progress::Display;

pub(crate) fn run(registry: &Registry, args: &RunArgs) -> Result<u8, CliError> {
    let loaded = choose(registry, args)?;
    let overrides = args.changes.overrides();
    for one in &loaded {
        one.scenario.check_overrides(&overrides, &registry.catalogue())?;
    }
    let base = environment::base_seed(args.seeds.base_seed);
    if args.seeds.base_seed == BaseSeed::Random {
        anstream::eprintln!("base seed {base}: --base-seed {base} draws the same seeds again");
    }
    let jobs = jobs(&loaded, args, base)?;
    let mut info = environment::run_info(base);
    info.scenarios = loaded.iter().map(scenario_file).collect();
    let folder = match &args.output {
        Some(path) => RunFolder::at(path, info.clone())?,
        None => RunFolder::create(Path::new(environment::REPORTS), info.clone())?,
    };
    let interrupt = interrupt::by_signal()?;
    let mut hosts = Pool::new(hosts(registry, args, jobs.len())?);
    let mut verifiers = verifiers(registry, args, hosts.size())?;
    let display = Display::new(args.show_progress, jobs.len() as u64);
    let judge = |one: &Loaded| ScenarioJudge::new(&one.scenario.name, expect(one, &overrides));
    let judges = loaded.iter().map(judge).collect();
    let of_jobs = jobs.iter().map(|job| job.scenario).collect();
    let mut sweep = Sweep::new(&loaded, judges, folder, display, of_jobs);
    let campaign = Campaign {
        jobs,
        plan: &|job| loaded[job.scenario].scenario.plan(job.seed, &overrides),
        counts: &|result, scenario| counts(result, &loaded[scenario], &overrides),
        policy: Policy {
            max_fail: if args.no_fail_fast { u64::MAX } else { args.max_fail },
            recheck: args.check_determinism,
        },
    };
    let mut broken = None;
    campaign.run(hosts.hosts(), &mut verifiers, &mut |progress| {
        if broken.is_none() {
            broken = sweep.take(progress).err();
        }
    })?;
    if let Some(error) = broken {
        return Err(error);
    }
    if !args.no_shrink {
        sweep.shrink(&mut hosts, &interrupt)?;
    }
    let compared = |plan: &Plan| Ok(diff_runs::compared(registry, args.place, plan)?.0);
    let differences = sweep.differences(compared)?;
    let (folder, verdicts, kept, wall) = sweep.finish();
    let unreached = unreached(registry, &loaded, &verdicts);
    differences.iter().for_each(|text| anstream::println!("{text}"));
    close(folder, &info, (&verdicts, &unreached), &kept, wall, args)?;
    Ok(exit_code(&verdicts))
}

fn choose(registry: &Registry, args: &RunArgs) -> Result<Vec<Loaded>, CliError> {
    let mut loaded = library::load(registry, &args.filter, Scope::Bare)?;
    if !args.tag.is_empty() {
        loaded.retain(|one| args.tag.iter().any(|tag| one.scenario.tags.contains(tag)));
    }
    if loaded.is_empty() {
        let why = if args.tag.is_empty() {
            "there is no scenario under scenarios/".to_owned()
        } else {
            format!("no scenario has the tag {}", args.tag.join(" or "))
        };
        return Err(CliError::Nothing(why));
    }
    library::refuse_unsupported(&loaded)?;
    Ok(loaded)
}

/// Seeds of one campaign: each waits in memory for its turn.
const SEEDS_MAX: u64 = 10_000_000;

fn jobs(loaded: &[Loaded], args: &RunArgs, base: Seed) -> Result<Vec<Job>, CliError> {
    let seeds = |one: &Loaded| match (args.seeds.seed, &args.seeds.seeds) {
        (Some(seed), _) => Seeds::List(vec![seed]),
        (None, Some(seeds)) => seeds.clone(),
        (None, None) => one.scenario.seeds.clone(),
    };
    let wanted = loaded.iter().fold(0_u64, |sum, one| sum.saturating_add(seeds(one).count()));
    if wanted > SEEDS_MAX {
        return Err(CliError::Usage(format!("{wanted} seeds are more than one run takes ({SEEDS_MAX})")));
    }
    let jobs = loaded
        .iter()
        .enumerate()
        .flat_map(|(scenario, one)| seeds(one).resolve(base).map(move |seed| Job { scenario, seed }));
    Ok(jobs.collect())
}

fn hosts(registry: &Registry, args: &RunArgs, jobs: usize) -> Result<Vec<Box<dyn RunHost>>, CliError> {
    let wanted = args.jobs.map_or_else(environment::cores, usize::from);
    let count = if args.place.in_process { 1 } else { wanted.min(jobs).max(1) };
    (0..count).map(|_| Ok(environment::host(registry, args.place)?)).collect()
}

/// Hosts for second runs: processes that the first runs do not use. One is enough for a sample; where
/// many are run again, each host gets one of its own, so that no host waits.
fn verifiers(registry: &Registry, args: &RunArgs, hosts: usize) -> Result<Vec<Box<dyn RunHost>>, CliError> {
    let count = if args.check_determinism > Policy::RECHECK { hosts } else { 1 };
    (0..count).map(|_| Ok(environment::host(registry, args.place)?)).collect()
}

fn scenario_file(one: &Loaded) -> ScenarioFile {
    ScenarioFile {
        name: one.scenario.name.clone(),
        path: one.path.display().to_string(),
        hash: one.scenario.hash().to_string(),
    }
}

/// Whether a result brings its scenario closer to its end: a known failure is what was wanted.
fn counts(result: &SeedResult, one: &Loaded, overrides: &Overrides) -> bool {
    let alone = judge_scenario(&one.scenario.name, &expect(one, overrides), std::slice::from_ref(result));
    alone.failed + alone.nondeterministic + alone.harness_errors > 0
}

fn expect(one: &Loaded, overrides: &Overrides) -> squall::history::Expect {
    one.scenario.plan(Seed(0), overrides).expect
}

/// What of each system that ran is worth reaching and was reached in no scenario of its.
fn unreached(registry: &Registry, loaded: &[Loaded], verdicts: &[ScenarioVerdict]) -> Vec<Unreached> {
    let systems: BTreeSet<&String> = loaded.iter().map(|one| &one.scenario.system).collect();
    let of_system = |system: &String| {
        let own = loaded.iter().zip(verdicts).filter(|(one, _)| one.scenario.system == *system);
        let reached: BTreeSet<&String> = own.flat_map(|(_, verdict)| verdict.conditions.keys()).collect();
        let names = registry.goals(system).into_iter().map(str::to_owned);
        let names: Vec<String> = names.filter(|name| !reached.contains(name)).collect();
        (!names.is_empty()).then(|| Unreached { system: system.clone(), names })
    };
    systems.into_iter().filter_map(of_system).collect()
}

/// Prints the report and closes the folder.
fn close(
    folder: RunFolder,
    info: &squall_report::RunInfo,
    (verdicts, unreached): (&[ScenarioVerdict], &[Unreached]),
    kept: &[Kept],
    wall: Duration,
    args: &RunArgs,
) -> Result<(), CliError> {
    let program = environment::program();
    let options = args.changes.as_arguments();
    let failures: Vec<Failure> = kept.iter().map(as_failure).collect();
    let commands = Commands { program: &program, options: &options };
    let campaign =
        squall_report::Campaign { verdicts, failures: &failures, unreached, commands, wall: Some(wall) };
    let summary = squall_report::summary(&campaign, info);
    let junit = squall_report::junit(&campaign, Some(&info.started));
    let path = folder.finish(Ending::Complete, &summary, &junit)?;
    anstream::print!("{}", squall_report::campaign_text(&campaign, STYLE));
    anstream::println!("     Reports: {}", path.display());
    Ok(())
}

fn as_failure(kept: &Kept) -> Failure<'_> {
    Failure {
        result: &kept.result,
        target: &kept.target,
        faults: match &kept.bound {
            Some(bound) => Faults::Applied(&bound.faults),
            None => Faults::Planned(&kept.plan.faults),
        },
        shrunk: kept
            .shrunk
            .as_ref()
            .map(|(shrunk, path)| squall_report::Shrunk { faults: &shrunk.plan.faults, path }),
        wall: Some(kept.wall),
    }
}
