//! What to call this program in the commands that are printed, so that they work as they stand.
//!
//! Whoever wraps it says so in `SQUALL_PROGRAM` (`cargo xtask chaos`, or an alias of cargo's). Else it is
//! told by how the process was started: by cargo, which leaves its marks in the environment, or by a path.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::variable;

/// The words a user types for this program.
pub(crate) fn program() -> String {
    if let Some(said) = variable("SQUALL_PROGRAM") {
        return said;
    }
    let typed = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let by_cargo = variable("CARGO").and_then(|_| variable("CARGO_PKG_NAME"));
    match by_cargo.zip(std::env::current_exe().ok()) {
        Some((package, executable)) => of_cargo(&package, &executable),
        None => typed.display().to_string(),
    }
}

/// How cargo starts the command of `package`, told by where the executable lies that runs now.
fn of_cargo(package: &str, executable: &Path) -> String {
    let name = executable.file_stem().unwrap_or_default().to_string_lossy();
    let folder = executable.parent().unwrap_or(Path::new(""));
    let (target, built_in) = match folder.file_name().and_then(OsStr::to_str) {
        Some("examples") => (format!("--example {name}"), folder.parent()),
        // A test: the command is taken for the package's program of the same name.
        Some("deps") => (format!("--bin {package}"), folder.parent()),
        _ => (format!("--bin {name}"), Some(folder)),
    };
    let profile = match built_in.and_then(Path::file_name).and_then(OsStr::to_str) {
        None | Some("debug") => String::new(),
        Some("release") => "--release ".to_owned(),
        Some(other) => format!("--profile {other} "),
    };
    format!("cargo run {profile}-p {package} {target} --")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_package_target_and_profile() {
        let cases = [
            ("/p/target/debug/my-kv", "cargo run -p kv --bin my-kv --"),
            ("/p/target/release/my-kv", "cargo run --release -p kv --bin my-kv --"),
            ("/p/target/chaos/examples/chaos", "cargo run --profile chaos -p kv --example chaos --"),
            ("/p/target/x86_64-unknown-linux-gnu/debug/deps/chaos-0f3a", "cargo run -p kv --bin kv --"),
        ];
        for (executable, command) in cases {
            assert_eq!(of_cargo("kv", Path::new(executable)), command);
        }
    }
}
