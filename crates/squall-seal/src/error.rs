//! What can go wrong between the caller and a worker process. How a *run* ends is not here: that is
//! [`Ended`](crate::Ended).

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The worker, not the run, failed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The worker's program could not be started.
    #[error("cannot start `{}` as a worker", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The worker process ended when it should have answered.
    #[error("worker {pid} (`{}`) died: {status}", program.display())]
    WorkerDied {
        /// The worker's program.
        program: PathBuf,
        /// Its process id.
        pid: u32,
        /// Its exit status, as the standard library words it.
        status: String,
    },
    /// The worker lives but did not answer in time; it has been killed.
    #[error("worker {pid} (`{}`) has not answered for {after:?}, and was killed", program.display())]
    Silent {
        /// The worker's program.
        program: PathBuf,
        /// Its process id.
        pid: u32,
        /// How long was waited for it.
        after: Duration,
    },
    /// What the worker sent is not what a worker sends: the program is not one, or is another version.
    #[error("`{}` (process {pid}) does not speak as a worker: {what}", program.display())]
    Protocol {
        /// The worker's program.
        program: PathBuf,
        /// Its process id.
        pid: u32,
        /// What was wrong.
        what: String,
    },
    /// The worker could not carry out the run; it goes on serving.
    #[error("worker {pid} could not carry out a run: {what}")]
    Refused {
        /// The worker's process id.
        pid: u32,
        /// Why not.
        what: String,
    },
    /// An earlier call lost this worker.
    #[error("worker {pid} was lost in an earlier call")]
    Lost {
        /// What was its process id.
        pid: u32,
    },
    /// The pipe to the worker failed.
    #[error("cannot talk to worker {pid}")]
    Pipe {
        /// The worker's process id.
        pid: u32,
        /// Why not.
        source: io::Error,
    },
    /// The request exceeds 1 GiB.
    #[error("a request of {bytes} bytes is more than a worker takes")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
}
