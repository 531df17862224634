//! Builds for the engine madsim, which simulates only if the whole build has `--cfg madsim`.

use std::process::Command;

use super::{env_or, root};

/// Makes a cargo command one of that build: with the flag, and with a target directory of its own, so that
/// the two kinds of build do not undo each other.
pub(crate) fn build_for(cargo: &mut Command) {
    // The variable replaces what is configured, so whatever it holds is kept.
    let flags = format!("{} --cfg madsim", env_or("RUSTFLAGS", ""));
    cargo.env("RUSTFLAGS", flags.trim()).env("CARGO_TARGET_DIR", root().join("target").join("madsim"));
}
