//! `zoo`: a planted bug is hunted, shrunk, replayed; the score is the same whatever `-j`, goes on where it
//! was stopped, and is seen to fall when a fault or an oracle is taken away.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::project::{Project, TWICE, ran};

const BUG: &str = "retry-applied-twice";

/// The faults that show the bug, without it and within what the system tolerates.
fn mix() -> String {
    TWICE
        .replace("system: { name: kv, bugs: [retry-applied-twice] }", "system: kv")
        .replace("broken", "swarm")
}

/// The bug with a scenario of its own, and a swarm.
fn project() -> Project {
    let project = Project::new();
    project.write("scenarios/zoo/twice.yaml", format!("version: 1\nname: zoo-twice\n{TWICE}\n"));
    project.scenario("mix", &mix());
    project
}

/// Enough seeds that none of them finding it is no chance.
fn zoo<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["zoo", "--bug", BUG, "--seeds", "50", "--finds", "16", "--show-progress", "counter"], more].concat()
}

fn json(project: &Project, path: &str) -> Value {
    serde_json::from_str(&project.read(path)).unwrap()
}

#[test]
fn the_score_is_the_same_whatever_the_workers_and_its_plans_replay() {
    let project = project();
    project.squall(&zoo(&["--output", "one", "-j", "1"])).expect(0).says("same; passes without it");
    project.squall(&zoo(&["--output", "three", "-j", "3"])).expect(0);
    assert_eq!(project.read("one/zoo.json"), project.read("three/zoo.json"));

    let score = json(&project, "one/zoo.json");
    let rows = score["rows"].as_array().unwrap();
    let by: Vec<_> = rows.iter().map(|row| row["key"]["scenario"].as_str().unwrap()).collect();
    assert_eq!(by, ["zoo-twice", "mix"]);
    for row in rows {
        assert_eq!((&row["tally"]["found"], &row["tally"]["ended"]), (&16.into(), &"finds".into()), "{row}");
        assert_eq!(row["tally"]["caught-by"]["linearizable"], 16, "{row}");
        let shrunk = &row["shrunk"][0];
        assert_eq!((&shrunk["replayed"], &shrunk["without-bug"]), (&"same".into(), &"passes".into()));
        assert!(shrunk["faults-after"].as_u64() < shrunk["faults-before"].as_u64(), "{shrunk}");
        let (seed, scenario) = (shrunk["seed"].as_str().unwrap(), row["key"]["scenario"].as_str().unwrap());
        let file = format!("one/shrunk/{BUG}/{scenario}/{seed}.yaml");
        project.squall(&["replay", &file]).expect(100).says("linearizable violated").says("reproduced");
        project.squall(&["replay", &file, "--bug", "none"]).expect(0);
    }
    for times in json(&project, "one/zoo-times.json")["rows"].as_array().unwrap() {
        assert!(times["cpu-us"].as_u64() > Some(0) && times["runs"].as_u64() >= Some(32), "{times}");
    }
}

#[test]
fn a_score_falls_when_a_fault_or_an_oracle_is_gone() {
    let project = project();
    let swarm =
        |more: &[&str]| project.squall(&zoo(&[&["--profile", "swarm", "--no-shrink"], more].concat()));
    swarm(&["--output", "before"]).expect(0);
    swarm(&["--check", "before/zoo.json"]).expect(0).says("HOLDS retry-applied-twice by mix");

    let whole = mix();
    let calm: Vec<&str> = whole.lines().filter(|line| !line.contains("partition")).collect();
    project.scenario("mix", &calm.join("\n"));
    swarm(&["--check", "before/zoo.json"])
        .expect(100)
        .says("FAIL retry-applied-twice by mix")
        .says("none of 50");

    project.scenario("mix", &format!("{whole}\nexpect: {{ invariants: [no-panic] }}"));
    swarm(&["--check", "before/zoo.json"]).expect(100).says("fewer than chance explains");
    let one = ["zoo", "--bug", BUG, "--profile", "swarm", "--seeds", "1", "--check", "before/zoo.json"];
    project.squall(&one).expect(3).says("UNSURE").says("too few seeds");

    project.scenario("mix", &whole);
    let own = zoo(&["--profile", "own", "--no-shrink", "--check", "before/zoo.json"]);
    project.squall(&own).expect(3).says("nothing is stored to compare with");
}

#[test]
fn a_scenario_that_misses_its_own_bug_is_a_failure_and_a_swarm_that_does_is_a_figure() {
    let project = project();
    let calm = "\nduration: 1s\nworkload: { think: 100ms }";
    let own = format!("version: 1\nname: zoo-twice\nsystem: {{ name: kv, bugs: [{BUG}] }}{calm}");
    project.write("scenarios/zoo/twice.yaml", own);
    project.scenario("mix", &format!("system: kv\ntags: [swarm]{calm}"));
    let args = |profile| ["zoo", "--bug", BUG, "--seeds", "2", "--profile", profile];
    project.squall(&args("own")).expect(100).says("its own scenario does not find it in 2 seeds");
    project.squall(&args("swarm")).expect(0).says("none of 2").says("< ");
}

