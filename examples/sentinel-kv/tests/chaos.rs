//! Every scenario with a few seeds, through this crate's own chaos command.

use std::path::Path;
use std::process::Command;

#[track_caller]
fn run(scenario: &str, seeds: u32) {
    let reports = tempfile::tempdir().unwrap();
    let seeds = seeds.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel-kv"));
    command.args(["run", scenario, "--seeds", &seeds, "--no-shrink", "--output"]);
    command.arg(reports.path().join("run")).current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn without_faults_nothing_is_lost() {
    run("calm", 3);
}

#[test]
fn a_primary_that_waits_for_a_replica_takes_nothing_with_it() {
    run("kill-primary", 6);
}

#[test]
fn the_default_mix_breaks_nothing() {
    run("swarm", 12);
}

#[test]
fn a_partition_loses_writes_that_were_answered() {
    run("loses-writes-in-a-partition", 2);
}
