//! Notes which compiler built this, for `run.json`.
#![expect(clippy::disallowed_methods, reason = "cargo hands a build script its input in the environment")]

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo::rustc-env=SQUALL_RUSTC={}", version.as_deref().unwrap_or("unknown").trim());
}
