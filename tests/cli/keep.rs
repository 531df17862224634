//! What was found once and kept: a scenario that fails as long as the bug is there, passes without it, and
//! is never written over.

use crate::project::{FAILING, Project, TWICE};

const KEPT: &str = "scenarios/regressions/twice-linearizable-0.yaml";

#[test]
fn a_failure_is_kept_as_a_scenario_that_fails_only_with_the_bug() {
    let project = Project::new();
    project.scenario("twice", TWICE);
    let ran = project.squall(&["run", "twice", "--seed", FAILING, "--keep"]).expect(100);
    let said = ran.after("Kept as:");
    assert!(said.len() == 1 && said[0].starts_with(KEPT), "{said:?}");

    let text = project.read(KEPT);
    assert!(text.contains("name: twice-linearizable-0\n"), "{text}");
    assert!(text.contains("seeds: [0x0"), "{text}");
    // For people: no ids, no defaults, and what the fault did.
    for needless in ["id:", "engine:", "missing-roles", "disk:", "limits:"] {
        assert!(!text.contains(needless), "{needless} in:\n{text}");
    }
    assert!(text.contains("sometimes: ["), "{text}");
    assert!(!project.squall(&["check", KEPT]).expect(0).err.contains("warning"));

    // A bare run begins with it.
    let bare = project.squall(&["run", "--no-shrink"]).expect(100);
    let first = project.results()[0]["scenario"].as_str().unwrap().to_owned();
    assert_eq!(first, "twice-linearizable-0", "{}", bare.out);
    assert_eq!(project.results()[0]["violations"][0]["oracle"], "linearizable");

    // Without the bug all its seeds pass, and its faults still bite: it is not inconclusive.
    project.squall(&["run", KEPT, "--bug", "none", "--no-fail-fast"]).expect(0);
}

#[test]
fn what_was_kept_before_is_left_as_it_is() {
    let project = Project::new();
    project.scenario("twice", TWICE);
    project.write(KEPT, "# edited by hand\n");
    let ran = project.squall(&["shrink", "twice", "--seed", FAILING, "--output", "small.yaml", "--keep"]);
    ran.expect(100).says("which is there and is left as it is");
    assert_eq!(project.read(KEPT), "# edited by hand\n");
    let folder = std::fs::read_dir(project.path("scenarios/regressions")).unwrap();
    assert_eq!(folder.count(), 1, "nothing half-written is left");
}
