//! Failing seeds that keep files: what is written of them, and what is read back.

use std::time::Duration;

use squall::{Plan, Registry, RunReply, Second};
use squall_check::SeedResult;
use squall_report::{Detail, Failure, FailureFile, Faults, RunFolder, Style};
use squall_scenario::{Overrides, to_yaml};

use crate::error::CliError;
use crate::known::Found;
use crate::library;

/// A failing seed.
pub(crate) struct Kept {
    pub(super) scenario: usize,
    pub(super) target: String,
    pub(crate) result: SeedResult,
    pub(crate) plan: Plan,
    pub(super) bound: Option<Plan>,
    /// What shrinking made of it, and where that lies.
    pub(super) shrunk: Option<(Plan, String)>,
    pub(super) wall: Option<Duration>,
    pub(super) second: Second,
}

impl Kept {
    /// For the report.
    pub(crate) fn as_failure(&self) -> Failure<'_> {
        Failure {
            result: &self.result,
            target: &self.target,
            faults: match &self.bound {
                Some(bound) => Faults::Applied(&bound.faults),
                None => Faults::Planned(&self.plan.faults),
            },
            shrunk: self
                .shrunk
                .as_ref()
                .map(|(plan, path)| squall_report::Shrunk { faults: &plan.faults, path }),
            wall: self.wall,
        }
    }
}

/// Writes the files of a failing seed, `verdict.json` last.
pub(super) fn store(
    folder: &mut RunFolder,
    result: &SeedResult,
    plan: &Plan,
    recorded: Option<&RunReply>,
) -> Result<(), CliError> {
    let mut write = |file, text: &str| -> Result<(), CliError> {
        folder.failure(&result.scenario, result.seed, file, text.as_bytes())?;
        Ok(())
    };
    let found = Found::now(result).line();
    write(FailureFile::Plan, &to_yaml(plan, &format!("What the seed drew, before the run.\n{found}")))?;
    if let Some(reply) = recorded {
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
        write(FailureFile::Log, &log)?;
    }
    let verdict = serde_json::to_string_pretty(result).expect("a result is plain data");
    write(FailureFile::Verdict, &verdict)
}

/// A plan file of a failing seed, read back; `None` if it is not there.
pub(super) fn stored_plan(
    registry: &Registry,
    folder: &RunFolder,
    result: &SeedResult,
    file: FailureFile,
) -> Result<Option<Plan>, CliError> {
    let path = folder.failure_path(&result.scenario, result.seed)?.join(file.name());
    if !path.exists() {
        return Ok(None);
    }
    let scenario = library::read(&path, &registry.catalogue())?;
    Ok(Some(scenario.plan(result.seed, &Overrides::default())))
}
