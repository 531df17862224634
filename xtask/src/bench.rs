//! `cargo xtask bench`: micro-benchmarks of the simulator, and the contest with its peers.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use super::{cargo, env_or, exec, report, root};

/// Those who meet the same feature flags and target directory. madsim has its own.
const CONTENDERS: [&str; 3] = ["squall", "turmoil", "moonpool"];

/// What madsim wants of a whole build.
const MADSIM_FLAGS: &str = "--cfg madsim";

/// `bench [ARGS]...` measures parts, `bench peers [ARGS]...` the contest.
pub(crate) fn run(args: &[OsString]) -> ExitCode {
    match args {
        [first, rest @ ..] if first == "peers" => peers(rest),
        _ => micro(args),
    }
}

fn micro(args: &[OsString]) -> ExitCode {
    let mut bench = cargo();
    bench.args(["bench", "--package", "squall-bench", "--bench", "simulator", "--"]).args(args);
    exec(bench)
}

/// Builds every contender, each by itself so that none meets another's cargo features, then hands
/// over to the contest.
fn peers(args: &[OsString]) -> ExitCode {
    let target = target().join("peers");
    let madsim_target = target.join("madsim");
    let program = |target: &PathBuf, package: &str| target.join("release").join(package);
    let mut contenders = Vec::new();
    for name in CONTENDERS {
        let package = format!("on-{name}");
        if !run_to_end(&package, &mut build(&package, &target)) {
            return ExitCode::FAILURE;
        }
        contenders.push((name, program(&target, &package)));
    }
    let mut madsim = build("on-madsim", &madsim_target);
    // This replaces flags that the environment or a configuration sets: all that is needed is here.
    madsim.env("RUSTFLAGS", MADSIM_FLAGS);
    if !run_to_end("on-madsim", &mut madsim) || !run_to_end("contest", &mut build("contest", &target)) {
        return ExitCode::FAILURE;
    }
    contenders.push(("madsim", program(&madsim_target, "on-madsim")));
    let mut contest = Command::new(program(&target, "contest"));
    contest.current_dir(root()).args(args);
    for (name, program) in contenders {
        let mut contender = OsString::from(format!("{name}="));
        contender.push(program);
        contest.arg(contender);
    }
    exec(contest)
}

fn build(package: &str, target: &PathBuf) -> Command {
    let mut build = cargo();
    // Not `--locked`: nobody keeps that lockfile up to date with what Squall's own crates use. The peers
    // are named by exact versions.
    build.args(["build", "--quiet", "--release", "--package", package]);
    build.arg("--manifest-path").arg(root().join("bench/peers/Cargo.toml"));
    build.arg("--target-dir").arg(target);
    build
}

fn run_to_end(package: &str, build: &mut Command) -> bool {
    report(&format!("bench: building {package}\n"));
    build.status().is_ok_and(|status| status.success())
}

/// Where the project builds.
fn target() -> PathBuf {
    root().join(env_or("CARGO_TARGET_DIR", "target"))
}
