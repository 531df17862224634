//! This system's own chaos command: `cargo run -p quorum-kv -- run`.

use std::process::ExitCode;

fn main() -> ExitCode {
    squall_cli::main(&quorum_kv::registry())
}
