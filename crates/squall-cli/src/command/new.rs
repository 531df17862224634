//! `new`: a scenario to begin with, or a crate with a system of one's own.
//!
//! What is written are real files (`templates/`), with names put in. Nothing is ever overwritten.

mod scenario;
mod system;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

use squall::Registry;

use crate::args::NewArgs;
use crate::error::CliError;

pub(crate) fn run(registry: &Registry, args: &NewArgs) -> Result<u8, CliError> {
    if args.system { system::begin(args) } else { scenario::begin(registry, args) }
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::AlreadyExists => CliError::Exists { path: path.to_owned() },
        _ => CliError::Write { path: path.to_owned(), source },
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|source| CliError::Write { path: folder.to_owned(), source })?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
