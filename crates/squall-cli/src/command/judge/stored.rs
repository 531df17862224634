//! A stored Squall history, judged as its run was: by the oracles of its system, and by what its scenario
//! expects if the run's folder has its plan.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use squall::history::{Body, History, Plan};
use squall::{Registry, SimTime, Terms};
use squall_check::blackbox::recording::{Format, read_history};
use squall_check::blackbox::{Operation, events, operations};
use squall_check::{Outcome, SeedResult, Verdict};
use squall_scenario::Overrides;

use super::{budget, ending, present, unread};
use crate::args::JudgeArgs;
use crate::error::CliError;
use crate::library;

use squall_report::{FailureFile, Judged, JudgedTimes};

/// Judges it, says what came of it, and returns the exit code.
pub(super) fn run(registry: &Registry, args: &JudgeArgs, input: impl BufRead) -> Result<u8, CliError> {
    let history = read_history(input).map_err(|error| unread(&args.file, error))?;
    let beside = Beside::find(registry, &args.file, &history)?;
    let (expect, workload) = match &beside.plan {
        Some(plan) => (plan.expect.clone(), plan.workload.clone()),
        None => Default::default(),
    };
    let terms = Terms { expect, workload, stopped: beside.stopped, budget: budget(args) };
    let verdict = squall::rejudge(registry, &history, &terms).map_err(squall::HostError::from)?;
    // What the clients did may be ill-formed; the verdict says so, and there is no operation to show.
    let operations = operations(events(&history)).unwrap_or_default();
    let system = &history.header.system;
    let by = match &beside.plan {
        Some(_) => format!("the oracles of `{system}` and what the plan beside it expects"),
        None => format!("the oracles of `{system}`; no plan lies beside it that says what is expected"),
    };
    Ok(show(args, &history, &operations, &by, &verdict))
}

fn show(
    args: &JudgeArgs,
    history: &History,
    operations: &[Operation<'_>],
    by: &str,
    verdict: &Verdict,
) -> u8 {
    let is_op = |(_, record): &(usize, &squall::history::Record)| matches!(record.body, Body::Op(_));
    // The header is line 1.
    let lines: Vec<u64> =
        history.records.iter().enumerate().filter(is_op).map(|(k, _)| k as u64 + 2).collect();
    let judged = Judged {
        file: &super::shown(&args.file),
        format: Format::Squall.name(),
        by,
        promise: None,
        operations,
        line: &|place| lines.get(place).copied(),
        timing: JudgedTimes::Recorded,
        verdict,
        // Each oracle of a run measures for itself; the verdict has no place for it.
        measured: &BTreeMap::new(),
        ending: ending(verdict),
    };
    present(args, &judged)
}

/// What lies beside the history in the folder of its run.
#[derive(Default)]
struct Beside {
    plan: Option<Plan>,
    /// When a limit stopped the run.
    stopped: Option<SimTime>,
}

impl Beside {
    fn find(registry: &Registry, file: &Path, history: &History) -> Result<Self, CliError> {
        if super::is_stdin(file) {
            return Ok(Self::default());
        }
        let mut beside = Self::default();
        for name in [FailureFile::Bound, FailureFile::Plan] {
            let path = file.with_file_name(name.name());
            if path.is_file() {
                beside.plan = plan(registry, &path, history)?;
                break;
            }
        }
        let verdict = file.with_file_name(FailureFile::Verdict.name());
        beside.stopped = stopped(&verdict, history);
        Ok(beside)
    }
}

/// The plan in a file, if it is the plan of this history.
fn plan(registry: &Registry, path: &Path, history: &History) -> Result<Option<Plan>, CliError> {
    let header = &history.header;
    let scenario = library::read(path, &registry.catalogue())?;
    let plan = scenario.plan(header.seed, &Overrides::default());
    let is_its = *plan.scenario == *header.scenario
        && plan.system.name == header.system
        && plan.system.config == header.config
        && plan.system.bugs == header.bugs
        && plan.duration == header.duration;
    if !is_its {
        anstream::eprintln!(
            "warning: {} is the plan of another run, and says nothing of this one",
            path.display()
        );
    }
    Ok(is_its.then_some(plan))
}

/// When a limit stopped the run, as its stored result tells. A violation that stopped it is in the history.
fn stopped(path: &Path, history: &History) -> Option<SimTime> {
    let text = std::fs::read_to_string(path).ok()?;
    let result: SeedResult = serde_json::from_str(&text).ok()?;
    let is_its = *result.scenario == *history.header.scenario && result.seed == history.header.seed;
    let by_limit = matches!(result.outcome, Outcome::EventLimit | Outcome::Stuck);
    (is_its && by_limit).then_some(SimTime(result.sim_ns))
}
