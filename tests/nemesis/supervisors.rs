//! Roles with a supervisor: software that ends by itself is started again after a back-off.

use squall::check::Outcome;
use squall::history::NodeEvent;

use super::{library, life};
use library::{Recorded, planned, recorded};

/// Ten seconds of the probe: `server-1` ends 200 ms after its first four starts.
fn run(how: &str, restart: &str, faults: &str) -> Recorded {
    let ends = format!("ends: [{{ node: server-1, after: 200ms, how: {how}, boots: 4 }}]");
    let roles = format!("roles: {{ server: {{ count: 2{restart} }}, client: 1 }}");
    recorded(&planned(
        &format!(
            "system: {{ name: probe, config: {{ {ends} }} }}\ntopology: {{ {roles} }}\nnetwork: {{ profile: perfect }}\n\
             duration: 10s\nfaults: {faults}\nexpect: {{ invariants: all }}\nlimits: {{ stop-on: end }}\n"
        ),
        1,
    ))
}

fn starts(run: &Recorded) -> Vec<u64> {
    life(run, "server-1", &NodeEvent::Started)
}

const BOTH: &str = ", restart: { after: 100ms..300ms }";

#[test]
fn a_crash_is_answered_after_a_wait_that_doubles() {
    // 200 ms of work, then waits of 100, 200, 300 and 300 ms.
    let again = [0, 300, 700, 1_200, 1_700];
    for how in ["panic", "exit", "error"] {
        let run = run(how, BOTH, "[]");
        assert_eq!(starts(&run), again, "{how}");
        assert_eq!(run.reply.result.outcome, Outcome::Pass, "{how}: {:?}", run.reply.result.violations);
        // A panic ends the whole process, as an abort does.
        let killed = if how == "panic" { vec![200, 500, 900, 1_400] } else { Vec::new() };
        assert_eq!(life(&run, "server-1", &NodeEvent::Killed), killed, "{how}");
    }
}

#[test]
fn the_client_sees_the_process_die_and_come_back() {
    let refused = |restart: &str| {
        let run = run("exit", restart, "[]");
        let history = format!("{:?}", run.records);
        (history.matches("connection refused").count(), history.matches("\"echo\"").count() > 400)
    };
    let (while_down, recovers) = refused(BOTH);
    // 900 ms of waits, asked every 20 ms.
    assert!((20..=50).contains(&while_down) && recovers, "{while_down}");
    // Without a supervisor its other tasks serve on when the root has returned.
    assert_eq!(refused(""), (0, true));
}

#[test]
fn what_is_not_answered_is_a_violation_and_stays_down() {
    for (how, on) in [("panic", "[exit]"), ("error", "[panic]")] {
        let run = run(how, &format!(", restart: {{ after: 100ms..300ms, on: {on} }}"), "[]");
        assert_eq!(starts(&run), [0], "{how}");
        assert_eq!(run.reply.result.violations[0].oracle, "no-panic", "{how}");
    }
    assert_eq!(run("panic", "", "[]").reply.result.outcome, Outcome::Panic);
}

#[test]
fn a_node_that_a_fault_keeps_down_is_started_by_the_end_of_the_fault() {
    let kept = run("panic", BOTH, "[{ at: 250ms, for: 2s, power-loss: server-1 }]");
    assert_eq!(starts(&kept)[..2], [0, 2_250]);
    // Its wait is over before the fault begins, and begins again after it.
    let later = run("panic", BOTH, "[{ at: 350ms, for: 100ms, kill: server-1 }]");
    assert_eq!(starts(&later)[..3], [0, 300, 450]);
}

#[test]
fn the_bound_plan_replays_to_the_same_run() {
    let first = run("panic", BOTH, "[{ at: 350ms, for: 100ms, kill: server-1 }]");
    let text = squall::scenario::to_yaml(first.bound(), "bound");
    assert!(text.contains("restart: { after: 100ms..300ms, on: [panic, exit] }"), "{text}");
    let again = recorded(&library::plan_of_file(&text, squall::Seed(1)));
    assert_eq!(again.reply.result.digest, first.reply.result.digest);
}
