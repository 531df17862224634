//! What each command prints and writes when all is well.

use std::fs;

use quick_junit::{Report, TestCaseStatus};
use serde_json::Value;

use crate::project::{FAILING, Project, TWICE, json_lines};

/// A quiet scenario and a failing one.
fn project() -> Project {
    let project = Project::new();
    project.scenario("quiet", "system: hostile\ntags: [smoke]\nduration: 1s\nseeds: 3");
    project.scenario("twice", TWICE);
    project
}

#[test]
fn run_prints_a_table_and_fills_its_folder() {
    let project = project();
    let ran = project.squall(&["run", "--no-fail-fast", "--no-shrink"]).expect(100);
    assert!(ran.out.starts_with('╭'), "the table comes first:\n{}", ran.out);
    for words in ["│ quiet    │ pass", "│ twice    │ fail", "2 scenarios, 7 seeds: "] {
        assert!(ran.out.contains(words), "no `{words}` in:\n{}", ran.out);
    }
    assert!(!ran.out.contains("\n\n"), "no empty lines:\n{}", ran.out);
    let last = ran.out.lines().last().unwrap();
    let folder = last.trim_start().strip_prefix("Reports: ").unwrap();
    assert_eq!(
        fs::canonicalize(project.path(folder)).unwrap(),
        fs::canonicalize(project.path("reports/latest")).unwrap()
    );
    assert_eq!(
        ran.err, "quiet: 3 seeds, 0 failed\ntwice: 4 seeds, 2 failed\n",
        "progress, a line for each scenario"
    );

    let mut names: Vec<String> = fs::read_dir(project.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().display().to_string())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["failures", "junit.xml", "results.ndjson", "run.json", "summary.md", "timings.ndjson"]
    );
    let failure = project.path(format!("{folder}/failures/twice/{FAILING}"));
    let mut names: Vec<String> = fs::read_dir(failure)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().display().to_string())
        .collect();
    names.sort();
    let all = ["bound.yaml", "history.ndjson", "journal.ndjson", "log.txt", "plan.yaml", "verdict.json"];
    assert_eq!(names, all);
}

#[test]
fn the_files_of_a_run_say_the_same() {
    let project = project();
    project.squall(&["run", "--no-fail-fast", "--no-shrink"]).expect(100);
    let results = project.results();
    let failed = results.iter().filter(|line| line["outcome"] == "fail").count();
    assert_eq!((results.len(), failed), (7, 2));
    let timings = json_lines(&project.read("reports/latest/timings.ndjson"));
    let seeds = |lines: &[Value]| lines.iter().map(|line| line["seed"].clone()).collect::<Vec<_>>();
    assert_eq!(seeds(&timings), seeds(&results));
    let info = project.run_json();
    assert_eq!(info["status"], "complete");
    assert_eq!(info["arguments"], serde_json::json!(["run", "--no-fail-fast", "--no-shrink"]));
    assert_eq!(info["scenarios"][1]["path"], "scenarios/twice.yaml");

    let junit = Report::deserialize_from_str(&project.read("reports/latest/junit.xml")).expect("readable");
    let suites: Vec<&str> = junit.test_suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(suites, ["quiet", "twice"]);
    let bad = |place: usize| {
        let cases = junit.test_suites[place].test_cases.iter();
        cases.filter(|case| !matches!(case.status, TestCaseStatus::Success { .. })).count()
    };
    // The verdict, the oracle, and a case for each failing seed.
    assert_eq!((bad(0), bad(1)), (0, 2 + failed));
    let summary = project.read("reports/latest/summary.md");
    assert!(summary.contains("cargo xtask chaos replay twice --seed 0x0"), "{summary}");
}

