//! `explain-failure`: a chart of when a violation became likely, on the screen and beside the failure.

use serde_json::Value;

use crate::project::{FAILING, Project, TWICE};

/// Small charts: these runs are not optimised.
const FEW: [&str; 4] = ["--runs", "60", "--each", "5"];

fn failed() -> (Project, String) {
    let project = Project::new();
    project.scenario("twice", TWICE);
    project.squall(&["run", "twice", "--seed", FAILING, "--no-shrink"]).expect(100);
    (project, format!("reports/latest/failures/twice/{FAILING}"))
}

#[test]
fn the_chart_lies_beside_the_failure_and_is_the_same_whatever_the_jobs() {
    let (project, folder) = failed();
    let explain = |args: &[&str]| project.squall(&[&["explain-failure"], args, &FEW].concat()).expect(100);
    let ran = explain(&["twice", "--seed", FAILING, "-j", "1"]);
    let ran = ran.says("twice seed 0x0: linearizable violated at t=").says("cut#0 applied: partition");
    let (svg, json) = (ran.after("Chart:")[0].to_owned(), ran.after("Data:")[0].to_owned());
    let first = (project.read(&svg), project.read(&json));
    assert!(first.0.starts_with("<svg ") && svg.ends_with(&format!("failures/twice/{FAILING}/cause.svg")));
    let data: Value = serde_json::from_str(&first.1).unwrap();
    assert_eq!((&data["v"], &data["symptom"]), (&1.into(), &"linearizable".into()));
    let runs = data["moments"].as_array().unwrap().iter().map(|moment| moment["runs"].as_u64().unwrap());
    assert_eq!(data["runs"].as_u64().unwrap(), runs.sum::<u64>());

    // Beside a plan file, with another number of workers: the same bytes.
    std::fs::remove_file(project.path(&svg)).unwrap();
    explain(&[&format!("{folder}/bound.yaml"), "-j", "3"]);
    let beside = format!("{folder}/cause.svg");
    assert_eq!((project.read(&beside), project.read(beside.replace("svg", "json"))), first);

    // Where it is told to.
    explain(&["twice", "--seed", FAILING, "--output", "here.svg", "--faults", "dropped"]);
    assert!(project.read("here.json").contains("\"later_faults\": \"dropped\""));
}

#[test]
fn what_cannot_be_explained_is_said() {
    let (project, _) = failed();
    project
        .squall(&["explain-failure", "twice", "--seed", FAILING, "--bug", "none"])
        .expect(0)
        .says("does not fail: there is nothing to explain");
    project.squall(&["explain-failure", "twice"]).expect(2).warns("say which with --seed");
    let args = ["explain-failure", "twice", "--seed", FAILING];
    project.squall(&[&args[..], &["--output", "a.png"]].concat()).expect(2).warns("ends in `.svg`");
    project.squall(&[&args[..], &["--each", "1"]].concat()).expect(2);
    let nowhere = [&args[..], &FEW, &["--output", "no/such/folder.svg"]].concat();
    project.squall(&nowhere).expect(74).warns("cannot write no/such/folder.svg");
}
