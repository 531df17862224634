//! One failing run, and every way to have it again: by seed, by each of the three plans it left
//! behind, with its changes, in this process.

use std::path::PathBuf;

use crate::project::{FAILING, Project, Ran, TWICE};

/// A project in which `twice` has failed; what it said; and the folder of the failure, as seen from
/// the project.
fn failed(lines: &str, args: &[&str]) -> (Project, Ran, PathBuf) {
    let project = Project::new();
    project.scenario("twice", lines);
    let ran = project.squall(&[&["run", "twice", "--seed", FAILING], args].concat()).expect(100);
    let failure = PathBuf::from(format!("reports/latest/failures/twice/{FAILING}"));
    (project, ran, failure)
}

/// The digest that a replay ends with.
fn digest(ran: &Ran) -> String {
    let reproduced = ran.out.lines().find_map(|line| line.strip_prefix("reproduced: fail with digest "));
    reproduced.unwrap_or_else(|| panic!("not reproduced:\n{}\n{}", ran.out, ran.err)).to_owned()
}

#[test]
fn seed_plan_and_bound_plan_are_the_same_run() {
    let (project, ran, failure) = failed(TWICE, &[]);
    let expected = project.results()[0]["digest"].as_str().unwrap().to_owned();
    let by_seed = project.printed(ran.after("Reproduce with:")[0]).expect(100);
    assert_eq!(digest(&by_seed), expected);
    for file in ["plan.yaml", "bound.yaml"] {
        let path = failure.join(file).display().to_string();
        let ran = project.squall(&["replay", &path]).expect(100);
        assert_eq!(digest(&ran), expected, "{file}");
        assert!(ran.out.contains("linearizable violated at t="), "{}", ran.out);
    }
    let here = project.squall(&["replay", "twice", "--seed", FAILING, "--in-process"]).expect(100);
    assert_eq!(digest(&here), expected);
}

#[test]
fn the_shrunk_plan_violates_the_same_with_fewer_faults() {
    let (project, ran, failure) = failed(TWICE, &[]);
    let ran = ran.says("faults 3 → 1 after shrinking:  3.000s partition");
    let minimised = project.printed(ran.after("Minimised repro:")[0]).expect(100);
    digest(&minimised);
    minimised.says("linearizable violated at t=");
    let count = |file: &str| project.read(failure.join(file)).matches("  - { id: ").count();
    assert_eq!(
        (count("bound.yaml"), count("shrunk.yaml")),
        (3, 1),
        "{}",
        project.read(failure.join("shrunk.yaml"))
    );
}

#[test]
fn a_shrunk_plan_on_demand() {
    let (project, _, failure) = failed(TWICE, &["--no-shrink"]);
    assert!(!project.path(failure.join("shrunk.yaml")).exists());
    let bound = failure.join("bound.yaml").display().to_string();

    // Beside a plan file, where `--output` says, or on the screen.
    let ran = project.squall(&["shrink", &bound]).expect(100).warns("faults 3 → 1, nodes 6 → ");
    digest(&project.printed(ran.after("Minimised repro:")[0]).expect(100));
    let beside = project.read(failure.join("shrunk.yaml"));
    project.squall(&["shrink", "twice", "--seed", FAILING, "--output", "small.yaml"]).expect(100);
    assert_eq!(project.read("small.yaml"), beside);
    let ran = project.squall(&["shrink", "twice", "--seed", FAILING]).expect(100);
    assert_eq!(ran.out, beside);

    // A limit on runs is kept, and said.
    let ran = project.squall(&["shrink", "twice", "--seed", FAILING, "--runs", "1", "-j", "1"]).expect(100);
    ran.warns("faults 3 → 3, nodes 6 → 6, ").warns("length 7s → 7s in 1 run, stopped there by --runs");
    project
        .squall(&["shrink", "twice", "--seed", FAILING, "--bug", "none"])
        .expect(0)
        .says("nothing to shrink");
}

#[test]
fn changes_of_the_command_line_are_part_of_the_printed_commands() {
    let sound = TWICE.replace("bugs: [retry-applied-twice]", "bugs: []");
    let changes =
        ["--bug", "retry-applied-twice", "--set", "workload.mix={get: 1, put: 0, append: 1, cas: 0}"];
    let (project, ran, _) = failed(&sound, &changes);
    let command = ran.after("Reproduce with:")[0];
    let options = "--bug retry-applied-twice --set 'workload.mix={get: 1, put: 0, append: 1, cas: 0}'";
    assert_eq!(command, format!("cargo xtask chaos replay twice --seed 0x0 {options}"));
    let again = project.printed(command).expect(100);
    assert_eq!(digest(&again), project.results()[0]["digest"].as_str().unwrap());
    // The plans hold the changes themselves.
    digest(&project.printed(ran.after("Minimised repro:")[0]).expect(100));
    // Without the changes it is another run, which passes, and of which nothing is known.
    let other = project.squall(&["replay", "twice", "--seed", FAILING]).expect(0);
    assert!(!other.out.contains("reproduced") && !other.out.contains("differs"), "{}", other.out);
}

#[test]
fn a_replay_that_differs_says_from_what() {
    let (project, _, failure) = failed(TWICE, &["--no-shrink"]);
    let plan = project.read(failure.join("plan.yaml"));
    let line =
        plan.lines().find(|line| line.starts_with("# found: ")).expect("a plan says what became of it");
    let other = "# found: outcome=panic digest=0123 commit=abc";
    project.write("old.yaml", plan.replace(line, other));
    let ran = project.squall(&["replay", "old.yaml"]).expect(100);
    ran.says("differs: found at commit abc as panic with digest 0123; this is commit ");
}

#[test]
fn the_timeline_ends_where_it_is_told_to() {
    let (project, _, _) = failed(TWICE, &["--no-shrink"]);
    let replay = |more: &[&str]| {
        let ran = project.squall(&[&["replay", "twice", "--seed", FAILING], more].concat()).expect(100);
        digest(&ran);
        ran.out
    };
    let (whole, until) = (replay(&[]), replay(&["--until", "3500ms"]));
    assert!(whole.contains("cut#0") && whole.contains("slow#0"), "{whole}");
    assert!(until.contains("cut#0") && !until.contains("slow#0"), "{until}");
    let (trace, short) = (replay(&["--trace"]), replay(&["--trace", "--until", "2s"]));
    assert!(trace.lines().count() > 2 * short.lines().count(), "{} and {}", trace.len(), short.len());
    assert!(trace.contains("append") && !whole.contains("append"), "client operations are for --trace");
}

#[test]
fn a_plan_printed_before_the_run_is_the_run() {
    let project = Project::new();
    project.scenario("twice", TWICE);
    let plan = project.squall(&["plan", "twice", "--seed", FAILING, "--yaml"]).expect(0);
    project.write("plan.yaml", &plan.out);
    let said = |args: &[&str]| {
        let ran = project.squall(args).expect(100);
        ran.out.lines().rfind(|line| line.contains("digest")).unwrap().to_owned()
    };
    assert_eq!(said(&["replay", "plan.yaml"]), said(&["replay", "twice", "--seed", FAILING]));
}
