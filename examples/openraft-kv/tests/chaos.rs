//! Every scenario of this crate, as a test: the command runs it, with few seeds, and ends as it should.

use std::path::Path;
use std::process::Command;

/// Runs a scenario as a user would.
fn run(scenario: &str, seeds: u32) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{scenario}.yaml"));
    let reports = tempfile::tempdir().expect("a temporary folder can be made");
    let mut command = Command::new(env!("CARGO_BIN_EXE_openraft-kv"));
    command.arg("run").arg(file).args(["--no-shrink", "--check-determinism", "--seeds"]);
    let output =
        command.arg(seeds.to_string()).current_dir(reports.path()).output().expect("the command can be run");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn calm() {
    run("calm", 1);
}

#[test]
fn kill_leader() {
    run("kill-leader", 3);
}

#[test]
fn partitions() {
    run("partitions", 2);
}

#[test]
fn power_loss() {
    run("power-loss", 3);
}

#[test]
fn swarm() {
    run("swarm", 8);
}

#[test]
fn every_planted_bug_is_found() {
    for bug in
        ["append-not-synced", "committed-not-saved", "local-read", "retry-applied-twice", "vote-not-synced"]
    {
        run(bug, 4);
    }
}