#[test]
fn scenarios_are_chosen_by_name_path_and_tag() {
    let project = project();
    project.write("else where/other.yaml", project.read("scenarios/quiet.yaml").replace("quiet", "other"));
    project.write("scenarios/zoo/caged.yaml", project.read("scenarios/quiet.yaml").replace("quiet", "caged"));
    project.write(
        "scenarios/regressions/again.yaml",
        project.read("scenarios/quiet.yaml").replace("quiet", "again"),
    );
    let ran = |args: &[&str]| {
        let common = ["run", "--seeds", "1", "--bug", "none", "--set", "duration=1s"];
        project.squall(&[&common[..], args].concat()).expect(0);
        project.results().iter().map(|line| line["scenario"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ran(&[]), ["again", "quiet", "twice"], "regressions first, the zoo only by name");
    assert_eq!(ran(&["quiet"]), ["quiet"]);
    assert_eq!(ran(&["caged", "quiet"]), ["caged", "quiet"]);
    assert_eq!(ran(&["else where/other.yaml", "quiet"]), ["other", "quiet"]);
    assert_eq!(ran(&["--tag", "broken"]), ["twice"]);
    assert_eq!(ran(&["--tag", "broken", "--tag", "smoke"]), ["again", "quiet", "twice"]);
}

#[test]
fn seeds_are_chosen_by_number_range_and_base() {
    let project = project();
    let seeds = |args: &[&str]| {
        project.squall(&[&["run", "quiet"], args].concat()).expect(0);
        project.results().iter().map(|line| line["seed"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(seeds(&["--seed", "7994"]), ["0x1f3a"]);
    assert_eq!(seeds(&["--seeds", "0x10..0x13"]), ["0x10", "0x11", "0x12"]);
    let three = seeds(&[]);
    assert_eq!(three.len(), 3);
    assert_eq!(seeds(&["--seeds", "5"])[..3], three, "more seeds are more of the same");
    assert_eq!(seeds(&["--base-seed", "0x5eed"]), three, "the fixed default");
    let others = seeds(&["--base-seed", "1"]);
    assert!(others.iter().all(|seed| !three.contains(seed)));
}

#[test]
fn a_random_base_seed_can_be_had_again() {
    let project = project();
    let ran = project.squall(&["run", "quiet", "--base-seed", "random"]).expect(0);
    let results = project.read("reports/latest/results.ndjson");
    let base = project.run_json()["base_seed"].as_str().unwrap().to_owned();
    let ran = ran.warns(&format!("--base-seed {base} draws the same seeds again"));
    assert!(!ran.out.contains("random"));
    project.squall(&["run", "quiet", "--base-seed", &base]).expect(0);
    assert_eq!(project.read("reports/latest/results.ndjson"), results);
    project.squall(&["run", "quiet", "--base-seed", "random"]).expect(0);
    assert_ne!(project.run_json()["base_seed"].as_str().unwrap(), base);
}

#[test]
fn plan_tells_what_a_seed_will_do() {
    let project = project();
    insta::assert_snapshot!(project.squall(&["plan", "twice", "--seed", FAILING]).expect(0).out);
    insta::assert_snapshot!(project.squall(&["plan", "twice", "--seed", FAILING, "--yaml"]).expect(0).out);
    assert!(!project.path("reports").exists(), "a plan runs nothing");
}

#[test]
fn check_lists_what_is_valid() {
    let project = project();
    insta::assert_snapshot!(project.squall(&["check"]).expect(0).out);
    insta::assert_snapshot!(project.squall(&["check", "twice"]).expect(0).out);
}

#[test]
fn list_is_text_for_people_and_json_for_programs() {
    let project = project();
    let json: Value = serde_json::from_str(&project.squall(&["list", "--json"]).expect(0).out).unwrap();
    let names = |list: &Value| {
        let items = list.as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&json["scenarios"]), ["quiet", "twice"]);
    assert_eq!(names(&json["systems"]), ["batch", "hostile", "kv", "leaky"]);
    let text = project.squall(&["list"]).expect(0).out;
    for system in json["systems"].as_array().unwrap() {
        let conditions: Vec<&str> =
            system["conditions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let distinct: std::collections::BTreeSet<&&str> = conditions.iter().collect();
        assert_eq!(distinct.len(), conditions.len(), "each condition once: {conditions:?}");
        for name in names(&system["bugs"]).iter().map(String::as_str).chain(conditions) {
            assert!(text.contains(name), "no {name} in:\n{text}");
        }
    }
    assert_eq!(names(&json["engines"]), ["native", "turmoil", "madsim"]);
    let turmoil = &json["engines"][1]["faults"];
    let [kill, pause] = ["kill", "pause"].map(|keyword| turmoil[keyword]["ability"].as_str().unwrap());
    assert_eq!((kill, pause), ("yes", "no"));
    let row =
        text.lines().find(|line| line.split_whitespace().next() == Some("pause")).expect("a row of faults");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["pause", "yes", "no", "yes"]);
    let lines: Vec<&str> = text.lines().collect();
    let section = lines.iter().position(|line| line.contains("System kv: conditions")).unwrap();
    let section = lines[section + 1..].split(|line| line.starts_with("System ")).next().unwrap();
    let said = section.iter().filter(|line| line.split_whitespace().next() == Some("leader-changed"));
    assert_eq!(said.count(), 1, "each condition once:\n{text}");
}

#[test]
fn every_code_is_explained() {
    let project = Project::new();
    insta::assert_snapshot!(project.squall(&["explain", "E0005"]).expect(0).out);
    for code in 1..=40 {
        let ran = project.squall(&["explain", &format!("E{code:04}")]).expect(0);
        assert!(ran.out.len() > 40, "{}", ran.out);
    }
}
