//! How a campaign ends: known failures, conditions that never occurred, the failure it stops at, a
//! worker that is killed.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::project::{FAILING, Project, TWICE, ran};

/// `twice`, with this expectation.
fn known(expectation: &str) -> Project {
    let project = Project::new();
    project.scenario("twice", &format!("{TWICE}\nexpect: {{ known-failure: {expectation} }}"));
    project
}

#[test]
fn a_known_failure_is_green_where_it_shows_and_inconclusive_where_not() {
    let project = known("{ invariant: linearizable, issue: '#7' }");
    let ran = project.squall(&["run", "twice"]).expect(0);
    let ran = ran.says("KNOWN twice: the known failure and nothing else in ").says("0 failed");
    project.printed(ran.after("Reproduce with:")[0]).expect(0).says("twice seed 0x0: fail");
    let ran = project.squall(&["run", "twice", "--bug", "none"]).expect(3);
    ran.says("INCONCLUSIVE twice: ");
}

#[test]
fn a_strict_known_failure_is_red_where_it_does_not_show() {
    let project = known("{ invariant: linearizable, strict: true }");
    project.squall(&["run", "twice", "--seed", FAILING]).expect(0);
    project.squall(&["run", "twice", "--seed", FAILING, "--bug", "none"]).expect(100).says("FAIL twice: ");
}

#[test]
fn another_failure_than_the_known_one_is_red() {
    let project = known("{ invariant: no-panic }");
    let ran = project.squall(&["run", "twice", "--seed", FAILING]).expect(100);
    project.printed(ran.after("Reproduce with:")[0]).expect(100);
}

#[test]
fn a_condition_that_no_seed_met_is_inconclusive() {
    let project = Project::new();
    let expect = "expect: { sometimes: [leader-elected, power-lost] }";
    project.scenario("calm", &format!("system: kv\nduration: 4s\nseeds: 2\n{expect}"));
    let ran = project.squall(&["run"]).expect(3).says("INCONCLUSIVE calm: ");
    let reason = ran.out.lines().find(|line| line.contains("INCONCLUSIVE")).unwrap();
    assert!(reason.contains("power-lost") && !reason.contains("leader-elected"), "{reason}");
    assert_eq!(project.run_json()["status"], "complete");
}

#[test]
fn a_scenario_ends_at_its_nth_failing_seed_and_the_next_goes_on() {
    let project = Project::new();
    let deed =
        "system: { name: hostile, config: { deed: error } }\nduration: 2s\nseeds: { from: 0, count: 32 }";
    project.scenario("first", deed);
    project.scenario("second", deed);
    let outcomes = |args: &[&str]| {
        project.squall(&[&["run"], args].concat()).expect(100);
        let results = project.results();
        let of = |name: &str| -> Vec<bool> {
            let lines = results.iter().filter(|line| line["scenario"] == name);
            lines.map(|line| line["outcome"] != "pass").collect()
        };
        assert_eq!(of("first"), of("second"), "the same seeds of the same system");
        of("first")
    };
    let all = outcomes(&["--no-fail-fast"]);
    assert_eq!(all.len(), 32);
    let failing: Vec<usize> = (0..32).filter(|seed| all[*seed]).collect();
    assert!(failing.len() >= 4, "{failing:?}");
    assert_eq!(outcomes(&[]), all[..=failing[0]], "the first failure ends it");
    for jobs in ["1", "4"] {
        assert_eq!(outcomes(&["--max-fail", "3", "-j", jobs]), all[..=failing[2]]);
    }
}

#[test]
fn the_gravest_ending_of_several_scenarios_counts() {
    let project = Project::new();
    project.scenario(
        "doubtful",
        "system: hostile\nduration: 1s\nseeds: 1\nexpect: { sometimes: [leader-elected] }",
    );
    project.scenario("well", "system: hostile\nduration: 1s\nseeds: 1");
    project.squall(&["run", "well"]).expect(0);
    project.squall(&["run"]).expect(3);
    let deed = "{ name: hostile, config: { deed: error, one-in: 1 } }";
    project.scenario("wrong", &format!("system: {deed}\nduration: 2s\nseeds: 1"));
    project.squall(&["run"]).expect(100);
}

/// A campaign that stands still in its first run, and the process of its worker.
fn standing_still(project: &Project) -> (Child, u32) {
    project.scenario("spin", "system: { name: hostile, config: { deed: spin, one-in: 1 } }\nduration: 2s");
    let mut command = project.command(&["run", "spin", "--seeds", "0x5..0x6"]);
    let mut squall = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    loop {
        let workers = children(squall.id());
        // One of them runs, the other waits for second runs.
        if let Some(worker) = workers.into_iter().find(|worker| !children(*worker).is_empty()) {
            return (squall, worker);
        }
        assert_eq!(squall.try_wait().unwrap(), None, "it ended before it was killed");
        let waited = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - began;
        assert!(waited < Duration::from_secs(60), "no worker forks");
        std::thread::yield_now();
    }
}

/// Processes whose parent is this one.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        // `pid (name) state parent …`, and the name may hold anything.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let rest = stat.rsplit_once(") ")?.1;
        (rest.split(' ').nth(1)?.parse() == Ok(parent)).then_some(pid)
    });
    processes.collect()
}

fn kill(signal: &str, pid: u32) {
    let killed = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(killed.success());
}

/// What the cut-short run folder says.
fn check_running(project: &Project) {
    let [folder] = &project.runs()[..] else { panic!("one run folder, not {:?}", project.runs()) };
    let json = |name: &str| -> Value {
        serde_json::from_str(&project.read(folder.join(name))).expect("the file is JSON, or not there")
    };
    assert_eq!(json("run.json")["status"], "running");
    let inflight = &json("inflight.json")["inflight"];
    assert_eq!(inflight[0]["scenario"], "spin", "{inflight}");
    assert_eq!(inflight[0]["seed"], "0x5", "{inflight}");
    assert!(!project.path("reports/latest").exists(), "a run that did not end is not the latest");
}

#[test]
fn a_worker_that_is_killed_is_a_matter_of_squall() {
    let project = Project::new();
    let (squall, worker) = standing_still(&project);
    kill("-KILL", worker);
    let ran = ran(squall.wait_with_output()).expect(70);
    ran.warns(&format!("worker {worker} (")).warns("signal: 9").warns("seed 0x5 of spin");
    check_running(&project);
}

#[test]
fn a_command_that_is_ended_leaves_no_process_and_no_finished_folder() {
    let project = Project::new();
    let (squall, worker) = standing_still(&project);
    let (pid, run) = (squall.id(), children(worker));
    // The first asks for an end after what runs, and that never ends. (Sent again until it ended: two
    // signals at once are one.)
    let mut squall = squall;
    while squall.try_wait().unwrap().is_none() {
        Command::new("kill").args(["-TERM", &pid.to_string()]).output().unwrap();
        std::thread::yield_now();
    }
    assert_eq!(squall.wait().unwrap().code(), Some(128 + 15));
    let began = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    for process in run.into_iter().chain([worker]) {
        while is_alive(process) {
            let waited = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - began;
            assert!(waited < Duration::from_secs(20), "process {process} outlives its command");
            std::thread::yield_now();
        }
    }
    check_running(&project);
}

/// Whether a process runs; one that has ended and that nobody waited for does not.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
