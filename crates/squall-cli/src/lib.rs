//! The command line of Squall, as a library.
//!
//! A program that registers systems calls [`main`] and is a chaos test of them: the shipped binary
//! `squall` does, and so can a user's own `xtask`. This crate alone joins the library with the seal
//! (processes, limits, interposed libc) and alone reads the environment, the clock and files.
//!
//! ```no_run
//! // chaos/main.rs: `cargo run --example chaos -- run`, `… replay`, `… --help`
//! fn main() -> std::process::ExitCode {
//!     let registry = squall::Registry::new(); // .add::<MySystem>("my-system")
//!     squall_cli::main(&registry)
//! }
//! ```
//!
//! [`test_main`] makes a test of each scenario file. Keep both out of what you ship: whoever links this crate
//! gets functions of the C library that are defined again (`getrandom`, `clock_gettime`, `pthread_create`, …).
//! In a `dev-dependency` it is where it belongs: `squall new --system` lays out a crate in which it is.

mod args;
mod command;
mod environment;
mod error;
mod fork;
mod github;
mod interrupt;
mod known;
mod library;
mod profile;
mod progress;
mod test_target;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};
use squall::Registry;
use squall_check::ExitCode;

use crate::args::{Cli, Command};
use crate::error::CliError;

pub use crate::test_target::test_main;

/// A command that a program adds to the command line.
#[derive(Clone, Copy, Debug)]
pub struct Extra {
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line of the help text.
    pub about: &'static str,
    /// Runs it with the arguments behind the program's name, its own name first; its exit code.
    pub run: fn(&[OsString]) -> u8,
}

/// Runs the command line of this process with these systems, and returns its exit code.
pub fn main(registry: &Registry) -> std::process::ExitCode {
    main_with(registry, &[])
}

/// As [`main`], with more commands.
pub fn main_with(registry: &Registry, extras: &[Extra]) -> std::process::ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == fork::WORKER_ARGUMENT) {
        fork::worker(registry);
    }
    if let Some(extra) = extras.iter().find(|extra| arguments.get(1).is_some_and(|it| it == extra.name)) {
        return (extra.run)(&arguments[1..]).into();
    }
    // For the help text: what is run was found above.
    let command = Cli::command().bin_name(environment::program());
    let command = extras.iter().fold(command, |command, extra| {
        command.subcommand(clap::Command::new(extra.name).about(extra.about))
    });
    let parsed = command.try_get_matches_from(&arguments).and_then(|found| parsed(&found));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; what is cannot be told if the terminal is gone.
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::AsExpected };
            error.print().ok();
            return code.code().into();
        }
    };
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dispatch(registry, cli)));
    match ended {
        Ok(Ok(code)) => code.into(),
        Ok(Err(error)) => {
            anstream::eprintln!("{}", error.text());
            error.exit_code().code().into()
        }
        Err(_) => {
            anstream::eprintln!("error: Squall itself failed; this is a bug of Squall, not of your system");
            ExitCode::HarnessBug.code().into()
        }
    }
}

/// The arguments, and which of them were typed.
pub(crate) fn parsed(found: &clap::ArgMatches) -> Result<Cli, clap::Error> {
    let mut cli = Cli::from_arg_matches(found)?;
    match (&mut cli.command, found.subcommand_matches("run")) {
        (None, _) => cli.run.note_typed(found),
        (Some(Command::Run(args)), Some(found)) => args.note_typed(found),
        _ => {}
    }
    Ok(cli)
}

fn dispatch(registry: &Registry, cli: Cli) -> Result<u8, CliError> {
    match cli.command {
        None => command::run::run(registry, &cli.run),
        Some(Command::Run(args)) => command::run::run(registry, &args),
        Some(Command::Replay(args)) => command::replay::run(registry, &args),
        Some(Command::Plan(args)) => command::plan::run(registry, &args),
        Some(Command::Check(args)) => command::check::run(registry, &args),
        Some(Command::List(args)) => command::list::run(registry, &args),
        Some(Command::Shrink(args)) => command::shrink::run(registry, &args),
        Some(Command::ExplainFailure(args)) => command::explain_failure::run(registry, &args),
        Some(Command::DiffRuns(args)) => command::diff_runs::run(registry, &args),
        Some(Command::Merge(args)) => command::merge::run(registry, &args),
        Some(Command::New(args)) => command::new::run(registry, &args),
        Some(Command::Explain(args)) => command::explain::run(&args),
        Some(Command::Judge(args)) => command::judge::run(registry, &args),
        Some(Command::Zoo(args)) => command::zoo::run(registry, &args),
    }
}