#[test]
fn a_seed_that_fails_without_the_bug_too_is_no_find() {
    let project = project();
    // No client has an answer within a nanosecond.
    let impossible = format!("{}\nexpect: {{ steady-state: {{ within: 1ns }} }}", mix());
    project.scenario("mix", &impossible);
    let args = ["zoo", "--bug", BUG, "--seeds", "3", "--profile", "swarm", "--output", "out"];
    project.squall(&args).expect(100).says("FAIL retry-applied-twice by mix").says("without the bug too");
    let tally = &json(&project, "out/zoo.json")["rows"][0]["tally"];
    assert_eq!((&tally["found"], &tally["fail-without"]), (&0.into(), &3.into()), "{tally}");
}

#[test]
fn a_hunt_that_is_stopped_keeps_its_rows_and_goes_on() {
    let project = project();
    let never = "system: kv\ntags: [swarm]\nduration: 1s\nworkload: { think: 100ms }";
    project.scenario("mix", never);
    let args = ["zoo", "--bug", BUG, "--seeds", "1000000", "--finds", "1", "--output", "out"];
    let mut command = project.command(&args);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("retry-applied-twice by zoo-twice: found by 1 of"), "{first}");
    let signalled = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    let stopped = ran(child.wait_with_output()).expect(3);
    stopped.says("Interrupted: 1 of 2 rows are missing; go on with --resume out");
    let kept = json(&project, "out/zoo.json");
    assert_eq!(kept["rows"].as_array().unwrap().len(), 1);

    // With other terms nothing of it holds; with the same it does.
    project.scenario("mix", &mix());
    let again = ["zoo", "--bug", BUG, "--seeds", "1000000", "--finds", "1", "--resume", "out"];
    project.squall(&again).expect(0).warns("by zoo-twice: as measured before").warns("by mix: found by 1 of");
    let whole = project.read("out/zoo.json");
    project.squall(&[&args[..7], &["--output", "fresh"]].concat()).expect(0);
    assert_eq!(project.read("fresh/zoo.json"), whole);
}

#[test]
fn the_documents_are_updated_row_by_row() {
    let project = project();
    let marks = "# Bugs\n<!-- zoo:kv -->\n<!-- /zoo:kv -->\nend\n";
    let update = |profile| {
        let terms = ["--seeds", "9", "--finds", "1", "--no-shrink", "--update"];
        project.squall(&[&["zoo", "--bug", BUG, "--profile", profile], &terms[..]].concat())
    };
    project.write("docs/bugs.md", "# Bugs\n");
    update("own").expect(65).warns("docs/bugs.md: the table of system `kv` has no place");
    assert!(!project.path("docs/zoo.json").exists(), "half an update");
    project.write("docs/bugs.md", marks);
    update("own").expect(0).says("Updated: docs/bugs.md");
    update("swarm").expect(0);
    let text = project.read("docs/bugs.md");
    for words in ["**By its own scenario**", "**By `mix`**", "| its own scenario | 1 of 1 |"] {
        assert!(text.contains(words), "no `{words}` in {text}");
    }
    assert!(
        text.starts_with("# Bugs\n<!-- zoo:kv -->\n") && text.ends_with("<!-- /zoo:kv -->\nend\n"),
        "{text}"
    );
    assert_eq!(json(&project, "docs/zoo.json")["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn what_it_cannot_do_is_said() {
    let project = project();
    project
        .squall(&["zoo", "--bug", "retry-aplied-twice"])
        .expect(2)
        .warns("did you mean `retry-applied-twice`?");
    project
        .squall(&["zoo", "--bug", "stale-primary-read", "--profile", "own"])
        .expect(4)
        .warns("nothing to run");
    project.squall(&zoo(&["--check", "gone.json"])).expect(65).warns("cannot read gone.json");
    project.write("broken.json", "{\n  \"v\": 1,\n  \"rows\": [{ \"key\": 3 }]\n}\n");
    project.squall(&zoo(&["--check", "broken.json"])).expect(65).warns("broken.json:3:21: this is no score");
    project.write("later.json", "{ \"v\": 9 }\n");
    project
        .squall(&zoo(&["--check", "later.json"]))
        .expect(65)
        .warns("format 9, and this Squall knows format 1");
    project.squall(&zoo(&["--resume", "gone"])).expect(2).warns("it holds no zoo.json");
    project.squall(&zoo(&["--output", "scenarios"])).expect(74).warns("scenarios");
    project.squall(&zoo(&["--seeds", "0"])).expect(2);
    assert_eq!(project.runs(), [] as [std::path::PathBuf; 0]);
}
