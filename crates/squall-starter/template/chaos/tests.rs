//! `cargo test`: each file below scenarios/ is a test.

mod system;

fn main() -> std::process::ExitCode {
    squall_cli::test_main(
        &system::registry(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"),
    )
}
