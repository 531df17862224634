//! The command `openraft-kv`: the store under chaos. `openraft-kv run`, `replay`, `shrink` and so on.

use std::process::ExitCode;

fn main() -> ExitCode {
    squall_cli::main(&openraft_kv::registry())
}
