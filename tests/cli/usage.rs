//! Command lines that ask for what cannot be: exit code 2, or 4 if nothing is there to run. The
//! words name what was typed and what would have been right.

use crate::project::Project;

fn project() -> Project {
    let project = Project::new();
    project.scenario("calm", "system: kv\nduration: 9s\ntags: [smoke]");
    project.scenario("quiet", "system: hostile\nduration: 9s\nseeds: 18446744073709551615");
    project
}

/// Refused, with these words on standard error, and without a run folder.
#[track_caller]
fn refused(code: i32, args: &[&str], words: &str) {
    let project = project();
    project.squall(args).expect(code).warns(words);
    assert!(!project.path("reports").exists());
}

#[test]
fn flags_that_are_wrong() {
    refused(2, &["run", "--no-such-flag"], "--no-such-flag");
    refused(2, &["run", "-j", "0"], "0 is not in 1..=256");
    refused(2, &["run", "-j", "257"], "257 is not in 1..=256");
    refused(2, &["run", "--seeds", "0"], "there is no seed in it");
    refused(2, &["run", "--seeds", "five"], "neither a number of seeds nor a range");
    refused(2, &["run", "--seeds", "9..5"], "the range runs backwards");
    refused(2, &["run", "--seeds", "5..5"], "there is no seed in it");
    refused(2, &["run", "--seed", "0xg"], "`0xg` is not a seed: write a 64-bit number");
    refused(2, &["run", "--seed", "1", "--seeds", "2"], "cannot be used with");
    refused(2, &["run", "--base-seed", "dice"], "`dice` is not a seed");
    refused(2, &["run", "--max-fail", "0"], "--max-fail");
    refused(2, &["run", "--max-fail", "2", "--no-fail-fast"], "cannot be used with");
    refused(2, &["run", "--show-progress", "loud"], "possible values: auto, bar, counter, none");
    refused(2, &["replay"], "<SCENARIO|FILE>");
    refused(2, &["replay", "calm", "--seed", "1", "--until", "5"], "--until");
    refused(2, &["explain", "E9999"], "`E9999` is no error code; they look like E0012");
}

#[test]
fn more_seeds_than_fit() {
    refused(2, &["run", "calm", "--seeds", "18446744073709551615"], "more than one run takes");
    refused(2, &["run", "calm", "--seeds", "0..0xffffffffffffffff"], "more than one run takes");
    refused(2, &["run"], "more than one run takes");
}

#[test]
fn a_run_without_its_seed() {
    refused(2, &["replay", "calm"], "calm has more than one seed: say which with --seed");
    refused(2, &["plan", "calm"], "calm has more than one seed");
    refused(2, &["shrink", "calm"], "calm has more than one seed");
}

#[test]
fn changes_that_do_not_fit() {
    for command in
        [&["run", "calm"][..], &["replay", "calm", "--seed", "1"], &["plan", "calm", "--seed", "1"]]
    {
        let refused = |changes: &[&str], words| refused(2, &[command, changes].concat(), words);
        refused(&["--set", "duration"], "`duration` is not KEY=VALUE");
        refused(&["--set", "seeds=3"], "`seeds` cannot be set: only `duration`");
        refused(&["--set", "duration=10"], "`10` does not fit `duration`");
        refused(&["--set", "workload.kyes=2"], "the system refuses `workload` with these values");
        refused(&["--set", "workload.keys=many"], "the system refuses `workload` with these values");
        refused(&["--set", "workload.keys=[1"], "`[1` does not fit `workload.keys`");
        refused(&["--set", "system.config.lease=1h..1s"], "system.config");
        refused(&["--bug", "retry-aplied-twice"], "did you mean `retry-applied-twice`?");
        refused(&["--bug", "nothing-like-it"], "known are ");
    }
}

#[test]
fn nothing_to_run() {
    refused(4, &["run", "clam"], "no scenario is named `clam`; did you mean `calm`?");
    refused(4, &["frobnicate", "calm"], "no scenario is named `frobnicate`");
    refused(4, &["run", "xyzzy"], "no scenario is named `xyzzy`; `cargo xtask chaos list` names them");
    refused(4, &["replay", "quite", "--seed", "1"], "did you mean `quiet`?");
    refused(4, &["run", "--tag", "none", "--tag", "neither"], "no scenario has the tag none or neither");
    let empty = Project::new();
    for command in ["run", "check"] {
        empty.squall(&[command]).expect(4).warns("there is no scenario under scenarios/");
    }
    empty.squall(&["run", "calm"]).expect(4).warns("there are none under scenarios/");
}

#[test]
fn help_and_version_are_no_mistakes() {
    let project = project();
    project.squall(&["--help"]).expect(0).says("Usage: cargo xtask chaos");
    project.squall(&["replay", "--help"]).expect(0).says("--until");
    project.squall(&["--version"]).expect(0).says("0.1.0");
}
