//! `new`: a scenario to begin with, or a crate with a system of one's own (`squall-starter`).

mod scenario;

use std::path::Path;

use squall::Registry;

use crate::args::NewArgs;
use crate::error::CliError;

pub(crate) fn run(registry: &Registry, args: &NewArgs) -> Result<u8, CliError> {
    if !args.system {
        return scenario::begin(registry, args);
    }
    let next = squall_starter::begin(Path::new(""), &args.name, args.squall_path.as_deref())?;
    anstream::println!("{next}");
    Ok(0)
}
