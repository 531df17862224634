//! What can go wrong when a report is written or read: the environment, or a file that is not ours.

use std::io;
use std::path::{Path, PathBuf};

/// A report cannot be written or read. The text names the path and says what to do; callers end
/// with exit code 74 (the environment failed), or 65 if an input is not valid: [`Line`](Self::Line),
/// [`Format`](Self::Format), [`NoRunFolder`](Self::NoRunFolder), [`NoRun`](Self::NoRun),
/// [`OldRun`](Self::OldRun).
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source} ({})", path.display(), help(source))]
    Io {
        /// What was attempted: `create`, `write`, …
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The run folder holds something already.
    #[error(
        "`{}` exists and is not empty: a run never overwrites another; remove it or choose another folder with --output",
        path.display()
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A run id, a scenario or a file has a name that would leave the folder.
    #[error("`{name}` cannot be the name of a file or folder: use letters, digits, `-`, `_` and `.`")]
    Name {
        /// The name.
        name: String,
    },
    /// A line of a record file is not what it should be.
    #[error("line {line}: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// There is no `run.json`.
    #[error(
        "`{}` is not the folder of a run: there is no `run.json` in it (a run that died before it wrote one is begun again)",
        path.display()
    )]
    NoRunFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A `run.json` that is none.
    #[error("`{}` does not describe a run: {source}", path.display())]
    NoRun {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A `run.json` of a version this one does not know.
    #[error(
        "`{}` has version {found}, this version reads {known}: go on with the Squall that began it, or run the campaign again",
        path.display()
    )]
    OldRun {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u32,
        /// What is understood.
        known: u32,
    },
    /// Another process writes the folder.
    #[error("another process writes `{}`: wait for it, or end it", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A line of a record file was written by a version this one does not know.
    #[error("line {line}: the record has version {found}, this version reads {known}")]
    Format {
        /// Counted from 1.
        line: usize,
        /// What the line says.
        found: u32,
        /// What is understood.
        known: u32,
    },
}

impl ReportError {
    /// For `map_err`: what was attempted, and where.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// What to do about an error of the operating system.
fn help(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space, or choose a folder on another disk with --output"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make the folder writable, or choose another with --output"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => {
            "something else stands in its place: remove it, or choose another folder with --output"
        }
        io::ErrorKind::NotFound => "check the path, or choose another folder with --output",
        _ => "check the disk, or choose another folder with --output",
    }
}
