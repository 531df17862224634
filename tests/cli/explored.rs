//! `run --until-stable` and `run --guided`: the same bytes whatever the jobs, and failures that replay.

use crate::project::{Project, TWICE};

/// A store with a planted bug that about one seed of eight shows.
const RARE: &str = "\
system: { name: kv, bugs: [retry-applied-twice] }
workload: { keys: 1, think: 100ms }
duration: 5s
faults:
  - { name: cut, at: 2s, for: 300ms, partition: { from: { role: server, mode: one }, to: { role: client, mode: one }, \
direction: to } }";

fn project() -> Project {
    let project = Project::new();
    project.scenario("twice", TWICE);
    project.scenario("sound", &TWICE.replace("bugs: [retry-applied-twice]", "bugs: []"));
    project
}

#[test]
fn a_scenario_ends_once_nothing_new_comes() {
    let project = project();
    let run = |jobs: &str| {
        let args = ["run", "sound", "--seeds", "100", "--until-stable=3", "-j", jobs];
        let ran = project.squall(&args).expect(0);
        let coverage = ran.after("coverage")[0].to_owned();
        (coverage, project.read("reports/latest/results.ndjson"))
    };
    let (coverage, results) = run("1");
    let seeds = results.lines().count();
    assert!(seeds < 100, "{coverage}");
    assert!(coverage.starts_with("sound: coverage stable at "), "{coverage}");
    assert!(
        coverage.ends_with(&format!(" features after {seeds} seeds: nothing new in the last 3")),
        "{coverage}"
    );
    assert_eq!(run("3"), (coverage.clone(), results));
    let summary = project.read("reports/latest/summary.md");
    assert!(summary.contains("## Coverage") && summary.contains("- named conditions: "), "{summary}");
}

#[test]
fn a_guided_failure_is_a_plan_that_replays() {
    let project = Project::new();
    project.scenario("rare", RARE);
    let args = ["run", "rare", "--seeds", "192", "--guided", "--no-fail-fast", "--no-shrink", "-j", "3"];
    let ran = project.squall(&args).expect(100);
    assert!(ran.out.contains(" of 192 runs drawn anew after something rare, "), "{}", ran.out);
    let results = project.results();
    let mut seeds: Vec<_> = results.iter().map(|result| result["seed"].as_str().unwrap()).collect();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!((results.len(), seeds.len()), (192, 192), "each run has a name of its own");
    // A run that no seed of the scenario gives is printed by its plan.
    let commands = ran.after("Reproduce with:");
    let drawn_anew: Vec<_> = commands.iter().filter(|command| command.contains("plan.yaml")).collect();
    assert!(!drawn_anew.is_empty() && drawn_anew.len() < commands.len(), "{commands:#?}");
    for command in drawn_anew {
        project.printed(command).expect(100).says("reproduced: fail");
    }
    // It ended; one that had not could not be gone on with.
    project.squall(&["run", "--resume", "reports/latest"]).expect(100).warns("is complete");
    let folder = project.runs().remove(0);
    let stored = std::fs::read_to_string(folder.join("run.json")).unwrap();
    std::fs::write(folder.join("run.json"), stored.replace("\"complete\"", "\"running\"")).unwrap();
    let resumed = project.squall(&["run", "--resume", "reports/latest"]);
    resumed.expect(2).warns("chose its runs from its results");
}

#[test]
fn what_is_chosen_from_results_is_not_cut() {
    let project = project();
    for other in [["--partition", "slice:1/2"], ["--time-budget", "1s"]] {
        let args = [&["run", "twice", "--guided"], &other[..]].concat();
        project.squall(&args).expect(2).warns("cannot be used with");
    }
    project.squall(&["run", "twice", "--until-stable=0"]).expect(2);
}
