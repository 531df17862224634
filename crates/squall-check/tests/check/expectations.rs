//! `steady-state` and `recovery`: a planted violation and a near miss for each clause.

use squall_check::{Status, Verdict};
use squall_history::{Expect, History};

use crate::support::{history, judged, span, violations};

fn steady(within: &str, history: &History) -> Verdict {
    judged(&Expect { steady_state: Some(span(within)), ..Expect::default() }, history)
}

fn recovery(within: &str, history: &History) -> Verdict {
    judged(&Expect { recovery: Some(span(within)), ..Expect::default() }, history)
}

/// Expects exactly this violation.
#[track_caller]
fn violated(verdict: &Verdict, expected: &str) {
    assert_eq!(violations(verdict), [expected], "{verdict:#?}");
    assert_eq!(verdict.status, Status::Fail);
    assert_eq!(verdict.violations[0].nodes.len(), 1, "the client is named");
}

/// Expects a pass in which `oracle` judged this many clients.
#[track_caller]
fn passed(verdict: &Verdict, oracle: &str, clients: u64) {
    assert_eq!(violations(verdict), [""; 0]);
    assert_eq!(verdict.exercised.get(oracle), Some(&clients), "{verdict:#?}");
    assert_eq!(verdict.not_applicable.get(oracle), None);
}

/// Expects that `oracle` could not judge, for this reason.
#[track_caller]
fn not_applicable(verdict: &Verdict, oracle: &str, why: &str) {
    assert_eq!(violations(verdict), [""; 0]);
    assert_eq!(verdict.not_applicable.get(oracle).map(String::as_str), Some(why));
    assert_eq!(verdict.exercised.get(oracle), None, "what could not judge is not counted");
}

/// A history of 30 s with a put of each client just before these milliseconds, and these lines.
fn with_oks(oks: &[(u64, &str)], lines: &str) -> History {
    let put =
        |(at, client): &(u64, &str)| [format!("{} {client} put:x 1", at - 1), format!("{at} {client} ok")];
    let mut all: Vec<String> = oks.iter().flat_map(put).collect();
    all.extend(lines.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()));
    all.sort_by_key(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap());
    history(30, &all.join("\n"))
}

/// An `ok` of both clients every second from `from` to the end of the run.
fn every_second(from: u64) -> Vec<(u64, &'static str)> {
    (from..=30).flat_map(|s| [(s * 1_000 - 10, "client-1"), (s * 1_000 - 5, "client-2")]).collect()
}

#[test]
fn steady_state_wants_an_ok_of_every_client_in_time() {
    violated(
        &steady("5s", &with_oks(&[(4_000, "client-1"), (5_001, "client-2")], "")),
        "steady-state 5.000s client-2 has no `ok` within 5s of the start",
    );
    passed(&steady("5s", &with_oks(&[(4_000, "client-1"), (5_000, "client-2")], "")), "steady-state", 2);
}

#[test]
fn steady_state_wants_it_before_the_first_fault() {
    let late = with_oks(&[(1_000, "client-1"), (2_001, "client-2")], "2000 fault kill#1 applied");
    violated(
        &steady("5s", &late),
        "steady-state 2.000s client-2 has no `ok` before the first fault, kill#1 at 2.000s",
    );
    // At the same instant, but recorded first.
    let just = with_oks(&[(1_000, "client-1"), (2_000, "client-2")], "2000 fault kill#1 applied");
    passed(&steady("5s", &just), "steady-state", 2);
    let other_order = history(
        30,
        "0 client-1 get:x
         0 client-2 get:x
         1 client-1 ok
         2 fault kill#1 applied
         2 client-2 ok",
    );
    assert_eq!(steady("5s", &other_order).violations.len(), 1);
}

#[test]
fn a_veto_is_no_fault() {
    let vetoed = with_oks(&[(1_000, "client-1"), (2_001, "client-2")], "2000 fault kill#1 vetoed");
    passed(&steady("5s", &vetoed), "steady-state", 2);
}

