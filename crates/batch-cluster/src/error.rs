//! What can go wrong in the cluster, as one type.

use std::io;

/// Why a member or a client refused, failed or does not know.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that is not in [`BUGS`](crate::BUGS).
    #[error("no planted bug of the batch cluster is named `{0}`")]
    UnknownBug(String),
    /// A setting that cannot work.
    #[error("bad configuration: {0}")]
    Config(String),
    /// Bytes that were synced are damaged; a loss of power cannot do that.
    #[error("`{file}` is damaged at byte {offset}: {why}")]
    Damaged {
        /// The file, relative to the member's directory.
        file: String,
        /// Where the first bad byte may lie.
        offset: u64,
        /// How that is known.
        why: String,
    },
    /// Files are intact but make no sense together.
    #[error("the files contradict each other: {0}")]
    Contradiction(String),
    /// A snapshot that is no snapshot of this state machine.
    #[error("a snapshot cannot be restored: {0}")]
    Snapshot(String),
    /// The job cannot be run.
    #[error("the job is refused: {0}")]
    Refused(String),
    /// The command was not executed, and never will be.
    #[error("not executed: {0}")]
    NotExecuted(&'static str),
    /// Nobody knows: the command may have been executed, may be later, or never.
    #[error("outcome unknown: {0}")]
    Unknown(&'static str),
    /// Disk or network.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            Error::Damaged { .. } | Error::Contradiction(_) | Error::Snapshot(_) => {
                Self::new(io::ErrorKind::InvalidData, error)
            }
            Error::Config(_) | Error::UnknownBug(_) | Error::Refused(_) => {
                Self::new(io::ErrorKind::InvalidInput, error)
            }
            Error::NotExecuted(_) | Error::Unknown(_) => Self::other(error),
        }
    }
}
