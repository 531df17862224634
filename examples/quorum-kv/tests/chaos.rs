//! `cargo test`: each file below `scenarios/` is a test.

fn main() -> std::process::ExitCode {
    squall_cli::test_main(&quorum_kv::registry(), concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}
