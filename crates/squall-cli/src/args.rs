//! The arguments, as the user types them.

mod profile;
mod zoo;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use squall::history::Ppm;
use squall::{Policy, Seed, SimDuration, Slice};
use squall_check::blackbox::recording::{Format, Keys, Times};
use squall_scenario::Overrides;

pub(crate) use self::zoo::{HuntTerms, ProfileArg, ZooArgs};

/// Chaos tests: runs scenarios over many seeds, and replays, explains and shrinks what fails.
#[derive(Debug, Parser)]
#[command(name = "squall", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios over many seeds (the default).
    Run(Box<RunArgs>),
    /// Run one seed again, with its timeline.
    Replay(ReplayArgs),
    /// Show what a seed will do, before it runs.
    Plan(PlanArgs),
    /// Check scenario files without running them.
    Check(CheckArgs),
    /// List scenarios, systems, oracles and planted bugs.
    List(ListArgs),
    /// Make a failing run small: fewer faults, nodes and operations, the same failure.
    Shrink(ShrinkArgs),
    /// Chart when a failing run's violation became likely, and what had just happened.
    ExplainFailure(ExplainFailureArgs),
    /// Run one seed twice, in two workers, and show the first event in which the runs differ.
    DiffRuns(DiffRunsArgs),
    /// Judge a recording of client operations: Squall's, Jepsen's, or anybody's.
    Judge(JudgeArgs),
    /// Join the slices of a campaign (`--partition`) and judge the whole.
    Merge(MergeArgs),
    /// Begin a scenario, or a crate with a system of your own.
    New(NewArgs),
    /// Explain an error code, such as E0012.
    Explain(ExplainArgs),
    /// Measure how well planted bugs are found, shrunk and replayed.
    Zoo(ZooArgs),
}

#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// Scenarios by name or path; without any, all of `scenarios/` and `scenarios/regressions/`.
    #[arg(value_name = "SCENARIO")]
    pub(crate) filter: Vec<String>,
    /// Only scenarios with this tag; may be repeated.
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// Worker processes; default: one for each core.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    #[command(flatten)]
    pub(crate) seeds: SeedArgs,
    #[command(flatten)]
    pub(crate) changes: Changes,
    /// Go on with the campaign in this run folder, killed or interrupted, as if nothing had happened. Its
    /// arguments stand there; only `-j`, `--show-progress` and `--time-budget` may stand beside.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
    /// Run one of N equal parts, `slice:2/8`, for `merge` to join; `auto` reads M and N from the variables
    /// of GitHub, GitLab, Kubernetes or Slurm.
    #[arg(long, value_name = "slice:M/N|auto", value_parser = parse_partition)]
    pub(crate) partition: Option<PartitionArg>,
    /// Begin no more seeds after this time, such as `10m`. What ran is judged and can be gone on with.
    #[arg(long, value_name = "TIME", value_parser = parse_budget)]
    pub(crate) time_budget: Option<SimDuration>,
    /// End a scenario at its N-th failing seed, in seed order; a slice, at its own N-th.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "no_fail_fast",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_fail: u64,
    /// Run all seeds, whatever fails.
    #[arg(long)]
    pub(crate) no_fail_fast: bool,
    /// End a scenario once N seeds in a row went through nothing that earlier ones had not; without a
    /// value, 200.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "200",
          conflicts_with_all = ["resume", "partition", "time_budget"],
          value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) until_stable: Option<u64>,
    /// Take about half of the runs from earlier ones: replayed until something rare happened, drawn anew
    /// from there on.
    #[arg(long, conflicts_with_all = ["resume", "partition", "time_budget"])]
    pub(crate) guided: bool,
    /// Do not shrink the first failing seed of each scenario.
    #[arg(long)]
    pub(crate) no_shrink: bool,
    /// Keep what was shrunk as scenarios under `scenarios/regressions/`. No file there is overwritten.
    #[arg(long, conflicts_with = "no_shrink")]
    pub(crate) keep: bool,
    /// Run this share of the passing seeds a second time, in another worker; without a value, all of
    /// them. Failing seeds always are. A second run that differs is exit code 102.
    #[arg(long, value_name = "P%", num_args = 0..=1, require_equals = true,
          default_value_t = Policy::RECHECK, default_missing_value = "100%", hide_default_value = true)]
    pub(crate) check_determinism: Ppm,
    /// The run's own folder, in place of a new one under `reports/`. It must be empty or new.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// How progress is shown.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) show_progress: ShowProgress,
    /// Notes for GitHub beside the lines of scenarios, and `summary.md` in the step's summary.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) annotations: Annotations,
    /// The profile of `.config/chaos.toml` that fills in what is not typed; `list` shows them.
    #[arg(long, value_name = "NAME", default_value = crate::profile::DEFAULT, hide_default_value = true)]
    pub(crate) profile: String,
    #[command(flatten)]
    pub(crate) place: Place,
    /// The options that were typed, as they are typed.
    #[arg(skip)]
    pub(crate) typed: Vec<String>,
    /// All of them, word by word, if they are not those of this process.
    #[arg(skip)]
    pub(crate) words: Option<Vec<String>>,
}

