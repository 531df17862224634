//! This system's own chaos command: `cargo run -p sentinel-kv -- run`.

use std::process::ExitCode;

fn main() -> ExitCode {
    squall_cli::main(&sentinel_kv::registry())
}
