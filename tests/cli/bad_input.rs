//! Files that are no scenario: each is refused with exit code 65 and a diagnostic that says where,
//! by `check` and by `run` alike, and nothing is run or written.

use std::fmt::Write as _;

use crate::project::{Project, Ran};

/// Refused by `check` and `run`, with the same words. Returns them.
#[track_caller]
fn refused(project: &Project) -> String {
    let checked = project.squall(&["check"]).expect(65);
    let ran = project.squall(&["run"]).expect(65);
    assert_eq!(checked.err, ran.err);
    assert_eq!((checked.out.as_str(), ran.out.as_str()), ("", ""), "complaints go to standard error");
    assert!(!checked.err.contains('\u{1b}'), "colours in a pipe:\n{}", checked.err);
    assert!(!project.path("reports").exists(), "a run folder for a run that cannot be");
    checked.err
}

/// Refused, being a file of these bytes.
#[track_caller]
fn refused_file(bytes: impl AsRef<[u8]>) -> String {
    let project = Project::new();
    project.write("scenarios/bad.yaml", bytes);
    refused(&project)
}

/// Refused, being this text below a head that is well.
#[track_caller]
fn refused_lines(lines: &str) -> String {
    refused_file(format!("version: 1\nname: bad\nsystem: kv\nduration: 9s\n{lines}\n"))
}

#[test]
fn an_unknown_key() {
    insta::assert_snapshot!(refused_lines("sedes: 3"));
}

#[test]
fn a_missing_unit() {
    insta::assert_snapshot!(refused_lines("faults:\n  - { at: 5, kill: leader }"));
}

#[test]
fn an_unknown_node() {
    insta::assert_snapshot!(refused_lines("faults:\n  - { at: 5s, for: 1s, kill: server-9 }"));
}

#[test]
fn two_actions_in_one_entry() {
    let entry = "faults:\n  - at: 5s\n    for: 1s\n    kill: leader\n    pause: leader";
    insta::assert_snapshot!(refused_lines(entry));
}

#[test]
fn an_empty_file() {
    insta::assert_snapshot!(refused_file(""));
}

#[test]
fn several_mistakes_in_several_files_at_once() {
    let project = Project::new();
    project.scenario(
        "one",
        "system: kv\nduration: 9s\nfaults:\n  - { at: 5s, kil: leader }\n  - { at: 20s, kill: leader }",
    );
    project.scenario("two", "system: vk\nduration: 9s");
    project.scenario("well", "system: kv\nduration: 9s");
    insta::assert_snapshot!(refused(&project));
}

#[test]
fn bytes_that_are_no_text() {
    insta::assert_snapshot!(refused_file(b"version: 1\nname: \xff\xfe\n"));
}

#[test]
fn a_megabyte_of_garbage() {
    let mut bits = 1_u64;
    let mut garbage = String::new();
    while garbage.len() < 1 << 20 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        garbage.push(char::from(b' ' + (bits >> 58) as u8));
    }
    let said = refused_file(&garbage);
    assert!(said.starts_with("error[E00") && said.contains("scenarios/bad.yaml:1:"), "{said:.300}");
    assert!(said.len() < 4_000, "the garbage is not repeated: {} bytes", said.len());
    let said = refused_file(garbage.repeat(2));
    assert!(said.starts_with("error[E0004]: ") && said.len() < 4_000, "{said:.300}");
}

#[test]
fn an_alias_bomb() {
    let mut bomb = "version: 1\nname: bad\nsystem: kv\nduration: 9s\ntags:\n  - &a0 [x, x]\n".to_owned();
    for k in 1..40 {
        writeln!(bomb, "  - &a{k} [*a{0}, *a{0}, *a{0}, *a{0}]", k - 1).unwrap();
    }
    let said = refused_file(bomb);
    assert!(said.starts_with("error[E0004]: ") && said.contains("scenarios/bad.yaml:"), "{said:.300}");
}

#[test]
fn a_folder_in_place_of_a_file() {
    let project = Project::new();
    project.write("scenarios/bad.yaml/inside", "");
    insta::assert_snapshot!(refused(&project));
    let ran = project.squall(&["run", "scenarios/missing.yaml"]).expect(65);
    insta::assert_snapshot!(ran.err);
}

#[test]
fn two_scenarios_of_one_name() {
    let project = Project::new();
    project.scenario("one", "system: kv\nduration: 9s");
    project.write("scenarios/regressions/one.yaml", project.read("scenarios/one.yaml"));
    insta::assert_snapshot!(refused(&project));

    // By path as well; but one file that is named twice is one scenario.
    project.squall(&["run", "scenarios/one.yaml", "scenarios/regressions/one.yaml"]).expect(65);
    let project = Project::new();
    project.scenario("one", "system: hostile\nduration: 1s\nseeds: 1");
    project
        .squall(&["run", "one", "scenarios/one.yaml", "one"])
        .expect(0)
        .says("1 scenario, 1 seed: 1 passed");
}

#[test]
fn a_mistake_elsewhere_does_not_keep_a_named_scenario_from_running() {
    let project = Project::new();
    project.scenario("well", "system: { name: hostile }\nduration: 1s");
    project.scenario("bad", "system: vk\nduration: 1s");
    project.squall(&["run", "well", "--seeds", "1"]).expect(0);
    project.squall(&["run", "bad", "--seeds", "1"]).expect(65).warns("unknown system `vk`");
}

/// A scenario of the design that is not built yet.
const PLANNED: &str = "\
system: kv
duration: 9s
faults:
  - at: 3s
    admin: { op: drain }";

#[test]
fn what_is_not_built_is_refused_by_name_where_it_would_run() {
    let project = Project::new();
    project.scenario("later", PLANNED);
    let refusals: Vec<Ran> = vec![
        project.squall(&["run"]),
        project.squall(&["replay", "later", "--seed", "1"]),
        project.squall(&["shrink", "later", "--seed", "1"]),
    ];
    insta::assert_snapshot!(refusals[0].err);
    for ran in refusals {
        ran.expect(65).warns("`admin`").warns("not supported yet");
    }
    project.squall(&["check"]).expect(0).says("it cannot run yet").warns("`admin`");
    project.squall(&["plan", "later", "--seed", "1"]).expect(0).warns("`admin`");
}
