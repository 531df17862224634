//! What a campaign is, worked out from its arguments and the scenario files: jobs, expectations, and
//! all that `run.json` notes of it. The same for a campaign that begins, one that goes on, and a merge.

use std::collections::BTreeMap;

use squall::history::{Expect, Ppm};
use squall::{Job, Plan, Registry, Seed, Slice};
use squall_check::{ScenarioJudge, SeedResult, judge_scenario};
use squall_report::{RunInfo, ScenarioFile};
use squall_scenario::{Overrides, Seeds};

use crate::args::RunArgs;
use crate::environment;
use crate::error::CliError;
use crate::library::{self, Loaded, Scope};

/// Seeds of one campaign: each waits in memory for its turn.
const SEEDS_MAX: u64 = 10_000_000;

/// A campaign before it runs.
pub(crate) struct Setting {
    pub(crate) loaded: Vec<Loaded>,
    pub(crate) base: Seed,
    /// All of the campaign, in order.
    pub(crate) all: Vec<Job>,
    /// The part of it that is run here, if not all is.
    pub(crate) slice: Option<Slice>,
    /// A scenario ends at this many failing seeds.
    pub(crate) max_fail: u64,
    /// This share of the passing seeds is run again.
    pub(crate) recheck: Ppm,
    overrides: Overrides,
    /// By scenario.
    expects: Vec<Expect>,
    options: BTreeMap<String, String>,
    /// As they were typed.
    arguments: Vec<String>,
}

impl Setting {
    /// Reads and checks the scenarios that `args` name.
    pub(crate) fn of(
        registry: &Registry,
        args: &RunArgs,
        base: Seed,
        slice: Option<Slice>,
    ) -> Result<Self, CliError> {
        let loaded = choose(registry, args)?;
        let overrides = args.changes.overrides();
        for one in &loaded {
            one.scenario.check_overrides(&overrides, &registry.catalogue())?;
            library::refuse_lacks(&one.scenario, &overrides)?;
        }
        let all = jobs(&loaded, args, base)?;
        let expects = loaded.iter().map(|one| one.scenario.plan(Seed(0), &overrides).expect).collect();
        let max_fail = if args.no_fail_fast { u64::MAX } else { args.max_fail };
        let (recheck, options) = (args.check_determinism, options(args));
        let arguments = args.words.clone().unwrap_or_else(environment::arguments);
        Ok(Self { loaded, base, all, slice, max_fail, recheck, overrides, expects, options, arguments })
    }

    /// Whether runs are chosen by what others went through, or ended by it.
    pub(crate) fn is_explored(&self) -> bool {
        ["--until-stable", "--guided"].iter().any(|option| self.options[*option] != "not given")
    }

    /// The jobs that are run here.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.slice.map_or_else(|| self.all.clone(), |slice| slice.jobs(&self.all))
    }

    /// The plan of a job.
    pub(crate) fn plan(&self, job: &Job) -> Plan {
        self.loaded[job.scenario].scenario.plan(job.seed, &self.overrides)
    }

    /// Whether a result brings its scenario closer to its end: a known failure is what was wanted.
    pub(crate) fn counts(&self, result: &SeedResult, scenario: usize) -> bool {
        let name = &self.loaded[scenario].scenario.name;
        let alone = judge_scenario(name, &self.expects[scenario], std::slice::from_ref(result));
        alone.failed + alone.nondeterministic + alone.harness_errors > 0
    }

    /// A judge for each scenario.
    pub(crate) fn judges(&self) -> Vec<ScenarioJudge> {
        let judge =
            |(one, expect): (&Loaded, &Expect)| ScenarioJudge::new(&one.scenario.name, expect.clone());
        self.loaded.iter().zip(&self.expects).map(judge).collect()
    }

    /// What `run.json` says of this process running it.
    pub(crate) fn info(&self) -> RunInfo {
        RunInfo {
            seeds: self.slice.map_or(self.all.len(), |slice| slice.jobs(&self.all).len()) as u64,
            options: self.options.clone(),
            scenarios: self.loaded.iter().map(scenario_file).collect(),
            partition: self.slice.map(|slice| slice.to_string()),
            arguments: self.arguments.clone(),
            ..environment::run_info(self.base)
        }
    }
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

