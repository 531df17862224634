//! Scenarios as tests of `cargo test` and `cargo nextest`: a target without a harness.

use crate::project::{FAILING, Project, Ran, TWICE, ran};

const TARGET: &str = env!("CARGO_BIN_EXE_squall-target");

const CALM: &str = "system: kv\nduration: 1s\nseeds: 2\nexpect: { sometimes: [leader-elected] }";

/// Scenarios that pass, that fail, and that pass since they expect to fail.
fn project() -> Project {
    let project = Project::new();
    project.scenario("calm", CALM);
    project.scenario("twice", TWICE);
    let expected = format!(
        "version: 1\nname: expected\n{TWICE}\nexpect: {{ known-failure: {{ invariant: linearizable }} }}\n"
    );
    project.write("scenarios/zoo/expected.yaml", expected);
    project
}

fn target(project: &Project, args: &[&str]) -> Ran {
    ran(project.program(TARGET, args).output())
}

#[test]
fn scenarios_are_listed_as_libtest_lists_tests() {
    let listed = target(&project(), &["--list", "--format", "terse"]).expect(0);
    assert_eq!(listed.out, "calm: test\ntwice: test\nzoo/expected: test\n");
    let ignored = target(&project(), &["--list", "--format", "terse", "--ignored"]).expect(0);
    assert_eq!(ignored.out, "", "nextest asks for these as well");
}

#[test]
fn a_test_passes_exactly_when_its_scenario_does() {
    let project = project();
    let all = target(&project, &[]).expect(101);
    for line in ["test calm         ... ok", "test twice        ... FAILED", "test zoo/expected ... ok"] {
        assert!(all.out.contains(line), "{}", all.out);
    }
    assert!(!project.path("reports").exists(), "its files are among what cargo builds");
    let again = project.read("target/squall/squall-target/twice/results.ndjson");
    target(&project, &["--exact", "twice"])
        .expect(101)
        .says("0 passed; 1 failed; 0 ignored; 0 measured; 2 filtered");
    let other = project.read("target/squall/squall-target/twice/results.ndjson");
    assert_eq!(again, other, "the folder is the test's, and the same run is in it");
}

#[test]
fn what_fails_says_how_to_reproduce_it() {
    let project = project();
    let failed = target(&project, &["--exact", "twice"]).expect(101);
    let replay = failed.after("Reproduce with:")[0];
    assert_eq!(replay, format!("cargo xtask chaos replay scenarios/twice.yaml --seed {FAILING}"));
    project.printed(replay).expect(100).says("linearizable violated");
    project.printed(failed.after("Minimised repro:")[0]).expect(100).says("reproduced: ");
}

#[test]
fn a_test_that_passes_is_silent_unless_asked() {
    let project = project();
    let silent = target(&project, &["--exact", "calm"]).expect(0);
    assert!(!silent.out.contains("Reports:"), "{}", silent.out);
    target(&project, &["--exact", "calm", "--nocapture"]).expect(0).says("Reports:");
}

#[test]
fn a_broken_file_fails_its_own_test() {
    let project = project();
    project.write("scenarios/zoo/broken.yaml", "version: 1\nname: broken\nsystem: kvv\n");
    let broken = target(&project, &["--exact", "zoo/broken"]).expect(101);
    assert!(broken.out.contains("scenarios/zoo/broken.yaml:3"), "{}", broken.out);
    target(&project, &["calm"]).expect(0);
}

#[test]
fn variables_stand_for_options() {
    let project = project();
    let with = |seeds: &str| {
        let mut command = project.program(TARGET, &["--exact", "calm", "--nocapture"]);
        ran(command.env("SQUALL_SEEDS", seeds).output())
    };
    with("1").expect(0);
    assert_eq!(project.read("target/squall/squall-target/calm/results.ndjson").lines().count(), 1);
    with("many").expect(2).warns("error: SQUALL_SEEDS: invalid value 'many'");
    // One seed of a scenario that asks for what none of its seeds shows proves less than was asked for.
    project.scenario(
        "calm",
        "system: kv\nduration: 1s\nseeds: 1\nexpect: { sometimes: [leader-changed, leader-elected] }",
    );
    with("1").expect(101).says("Exit code: 3");
}

#[test]
fn a_folder_without_scenarios_is_no_success() {
    let project = Project::new();
    target(&project, &[]).expect(4).warns("there is no scenario (*.yaml) below scenarios");
    std::fs::remove_dir(project.path("scenarios")).unwrap();
    target(&project, &[]).expect(65).warns("cannot read scenarios");
}