/// What may stand beside `--resume`: no result depends on it.
const BESIDE_RESUME: [&str; 5] = ["resume", "jobs", "show_progress", "time_budget", "annotations"];

impl RunArgs {
    /// The arguments of a run, from a command line without the program.
    pub(crate) fn read(arguments: &[String]) -> Result<Self, clap::Error> {
        let words = std::iter::once("squall").chain(arguments.iter().map(String::as_str));
        let cli = crate::parsed(&Cli::command().try_get_matches_from(words)?)?;
        match cli.command {
            None => Ok(cli.run),
            Some(Command::Run(args)) => Ok(*args),
            Some(_) => {
                Err(Cli::command().error(ErrorKind::InvalidSubcommand, "it is not the command of a run"))
            }
        }
    }

    /// Notes what of `matches` was typed.
    pub(crate) fn note_typed(&mut self, matches: &ArgMatches) {
        let command = RunArgs::augment_args(clap::Command::new("run"));
        let typed = command.get_arguments().filter(|arg| {
            let id = arg.get_id().as_str();
            matches.try_contains_id(id).is_ok()
                && matches.value_source(id) == Some(ValueSource::CommandLine)
                && !BESIDE_RESUME.contains(&id)
        });
        self.typed = typed
            .map(|arg| arg.get_long().map_or_else(|| "scenarios".to_owned(), |long| format!("--{long}")))
            .collect();
    }
}

/// Whether notes are written for GitHub.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Annotations {
    /// In a step of GitHub Actions, but for slices: `merge` has the last word.
    Auto,
    /// Always.
    Github,
    /// Never.
    None,
}

/// Which part of a campaign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PartitionArg {
    /// This one.
    Slice(Slice),
    /// The one that the environment says.
    Auto,
}

fn parse_partition(text: &str) -> Result<PartitionArg, String> {
    if text == "auto" {
        return Ok(PartitionArg::Auto);
    }
    text.parse().map(PartitionArg::Slice).map_err(|error: squall::SliceError| error.to_string())
}

pub(crate) fn parse_budget(text: &str) -> Result<SimDuration, String> {
    let budget: SimDuration =
        text.parse().map_err(|error: squall::history::time::DurationError| error.to_string())?;
    if budget.as_nanos() == 0 { Err("no seed could begin".to_owned()) } else { Ok(budget) }
}

/// Which seeds.
#[derive(Args, Clone, Debug)]
pub(crate) struct SeedArgs {
    /// Exactly this seed.
    #[arg(long, value_name = "SEED", conflicts_with = "seeds")]
    pub(crate) seed: Option<Seed>,
    /// This many seeds, or a range of them (`0x10..0x20`), in place of the scenario's own.
    #[arg(long, value_name = "N|A..B", value_parser = parse_seeds)]
    pub(crate) seeds: Option<squall_scenario::Seeds>,
    /// What a number of seeds is derived from; `random` draws one and prints it.
    #[arg(long, value_name = "SEED|random", default_value = "0x5eed", value_parser = parse_base)]
    pub(crate) base_seed: BaseSeed,
    /// Where the scenario's own number holds, so many times as many: a profile may say so.
    #[arg(skip)]
    pub(crate) factor: Option<u64>,
}

/// The base seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BaseSeed {
    Fixed(Seed),
    Random,
}

pub(crate) fn parse_base(text: &str) -> Result<BaseSeed, String> {
    if text == "random" {
        return Ok(BaseSeed::Random);
    }
    text.parse().map(BaseSeed::Fixed).map_err(|error: squall::history::seed::SeedError| error.to_string())
}

pub(crate) fn parse_seeds(text: &str) -> Result<squall_scenario::Seeds, String> {
    let seed = |text: &str| text.parse::<Seed>().map_err(|error| error.to_string());
    let seeds = match text.split_once("..") {
        None => squall_scenario::Seeds::Count(text.parse().map_err(|_| {
            format!("`{text}` is neither a number of seeds nor a range such as `0x10..0x20`")
        })?),
        Some((from, to)) => {
            let (from, to) = (seed(from)?, seed(to)?);
            let count = to.0.checked_sub(from.0).ok_or("the range runs backwards")?;
            squall_scenario::Seeds::Range { from, count }
        }
    };
    if seeds.count() == 0 { Err("there is no seed in it".to_owned()) } else { Ok(seeds) }
}

