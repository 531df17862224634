//! The results of a campaign are bytes that depend on its arguments alone: not on the number of
//! workers, not on the process, not on what else runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::project::{Project, TWICE, root};

const SCENARIOS: [&str; 3] = ["kv-kill-primary", "kv-bad-network", "kv-swarm"];

/// Runs eight seeds of each scenario, shortened; whether they pass is not the question here.
fn results(project: &Project, scenarios: &[&str], more: &[&str]) -> String {
    let common = ["--seeds", "8", "--set", "duration=8s", "--no-fail-fast", "--no-shrink"];
    let args: Vec<&str> = [&["run"][..], scenarios, &common, more].concat();
    let ran = project.squall(&args);
    // Within eight seconds not every `sometimes` comes to pass.
    assert!(matches!(ran.code, 0 | 3), "{}: {}\n{}", ran.code, ran.out, ran.err);
    project.read("reports/latest/results.ndjson")
}

#[test]
fn results_are_the_same_whoever_runs_them() {
    let project = Project::with_shipped(&SCENARIOS);
    let alone = results(&project, &SCENARIOS, &["-j", "1"]);
    assert_eq!(alone.lines().count(), 24);
    assert_eq!(results(&project, &SCENARIOS, &["-j", "2"]), alone);
    // Elsewhere, by path, and one after the other.
    let elsewhere = Project::new();
    let each = SCENARIOS.map(|name| {
        let path = root().join(format!("scenarios/{name}.yaml")).display().to_string();
        results(&elsewhere, &[&path], &["-j", "3", "--show-progress", "none"])
    });
    assert_eq!(each.concat(), alone);
}

#[test]
fn each_seed_of_the_swarms_is_the_same_run_in_another_worker() {
    let swarms = ["kv-swarm", "batch-swarm"];
    let project = Project::with_shipped(&swarms);
    let results = results(&project, &swarms, &["-j", "2", "--check-determinism"]);
    assert_eq!(results.lines().count(), 16);
    assert!(!results.contains("nondeterministic"), "{results}");
}

#[test]
fn a_run_in_this_process_is_the_run_of_a_worker() {
    let project = Project::with_shipped(&["kv-kill-primary"]);
    let forked = results(&project, &["kv-kill-primary"], &[]);
    let here = results(&project, &["kv-kill-primary"], &["--in-process"]);
    assert_eq!(here, forked);
}

#[test]
fn what_is_kept_of_failures_is_the_same_too() {
    let project = Project::new();
    project.scenario("twice", TWICE);
    let kept = ["1", "4"].map(|jobs| {
        project.squall(&["run", "--max-fail", "2", "-j", jobs]).expect(100);
        let latest = project.path("reports").join("latest");
        let mut files = BTreeMap::new();
        collect(&latest.join("failures"), &mut files);
        files.insert("results".to_owned(), fs::read_to_string(latest.join("results.ndjson")).unwrap());
        files
    });
    let [one, four] = &kept;
    let names: Vec<&String> = one.keys().collect();
    assert!(names.iter().any(|name| name.ends_with("shrunk.yaml")), "{names:?}");
    assert_eq!(names, four.keys().collect::<Vec<_>>());
    for (name, text) in one {
        assert!(*text == four[name], "{name} differs");
    }
}

/// All files below a folder, by name.
fn collect(folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            let seed = path.parent().unwrap().file_name().unwrap().display().to_string();
            let name = path.file_name().unwrap().display().to_string();
            files.insert(format!("{seed}/{name}"), fs::read_to_string(&path).unwrap());
        }
    }
}
