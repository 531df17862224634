//! What CI runs: the same steps, in the same order, on any machine.

use std::process::{Command, ExitCode};

use super::{cargo, cross, report};

/// Seeds of each swarm in the comparison of builds.
const CROSS_SEEDS: &str = "2";

/// The canary: planted bugs, one of each system, that need a fault and an oracle to be found, and that the
/// swarms find within a few seeds. If they are not found, Squall has gone blind, whatever else passes.
const CANARY: [&str; 9] = [
    "zoo",
    "--quick",
    "--no-shrink",
    "--bug",
    "stale-primary-read",
    "--bug",
    "commit-regress",
    "--check",
    "docs/zoo.json",
];

/// Runs all steps; the first that fails ends it.
pub(crate) fn run() -> ExitCode {
    let steps = [
        ("format", cargo_with(&["fmt", "--all", "--check"])),
        (
            "lints",
            cargo_with(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--locked",
                "--",
                "-D",
                "warnings",
            ]),
        ),
        ("docs", docs()),
        ("tests", cargo_with(&["test", "--workspace", "--all-features", "--locked"])),
        ("tests of the engine madsim", madsim(&["--package", "squall-tests", "--test", "engines"])),
        ("the example on madsim", madsim(&["--package", "madsim-register"])),
        ("scenarios are valid", squall(&["check"])),
        ("chaos smoke", squall(&["run", "--profile", "ci", "--show-progress", "counter"])),
        ("canary", squall(&CANARY)),
    ];
    for (name, mut command) in steps {
        if !step(name, &mut command) {
            return ExitCode::FAILURE;
        }
    }
    report("ci: debug and chaos builds agree\n");
    let agree = cross::run(&["--profile", "chaos", "--seeds", CROSS_SEEDS].map(Into::into));
    if agree == ExitCode::SUCCESS {
        report("ci: all steps passed\n");
    }
    agree
}

fn cargo_with(args: &[&str]) -> Command {
    let mut cargo = cargo();
    cargo.args(args);
    cargo
}

/// Tests on a build of the engine madsim.
fn madsim(args: &[&str]) -> Command {
    let mut tests = cargo_with(&["test", "--locked"]);
    tests.args(args);
    super::madsim::build_for(&mut tests);
    tests
}

fn docs() -> Command {
    let mut docs = cargo_with(&["doc", "--workspace", "--no-deps", "--all-features", "--locked"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    docs
}

fn squall(args: &[&str]) -> Command {
    let mut run = cargo_with(&["run", "--locked", "--package", "squall-systems", "--bin", "squall"]);
    run.args(["--profile", "chaos", "--"]).args(args).env("SQUALL_PROGRAM", "cargo xtask chaos");
    run
}

/// Runs one step and says how it went, with the command that repeats it.
pub(crate) fn step(name: &str, command: &mut Command) -> bool {
    report(&format!("ci: {name}\n"));
    let ok = command.status().is_ok_and(|status| status.success());
    if !ok {
        let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
        report(&format!("ci: {name} failed; repeat with: cargo {}\n", args.join(" ")));
    }
    ok
}
