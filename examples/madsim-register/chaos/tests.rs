//! `cargo test` in this folder: each file below scenarios/ is a test.
//!
//! Its scenarios are for the engine madsim, which only a build with `--cfg madsim` has; this folder's
//! `.cargo/config.toml` makes such builds. In any other there is nothing that could run.

#[cfg(madsim)]
mod system;

#[cfg(madsim)]
fn main() -> std::process::ExitCode {
    squall_cli::test_main(&system::registry(), concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}

#[cfg(not(madsim))]
fn main() {}
