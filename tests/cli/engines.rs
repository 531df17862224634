//! Engines on the command line: what one lacks is refused before anything runs, or left out and said to be.

use crate::project::Project;

#[test]
fn what_an_engine_lacks_is_refused_with_the_list() {
    let project = Project::with_shipped(&["kv-clocks"]);
    let ran = project.squall(&["kv-clocks", "--engine", "turmoil"]);
    assert_eq!(ran.code, 65, "{}\n{}", ran.out, ran.err);
    assert!(ran.err.contains("engine turmoil cannot do what kv-clocks asks for"), "{}", ran.err);
    assert!(ran.err.contains("  clock: its time is one for all nodes"), "{}", ran.err);
    assert!(ran.err.contains("`--skip-unsupported` leaves that out"), "{}", ran.err);
    assert!(!project.path("reports").exists(), "nothing has run, so there is no report");
}

#[test]
fn what_is_left_out_is_said() {
    let project = Project::with_shipped(&["kv-clocks"]);
    let args = ["kv-clocks", "--engine", "turmoil", "--skip-unsupported", "--seeds", "1", "--output", "out"];
    let ran = project.squall(&args);
    assert!(ran.err.contains("kv-clocks: left out, since engine turmoil cannot: clock"), "{}", ran.err);
    let said = ran.out + &ran.err;
    assert!(said.contains("left out kv-clocks: the engine cannot inject them: clock ("), "{said}");
    let results = project.read("out/results.ndjson");
    assert!(results.contains(r#""engine":"turmoil""#) && results.contains(r#""skipped":"#), "{results}");
}

#[test]
fn a_plan_that_left_something_out_replays_without_flags() {
    let project = Project::with_shipped(&["kv-clocks"]);
    let planned = project.squall(&[
        "plan",
        "kv-clocks",
        "--seed",
        "3",
        "--engine",
        "turmoil",
        "--skip-unsupported",
        "--yaml",
    ]);
    assert_eq!(planned.code, 0, "{}", planned.err);
    assert!(planned.out.contains("skip-unsupported: true"), "{}", planned.out);
    project.write("plan.yaml", planned.out);
    let ran = project.squall(&["replay", "plan.yaml"]);
    assert_ne!(ran.code, 65, "{}\n{}", ran.out, ran.err);
}

#[test]
fn an_engine_that_is_not_there_is_named() {
    let project = Project::with_shipped(&["kv-calm"]);
    let unknown = project.squall(&["kv-calm", "--engine", "warp"]);
    assert_eq!(unknown.code, 65);
    assert!(unknown.err.contains("there are native, turmoil, madsim"), "{}", unknown.err);
    let absent = project.squall(&["kv-calm", "--engine", "madsim"]);
    assert!(absent.err.contains("`cargo xtask chaos --engine madsim` builds one"), "{}", absent.err);
}
