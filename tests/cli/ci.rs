//! What CI shows of a campaign, and how thorough it is there: notes for GitHub, the step's summary, profiles.

use std::fs;

use serde_json::Value;

use crate::project::{Project, Ran, TWICE, ran, root};

/// A failing scenario, a quiet one, and one that proves less than it promises.
fn project() -> Project {
    let project = Project::new();
    project.scenario("twice", &format!("{TWICE}\nexpect:\n  # what linearizable means\n  invariants: all"));
    project.scenario("quiet", "system: hostile\ntags: [smoke]\nduration: 1s\nseeds: 3");
    project.scenario(
        "vague",
        "system: hostile\nduration: 1s\nseeds: 1\nexpect: { sometimes: [leader-changed] }",
    );
    project
}

/// Runs it as a step of GitHub Actions.
fn step(project: &Project, args: &[&str]) -> Ran {
    let summary = project.path("step.md").display().to_string();
    ran(project.command(args).env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", summary).output())
}

fn notes(ran: &Ran) -> Vec<&str> {
    ran.out.lines().filter(|line| line.starts_with("::")).collect()
}

#[test]
fn failures_are_noted_beside_what_was_promised() {
    let project = project();
    let args = ["run", "--no-fail-fast", "--no-shrink"];
    let ran = step(&project, &args).expect(100);
    let line =
        1 + project.read("scenarios/twice.yaml").lines().position(|l| l == "  invariants: all").unwrap();
    let start =
        format!("::error file=scenarios/twice.yaml,line={line},title=FAIL twice seed 0x0::linearizable ");
    let notes = notes(&ran);
    assert!(notes[0].starts_with(&start), "{notes:#?}");
    assert!(
        notes[0].contains("%0AReproduce with: cargo xtask chaos replay twice --seed 0x0"),
        "{}",
        notes[0]
    );
    let vague = "::warning file=scenarios/vague.yaml,line=2,title=vague%3A inconclusive::";
    assert!(
        notes[2].starts_with(vague) && notes.len() == 3,
        "two failing seeds, one vague scenario: {notes:#?}"
    );
    let summary = project.read("reports/latest/summary.md");
    assert_eq!(project.read("step.md"), summary);
    step(&project, &args).expect(100);
    // Wall times stand in it, so the second one need not be as long as the first.
    let both = format!("{summary}{}", project.read("reports/latest/summary.md"));
    assert_eq!(project.read("step.md"), both, "another run of the step is appended");
}

#[test]
fn notes_are_written_where_they_are_wanted() {
    let project = project();
    let args = |more: &[&'static str]| [&["run", "twice", "--no-shrink"], more].concat();
    assert_eq!(notes(&project.squall(&args(&[]))).len(), 0, "not in a step");
    assert_eq!(notes(&project.squall(&args(&["--annotations", "github"]))).len(), 1);
    assert_eq!(notes(&step(&project, &args(&["--annotations", "none"]))).len(), 0);
    assert_eq!(notes(&step(&project, &args(&["--partition", "slice:1/2"]))).len(), 0, "`merge` tells");
    assert!(!project.path("step.md").exists());
    assert_eq!(notes(&step(&project, &["run", "quiet"]).expect(0)).len(), 0);
}

#[test]
fn ten_notes_are_shown_and_the_rest_is_counted() {
    let project = Project::new();
    project.scenario("twice", &TWICE.replace("count: 4", "count: 16"));
    let ran = step(&project, &["run", "--no-fail-fast", "--no-shrink"]).expect(100);
    let failed = project.results().iter().filter(|line| line["outcome"] == "fail").count();
    assert!(failed > 10, "{failed}");
    let notes = notes(&ran);
    assert_eq!(notes.len(), 10);
    let rest = format!("::error title=Squall::and {} more: see summary.md", failed - 9);
    assert!(notes[9].starts_with(&rest), "{}", notes[9]);
}

#[test]
fn a_full_step_summary_gets_a_word() {
    let project = project();
    project.write("step.md", "x".repeat((1 << 20) - 200));
    step(&project, &["run", "twice", "--no-shrink"]).expect(100);
    let text = project.read("step.md");
    assert!(text.len() < 1 << 20 && text.ends_with("see `summary.md` of the run.\n"));
}

#[test]
fn a_profile_fills_in_what_the_command_line_leaves_open() {
    let project = project();
    project.write(
        ".config/chaos.toml",
        "[profile.default]\nseeds = 2\n[profile.long]\nseeds-factor = 3\ntags = [\"smoke\"]\nmax-fail = \"none\"\n\
         [profile.fresh]\nbase-seed = \"random\"\n",
    );
    let seeds = |args: &[&str]| {
        project.squall(&[&["run", "--no-shrink"], args].concat());
        project.results().len()
    };
    assert_eq!(seeds(&["quiet"]), 2, "profile `default` stands above the scenario");
    assert_eq!(seeds(&["--profile", "long"]), 9, "three times three of the only one with the tag");
    assert_eq!(seeds(&["--profile", "long", "quiet", "--seeds", "4"]), 4, "the command line stands above");
    assert_eq!(seeds(&["--profile", "long", "twice"]), 12, "three times its range, and no failure ends it");
    let fresh = ["run", "quiet", "--profile", "fresh"];
    project.squall(&fresh).expect(0).warns("base seed 0x");
    assert_ne!(project.run_json()["base_seed"], "0x5eed");
    let listed = project.squall(&["list"]).expect(0);
    listed.says("seeds-factor = 3");
    let json: Value = serde_json::from_str(&project.squall(&["list", "--json"]).out).unwrap();
    assert_eq!(json["profiles"]["long"]["seeds-factor"], "3");
}

#[test]
fn profiles_that_are_not_there_or_wrong_are_refused() {
    let project = project();
    project.squall(&["run", "--profile", "nigthly"]).expect(2).warns("did you mean `nightly`?");
    project.write(".config/chaos.toml", "[profile.ci]\nsedes = 3\nmax-fail = 0\n");
    let ran = project.squall(&["run", "quiet", "--profile", "ci"]).expect(65);
    ran.warns(".config/chaos.toml:2:1").warns(".config/chaos.toml:3:12").warns("did you mean `seeds`?");
    assert!(project.runs().is_empty());
}

#[test]
fn a_resumed_campaign_keeps_its_profile() {
    let project = project();
    let file = |seeds: u64| project.write(".config/chaos.toml", format!("[profile.ci]\nseeds = {seeds}\n"));
    file(6);
    let cut = ["run", "quiet", "--profile", "ci", "--time-budget", "1ns", "--output", "out"];
    project.squall(&cut);
    file(7);
    project.squall(&["run", "--resume", "out"]).expect(65).warns("6 then, 7 now");
    file(6);
    project.squall(&["run", "--resume", "out"]).expect(0);
    assert_eq!(project.read("out/results.ndjson").lines().count(), 6);
}

#[test]
fn the_projects_own_profiles_are_valid() {
    let project = project();
    project.write(".config/chaos.toml", fs::read_to_string(root().join(".config/chaos.toml")).unwrap());
    project.squall(&["run", "quiet", "--profile", "ci"]).expect(0);
    project.squall(&["list"]).expect(0).says("nightly");
}
