//! `cargo test`: each scenario is a test. `SQUALL_SEEDS=20` makes them shorter.

fn main() -> std::process::ExitCode {
    squall_cli::test_main(&openraft_kv::registry(), concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}