#[test]
fn a_failed_operation_is_not_an_ok() {
    let failed = history(
        30,
        "1 client-1 get:x
         2 client-1 ok
         1000 client-2 get:x
         1001 client-2 fail
         1002 client-2 get:x
         1003 client-2 info",
    );
    violated(&steady("5s", &failed), "steady-state 5.000s client-2 has no `ok` within 5s of the start");
}

#[test]
fn steady_state_beyond_the_end_of_the_run_is_not_judged() {
    not_applicable(
        &steady("31s", &with_oks(&[(1_000, "client-1")], "")),
        "steady-state",
        "the run ended at 30.000s, before the bound of 31s",
    );
    let at_the_end = steady("30s", &with_oks(&[(1_000, "client-1")], ""));
    violated(&at_the_end, "steady-state 30.000s client-2 has no `ok` within 30s of the start");
    let both = with_oks(&[(1_000, "client-1"), (1_000, "client-2")], "");
    passed(&steady("31s", &both), "steady-state", 2);
}

const FAULT: &str = "5000 fault kill#1 applied
                     8000 fault kill#1 ended";

/// Both clients every second from 11 s on, the first at 9.5 s, and client 2 as given.
fn after_fault(client_2: u64) -> Vec<(u64, &'static str)> {
    let mut oks = every_second(11);
    oks.extend([(9_500, "client-1"), (client_2, "client-2")]);
    oks
}

#[test]
fn recovery_wants_a_new_ok_of_every_client_in_time() {
    violated(
        &recovery("2s", &with_oks(&after_fault(10_001), FAULT)),
        "recovery 10.000s no operation that client-2 invoked after the last fault ended at 8.000s was `ok` \
         within 2s",
    );
    passed(&recovery("2s", &with_oks(&after_fault(10_000), FAULT)), "recovery", 2);
}

#[test]
fn an_operation_invoked_before_the_end_of_the_fault_is_not_new() {
    let old = |invoked: u64| {
        let lines = format!("{FAULT}\n{invoked} client-2 get:x\n9000 client-2 ok");
        let mut oks = every_second(11);
        oks.push((9_500, "client-1"));
        with_oks(&oks, &lines)
    };
    assert_eq!(recovery("2s", &old(7_999)).violations.len(), 1);
    // At that instant, but recorded later.
    passed(&recovery("2s", &old(8_000)), "recovery", 2);
}

#[test]
fn recovery_wants_no_later_gap() {
    let gap = |until: u64| {
        let mut oks = every_second(9);
        oks.retain(|(at, client)| *client == "client-1" || *at < 13_000 || *at >= 16_000);
        oks.push((until, "client-2"));
        with_oks(&oks, FAULT)
    };
    violated(
        &recovery("2s", &gap(14_996)),
        "recovery 14.995s client-2 has no `ok` from 12.995s to 14.996s, longer than 2s",
    );
    passed(&recovery("2s", &gap(14_995)), "recovery", 2);
}

#[test]
fn the_last_gap_ends_with_the_run() {
    let silent = |last: u64| {
        let mut oks = every_second(9);
        oks.retain(|(at, client)| *client == "client-1" || *at < 27_000);
        oks.push((last, "client-2"));
        with_oks(&oks, FAULT)
    };
    violated(
        &recovery("2s", &silent(27_999)),
        "recovery 29.999s client-2 has no `ok` from 27.999s to 30.000s, longer than 2s",
    );
    passed(&recovery("2s", &silent(28_000)), "recovery", 2);
}

#[test]
fn a_fault_that_never_ends_counts_from_its_application() {
    let oks = || {
        let mut oks = every_second(13);
        oks.extend([(9_500, "client-1"), (9_500, "client-2"), (11_900, "client-1")]);
        oks
    };
    let lines = format!("{FAULT}\n10000 fault cut#1 applied");
    violated(
        &recovery("2s", &with_oks(&oks(), &lines)),
        "recovery 12.000s no operation that client-2 invoked after the last fault was applied, never to end, \
         at 10.000s was `ok` within 2s",
    );
    let mut enough = oks();
    enough.push((12_000, "client-2"));
    passed(&recovery("2s", &with_oks(&enough, &lines)), "recovery", 2);
}

