//! `diff-runs`: two runs of a seed, and the first event in which they differ; a sweep that finds such a
//! seed says the same at once.

use crate::project::Project;

/// A project with one leak, asked for after so many quiet events (two for each).
fn project(leak: &str, idle: u64) -> Project {
    let project = Project::new();
    let config = format!("{{ leak: {leak}, idle: {idle} }}");
    project.scenario(leak, &format!("system: {{ name: leaky, config: {config} }}\nduration: 1s"));
    project
}

#[test]
fn runs_that_are_one_are_identical() {
    let project = Project::with_shipped(&["kv-swarm"]);
    let args = ["diff-runs", "kv-swarm", "--seed", "0x1f3a", "--set", "duration=8s"];
    let once =
        project.squall(&args).expect(0).says("kv-swarm seed 0x1f3a: identical: ").says(" events, digest ");
    assert_eq!(project.squall(&args).expect(0).out, once.out, "each is the same run");
}

#[test]
fn a_plan_file_is_compared_as_well() {
    let project = project("process-id", 0);
    let yaml = project.squall(&["plan", "process-id", "--seed", "3", "--yaml"]).expect(0).out;
    project.write("plan.yaml", yaml);
    project
        .squall(&["diff-runs", "plan.yaml"])
        .expect(102)
        .says("process-id seed 0x3: the first run was pass");
}

/// The lines of events, from the number on.
fn events(out: &str) -> Vec<u64> {
    let numbers = out.lines().filter_map(|line| {
        let line = line.trim_start_matches("first run ").trim_start_matches("second run").trim_start();
        line.split_once("  ")?.0.parse().ok()
    });
    numbers.collect()
}

#[test]
fn the_first_event_that_differs_is_shown_with_the_ten_before_it() {
    let project = project("process-id", 0);
    let ran = project.squall(&["diff-runs", "process-id", "--seed", "1"]).expect(102);
    let ran = ran.says("The 2 events before, the same in both:").says("client-1  poll of the first task");
    assert_eq!(events(&ran.out), [1, 2, 3, 3], "{}", ran.out);
    let answers: Vec<&str> = ran.out.lines().filter(|line| line.contains("≠")).collect();
    let [one, other] = answers[..] else { panic!("one answer of each run differs:\n{}", ran.out) };
    assert!(one.contains(r#""phase":"ok","f":"ask","value":"#) && one != other, "{}", ran.out);
}

#[test]
fn a_difference_far_inside_a_run_is_found_with_its_window() {
    for idle in [2_046, 2_047, 2_048, 9_000] {
        let project = project("address", idle);
        let ran = project.squall(&["diff-runs", "address", "--seed", "1"]).expect(102);
        let ran = ran.says("The 10 events before, the same in both:");
        // The first poll, a timer and a poll for each sleep, a timer, and then the poll that asks.
        let asks = 2 * idle + 3;
        let expected: Vec<u64> = (asks - 10..=asks).chain([asks]).collect();
        assert_eq!(events(&ran.out), expected, "{}", ran.out);
    }
}

#[test]
fn a_sweep_that_finds_a_difference_shows_it_at_once() {
    let project = project("process-id", 3_000);
    let ran = project.squall(&["run", "--seeds", "0..3", "--check-determinism"]).expect(102);
    let ran = ran.says("The first difference:").says("≠");
    assert_eq!(events(&ran.out).last(), Some(&6_003), "{}", ran.out);
    let told = project.read("reports/latest/failures/process-id/0x0/difference.txt");
    assert!(ran.out.contains(&told), "the file is what was said:\n{told}");
}

#[test]
fn what_was_refused_is_no_difference() {
    let project = project("file", 0);
    let ran = project.squall(&["run", "--seeds", "1", "--check-determinism"]).expect(102);
    assert!(!ran.out.contains("The first difference"), "{}", ran.out);
    project.squall(&["diff-runs", "file", "--seed", "1"]).expect(0).says("identical: 7 events");
}

#[test]
fn a_run_that_never_ends_differs_in_nothing() {
    let project = project("park", 0);
    project.squall(&["diff-runs", "park", "--seed", "1"]).expect(0).says("both runs died, in the same way");
}
