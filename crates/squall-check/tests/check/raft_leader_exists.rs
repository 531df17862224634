//! `leader-exists`: which times are quiet, and what a group owes then. Election time-outs last
//! 100 ms, so a leader is due after a second.

use squall_history::{Direction, LatencyShape, LinkProfile, NetworkProfile, Ppm, SimDuration};

use crate::raft_words::{judged_of, judged_on, judged_over};

const L1: &str = "leader-exists";
const NONE: &str = "no member leads 1s after a majority was connected and left alone";

/// Three members are up from the start; the run lasts ten seconds.
#[track_caller]
fn check(text: &str, exercised: u64, violations: &[&str]) {
    check_of(3, text, exercised, violations);
}

#[track_caller]
fn check_of(members: u32, text: &str, exercised: u64, violations: &[&str]) {
    let started: String = (1..=members).map(|member| format!("0 m-{member} started\n")).collect();
    let found = judged_of(members, L1, &format!("{started}{text}"));
    assert_eq!(found.violations, violations, "{text}");
    assert_eq!(found.exercised, exercised, "{text}");
}

#[test]
fn a_leader_is_there_in_time_and_stays() {
    check("500 m-1 leader 1", 1, &[]);
    check("1000 m-1 leader 1", 1, &[]);
    check("1001 m-1 leader 1", 1, &[&format!("1.000s {NONE}")]);
    check("", 1, &[&format!("1.000s {NONE}")]);
    check("500 m-1 leader 1\n800 m-2 leader 2\n900 m-1 down 1", 1, &[]);
    check("500 m-1 leader 1\n800 m-1 down 1", 1, &[&format!("1.000s {NONE}")]);
    let changes = "in a group that has a leader and is left alone";
    check(
        "500 m-1 leader 1\n5000 m-2 leader 2\n6000 m-1 leader 3",
        1,
        &[&format!("5.000s m-2 becomes leader of term 2 {changes}")],
    );
    check(
        "500 m-1 leader 1\n5000 m-1 down 1\n6000 m-1 leader 2",
        1,
        &[&format!("5.000s m-1 steps down from term 1 {changes}")],
    );
    // A leader of the past may learn late that it is one no more.
    check("500 m-1 leader 1\n600 m-2 leader 2\n5000 m-1 down 1", 1, &[]);
}

#[test]
fn a_group_whose_disks_are_bad_is_not_left_alone() {
    let none = format!("7.000s {NONE}");
    for trouble in ["error", "full", "slow", "throttled", "stall"] {
        let fault = format!("100 fault d disk={trouble} m-2\n");
        check(&fault, 0, &[]);
        check(&format!("{fault}6000 fault d ended"), 1, &[&none]);
        check(&format!("{fault}6000 fault d ended\n6900 m-1 leader 1"), 1, &[]);
        check(&fault.replace("m-2", "x-1"), 1, &[&format!("1.000s {NONE}")]);
    }
    for trouble in ["lying-sync", "corrupt", "misdirected", "torn-write"] {
        check(&format!("100 fault d disk={trouble} m-2"), 1, &[&format!("1.000s {NONE}")]);
    }
}

#[test]
fn stops_and_starts_begin_anew() {
    let down = "500 m-1 leader 1\n2000 m-1 killed\n";
    check(&format!("{down}2900 m-2 leader 2"), 2, &[]);
    check(down, 2, &[&format!("3.000s {NONE}")]);
    check(&format!("{down}2800 m-1 started\n3700 m-2 leader 2"), 2, &[]);
    // Two of three down: nothing is owed, for as long as it takes.
    check(&format!("{down}2000 m-2 power-lost"), 1, &[]);
    check(&format!("{down}2000 m-2 power-lost\n6000 m-2 started"), 2, &[&format!("7.000s {NONE}")]);
    // Who stands still is neither here nor gone.
    check("500 m-1 leader 1\n2000 m-2 paused", 1, &[]);
    check(
        "500 m-1 leader 1\n2000 m-2 paused\n5000 m-2 resumed\n5500 m-1 down 1",
        2,
        &[&format!("6.000s {NONE}")],
    );
    check("500 m-1 leader 1\n2000 m-1 exited", 2, &[&format!("3.000s {NONE}")]);
    // Nodes of other roles do not matter.
    check(
        "500 m-1 leader 1\n2000 x-1 killed\n5000 m-2 leader 2",
        1,
        &["5.000s m-2 becomes leader of term 2 in a group that has a leader and is left alone"],
    );
    // Before most have started, nothing is owed.
    let found = judged_of(3, L1, "0 m-1 started\n0 x-1 started\n0 x-2 started");
    assert_eq!((found.violations.len(), found.exercised), (0, 0));
}

#[test]
fn a_run_that_ends_before_the_time_is_not_judged() {
    check("500 m-1 leader 1\n9500 m-1 killed", 1, &[]);
    check("500 m-1 leader 1\n9000 m-1 killed", 2, &[&format!("10.000s {NONE}")]);
}

