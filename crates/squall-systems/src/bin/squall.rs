//! The command `squall`: the shipped systems under chaos.

use std::process::ExitCode;

fn main() -> ExitCode {
    squall_cli::main(&squall_systems::registry())
}