/// What is changed about a scenario.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Changes {
    /// Switch on this planted bug in place of the scenario's; `none` switches all off.
    #[arg(long, value_name = "NAME|none")]
    pub(crate) bug: Vec<String>,
    /// Set a value, such as `workload.keys=2` or `duration=5s`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_set)]
    pub(crate) set: Vec<(String, String)>,
    /// Run on this engine in place of the scenario's: native, turmoil, madsim.
    #[arg(long, value_name = "NAME")]
    pub(crate) engine: Option<String>,
    /// Leave out the faults that the engine cannot inject, in place of refusing the scenario.
    #[arg(long)]
    pub(crate) skip_unsupported: bool,
}

fn parse_set(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Changes {
    pub(crate) fn overrides(&self) -> Overrides {
        let bugs =
            (!self.bug.is_empty()).then(|| self.bug.iter().filter(|bug| *bug != "none").cloned().collect());
        Overrides {
            bugs,
            set: self.set.clone(),
            engine: self.engine.clone(),
            skip_unsupported: self.skip_unsupported,
        }
    }

    /// The same as arguments, for the commands we print.
    pub(crate) fn as_arguments(&self) -> Vec<String> {
        let bugs = self.bug.iter().flat_map(|bug| ["--bug".to_owned(), bug.clone()]);
        let sets = self.set.iter().flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")]);
        let engine = self.engine.iter().flat_map(|engine| ["--engine".to_owned(), engine.clone()]);
        let skip = self.skip_unsupported.then(|| "--skip-unsupported".to_owned());
        bugs.chain(sets).chain(engine).chain(skip).collect()
    }
}

/// Where runs take place.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// Run in this process, for a debugger: without workers, limits or seal.
    #[arg(long)]
    pub(crate) in_process: bool,
}

/// How progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ShowProgress {
    /// A bar on a terminal, else a line for each scenario.
    Auto,
    /// A bar.
    Bar,
    /// A line for each scenario.
    Counter,
    /// Nothing.
    None,
}

