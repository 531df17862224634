//! This system's own chaos command: `cargo run -p raft-rs-kv -- run`.

use std::process::ExitCode;

fn main() -> ExitCode {
    squall_cli::main(&raft_rs_kv::registry())
}