#[test]
fn the_latest_end_counts_even_if_an_earlier_fault_never_ends() {
    let lines = "3000 fault cut#1 applied
                 5000 fault kill#1 applied
                 8000 fault kill#1 ended";
    // By 5 s neither client has an `ok`: only the end at 8 s counts.
    passed(&recovery("2s", &with_oks(&after_fault(10_000), lines)), "recovery", 2);
    assert_eq!(recovery("2s", &with_oks(&after_fault(10_001), lines)).violations.len(), 1);
}

#[test]
fn a_fault_applied_again_is_not_over() {
    let lines = format!("{FAULT}\n20000 fault kill#1 applied");
    // Silence from 9.5 s to 20 s is before E.
    let mut oks = every_second(21);
    oks.extend([(9_500, "client-1"), (9_500, "client-2")]);
    passed(&recovery("2s", &with_oks(&oks, &lines)), "recovery", 2);
}

#[test]
fn beyond_the_budget_only_safety_is_judged() {
    let lines = format!("{FAULT}\n6000 fault kill#2 beyond");
    not_applicable(
        &recovery("2s", &with_oks(&[], &lines)),
        "recovery",
        "faults went beyond what the system tolerates (kill#2 at 6.000s): only safety is judged",
    );
}

#[test]
fn recovery_needs_a_run_that_is_long_enough() {
    not_applicable(
        &recovery("2s", &with_oks(&[], "28001 fault cut#1 applied")),
        "recovery",
        "the last fault was applied, never to end, at 28.001s, and 2s later lies beyond the end of the run \
         at 30.000s",
    );
    assert_eq!(recovery("2s", &with_oks(&[], "28000 fault cut#1 applied")).violations.len(), 2);
}

#[test]
fn without_a_fault_the_start_is_what_is_recovered_from() {
    let from_3s = with_oks(&every_second(4), "");
    assert_eq!(recovery("2s", &from_3s).violations.len(), 2);
    passed(&recovery("2s", &with_oks(&every_second(2), "")), "recovery", 2);
    // A scenario that allows five seconds for the start does not count them as recovery.
    let both = Expect { steady_state: Some(span("5s")), recovery: Some(span("2s")), ..Expect::default() };
    passed(&judged(&both, &from_3s), "recovery", 2);
    assert_eq!(judged(&both, &with_oks(&every_second(8), "")).violations.len(), 4);
}

#[test]
fn a_client_that_left_is_answerable_until_then() {
    let leaves = |at: u64, how: &str| {
        let mut oks = every_second(9);
        oks.retain(|(at, client)| *client == "client-1" || *at < 13_000);
        with_oks(&oks, &format!("{FAULT}\n{at} client-2 {how}"))
    };
    for how in ["exited", "killed", "power-lost", "paused"] {
        passed(&recovery("2s", &leaves(14_995, how)), "recovery", 2);
        assert_eq!(recovery("2s", &leaves(14_996, how)).violations.len(), 1, "{how}");
    }
    // It came back, and is silent.
    let back = with_oks(
        &every_second(9).into_iter().filter(|(at, c)| *c == "client-1" || *at < 13_000).collect::<Vec<_>>(),
        &format!("{FAULT}\n14000 client-2 killed\n14500 client-2 started"),
    );
    assert_eq!(recovery("2s", &back).violations.len(), 1);
}

#[test]
fn clients_that_left_before_the_end_of_the_faults_are_not_judged() {
    let one = with_oks(
        &every_second(9).into_iter().filter(|(_, client)| *client == "client-1").collect::<Vec<_>>(),
        &format!("{FAULT}\n8000 client-2 exited"),
    );
    passed(&recovery("2s", &one), "recovery", 1);
    not_applicable(
        &recovery("2s", &with_oks(&[], &format!("{FAULT}\n100 client-1 exited\n7000 client-2 exited"))),
        "recovery",
        "every client had left by 8.000s",
    );
}
