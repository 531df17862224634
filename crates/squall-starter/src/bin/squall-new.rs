//! `squall-new NAME`: a crate to begin with, as `squall new --system NAME` writes it, from a program that
//! builds in seconds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

/// Write a crate that builds and runs at once: a small key-value store with its chaos tests.
#[derive(Parser, Debug)]
#[command(version)]
struct Args {
    /// The crate's name, and that of the new folder it lies in.
    name: String,
    /// Where Squall's source lies: the crate depends on it by path. Without it, where this program was
    /// built from.
    #[arg(long, value_name = "DIR")]
    squall_path: Option<PathBuf>,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to who typed it")]
fn main() -> ExitCode {
    let args = Args::parse();
    match squall_starter::begin(Path::new(""), &args.name, args.squall_path.as_deref()) {
        Ok(next) => {
            println!("{next}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
