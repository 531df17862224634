//! A campaign in slices: each machine runs its own, `merge` joins them to what one machine would have
//! left, and refuses what does not belong together.

use std::fs;

use crate::project::{Project, Ran, TWICE, ran};
use crate::stints::{PANICS, WELL};

fn slice(project: &Project, number: usize, of: usize, args: &[&str]) -> Ran {
    let (partition, output) = (format!("slice:{number}/{of}"), format!("s{number}"));
    project.squall(&[&["run"], args, &["--partition", &partition, "--output", &output]].concat())
}

#[test]
fn eight_slices_are_one_campaign() {
    for args in [&["--max-fail", "2"][..], &["--no-fail-fast"]] {
        let project = Project::new();
        project.scenario("panics", PANICS);
        project.scenario("twice", TWICE);
        project.scenario("well", WELL);
        project.squall(&[&["run", "--output", "whole"], args].concat()).expect(100);
        let codes: Vec<i32> = (1..=8).map(|number| slice(&project, number, 8, args).code).collect();
        assert!(codes.contains(&100) && codes.iter().all(|code| [0, 100].contains(code)), "{codes:?}");
        // In any order.
        let slices = ["s3", "s1", "s8", "s2", "s5", "s7", "s6", "s4"];
        let merged = project.squall(&[&["merge", "--output", "merged"], &slices[..]].concat()).expect(100);
        assert_eq!(project.read("merged/results.ndjson"), project.read("whole/results.ndjson"));
        project.write("merged/timings.ndjson", project.read("whole/timings.ndjson"));
        project.same_campaign("whole", "merged");
        let repro = "cargo xtask chaos replay merged/failures/twice/0x0/shrunk.yaml";
        assert!(project.read("merged/summary.md").contains(repro), "{}", merged.out);
        project.printed(repro).expect(100).says("reproduced: ");
        assert_eq!(project.info("merged")["partition"], serde_json::Value::Null);
    }
}

#[test]
fn only_the_merge_judges_what_all_seeds_are_asked() {
    let project = Project::new();
    let lines = format!("{WELL}\nexpect: {{ sometimes: [leader-elected] }}");
    project.scenario("doubtful", &lines);
    project.squall(&["run", "doubtful"]).expect(3);
    for number in 1..=2 {
        slice(&project, number, 2, &["doubtful"]).expect(0).says("judged by `merge` alone");
    }
    assert!(project.read("s1/junit.xml").contains("slice:1/2"));
    assert!(project.read("s1/summary.md").contains("one part of a campaign"));
    project.squall(&["merge", "s1", "s2"]).expect(3).says("INCONCLUSIVE doubtful: ");
    let merged = fs::read_link(project.path("reports/latest")).unwrap();
    assert_eq!(project.read("reports/latest/results.ndjson").lines().count(), 120, "{}", merged.display());
}

#[test]
fn a_slice_without_a_seed_is_a_slice_too() {
    let project = Project::new();
    project.scenario("well", &WELL.replace("120", "2"));
    for number in 1..=3 {
        slice(&project, number, 3, &[]).expect(0);
    }
    project.squall(&["run", "--output", "whole"]).expect(0);
    project.squall(&["merge", "s1", "s2", "s3", "--output", "merged"]).expect(0);
    assert_eq!(project.read("merged/results.ndjson"), project.read("whole/results.ndjson"));
}