#[test]
fn partitions_leave_a_duty_to_a_connected_majority() {
    let begin = "500 m-1 leader 1\n2000 fault p cut ";
    // Isolated, it has to go, and another to come.
    check(&format!("{begin}m-1|m-2,m-3\n2400 m-2 leader 2\n2500 m-1 down 1"), 2, &[]);
    check(&format!("{begin}m-1|m-2,m-3\n2400 m-1 down 1"), 2, &[&format!("3.000s {NONE}")]);
    let alone = "3.000s m-1 leads without a majority 1s after another was connected and left alone";
    check(&format!("{begin}m-1|m-2,m-3"), 2, &[alone]);
    check(&format!("{begin}m-1>m-2,m-3"), 2, &[alone]);
    check(&format!("{begin}m-1<m-2,m-3"), 2, &[alone]);
    // One link cut: two of three still see each other both ways, whoever leads.
    check(&format!("{begin}m-2|m-3"), 2, &[]);
    check(&format!("{begin}m-1|m-2"), 2, &[]);
    let deposed = "5.000s m-2 becomes leader of term 2 in a group that has a leader and is left alone";
    check(&format!("{begin}m-1|m-2\n5000 m-2 leader 2"), 2, &[deposed]);
    // All links cut, or one member down and the others apart: nothing is owed.
    check(&format!("{begin}m-1|m-2,m-3 m-2>m-3\n2400 m-1 down 1"), 1, &[]);
    check("500 m-1 leader 1\n2000 m-1 killed\n2000 fault p cut m-2<m-3", 1, &[]);
    // The end of a partition is a new beginning.
    check(
        &format!("{begin}m-1|m-2,m-3 m-2>m-3\n2400 m-1 down 1\n4000 fault p ended"),
        2,
        &[&format!("5.000s {NONE}")],
    );
    check(&format!("{begin}m-1|m-2\n2900 fault p ended\n3800 m-2 leader 2"), 2, &[]);
}

#[test]
fn links_to_others_do_not_matter() {
    let deposed = "5.000s m-2 becomes leader of term 2 in a group that has a leader and is left alone";
    for fault in ["cut m-1|x-1", "slow m-1|x-1", "kill x-1"] {
        check(&format!("500 m-1 leader 1\n4900 fault p {fault}\n5000 m-2 leader 2"), 1, &[deposed]);
    }
}

#[test]
fn slow_or_unknown_links_suspend_the_duty() {
    for fault in ["slow m-1|m-2", "shape"] {
        check(&format!("500 m-1 leader 1\n2000 fault p {fault}\n5000 m-2 leader 2"), 1, &[]);
        let ended = format!("500 m-1 leader 1\n2000 fault p {fault}\n4000 fault p ended\n4500 m-1 down 1");
        check(&ended, 2, &[&format!("5.000s {NONE}")]);
    }
}

#[test]
fn five_members_need_three_that_see_each_other() {
    let begin = "500 m-1 leader 1\n2000 fault p cut ";
    // A ring: each reaches two others, and no three see each other.
    check_of(5, &format!("{begin}m-1|m-3,m-4 m-2|m-4,m-5 m-3|m-5"), 1, &[]);
    // Four of them in two pairs that only the fifth can reach: three see each other.
    let bridge = "m-1,m-2|m-3,m-4";
    check_of(5, &format!("{begin}{bridge}"), 2, &[]);
    check_of(5, &format!("{begin}{bridge}\n2100 m-1 killed\n2100 m-3 killed"), 1, &[]);
    check_of(5, &format!("{begin}{bridge}\n2100 m-1 killed\n2500 m-5 leader 2"), 2, &[]);
    check_of(5, &format!("{begin}{bridge}\n2100 m-1 killed"), 2, &[&format!("3.100s {NONE}")]);
}

/// A link of its own between members counts as the network does, one to somebody else does not.
#[test]
fn a_bad_link_between_members_is_not_judged_either() {
    let started = "0 m-1 started\n0 m-2 started\n0 m-3 started\n";
    let far = NetworkProfile { latency: SimDuration::from_millis(11), ..NetworkProfile::PERFECT };
    let with = |to: &str| {
        let (from, to) = (vec!["m-1".into()], vec![to.into()]);
        let link =
            LinkProfile { from, to, direction: Direction::To, profile: far, correlation: Default::default() };
        judged_over(NetworkProfile::PERFECT, &[link], 3, L1, started)
    };
    assert!(with("m-3").verdict.not_applicable.contains_key(L1));
    assert_eq!(with("x-1").violations, [format!("1.000s {NONE}")]);
}

/// What elections need is promised of a quick and reliable network alone.
#[test]
fn a_network_that_is_bad_by_itself_is_not_judged() {
    let started = "0 m-1 started\n0 m-2 started\n0 m-3 started\n";
    let slow = NetworkProfile { latency: SimDuration::from_millis(11), ..NetworkProfile::PERFECT };
    let lossy = NetworkProfile { loss: Ppm::percent(1), ..NetworkProfile::PERFECT };
    for network in [slow, lossy] {
        let found = judged_on(network, 3, L1, started);
        assert_eq!((found.exercised, found.violations.as_slice()), (0, [].as_slice()));
        assert!(found.verdict.not_applicable[L1].starts_with("links take up to"), "{network:?}");
    }
    let shape = LatencyShape::HeavyTail;
    let far = NetworkProfile { jitter: SimDuration::from_millis(1), shape, ..NetworkProfile::PERFECT };
    assert!(judged_on(far, 3, L1, started).verdict.not_applicable.contains_key(L1));
    let quick = NetworkProfile { latency: SimDuration::from_millis(10), ..NetworkProfile::PERFECT };
    assert_eq!(judged_on(quick, 3, L1, started).violations, [format!("1.000s {NONE}")]);
}
