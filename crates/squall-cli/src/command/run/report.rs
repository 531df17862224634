//! The end of a campaign: verdicts, exit code, the report on the screen and in the folder.

use std::collections::BTreeSet;
use std::time::Duration;

use squall::Registry;
use squall_check::{ExitCode, ScenarioJudge, ScenarioVerdict};
use squall_report::{Commands, End, Ending, Extent, Failure, RunFolder, StopCause, Stopped, Unreached};

use super::Say;
use super::setting::Setting;
use super::sweep::{Kept, Swept};
use crate::args::{Annotations, Changes};
use crate::environment::{self, STYLE};
use crate::error::CliError;
use crate::github;

/// What is left to say when no seed is left to run.
pub(crate) struct Closing<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) setting: &'a Setting,
    pub(crate) changes: &'a Changes,
    /// What ended it early, if something did.
    pub(crate) stopped: Option<StopCause>,
    /// Wall time of the whole, if it is known.
    pub(crate) wall: Option<Duration>,
    /// Whether GitHub is told.
    pub(crate) annotations: Annotations,
}

impl Closing<'_> {
    /// Says the report, closes the folder, and tells with which code to end.
    pub(crate) fn close(&self, swept: Swept, say: Say<'_>) -> Result<u8, CliError> {
        let Swept { folder, judges, kept, coverage, done, .. } = swept;
        let verdicts = self.verdicts(judges);
        let unreached = if self.is_whole() { self.unreached(&verdicts) } else { Vec::new() };
        let (program, options) = (environment::program(), self.changes.as_arguments());
        let failures: Vec<Failure> = kept.iter().map(Kept::as_failure).collect();
        let info = folder.info().clone();
        // What was chosen from results is not gone on with, but run again.
        let resume = match self.setting.is_explored() {
            true => squall_report::command(&environment::program(), &info.arguments),
            false => resume_command(&folder),
        };
        let stopped = self.stopped.map(|cause| Stopped { cause, done, seeds: info.seeds, resume: &resume });
        let campaign = squall_report::Campaign {
            extent: Extent { slice: info.partition.as_deref(), stopped },
            verdicts: &verdicts,
            failures: &failures,
            unreached: &unreached,
            coverage: &coverage,
            commands: Commands { program: &program, options: &options },
            wall: self.wall,
        };
        let summary = squall_report::summary(&campaign, &info);
        let junit = squall_report::junit(&campaign, Some(&info.started));
        let exit_code = self.exit_code(&verdicts, done).code();
        let path = folder.finish(End { ending: self.ending(), done, exit_code }, &summary, &junit)?;
        say(&squall_report::campaign_text(&campaign, STYLE));
        say(&format!("     Reports: {}\n", path.display()));
        if let Some(notes) = github::show(self.annotations, &campaign, &summary, &self.setting.loaded)? {
            say(&notes);
        }
        Ok(exit_code)
    }

    fn verdicts(&self, judges: Vec<ScenarioJudge>) -> Vec<ScenarioVerdict> {
        let finish =
            if self.setting.slice.is_some() { ScenarioJudge::finish_slice } else { ScenarioJudge::finish };
        judges.into_iter().map(finish).collect()
    }

    fn is_whole(&self) -> bool {
        self.setting.slice.is_none() && self.stopped.is_none()
    }

    const fn ending(&self) -> Ending {
        match self.stopped {
            None => Ending::Complete,
            Some(StopCause::Signal | StopCause::SignalInShrinking) => Ending::Interrupted,
            Some(StopCause::Budget) => Ending::Cut,
        }
    }

    /// That of the verdicts, with two exceptions. A slice leaves to `merge` what is asked of all seeds
    /// together. And what was interrupted is not as expected: nobody asked for less; what its time budget
    /// ended is judged by the seeds that ran, unless a scenario had none.
    fn exit_code(&self, verdicts: &[ScenarioVerdict], done: u64) -> ExitCode {
        let code = verdicts.iter().map(ExitCode::of).max().unwrap_or(ExitCode::NothingRan);
        let code = match code {
            ExitCode::Inconclusive | ExitCode::NothingRan if self.setting.slice.is_some() => {
                ExitCode::AsExpected
            }
            ExitCode::NothingRan if done > 0 => ExitCode::Inconclusive,
            code => code,
        };
        match self.stopped {
            Some(StopCause::Signal | StopCause::SignalInShrinking) => code.max(ExitCode::Inconclusive),
            Some(StopCause::Budget) | None => code,
        }
    }

    /// What of each system that ran is worth reaching and was reached in no scenario of its.
    fn unreached(&self, verdicts: &[ScenarioVerdict]) -> Vec<Unreached> {
        let loaded = &self.setting.loaded;
        let systems: BTreeSet<&String> = loaded.iter().map(|one| &one.scenario.system).collect();
        let of_system = |system: &String| {
            let own = loaded.iter().zip(verdicts).filter(|(one, _)| one.scenario.system == *system);
            let reached: BTreeSet<&String> = own.flat_map(|(_, verdict)| verdict.conditions.keys()).collect();
            let names = self.registry.goals(system).into_iter().map(str::to_owned);
            let names: Vec<String> = names.filter(|name| !reached.contains(name)).collect();
            (!names.is_empty()).then(|| Unreached { system: system.clone(), names })
        };
        systems.into_iter().filter_map(of_system).collect()
    }
}

/// The command that goes on with the campaign in this folder.
pub(crate) fn resume_command(folder: &RunFolder) -> String {
    let words = ["run".to_owned(), "--resume".to_owned(), folder.path().display().to_string()];
    squall_report::command(&environment::program(), &words)
}
