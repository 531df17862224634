//! `cargo xtask`: the project's own commands. No dependencies, so that it builds at once.
//!
//! `chaos` hands everything on to the binary `squall`; `ci` is exactly what CI runs, and only reads;
//! `fix` alone writes.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

mod bench;
mod ci;
mod cross;
mod madsim;

const USAGE: &str = "\
usage: cargo xtask <command>

  chaos [ARGS]...   run scenarios, replay, plan, check, list, shrink (see `cargo xtask chaos --help`)
  zoo [ARGS]...     how well the planted bugs are found, shrunk and replayed (`cargo xtask zoo --help`)
  cross-check [--seeds N] [--profile NAME] [SCENARIO]...
                    seeds, each twice in a debug build and twice in a release build: one result
  ci                format, lints, docs, tests, a chaos smoke and a canary: what CI runs
  bench [FILTER]    what each part of the simulator costs (criterion's options apply)
  bench peers       the same workloads on the simulator and its peers (`--quick`, `--only W`, `--json FILE`)
  fix               format, and apply what the lints suggest
";

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    let command = args.next().and_then(|command| command.into_string().ok());
    let rest: Vec<_> = args.collect();
    match command.as_deref() {
        Some("chaos") => chaos(&rest),
        Some("zoo") => chaos(&[vec![OsString::from("zoo")], rest].concat()),
        Some("cross-check") => cross::run(&rest),
        Some("ci") if rest.is_empty() => ci::run(),
        Some("bench") => bench::run(&rest),
        Some("fix") if rest.is_empty() => fix(),
        Some("help" | "--help" | "-h") => {
            print(USAGE);
            ExitCode::SUCCESS
        }
        _ => {
            report(USAGE);
            ExitCode::from(2)
        }
    }
}

/// The project's root, where scenarios and reports lie.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("xtask lies in the project's root").to_owned()
}

fn cargo() -> Command {
    let mut cargo = Command::new(env_or("CARGO", "cargo"));
    cargo.current_dir(root());
    cargo
}

#[expect(clippy::disallowed_methods, reason = "xtask is the rim of the project")]
fn env_or(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Hands over to the binary: signals and exit codes are its own from here on.
fn chaos(args: &[OsString]) -> ExitCode {
    let mut profile = "chaos".to_owned();
    let mut rest = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--cargo-profile") => match args.next().and_then(|name| name.to_str()) {
                Some(name) => name.clone_into(&mut profile),
                None => {
                    report("error: --cargo-profile needs the name of a cargo profile\n");
                    return ExitCode::from(2);
                }
            },
            Some(text) if text.starts_with("--cargo-profile=") => {
                text["--cargo-profile=".len()..].clone_into(&mut profile);
            }
            _ => rest.push(arg.clone()),
        }
    }
    let mut run = cargo();
    run.args(["run", "--package", "squall-systems", "--bin", "squall", "--profile", &profile]);
    if asks_for_madsim(&rest) {
        madsim::build_for(&mut run);
        run.arg("--no-default-features");
    }
    run.arg("--").args(rest);
    // So that the commands it prints are the ones the user typed.
    run.env("SQUALL_PROGRAM", "cargo xtask chaos");
    exec(run)
}

/// Whether the engine madsim is asked for: it is another build of everything.
fn asks_for_madsim(args: &[OsString]) -> bool {
    let apart = args.windows(2).any(|pair| pair[0] == "--engine" && pair[1] == "madsim");
    apart || args.iter().any(|arg| arg == "--engine=madsim")
}

#[cfg(unix)]
fn exec(mut command: Command) -> ExitCode {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    report(&format!("error: cannot start cargo: {error}\n"));
    ExitCode::from(101)
}

#[cfg(not(unix))]
fn exec(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            report(&format!("error: cannot start cargo: {error}\n"));
            ExitCode::from(101)
        }
    }
}

fn fix() -> ExitCode {
    let fmt = ci::step("fmt", cargo().args(["fmt", "--all"]));
    let clippy = ci::step(
        "clippy --fix",
        cargo().args(["clippy", "--workspace", "--all-targets", "--fix", "--allow-dirty", "--allow-staged"]),
    );
    if fmt && clippy { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stdout, reason = "a command line program")]
fn print(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "a command line program")]
fn report(text: &str) {
    eprint!("{text}");
}
