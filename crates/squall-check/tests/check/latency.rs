//! `latency`: a planted violation and a near miss for each clause.

use std::fmt::Write as _;

use squall_check::{Status, Verdict};
use squall_history::{Expect, History, LatencyBounds};

use crate::support::{history, judged, span, violations};

fn bounded(p50: &str, p99: &str, max: &str, history: &History) -> Verdict {
    let bound = |text: &str| (!text.is_empty()).then(|| span(text));
    let bounds = LatencyBounds { p50: bound(p50), p99: bound(p99), max: bound(max) };
    judged(&Expect { latency: Some(bounds), ..Expect::default() }, history)
}

/// Operations one after the other that take so many milliseconds and end like this.
fn taking(operations: &[(u64, &str)]) -> History {
    let mut text = String::new();
    let mut now = 0;
    for (ms, how) in operations {
        writeln!(text, "{now} client-1 get:x\n{} client-1 {how}", now + ms).unwrap();
        now += ms + 1;
    }
    history(now / 1_000 + 1, &text)
}

#[track_caller]
fn violated(verdict: &Verdict, expected: &[&str]) {
    assert_eq!(violations(verdict), expected, "{verdict:#?}");
    assert_eq!(verdict.status, Status::Fail);
    assert_eq!(verdict.violations[0].ops.len(), 1, "the operation is named");
}

#[track_caller]
fn passed(verdict: &Verdict, operations: u64) {
    assert_eq!(violations(verdict), [""; 0]);
    assert_eq!(verdict.exercised.get("latency"), Some(&operations), "{verdict:#?}");
}

#[test]
fn the_longest() {
    let three = taking(&[(10, "ok"), (30, "ok"), (20, "ok")]);
    passed(&bounded("", "", "30ms", &three), 3);
    violated(
        &bounded("", "", "29ms", &three),
        &["latency 0.041s an operation took longer than 29ms: max is 30ms of 3 operations"],
    );
}

#[test]
fn the_median() {
    let even = taking(&[(40, "ok"), (10, "ok"), (30, "ok"), (20, "ok")]);
    passed(&bounded("20ms", "", "", &even), 4);
    violated(
        &bounded("19ms", "", "", &even),
        &["latency 0.103s half of the operations took longer than 19ms: p50 is 20ms of 4 operations"],
    );
    let odd = taking(&[(30, "ok"), (10, "ok"), (20, "ok")]);
    passed(&bounded("20ms", "", "", &odd), 3);
    assert_eq!(bounded("19ms", "", "", &odd).violations.len(), 1);
}

#[test]
fn the_ninety_ninth_percentile() {
    let slow = |count: usize, all: usize| {
        taking(&(0..all).map(|k| (if k < count { 500 } else { 5 }, "ok")).collect::<Vec<_>>())
    };
    passed(&bounded("", "5ms", "", &slow(1, 100)), 100);
    assert_eq!(bounded("", "5ms", "", &slow(2, 100)).violations.len(), 1);
    passed(&bounded("", "5ms", "", &slow(2, 200)), 200);
    violated(
        &bounded("", "499ms", "", &slow(3, 200)),
        &[
            "latency 0.500s more than one operation in a hundred took longer than 499ms: p99 is 500ms of 200 operations",
        ],
    );
    // Of fewer than a hundred it is the longest.
    assert_eq!(bounded("", "5ms", "", &slow(1, 99)).violations.len(), 1);
}

#[test]
fn each_bound_is_judged_on_its_own() {
    let verdict = bounded("1ms", "2ms", "3ms", &taking(&[(10, "ok")]));
    assert_eq!(verdict.violations.len(), 3);
    passed(&bounded("10ms", "10ms", "10ms", &taking(&[(10, "ok")])), 1);
}

#[test]
fn an_info_counts_with_its_time_out_and_a_fail_does_not() {
    violated(
        &bounded("", "", "50ms", &taking(&[(10, "ok"), (60, "info"), (10, "ok")])),
        &["latency 0.071s an operation took longer than 50ms: max is 60ms of 3 operations"],
    );
    passed(&bounded("", "", "50ms", &taking(&[(10, "ok"), (60, "fail"), (10, "ok")])), 2);
    // What never completes has no time-out.
    passed(&bounded("", "", "50ms", &history(10, "0 client-1 get:x\n10 client-1 ok\n20 client-1 get:x")), 1);
}

#[test]
fn what_cannot_be_judged() {
    let why = |verdict: &Verdict| {
        assert_eq!(violations(verdict), [""; 0]);
        verdict.not_applicable["latency"].clone()
    };
    let none = taking(&[(10, "fail")]);
    assert_eq!(why(&bounded("1ms", "", "", &none)), "no operation ended in `ok` or `info`");
    let beyond = history(10, "0 client-1 get:x\n5 fault kill#1 beyond\n10 client-1 ok");
    assert_eq!(
        why(&bounded("1ms", "", "", &beyond)),
        "faults went beyond what the system tolerates (kill#1 at 0.005s): only safety is judged"
    );
}
