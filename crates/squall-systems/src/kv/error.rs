//! What can go wrong in the key-value store, server and client alike.

use std::io;

/// Why the store refused, failed or does not know.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operation was not executed, and never will be.
    #[error("not executed: {0}")]
    NotExecuted(&'static str),
    /// Nobody knows: the operation may have been executed, may be later, or never.
    #[error("outcome unknown: {0}")]
    Unknown(&'static str),
    /// A name that is not in [`BUGS`](super::BUGS).
    #[error("no planted bug of `kv` is named `{0}`")]
    UnknownBug(String),
    /// A setting that cannot work.
    #[error("bad configuration: {0}")]
    Config(String),
    /// Synced bytes of the write-ahead log are damaged; the declared faults cannot do that.
    #[error(
        "the write-ahead log is damaged at byte {bad}: the record at byte {later} was written when {synced} \
         bytes were synced"
    )]
    DamagedLog {
        /// Where the first bad record begins.
        bad: u64,
        /// A valid record after it.
        later: u64,
        /// What was synced when that one was written.
        synced: u64,
    },
    /// A record of the write-ahead log is intact but makes no sense after the ones before it.
    #[error("the write-ahead log contradicts itself: {0}")]
    BadLog(String),
    /// Disk or network.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => error,
            Error::DamagedLog { .. } | Error::BadLog(_) => Self::new(io::ErrorKind::InvalidData, error),
            Error::Config(_) | Error::UnknownBug(_) => Self::new(io::ErrorKind::InvalidInput, error),
            Error::NotExecuted(_) | Error::Unknown(_) => Self::other(error),
        }
    }
}
