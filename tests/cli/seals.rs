//! What reaches a system from outside a run: what the seal and the fork close off repeats, and what
//! they cannot close off is found out, named, and has an exit code of its own.

use crate::project::Project;

fn project(deed: &str) -> Project {
    let project = Project::new();
    let system = format!("system: {{ name: hostile, config: {{ deed: {deed}, one-in: 1 }} }}");
    project.scenario(deed, &format!("{system}\nduration: 3s"));
    project
}

/// Enough seeds that some of the passing ones are run twice.
const SEEDS: &str = "0..128";

#[test]
fn hash_order_clocks_and_static_counters_repeat() {
    let project = project("world");
    project.squall(&["run", "--seeds", SEEDS, "-j", "2"]).expect(0).says("128 passed");
    let results = project.read("reports/latest/results.ndjson");
    let digests: std::collections::BTreeSet<String> =
        project.results().iter().map(|result| result["digest"].to_string()).collect();
    assert_eq!(digests.len(), 128, "entropy is the seed's own, so no two seeds answer alike");

    // Another process, another number of workers, another order.
    project.squall(&["run", "--seeds", SEEDS, "-j", "1"]).expect(0);
    assert_eq!(project.read("reports/latest/results.ndjson"), results);
}

#[test]
fn what_a_run_reads_outside_the_seal_is_found_out() {
    let project = project("process-id");
    let ran = project.squall(&["run", "--seeds", SEEDS, "--no-fail-fast"]).expect(102);
    ran.says("NONDETERMINISTIC").says("the first run was pass with ");
    let told = project.results().iter().filter(|result| result["outcome"] == "nondeterministic").count();
    assert!((1..64).contains(&told), "a sample of the passing seeds is run twice, not {told} of 128");
}

#[test]
fn the_share_of_seeds_that_is_run_again_is_the_users() {
    let project = project("process-id");
    let told = |share: &str, code| {
        let ran = project.squall(&["run", "--seeds", SEEDS, "--no-fail-fast", share, "-j", "2"]).expect(code);
        let told = project.results().iter().filter(|result| result["outcome"] == "nondeterministic").count();
        (told, ran)
    };
    let (all, ran) = told("--check-determinism", 102);
    assert_eq!(all, 128);
    assert_eq!(told("--check-determinism=0%", 0).0, 0);
    let half = told("--check-determinism=50%", 102).0;
    assert!((40..88).contains(&half), "{half} of 128 are no half");
    project.squall(&["run", "--check-determinism=half"]).expect(2).warns("is not a share");

    let replay = ran.after("Reproduce with:")[0].to_owned() + " --check-determinism";
    project.printed(&replay).expect(102).says("the first run was pass with ");
}

#[test]
fn a_replay_that_is_run_twice_says_that_it_is_the_same() {
    let project = project("world");
    let replay = ["replay", "world", "--seed", "7", "--check-determinism"];
    project.squall(&replay).expect(0).says("the second run was the same, to the last event");
}

#[test]
fn a_thread_that_wakes_a_task_is_named() {
    let project = project("thread");
    let ran = project.squall(&["run", "--seeds", "0..2", "--no-fail-fast"]).expect(102);
    let ran =
        ran.says("std::thread::spawn (`pthread_create`)").says("server-1").says("squall_io::task::spawn");
    project.printed(ran.after("Reproduce with:")[0]).expect(102).says("nondeterministic");
}
