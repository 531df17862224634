//! What is read of the world outside: the clock, git, the terminal. None of it reaches a run.

mod binary;
mod program;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use squall::history::{HISTORY_FORMAT, SIM_FORMAT};
use squall::{HostError, InProcess, Pool, Registry, RunHost, Seed};
use squall_report::{RunInfo, RunStatus, Style};

use crate::args::{BaseSeed, Place};
use crate::fork::ForkHost;

pub(crate) use self::program::program;

/// Where runs go.
pub(crate) const REPORTS: &str = "reports";

/// The wall clock, for telling how long things took.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a campaign took is told to people and to timings.ndjson alone"
)]
pub(crate) fn wall_now() -> Instant {
    Instant::now()
}

/// The words that this process was started with, behind the program's name.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect()
}

/// The folder for runs, as the commands we print name it.
pub(crate) fn reports() -> PathBuf {
    PathBuf::from(REPORTS)
}

/// How text for people is written; `anstream` takes the codes out where they do not belong.
pub(crate) const STYLE: Style = Style::Coloured;

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}

/// The commit of the project, and whether the tree differs from it. Asked once: what a run writes
/// afterwards is no change of the project.
pub(crate) fn commit() -> (Option<String>, bool) {
    static COMMIT: OnceLock<(Option<String>, bool)> = OnceLock::new();
    let ask = || {
        let commit = git(&["rev-parse", "HEAD"]);
        let dirty =
            commit.is_some() && git(&["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty());
        (commit, dirty)
    };
    COMMIT.get_or_init(ask).clone()
}

/// `a1b2c3d` or `a1b2c3d-dirty`, for comparing.
pub(crate) fn commit_text() -> String {
    match commit() {
        (Some(commit), true) => format!("{commit}-dirty"),
        (Some(commit), false) => commit,
        (None, _) => "unknown".to_owned(),
    }
}

/// Sixteen bits nobody chose, for names of runs; a seed if asked for one.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// The base seed to use.
pub(crate) fn base_seed(given: BaseSeed) -> Seed {
    match given {
        BaseSeed::Fixed(seed) => seed,
        BaseSeed::Random => Seed(random()),
    }
}

/// A variable of the environment, if it is set to something.
#[expect(clippy::disallowed_methods, reason = "the rim of the program")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Describes this run, but for what the campaign itself knows.
pub(crate) fn run_info(base_seed: Seed) -> RunInfo {
    let now = jiff::Timestamp::now();
    let (commit, dirty) = commit();
    RunInfo {
        v: squall_report::RUN_FORMAT,
        run_id: format!("{}-{:04x}", now.strftime("%Y%m%d-%H%M%S"), random() & 0xffff),
        status: RunStatus::Running,
        seeds: 0,
        done: None,
        exit_code: None,
        started: now.to_string(),
        commit,
        dirty,
        rustc: env!("SQUALL_RUSTC").to_owned(),
        squall: env!("CARGO_PKG_VERSION").to_owned(),
        binary: binary::digest(),
        sim_format: SIM_FORMAT,
        history_format: HISTORY_FORMAT,
        arguments: Vec::new(),
        options: BTreeMap::new(),
        scenarios: Vec::new(),
        base_seed,
        partition: None,
    }
}

/// A host for runs.
pub(crate) fn host(registry: &Registry, place: Place) -> Result<Box<dyn RunHost>, HostError> {
    if place.in_process {
        return Ok(Box::new(InProcess::new(registry.clone())));
    }
    Ok(Box::new(ForkHost::start()?))
}

/// Hosts side by side: as many as asked for, else one for each core.
pub(crate) fn pool(registry: &Registry, place: Place, jobs: Option<u16>) -> Result<Pool, HostError> {
    let count = if place.in_process { 1 } else { jobs.map_or_else(cores, usize::from) };
    Ok(Pool::new((0..count).map(|_| host(registry, place)).collect::<Result<_, _>>()?))
}

/// Cores of this machine.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
