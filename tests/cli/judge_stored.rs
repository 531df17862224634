//! `judge` of stored Squall histories: the verdict is that of the run.

use serde_json::Value;

use crate::project::{FAILING, Project, TWICE};

/// The folder of the failing seed of the run that ended last.
fn folder(scenario: &str, seed: &str) -> String {
    format!("reports/latest/failures/{scenario}/{seed}")
}

fn judged(project: &Project, file: &str, code: i32) -> Value {
    let ran = project.squall(&["judge", file, "--message-format", "json"]).expect(code);
    serde_json::from_str(&ran.out).unwrap()
}

/// The violations as a stored verdict tells them: without the operations that `judge` adds.
fn violations(judged: &Value) -> Vec<Value> {
    let mut violations = judged["verdict"]["violations"].as_array().unwrap().clone();
    violations.iter_mut().for_each(|violation| _ = violation.as_object_mut().unwrap().remove("operations"));
    violations
}

#[test]
fn a_failing_seed_has_the_same_verdict_again() {
    let project = Project::new();
    project.scenario("twice", TWICE);
    project.squall(&["run", "--seed", FAILING, "--no-shrink"]).expect(100);
    let folder = folder("twice", FAILING);
    let stored: Value = serde_json::from_str(&project.read(format!("{folder}/verdict.json"))).unwrap();
    let judged = judged(&project, &format!("{folder}/history.ndjson"), 100);
    assert_eq!(judged["outcome"], "violated");
    assert_eq!(Value::Array(violations(&judged)), stored["violations"]);
    assert_eq!(judged["verdict"]["exercised"], stored["exercised"]);
    assert_eq!(judged["verdict"]["conditions"], stored["conditions"]);
    // The same operations by the model alone, and as text.
    let history = format!("{folder}/history.ndjson");
    project.squall(&["judge", &history, "--model", "kv"]).expect(100).says("judged by kv");
    let ran = project.squall(&["judge", &history]).expect(100);
    ran.says("judged by the oracles of `kv` and what the plan beside it expects")
        .says("VIOLATED linearizable");
}

/// A store whose primary is killed: until there is another, nobody is served. In this seed that takes a
/// second.
const DOWN: &str = "\
system: kv
duration: 12s
seeds: [0x6585f330bd57782f]
faults:
  - { name: down, at: 5s, for: 2s, kill: leader }
expect:
  invariants: all
";

#[test]
fn expectations_are_judged_if_the_plan_is_there() {
    let project = Project::new();
    // But for the time in which the primary is down, it is well.
    let excepted = format!("{DOWN}  availability: {{ min: 99%, window: 1s, except: [down] }}");
    project.scenario("down", &excepted);
    project.squall(&["run"]).expect(0);
    project.scenario("down", &excepted.replace(", except: [down]", ""));
    let ran = project.squall(&["run", "--no-shrink"]).expect(100);
    ran.says("availability violated at t=5.986s (no operation completed from 4.986s to 5.986s)");
    let folder = folder("down", "0x6585f330bd57782f");
    let history = format!("{folder}/history.ndjson");
    let with = judged(&project, &history, 100);
    assert_eq!(violations(&with)[0]["oracle"], "availability");
    // Away from its plan nothing is expected of it.
    project.write("alone.ndjson", project.read(&history));
    let alone = judged(&project, "alone.ndjson", 0);
    assert_eq!(violations(&alone), Vec::<Value>::new());
    assert_eq!(alone["verdict"]["exercised"].get("availability"), None);
    // The plan of another run says nothing.
    project.write("plan.yaml", project.read(format!("{folder}/plan.yaml")).replace("12s", "13s"));
    project.squall(&["judge", "alone.ndjson"]).expect(0).warns("plan.yaml is the plan of another run");
}

#[test]
fn the_header_tells_of_disks_only_if_somebody_asked() {
    let project = Project::new();
    let told = |invariants: &str, project: &Project| {
        let expect = "expect: { availability: { min: 100%, window: 1ms }, invariants: ";
        let lines = format!("system: batch\nduration: 3s\nseeds: 1\n{expect}{invariants} }}");
        project.scenario("disks", &lines);
        project.squall(&["run", "--seed", "0x0", "--no-shrink"]).expect(100);
        let history = project.read(format!("{}/history.ndjson", folder("disks", "0x0")));
        let header: Value = serde_json::from_str(history.lines().next().unwrap()).unwrap();
        let capabilities = header["capabilities"].as_array().unwrap();
        let lists = capabilities.iter().any(|capability| capability == "truth.disk");
        let digest = project.results()[0]["digest"].clone();
        (lists, history.contains("\"disk\":{\"holds\""), digest)
    };
    let (lists, holds, digest) = told("all", &project);
    assert!(lists && holds, "{lists} {holds}");
    let (lists, holds, other) = told("[no-panic]", &project);
    assert!(!lists && !holds, "{lists} {holds}");
    assert_eq!(digest, other, "what is told of disks is in no digest");
    // Judged by all, R7 says what it misses instead of that nothing was wrong.
    let history = format!("{}/history.ndjson", folder("disks", "0x0"));
    project.write("alone.ndjson", project.read(history));
    let alone = judged(&project, "alone.ndjson", 0);
    let why = &alone["verdict"]["not_applicable"]["durability-at-commit"];
    assert_eq!(why, "it needs truth.disk, which this history does not have");
}

#[test]
fn what_cannot_be_judged_without_a_model() {
    let project = Project::new();
    project.write("r.edn", "{:type :invoke, :f :read, :process 0}");
    project.squall(&["judge", "r.edn"]).expect(2).warns("only a Squall history says by what it is judged");
    project.scenario("calm", "system: { name: hostile }\nduration: 1s");
    let header = r#"{"format":1,"sim_format":1,"scenario":"s","seed":"0x7","engine":"native","system":"kw","config":null,"topology":{"nodes":[]},"duration":"5s","capabilities":[],"client_roles":[]}"#;
    project.write("h.ndjson", format!("{header}\n"));
    project.squall(&["judge", "h.ndjson"]).expect(65).warns("no system is registered as `kw`");
    project.write("h.ndjson", format!("{header}\n{{\"at\":1,\"life\":\"sturted\"}}\n"));
    let ran = project.squall(&["judge", "h.ndjson"]).expect(65);
    ran.warns("h.ndjson:2:").warns("unknown variant `sturted`");
}
