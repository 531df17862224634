//! The command `squall` with one system more: `hostile`, which does to its process and to its run
//! what a system under test should not, so that the tests can see that every ending has a name.
//!
//! Each behaviour is chosen in `system.config` and strikes in some seeds only: a sweep must go on
//! after it. What it does not do: anything that needs `unsafe`.

mod deeds;
mod system;

use std::process::ExitCode;

fn main() -> ExitCode {
    let registry = squall_systems::registry().add::<system::Hostile>("hostile");
    squall_cli::main_with(&registry, &[squall_systems::cluster::COMMAND])
}
