//! `new`: a scenario that is valid as it is written, a crate that lies where it was asked for.
//!
//! That the crate builds and does what it says is in `tests/starter.rs`.

use crate::project::{Project, root};

#[test]
fn a_new_scenario_is_valid_and_runs() {
    let project = Project::new();
    for system in ["batch", "kv"] {
        let name = format!("first-{system}");
        project
            .squall(&["new", &name, "--for", system])
            .expect(0)
            .says(&format!("scenarios/{name}.yaml is written"));
        project.squall(&["check", &name]).expect(0);
        project.squall(&["run", &name, "--seeds", "1"]).expect(0);
    }
    let text = project.read("scenarios/first-kv.yaml");
    for words in
        ["knows: batch, hostile, kv, leaky", "{ server: 3, client: 3 }", "linearizable", "stale-primary-read"]
    {
        assert!(text.contains(words), "no `{words}` in:\n{text}");
    }
}

#[test]
fn nothing_is_overwritten() {
    let project = Project::new();
    project.write("scenarios/mine.yaml", "my own");
    project.squall(&["new", "mine"]).expect(2).warns("scenarios/mine.yaml is there already");
    assert_eq!(project.read("scenarios/mine.yaml"), "my own");
    project.write("mine/notes", "my own");
    project.squall(&["new", "--system", "mine"]).expect(2).warns("mine is there already");
    assert_eq!(std::fs::read_dir(project.path("mine")).unwrap().count(), 1);
}

#[test]
fn names_that_cannot_be_are_refused() {
    let project = Project::new();
    project.squall(&["new", "My Test"]).expect(2).warns("`My Test` is no name of a scenario");
    project.squall(&["new", "a", "--for", "redis"]).expect(2).warns("this program knows batch");
    for name in ["9lives", "my_kv", "squall-io", "../up"] {
        project.squall(&["new", "--system", name]).expect(2).warns("is no name for a new crate");
    }
    let ran = project.squall(&["new", "--system", "ok", "--squall-path", "nowhere"]).expect(2);
    ran.warns("Squall's source is not at nowhere: say where it is with --squall-path DIR");
    assert!(!project.path("ok").exists());
}

#[test]
fn a_new_crate_has_its_own_name_everywhere() {
    let project = Project::new();
    let source = root().display().to_string();
    project.squall(&["new", "--system", "bank-2", "--squall-path", &source]).expect(0);
    let manifest = project.read("bank-2/Cargo.toml");
    assert!(
        manifest.contains("name = \"bank-2\"") && manifest.contains(&format!("\"{source}/crates/squall\""))
    );
    assert!(project.read("bank-2/chaos/system.rs").contains("add::<Bank2>(\"bank-2\")"));
    assert!(project.read("bank-2/src/main.rs").contains("use bank_2::server"));
    assert!(project.read("bank-2/scenarios/swarm.yaml").contains("system: bank-2\n"));
}
