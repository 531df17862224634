//! The command `cluster`: the batch cluster as real processes on this machine, with real sockets and
//! real files.
//!
//! `cluster up` starts the nodes, each a process of its own (`cluster node`, hidden), submits a word
//! count over a text file as a client would, kills who is to be killed, and prints the result as
//! `uniq -c` does. It injects nothing but kills: the rest of chaos is the simulator's.

mod args;
mod node;
mod nodes;
mod up;

use std::ffi::OsString;
use std::fmt::Display;
use std::io;

use clap::Parser;
use squall::check::ExitCode;
use squall_cli::Extra;

use args::{Cli, Command};

/// The command, for [`squall_cli::main_with`].
pub const COMMAND: Extra =
    Extra { name: "cluster", about: "Run the batch cluster as real processes on this machine", run };

/// Something is wrong, and whose fault it is.
#[derive(Debug, thiserror::Error)]
enum Failed {
    /// What the user asked for.
    #[error("{0}")]
    Usage(String),
    /// An input file.
    #[error("cannot read `{file}`: {source}")]
    Input {
        /// Which.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The machine.
    #[error("{what}: {source}")]
    Environment {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The cluster did not do what it should.
    #[error("{0}")]
    Cluster(String),
    /// A kill was due when all was over.
    #[error("{0}")]
    TooLate(String),
}

impl Failed {
    fn environment(what: impl Display) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Environment { what: what.to_string(), source }
    }

    const fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::Usage,
            Self::Input { .. } => ExitCode::InvalidInput,
            Self::Environment { .. } => ExitCode::Environment,
            Self::Cluster(_) => ExitCode::Failed,
            Self::TooLate(_) => ExitCode::Inconclusive,
        }
    }
}

fn run(arguments: &[OsString]) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::AsExpected };
            error.print().ok();
            return code.code();
        }
    };
    let ended = match cli.command {
        Command::Up(args) => up::run(&args),
        Command::Node(args) => node::run(&args),
    };
    match ended {
        Ok(()) => ExitCode::AsExpected.code(),
        Err(error) => {
            anstream::eprintln!("error: {error}");
            error.exit_code().code()
        }
    }
}