fn jobs(loaded: &[Loaded], args: &RunArgs, base: Seed) -> Result<Vec<Job>, CliError> {
    let seeds = |one: &Loaded| match (args.seeds.seed, &args.seeds.seeds) {
        (Some(seed), _) => Seeds::List(vec![seed]),
        (None, Some(seeds)) => seeds.clone(),
        (None, None) => times(&one.scenario.seeds, args.seeds.factor.unwrap_or(1)),
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

/// So many times as many seeds; a list stays as it is.
fn times(seeds: &Seeds, factor: u64) -> Seeds {
    match seeds {
        Seeds::Count(count) => Seeds::Count(count.saturating_mul(factor)),
        Seeds::Range { from, count } => Seeds::Range { from: *from, count: count.saturating_mul(factor) },
        Seeds::List(_) => seeds.clone(),
    }
}

/// What bears on results and on the files beside them, by option, defaults filled in. Scenarios and base
/// seed are noted apart.
fn options(args: &RunArgs) -> BTreeMap<String, String> {
    let seeds = match (args.seeds.seed, &args.seeds.seeds) {
        (Some(seed), _) => seed.to_string(),
        (None, Some(Seeds::Count(count))) => count.to_string(),
        (None, Some(Seeds::Range { from, count })) => format!("{count} from {from}"),
        (None, Some(Seeds::List(seeds))) => format!("{seeds:?}"),
        (None, None) => match args.seeds.factor {
            None => "of each scenario".to_owned(),
            Some(factor) => format!("{factor} times those of each scenario"),
        },
    };
    let given = |flag: bool| if flag { "given" } else { "not given" }.to_owned();
    let sets = args.changes.set.iter().map(|(key, value)| format!("{key}={value}"));
    let max_fail = if args.no_fail_fast { "none".to_owned() } else { args.max_fail.to_string() };
    let options = [
        ("--seeds", seeds),
        (
            "--bug",
            if args.changes.bug.is_empty() {
                "of each scenario".to_owned()
            } else {
                args.changes.bug.join(" ")
            },
        ),
        ("--set", sets.collect::<Vec<_>>().join(" ")),
        ("--engine", args.changes.engine.clone().unwrap_or_else(|| "of each scenario".to_owned())),
        ("--skip-unsupported", given(args.changes.skip_unsupported)),
        ("--max-fail", max_fail),
        ("--check-determinism", args.check_determinism.to_string()),
        ("--no-shrink", given(args.no_shrink)),
        ("--in-process", given(args.place.in_process)),
        ("--until-stable", args.until_stable.map_or_else(|| given(false), |seeds| seeds.to_string())),
        ("--guided", given(args.guided)),
    ];
    options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn scenario_file(one: &Loaded) -> ScenarioFile {
    ScenarioFile {
        name: one.scenario.name.clone(),
        path: one.path.display().to_string(),
        hash: one.scenario.hash().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;

    /// Options that change no result and no file beside it, or that are noted in a field of their own, or
    /// that only fill in others.
    const NOT_NOTED: [&str; 11] = [
        "jobs",
        "tag",
        "filter",
        "base_seed",
        "output",
        "show_progress",
        "annotations",
        "time_budget",
        "resume",
        "keep",
        "profile",
    ];
    /// Options that are noted under another's name, or as the partition.
    const NOTED_ELSEWHERE: [&str; 3] = ["seed", "no_fail_fast", "partition"];

    #[test]
    fn every_option_is_noted_or_known_to_have_no_bearing() {
        let command = RunArgs::augment_args(clap::Command::new("run"));
        let noted = options(&RunArgs::read(&[]).expect("no argument is needed"));
        for arg in command.get_arguments() {
            let id = arg.get_id().as_str();
            let is_noted = arg.get_long().is_some_and(|long| noted.contains_key(&format!("--{long}")));
            assert!(
                is_noted || NOT_NOTED.contains(&id) || NOTED_ELSEWHERE.contains(&id),
                "`{id}`: does a result or a file beside it depend on it? then note it in `options`, so that \
                 `--resume` and `merge` see a difference; else name it here"
            );
        }
    }
}
