//! What can go wrong on the way, and with which exit code it ends.

use std::path::PathBuf;

use squall::HostError;
use squall::capability::Lack;
use squall_check::ExitCode;
use squall_check::blackbox::recording::Malformed;
use squall_report::ReportError;
use squall_scenario::{Colour, Diagnostics, OverrideError};
use squall_starter::StarterError;

use crate::command::judge;

/// Why a command did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} is there already: nothing was written", path.display())]
    Exists { path: PathBuf },
    #[error("{}:{line} is not UTF-8 text: a scenario is a YAML file", path.display())]
    NotText { path: PathBuf, line: usize },
    #[error("invalid scenario")]
    Invalid(Box<Diagnostics>),
    #[error("{file}: {malformed}")]
    Malformed { file: String, malformed: Box<Malformed> },
    #[error("{}:{line}: the recording is ill-formed: {problem}", path.display())]
    IllFormed { path: PathBuf, line: u64, problem: String },
    #[error("invalid profiles")]
    InvalidProfiles(String),
    #[error("several files are broken")]
    Several(Vec<CliError>),
    #[error("{scenario} uses what is not built yet")]
    Unsupported { scenario: String, why: Box<Diagnostics> },
    #[error("engine {engine} cannot do what {scenario} asks for")]
    Lacks { scenario: String, engine: String, lacks: Vec<Lack> },
    #[error("two scenarios are named `{name}`: {} and {}", first.display(), second.display())]
    SameName { name: String, first: PathBuf, second: PathBuf },
    #[error("no scenario is named `{name}`{hint}")]
    NoScenario { name: String, hint: String },
    #[error("nothing to run: {0}")]
    Nothing(String),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Override(#[from] OverrideError),
    #[error("{0}")]
    Report(#[from] ReportError),
    #[error("{0}")]
    Host(#[from] HostError),
    #[error("{why}")]
    Halted { why: Box<CliError>, resume: String },
    #[error("{0}")]
    Differs(String),
    #[error("{0}")]
    Stored(String),
    #[error("{0}")]
    Incomplete(String),
    #[error("{}:{line}:{column}: this is no score of a zoo: {problem}", path.display())]
    NoScore { path: PathBuf, line: usize, column: usize, problem: String },
    #[error("{}: {problem}", path.display())]
    NoPlaceForTable { path: PathBuf, problem: String },
    #[error("signals cannot be handled: {0}")]
    Signals(std::io::Error),
}

impl From<StarterError> for CliError {
    fn from(error: StarterError) -> Self {
        match error {
            StarterError::Name { .. } | StarterError::Source { .. } => Self::Usage(error.to_string()),
            StarterError::Exists { path } => Self::Exists { path },
            StarterError::Write { path, source } => Self::Write { path, source },
        }
    }
}

impl CliError {
    /// What the user sees.
    pub(crate) fn text(&self) -> String {
        let render = |diagnostics: &Diagnostics| diagnostics.render(Colour::Always);
        match self {
            Self::Invalid(diagnostics) => render(diagnostics),
            Self::InvalidProfiles(drawn) => drawn.clone(),
            Self::Malformed { file, malformed } => judge::malformed::render(file, malformed),
            Self::Several(errors) => errors.iter().map(Self::text).collect::<Vec<_>>().join("\n"),
            Self::Halted { why, resume } => {
                format!("{}\nhelp: what is done is kept; go on with `{resume}`", why.text())
            }
            Self::Unsupported { why, .. } => format!("{}error: {self}", render(why)),
            Self::Lacks { lacks, .. } => {
                let list: String =
                    lacks.iter().map(|lack| format!("\n  {}: {}", lack.what, lack.why)).collect();
                format!(
                    "error: {self}:{list}\nhelp: `--skip-unsupported` leaves that out and says so; \
                     `--engine native` can do all"
                )
            }
            _ => format!("error: {self}"),
        }
    }

    pub(crate) const fn exit_code(&self) -> ExitCode {
        match self {
            Self::Read { .. } | Self::NotText { .. } | Self::Invalid(_) => ExitCode::InvalidInput,
            Self::Malformed { .. } | Self::IllFormed { .. } => ExitCode::InvalidInput,
            Self::InvalidProfiles(_) | Self::NoScore { .. } | Self::NoPlaceForTable { .. } => {
                ExitCode::InvalidInput
            }
            Self::Several(_) | Self::Unsupported { .. } | Self::SameName { .. } | Self::Lacks { .. } => {
                ExitCode::InvalidInput
            }
            Self::NoScenario { .. } | Self::Nothing(_) => ExitCode::NothingRan,
            Self::Usage(_) | Self::Override(_) | Self::Exists { .. } => ExitCode::Usage,
            Self::Halted { why, .. } => why.exit_code(),
            Self::Differs(_) => ExitCode::Nondeterministic,
            Self::Stored(_) => ExitCode::InvalidInput,
            Self::Incomplete(_) => ExitCode::Inconclusive,
            Self::Write { .. } | Self::Signals(_) => ExitCode::Environment,
            Self::Report(error) => match error {
                ReportError::Line { .. }
                | ReportError::Format { .. }
                | ReportError::NoRunFolder { .. }
                | ReportError::NoRun { .. }
                | ReportError::OldRun { .. } => ExitCode::InvalidInput,
                _ => ExitCode::Environment,
            },
            Self::Host(HostError::Plan(_)) => ExitCode::InvalidInput,
            Self::Host(HostError::Host(_)) => ExitCode::HarnessBug,
        }
    }
}
