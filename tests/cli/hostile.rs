//! Systems that do to their process and to their run what a system should not: every ending has a
//! name, the sweep goes on, and the command that is printed ends in the same way.

use serde_json::Value;

use crate::project::{Project, Ran};

/// A scenario whose server does this deed in some seeds.
fn scenario(deed: &str, lines: &str) -> Project {
    let project = Project::new();
    let system = format!("system: {{ name: hostile, config: {{ deed: {deed} }} }}");
    let duration = if lines.contains("duration:") { "" } else { "duration: 5s" };
    project.scenario(deed, &format!("{system}\n{duration}\n{lines}"));
    project
}

/// One case: the deed, what else the scenario says, the seeds, and the outcome to be named.
struct Case {
    deed: &'static str,
    lines: &'static str,
    seeds: &'static str,
    outcome: &'static str,
    /// What must stand in the detail, and so in the failure block.
    detail: &'static str,
}

impl Case {
    fn check(&self) {
        let project = scenario(self.deed, self.lines);
        let ran = project
            .squall(&["run", self.deed, "--seeds", self.seeds, "--no-fail-fast", "-j", "2"])
            .expect(100);
        let results = project.results();
        let (bad, good): (Vec<_>, Vec<_>) = results.iter().partition(|result| result["outcome"] != "pass");
        assert!(!good.is_empty(), "no seed behaves: nothing shows that the sweep goes on\n{results:#?}");
        assert!(!bad.is_empty(), "no seed misbehaves\n{results:#?}");
        for result in &bad {
            assert_eq!(result["outcome"], self.outcome, "{result:#}");
            self.check_files(&project, result);
        }
        assert!(ran.out.contains(&self.outcome.to_uppercase()), "not named on screen:\n{}", ran.out);
        assert!(ran.out.contains(self.detail), "no `{}` on screen:\n{}", self.detail, ran.out);
        self.check_replay(&project, &ran, bad[0]);
    }

    /// The folder of the seed says how it ended.
    fn check_files(&self, project: &Project, result: &Value) {
        let seed = result["seed"].as_str().unwrap();
        let file = |name: &str| project.read(format!("reports/latest/failures/{}/{seed}/{name}", self.deed));
        let verdict: Value = serde_json::from_str(&file("verdict.json")).unwrap();
        assert_eq!(&verdict, result);
        assert!(file("log.txt").contains(self.outcome), "{}", file("log.txt"));
        assert!(file("plan.yaml").contains(seed), "{}", file("plan.yaml"));
    }

    /// The first command that is printed ends as its seed did.
    fn check_replay(&self, project: &Project, ran: &Ran, result: &Value) {
        let seed = result["seed"].as_str().unwrap();
        let command = *ran.after("Reproduce with:").first().expect("a command is printed");
        assert!(command.ends_with(&format!("replay {} --seed {seed}", self.deed)), "{command}");
        let outcome = format!("{} seed {seed}: {}", self.deed, self.outcome);
        project.printed(command).expect(100).says(&outcome).says("reproduced: ");
    }
}

#[test]
fn a_panic_in_a_task() {
    Case { deed: "panic", lines: "", seeds: "0..8", outcome: "panic", detail: "the deed of a task" }.check();
}

#[test]
fn an_abort() {
    Case { deed: "abort", lines: "", seeds: "0..8", outcome: "abort", detail: "aborted" }.check();
}

#[test]
fn a_stack_overflow() {
    Case {
        deed: "overflow",
        lines: "",
        seeds: "0..8",
        outcome: "stack-overflow",
        detail: "stack overflowed",
    }
    .check();
}

#[test]
fn an_allocation_without_end() {
    let lines = "limits: { memory: 256MiB }";
    Case { deed: "allocate", lines, seeds: "0..8", outcome: "out-of-memory", detail: "memory limit" }.check();
}

#[test]
fn an_exit_of_the_process() {
    Case { deed: "exit", lines: "", seeds: "0..8", outcome: "signal", detail: "exited with code 3" }.check();
}

#[test]
fn a_poll_that_never_returns() {
    let detail = "server-1, in a task started at tests/hostile/deeds.rs";
    Case { deed: "spin", lines: "", seeds: "0..4", outcome: "stuck", detail }.check();
}

#[test]
fn tasks_that_wake_each_other_for_ever() {
    let detail = "tasks of server-1 wake each other for ever while virtual time stands still; the last one \
                  polled was started at tests/hostile/deeds.rs";
    Case { deed: "ping-pong", lines: "", seeds: "0..8", outcome: "stuck", detail }.check();
}

#[test]
fn a_server_that_returns_an_error() {
    let detail = "no-panic violated at t=1.000s (server-1 ended with an error: the deed of a server)";
    Case { deed: "error", lines: "", seeds: "0..8", outcome: "fail", detail }.check();
}

#[test]
fn more_events_than_the_limit() {
    let lines = "limits: { events: 20000 }";
    Case { deed: "busy", lines, seeds: "0..8", outcome: "event-limit", detail: "20000" }.check();
}

#[test]
fn more_wall_time_than_the_limit() {
    let lines = "limits: { wall: 1s }";
    Case { deed: "busy", lines, seeds: "0..6", outcome: "timeout", detail: "wall limit" }.check();
}

#[test]
fn tokios_own_spawn_is_answered_with_the_replacement() {
    let detail = "squall_io::task::spawn";
    Case { deed: "tokio-spawn", lines: "", seeds: "0..8", outcome: "panic", detail }.check();
}
