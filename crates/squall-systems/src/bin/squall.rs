//! The command `squall`: the shipped systems under chaos.

use std::process::ExitCode;

fn main() -> ExitCode {
    squall_cli::main_with(&squall_systems::registry(), &[squall_systems::cluster::COMMAND])
}
