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
fn a_thread_that_wakes_a_task_is_named() {
    let project = project("thread");
    let ran = project.squall(&["run", "--seeds", "0..2", "--no-fail-fast"]).expect(102);
    let ran = ran.says("1 wake came from other threads").says("squall_io::task::spawn");
    project.printed(ran.after("Reproduce with:")[0]).expect(102).says("nondeterministic");
}
