//! The command `squall`: the shipped systems under chaos.

use std::process::ExitCode;

/// A tenth of a run is allocation. No address reaches a decision, so which allocator it is changes no
/// result.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    squall_cli::main_with(&squall_systems::registry(), &[squall_systems::cluster::COMMAND])
}