#[test]
fn what_is_missing_is_named_and_nothing_is_merged() {
    let project = Project::new();
    project.scenario("well", &WELL.replace("120", "800"));
    for number in [2, 4] {
        slice(&project, number, 4, &[]).expect(0);
    }
    let args = ["merge", "s2", "s4", "--output", "merged"];
    let missing = project.squall(&args).expect(3);
    missing.warns("2 missing of 4 slices: slice:1/4, slice:3/4");
    assert!(!project.path("merged").exists());
    // Slices that did not come to their end.
    slice(&project, 1, 4, &["--time-budget", "1ns"]).expect(0).says("cut after 0 of 200 seeds");
    project.killed_at(&["run", "--partition", "slice:3/4", "--output", "s3"], "s3", 2);
    let all = ["merge", "s1", "s2", "s3", "s4", "--output", "merged"];
    let cut = project.squall(&all).expect(3);
    let cut = cut.warns("slice:1/4 is not complete (cut): go on with `cargo xtask chaos run --resume s1`");
    cut.warns("slice:3/4 is not complete (running): go on with `cargo xtask chaos run --resume s3`");
    assert!(!project.path("merged").exists());
    project.squall(&["run", "--resume", "s1"]).expect(0);
    project.squall(&["run", "--resume", "s3"]).expect(0);
    project.squall(&all).expect(0);
    project.squall(&["run", "--output", "whole"]).expect(0);
    assert_eq!(project.read("merged/results.ndjson"), project.read("whole/results.ndjson"));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let project = Project::new();
    project.scenario("well", &WELL.replace("120", "8"));
    slice(&project, 1, 2, &[]).expect(0);
    slice(&project, 2, 2, &[]).expect(0);
    let refused = |args: &[&str], words: &str| {
        let refused = project.squall(&[&["merge", "--output", "merged"], args].concat());
        let refused = refused.expect(65);
        assert!(refused.err.contains(words), "no `{words}` in {}", refused.err);
        assert!(!project.path("merged").exists());
    };
    let other = |name: &str, args: &[&str]| {
        let common = ["run", "--partition", "slice:2/2", "--output", name];
        project.squall(&[&common[..], args].concat()).expect(0);
    };
    project.squall(&["run", "--output", "unsliced"]).expect(0);
    refused(&["s1", "unsliced"], "unsliced is no slice of a campaign");
    other("again", &[]);
    refused(&["s1", "s2", "again"], "s2 and again are both slice:2/2");
    other("seeds", &["--seeds", "0x0..0x9"]);
    refused(&["s1", "seeds"], "--seeds: of each scenario there, 9 from 0x0 here");
    other("base", &["--base-seed", "7"]);
    refused(&["s1", "base"], "the base seed: 0x5eed there, 0x7 here");
    project.scenario("more", &WELL.replace("120", "1"));
    other("more", &[]);
    refused(&["s1", "more"], "the scenarios: well there, more, well here");
    fs::remove_file(project.path("scenarios/more.yaml")).unwrap();
    project.squall(&["run", "--partition", "slice:3/3", "--output", "three"]).expect(0);
    refused(&["s1", "three"], "the number of slices: 2 there, 3 here");
    project.scenario("well", &WELL.replace("120", "8").replace("2s", "3s"));
    refused(&["s1", "s2"], "the text of scenarios/well.yaml");
    other("changed", &[]);
    refused(&["s1", "changed"], "the text of scenarios/well.yaml");
    project.scenario("well", &WELL.replace("120", "8"));
    let results = project.read("s2/results.ndjson");
    project.write("s2/results.ndjson", &results[..results.len() / 2]);
    let cut = project.squall(&["merge", "--output", "merged", "s1", "s2"]).expect(65);
    cut.warns("s2/results.ndjson holds no result of seed");
    refused_usage(&project);
}

#[test]
fn a_slice_that_was_copied_in_part_is_refused_before_anything_is_written() {
    let project = Project::new();
    project.scenario("panics", PANICS);
    for number in [1, 2] {
        slice(&project, number, 2, &["--no-shrink"]).expect(100);
    }
    // The first failing seed of the whole; it lies in one of them.
    let lost = ["s1", "s2"].iter().find(|name| project.path(name).join("failures/panics/0x1").exists());
    fs::remove_dir_all(project.path(lost.unwrap()).join("failures")).unwrap();
    let refused = project.squall(&["merge", "s1", "s2", "--output", "merged"]).expect(65);
    refused.warns("failures/panics/0x1 lacks files: copy the whole folder of slice:");
    assert!(!project.path("merged").exists());
}

fn refused_usage(project: &Project) {
    for (partition, words) in [
        ("2/4", "`2/4` is no slice: write it as `slice:1/4`"),
        ("slice:5/4", "there are not that many"),
        ("slice:0/4", "slices count from 1"),
    ] {
        project.squall(&["run", "--partition", partition]).expect(2).warns(words);
    }
    let random = ["run", "--partition", "slice:1/2", "--base-seed", "random"];
    project.squall(&random).expect(2).warns("give all of them one --base-seed");
    project.squall(&["run", "--partition", "slice:1/2", "--keep"]).expect(2).warns("keep that after `merge`");
    project.squall(&["merge"]).expect(2);
}

#[test]
fn a_platform_says_which_slice() {
    let project = Project::new();
    project.scenario("well", &WELL.replace("120", "8"));
    for (number, variables) in [
        (1, &[("STRATEGY_JOB_INDEX", "0"), ("STRATEGY_JOB_TOTAL", "4")][..]),
        (2, &[("JOB_COMPLETION_INDEX", "1"), ("JOB_COMPLETIONS", "4")]),
        (3, &[("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "4")]),
        (4, &[("SLURM_ARRAY_TASK_ID", "4"), ("SLURM_ARRAY_TASK_COUNT", "4"), ("SLURM_ARRAY_TASK_MIN", "1")]),
    ] {
        let output = format!("s{number}");
        let mut command = project.command(&["run", "--partition", "auto", "--output", &output]);
        command.env_remove("CI_NODE_TOTAL").env_remove("CI_NODE_INDEX");
        let said = ran(command.envs(variables.iter().copied()).output()).expect(0);
        said.warns(&format!("slice:{number}/4, of "));
        assert_eq!(project.info(&output)["partition"], format!("slice:{number}/4"));
    }
    project.squall(&["merge", "s1", "s2", "s3", "s4"]).expect(0);
    project.squall(&["run", "--partition", "auto"]).expect(2).warns("finds no variables of a platform");
}
