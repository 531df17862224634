//! `availability`: a planted violation and a near miss for each clause, and brute force.

use squall_check::{Status, Verdict};
use squall_history::{Availability, Expect, History, Ppm};

use crate::support::{history, judged, span, violations};

fn available(min: u32, window: &str, except: &[&str], history: &History) -> Verdict {
    let except = except.iter().map(ToString::to_string).collect();
    let bound = Availability { min: Ppm::percent(min), window: span(window), except };
    judged(&Expect { availability: Some(bound), ..Expect::default() }, history)
}

/// A history of so many seconds in which operations of one millisecond complete at these milliseconds,
/// with these lines besides.
fn completing(seconds: u64, at: &[(u64, &str)], lines: &str) -> History {
    let op = |(at, how): &(u64, &str)| [format!("{} client-1 get:x", at - 1), format!("{at} client-1 {how}")];
    let mut all: Vec<String> = at.iter().flat_map(op).collect();
    all.extend(lines.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()));
    all.sort_by_key(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap());
    history(seconds, &all.join("\n"))
}

/// An `ok` every 100 ms, but other ends at some of these moments.
fn steadily(seconds: u64, but: &[(u64, &'static str)]) -> Vec<(u64, &'static str)> {
    let other = |at: u64| but.iter().find(|(when, _)| *when == at).map_or("ok", |(_, how)| how);
    (1..seconds * 10).map(|k| (k * 100, other(k * 100))).filter(|(_, how)| *how != "nothing").collect()
}

#[track_caller]
fn violated(verdict: &Verdict, expected: &[&str]) {
    assert_eq!(violations(verdict), expected, "{verdict:#?}");
    assert_eq!(verdict.status, Status::Fail);
}

#[track_caller]
fn passed(verdict: &Verdict, windows: u64) {
    assert_eq!(violations(verdict), [""; 0]);
    assert_eq!(verdict.exercised.get("availability"), Some(&windows), "{verdict:#?}");
}

#[track_caller]
fn not_applicable(verdict: &Verdict, why: &str) {
    assert_eq!(violations(verdict), [""; 0]);
    assert_eq!(verdict.not_applicable.get("availability").map(String::as_str), Some(why));
}

#[test]
fn the_share_is_of_what_completed() {
    let bad = |how| completing(10, &steadily(10, &[(5_000, how)]), "");
    for how in ["fail", "info"] {
        // One of ten: exactly nine tenths are left.
        passed(&available(90, "1s", &[], &bad(how)), 10);
        violated(
            &available(91, "1s", &[], &bad(how)),
            &[
                "availability 5.000s 9 of 10 operations that completed from 4.000s to 5.000s were `ok`, less than 91%",
            ],
        );
    }
    // What never completes counts nowhere.
    let silent = completing(10, &steadily(10, &[(5_000, "nothing")]), "4999 client-2 get:x");
    passed(&available(100, "1s", &[], &silent), 10);
}

#[test]
fn a_window_in_which_nothing_completed_fails() {
    // From 5.000 s, which counts, to 5.400 s, which does not.
    let gap = |until| {
        let silent: Vec<_> = (51..until).map(|k| (k * 100, "nothing")).collect();
        completing(10, &steadily(10, &silent), "")
    };
    passed(&available(1, "400ms", &[], &gap(54)), 25);
    violated(
        &available(1, "399ms", &[], &gap(54)),
        &["availability 5.399s no operation completed from 5.000s to 5.399s"],
    );
    // The start and the end of the run are no exceptions.
    violated(
        &available(0, "1s", &[], &completing(3, &[(1_001, "ok"), (1_900, "ok")], "")),
        &[
            "availability 1.000s no operation completed from 0.000s to 1.000s",
            "availability 2.900s no operation completed from 1.900s to 2.900s",
        ],
    );
}

const CUT: &str = "5000 fault cut#1 applied
                   8000 fault cut#1 ended";

/// Fails from 5 s up to, but not at, this millisecond.
fn failing_until(until: u64) -> Vec<(u64, &'static str)> {
    let bad: Vec<_> = (50..until.div_ceil(100)).map(|k| (k * 100, "fail")).collect();
    steadily(15, &bad)
}

#[test]
fn nothing_is_promised_while_an_excepted_fault_lasts() {
    let judge =
        |until, except: &[&str]| available(100, "1s", except, &completing(15, &failing_until(until), CUT));
    // Five seconds before and seven after.
    passed(&judge(8_000, &["cut"]), 12);
    passed(&judge(8_000, &["cut#1"]), 12);
    passed(&judge(8_000, &["other", "cut"]), 12);
    // One more fails, at the very end of the fault: that is outside.
    let one_more = "availability 9.000s 9 of 10 operations that completed from 8.000s to 9.000s were `ok`, less than 100%";
    violated(&judge(8_001, &["cut"]), &[one_more]);
    // Another fault, or the same under half a name, is not excepted.
    for except in [&[][..], &["cu"], &["cut#2"], &["cut#"], &["cut#1#1"]] {
        assert_eq!(judge(8_000, except).violations.len(), 1, "{except:?}");
    }
}

#[test]
fn a_fault_without_end_excepts_the_rest() {
    let forever = completing(15, &failing_until(15_000), "5000 fault cut#1 applied");
    passed(&available(100, "1s", &["cut"], &forever), 5);
    assert_eq!(available(100, "1s", &[], &forever).violations.len(), 1);
}

#[test]
fn excepted_faults_may_overlap() {
    let lines = "5000 fault cut#1 applied
                 6000 fault cut#2 applied
                 7000 fault cut#1 ended
                 8000 fault cut#2 ended";
    let judge = |until| available(100, "1s", &["cut"], &completing(15, &failing_until(until), lines));
    passed(&judge(8_000), 12);
    assert_eq!(judge(8_001).violations.len(), 1);
}

#[test]
fn windows_side_by_side_are_one_violation_told_by_the_worst() {
    let bad = [(3_000, "fail"), (3_100, "fail"), (3_200, "info"), (7_000, "fail")];
    violated(
        &available(95, "1s", &[], &completing(10, &steadily(10, &bad), "")),
        &[
            "availability 3.000s 7 of 10 operations that completed from 2.200s to 3.200s were `ok`, less than 95%",
            "availability 7.000s 9 of 10 operations that completed from 6.000s to 7.000s were `ok`, less than 95%",
        ],
    );
}

#[test]
fn what_cannot_be_judged() {
    let calm = |lines| completing(10, &steadily(10, &[]), lines);
    not_applicable(
        &available(99, "1s", &["kill"], &calm("5000 fault kill#1 beyond")),
        "faults went beyond what the system tolerates (kill#1 at 5.000s): only safety is judged",
    );
    not_applicable(
        &available(99, "11s", &[], &calm("")),
        "no window of 11s lies outside the excepted faults",
    );
    passed(&available(99, "10s", &[], &calm("")), 1);
    let whole = "10 fault cut#1 applied\n 9900 fault cut#1 ended";
    not_applicable(
        &available(99, "1s", &["cut"], &calm(whole)),
        "no window of 1s lies outside the excepted faults",
    );
}

/// Judged window by window, each millisecond.
fn by_brute_force(min: u32, width: u64, free: &[(u64, u64)], at: &[(u64, &str)]) -> bool {
    free.iter().all(|&(from, until)| {
        (from..=until.saturating_sub(width).max(from)).filter(|start| start + width <= until).all(|start| {
            let inside: Vec<_> = at.iter().filter(|(at, _)| (start..start + width).contains(at)).collect();
            let ok = inside.iter().filter(|(_, how)| *how == "ok").count();
            !inside.is_empty() && ok * 100 >= inside.len() * min as usize
        })
    })
}

#[test]
fn it_equals_brute_force() {
    let mut bits = 7_u64;
    let mut draw = |below: u64| {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (bits >> 33) % below
    };
    let mut verdicts = [0; 2];
    for _ in 0..300 {
        let mut at = Vec::new();
        let mut now = 1;
        while now < 990 {
            at.push((now, ["ok", "ok", "ok", "fail"][draw(4) as usize]));
            now += 2 + draw(60);
        }
        let (fault, lasts) = (100 + draw(500), draw(300));
        let lines = format!("{fault} fault cut#1 applied\n{} fault cut#1 ended", fault + lasts);
        let history = completing(1, &at, &lines);
        let (min, width) = ([30, 50, 60][draw(3) as usize], 50 + draw(200));
        let expected = by_brute_force(min, width, &[(0, fault), (fault + lasts, 1_000)], &at);
        let verdict = available(min, &format!("{width}ms"), &["cut"], &history);
        assert_eq!(verdict.violations.is_empty(), expected, "{min}% in {width}ms of {at:?} but {lines}");
        verdicts[usize::from(expected)] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 20), "one-sided: {verdicts:?}");
}