/// One run: a scenario with a seed, or a plan file.
#[derive(Args, Clone, Debug)]
pub(crate) struct Target {
    /// A scenario by name or path, or a plan file.
    #[arg(value_name = "SCENARIO|FILE")]
    pub(crate) scenario: String,
    /// The seed; a plan file brings its own.
    #[arg(long, value_name = "SEED")]
    pub(crate) seed: Option<Seed>,
    #[command(flatten)]
    pub(crate) changes: Changes,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Show the timeline up to this moment.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<SimDuration>,
    /// Show every record, client operations included.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Run it a second time, in another worker; one that differs is exit code 102.
    #[arg(long)]
    pub(crate) check_determinism: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print the plan as a file that `replay` takes.
    #[arg(long)]
    pub(crate) yaml: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct CheckArgs {
    /// Scenarios by name or path; without any, all of them, the zoo included.
    #[arg(value_name = "SCENARIO")]
    pub(crate) filter: Vec<String>,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ListArgs {
    /// As one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs that a shrinking may take if nobody says otherwise.
pub(crate) const SHRINK_RUNS: u64 = 1_000;

#[derive(Args, Clone, Debug)]
pub(crate) struct ShrinkArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Most runs it may take.
    #[arg(long, value_name = "N", default_value_t = SHRINK_RUNS)]
    pub(crate) runs: u64,
    /// Worker processes; default: one for each core. The result does not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Write the reduced plan here; default: `shrunk.yaml` beside a plan file, else to the terminal.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Keep it as a scenario under `scenarios/regressions/` too. No file there is overwritten.
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct MergeArgs {
    /// The run folders of all slices, in any order.
    #[arg(value_name = "DIR", required = true)]
    pub(crate) folders: Vec<PathBuf>,
    /// The folder of the whole, in place of a new one under `reports/`. It must be empty or new.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Notes for GitHub beside the lines of scenarios, and `summary.md` in the step's summary.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) annotations: Annotations,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainFailureArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Most runs it may take.
    #[arg(long, value_name = "N", default_value_t = 1500, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: u64,
    /// Runs for each moment; more of them see smaller rises.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(4..=10_000))]
    pub(crate) each: u64,
    /// What becomes of faults that were planned for after a moment.
    #[arg(long, value_name = "WHAT", default_value = "kept")]
    pub(crate) faults: LaterFaultsArg,
    /// Worker processes; default: one for each core. The result does not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Write the chart here, and its data beside it as `.json`; default: `cause.svg` beside a plan
    /// file, or where the failure was stored by a run.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) output: Option<PathBuf>,
    /// How progress is shown.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) show_progress: ShowProgress,
}

/// What becomes of faults that were planned for after a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LaterFaultsArg {
    /// They stay as they were applied, literal targets and all: given this schedule, when did luck
    /// run out?
    Kept,
    /// The scenario plans them again from the new seed: what would have come of it otherwise?
    Redrawn,
    /// None comes any more: when was the damage done?
    Dropped,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct DiffRunsArgs {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainArgs {
    /// The code, as `E0012`.
    pub(crate) code: String,
}

#[derive(Args, Clone, Debug)]
pub(crate) struct JudgeArgs {
    /// The recording: Squall's `history.ndjson`, Jepsen's `history.edn`, or JSON operations, one a
    /// line or in an array; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What the operations should look like; `list` names the models.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Options of the model, as a JSON object.
    #[arg(long, value_name = "JSON", default_value = "null", hide_default_value = true, requires = "model",
          value_parser = parse_json)]
    pub(crate) with: serde_json::Value,
    /// The format; without it, the content decides.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<FormatArg>,
    /// Where keys stand: in the values, as `[key value]`, or in a field of their own.
    #[arg(long, value_name = "WHERE", default_value = "auto")]
    pub(crate) keys: KeysArg,
    /// What orders the events: their times, which must not run backwards, or their places alone.
    #[arg(long, value_name = "WHICH", default_value = "recorded")]
    pub(crate) times: TimesArg,
    /// Most steps that the judging may take, one for each state looked at.
    #[arg(long, value_name = "N")]
    pub(crate) max_steps: Option<u64>,
    /// Most memory that the judging may hold, such as `500MiB`.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) max_memory: Option<u64>,
    /// Give up after this time, such as `60s`. What a slow machine gives up on, a fast one may not.
    #[arg(long, value_name = "TIME")]
    pub(crate) time_limit: Option<SimDuration>,
    /// Text for people, or one JSON object.
    #[arg(long, value_name = "HOW", default_value = "human")]
    pub(crate) message_format: MessageFormat,
}

fn parse_json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))
}

fn parse_size(text: &str) -> Result<u64, String> {
    squall_scenario::bytes(text)
        .ok_or_else(|| format!("`{text}` is no size: {}", squall_scenario::BYTES_HINT))
}

/// What is begun.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewArgs {
    /// Its name: the scenario `scenarios/NAME.yaml`, or the crate in the new folder NAME.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// A crate that builds and runs at once: a small key-value store with its chaos tests.
    #[arg(long)]
    pub(crate) system: bool,
    /// The system that the scenario is for; the first that this program knows, if it is not said.
    #[arg(long = "for", value_name = "SYSTEM", conflicts_with = "system")]
    pub(crate) for_system: Option<String>,
    /// Where Squall's source lies: the crate depends on it by path. Without it, where this program was
    /// built from.
    #[arg(long, value_name = "DIR", requires = "system")]
    pub(crate) squall_path: Option<PathBuf>,
}

/// How a recording is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FormatArg {
    /// Squall's `history.ndjson`.
    Squall,
    /// Jepsen's `history.edn`.
    Jepsen,
    /// JSON operations, one a line or in an array.
    Operations,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Squall => Self::Squall,
            FormatArg::Jepsen => Self::Jepsen,
            FormatArg::Operations => Self::Operations,
        }
    }
}

/// Where keys stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum KeysArg {
    /// In the values of an EDN file if all of them are pairs, else in a field.
    Auto,
    /// Every value is a pair of key and value.
    Pairs,
    /// In a field.
    Field,
}

impl From<KeysArg> for Keys {
    fn from(keys: KeysArg) -> Self {
        match keys {
            KeysArg::Auto => Self::Auto,
            KeysArg::Pairs => Self::Pairs,
            KeysArg::Field => Self::Field,
        }
    }
}

/// What orders events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum TimesArg {
    /// Their times.
    Recorded,
    /// Their places.
    Ignored,
}

impl From<TimesArg> for Times {
    fn from(times: TimesArg) -> Self {
        match times {
            TimesArg::Recorded => Self::Recorded,
            TimesArg::Ignored => Self::Ignored,
        }
    }
}

/// For whom output is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum MessageFormat {
    /// People.
    Human,
    /// Programs.
    Json,
}
