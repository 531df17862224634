//! What a Raft group promises of its disks: judged by the simulator's word, not by the members'.

use crate::raft_words::{check, judged};

const R7: &str = "durability-at-commit";
const S8: &str = "recovery-finds-what-was-synced";

#[test]
fn what_is_committed_lies_on_most_disks() {
    let begin = "1 m-1 leader 1\n2 m-1 log 1.1 2.1\n2 m-2 log 1.1 2.1\n2 m-3 log 1.1 2.1\n";
    let says = |rest: &str, exercised, violations: &[&str]| {
        check(R7, &format!("{begin}{rest}"), exercised, violations);
    };
    let one = "0.009s m-1 commits entry 2 in term 1, which lies durably on 1 of 3 disks";
    says("3 m-2 holds wal 0-30\n4 m-3 holds wal 0-30\n9 m-1 commit 2", 1, &[]);
    says("3 m-2 holds wal 0-30\n4 m-3 holds wal 0-20\n9 m-1 commit 2", 1, &[one]);
    says("3 m-2 holds wal 0-30\n4 m-3 holds wal 0-29\n9 m-1 commit 2", 1, &[one]);
    // Whatever a member claims.
    let none = "0.009s m-1 commits entry 1 in term 1, which lies durably on 0 of 3 disks";
    says("9 m-1 commit 2", 1, &[none]);
    // What was durable is no more once it is written over.
    says(
        "3 m-1 holds wal 0-30\n3 m-2 holds wal 0-30\n4 m-2 holds wal 0-10 25-30\n9 m-1 commit 1",
        1,
        &["0.009s m-1 commits entry 1 in term 1, which lies durably on 1 of 3 disks"],
    );
    // A kill takes nothing away, a loss of power what was not synced.
    let down = "3 m-1 holds wal 0-30\n3 m-2 holds wal 0-30\n4 m-2 killed\n5 m-2 power-lost\n";
    says(&format!("{down}9 m-1 commit 2"), 1, &[]);
    let chance = "3 m-1 holds wal 0-30\n4 m-2 power-lost\n4 m-2 holds wal 0-30\n9 m-1 commit 2";
    says(chance, 1, &["0.009s m-1 commits entry 1 in term 1, which lies durably on 1 of 3 disks"]);
    // Unless the member found it when it started again.
    let found = "5 m-2 started\n6 m-2 recovered 1 - - 2\n6 m-2 log 1.1 2.1\n9 m-1 commit 2";
    says(&chance.replace("9 m-1 commit 2", found), 1, &[]);
}

#[test]
fn a_disk_that_lied_or_rotted_is_not_held_against_its_member() {
    let begin = "1 m-1 leader 1\n2 m-1 log 1.1\n2 m-2 log 1.1\n3 m-1 holds wal 0-20\n";
    let one = ["0.009s m-1 commits entry 1 in term 1, which lies durably on 1 of 3 disks"];
    let found = "6 m-1 killed\n7 m-1 started\n8 m-1 recovered 1 - - 0";
    let lost = ["0.008s m-1 recovered its log up to 0, and it was durable up to 1"];
    for (trouble, excused) in [
        ("lying-sync", true),
        ("corrupt", true),
        ("misdirected", true),
        ("torn-write", false),
        ("error", false),
        ("full", false),
        ("stall", false),
        ("throttled", false),
    ] {
        // It stays so when the fault has ended.
        let fault = |node: &str| format!("4 fault d disk={trouble} {node}\n5 fault d ended\n");
        let (late, short) = if excused { (&[][..], &[][..]) } else { (&one[..], &lost[..]) };
        check(R7, &format!("{begin}{}9 m-1 commit 1", fault("m-2")), 1, late);
        check(R7, &format!("{begin}{}9 m-1 commit 1", fault("m-1")), 1, &one);
        check(R7, &format!("{begin}{}9 m-1 commit 1", fault("x-1")), 1, &one);
        check(S8, &format!("{begin}{}{found}", fault("m-1")), u64::from(!excused), short);
        check(S8, &format!("{begin}{}{found}", fault("m-2")), 1, &lost);
    }
}

#[test]
fn only_a_leader_commits_and_each_entry_once() {
    let synced = "1 m-1 log 1.1\n1 m-2 log 1.1\n1 m-3 log 1.1\n2 m-1 holds wal 0-20\n2 m-2 holds wal 0-20\n";
    check(R7, &format!("{synced}3 m-3 commit 1"), 0, &[]);
    check(
        R7,
        &format!("{synced}3 m-1 leader 1\n4 m-1 commit 1\n5 m-1 commit 1\n6 m-2 leader 2\n7 m-2 commit 1"),
        1,
        &[],
    );
    let found = judged(R7, &format!("{synced}3 m-1 leader 1\n4 m-1 commit 2"));
    let evidence = &found.verdict.violations[0].evidence;
    assert_eq!(
        (&evidence["expected"], &evidence["seen"], &evidence["index"]),
        (&2.into(), &0.into(), &2.into())
    );
    assert_eq!(evidence["not-durable-on"], serde_json::json!(["m-1", "m-2", "m-3"]));
}

#[test]
fn the_same_entry_counts_and_so_does_a_snapshot() {
    // What a past leader left at the same place is another entry.
    let begin = "1 m-1 leader 2\n2 m-1 log 1.2\n2 m-1 holds wal 0-20\n3 m-2 log 1.1\n3 m-2 holds wal 0-20\n";
    let one = ["0.009s m-1 commits entry 1 in term 2, which lies durably on 1 of 3 disks"];
    check(R7, &format!("{begin}9 m-1 commit 1"), 1, &one);
    check(R7, &format!("{begin}4 m-2 cut 0\n5 m-2 log 1.2\n9 m-1 commit 1"), 1, &[]);
    check(R7, &format!("{begin}4 m-2 cut 0\n9 m-1 commit 1"), 1, &one);
    check(R7, &format!("{begin}4 m-3 install 5.2\n5 m-3 holds snap-5 0-100\n9 m-1 commit 1"), 1, &[]);
    check(R7, &format!("{begin}4 m-3 install 5.2\n5 m-3 holds snap-5 0-99\n9 m-1 commit 1"), 1, &one);
    check(R7, &format!("{begin}4 m-3 install 0.2\n5 m-3 holds snap-0 0-100\n9 m-1 commit 1"), 1, &one);
}

#[test]
fn a_recovery_finds_the_log_that_was_synced() {
    let begin = "1 m-1 started\n1 m-1 log 1.1 2.1 3.1\n2 m-1 holds wal 0-30\n";
    let says = |rest: &str, exercised, violations: &[&str]| {
        check(S8, &format!("{begin}{rest}"), exercised, violations);
    };
    let lost = "0.009s m-1 recovered its log up to 1, and it was durable up to 2";
    for down in ["5 m-1 power-lost\n", "5 m-1 killed\n", ""] {
        for (index, violations) in [(1, &[lost][..]), (2, &[]), (3, &[])] {
            says(&format!("{down}6 m-1 started\n9 m-1 recovered 1 - - {index}"), 1, violations);
        }
    }
    // What is kept by chance is not owed; what a recovery throws away is; so is it after another crash.
    says("5 m-1 power-lost\n5 m-1 holds wal 0-40\n6 m-1 started\n9 m-1 recovered 1 - - 2", 1, &[]);
    says("6 m-1 started\n7 m-1 holds wal 0-20\n9 m-1 recovered 1 - - 1", 1, &[lost]);
    let crash = "5 m-1 killed\n6 m-1 started\n7 m-1 holds wal\n7 m-1 power-lost\n8 m-1 started\n";
    says(&format!("{crash}9 m-1 recovered 1 - - 1"), 1, &[lost]);
    // What it cut itself is not owed.
    says("4 m-1 cut 1\n5 m-1 killed\n6 m-1 started\n9 m-1 recovered 1 - - 1", 1, &[]);
    // What it owes is paid once; from then on it is what it found.
    let twice = "5 m-1 killed\n6 m-1 started\n6 m-1 recovered 1 - - 2\n7 m-1 killed\n8 m-1 started\n";
    says(&format!("{twice}9 m-1 recovered 1 - - 0"), 1, &[]);
    says(
        &twice
            .replace("7 m-1", "6 m-1 log 1.1 2.1\n7 m-1")
            .replace("8 m-1 started", "8 m-1 started\n9 m-1 recovered 1 - - 1"),
        2,
        &[lost],
    );
    // A gap ends it: what lies behind one cannot be replayed.
    check(
        S8,
        "1 m-1 log 1.1 2.1 3.1\n2 m-1 holds wal 10-20 30-40\n6 m-1 started\n9 m-1 recovered 1 - - 1",
        1,
        &[],
    );
    check(S8, "1 m-1 log 1.1\n6 m-1 started\n9 m-1 recovered 1 - - 0", 0, &[]);
}

#[test]
fn a_recovery_finds_the_snapshot_that_was_synced() {
    let begin = "1 m-1 log 1.1 2.1 3.1 4.1\n2 m-1 holds wal 0-50\n3 m-1 snap 3.1\n3 m-1 holds snap-3 0-100\n";
    let says = |recovered: &str, violations: &[&str]| {
        check(S8, &format!("{begin}6 m-1 started\n9 m-1 recovered 1 - {recovered}"), 1, violations);
    };
    says("3.1 4", &[]);
    says("4.1 4", &[]);
    says("3.1 3", &["0.009s m-1 recovered its log up to 3, and it was durable up to 4"]);
    says("- 4", &["0.009s m-1 recovered snapshot 0, and snapshot 3 was durable"]);
    says("2.1 4", &["0.009s m-1 recovered snapshot 2, and snapshot 3 was durable"]);
    // A snapshot that contradicts the log makes it void behind it, told of or not.
    let void = "1 m-1 log 1.1 2.1 3.1 4.1\n2 m-1 holds wal 0-50\n";
    let install = "3 m-1 install 3.2\n3 m-1 holds snap-3 0-100\n";
    let recovered = "6 m-1 started\n9 m-1 recovered 2 - 3.2 3";
    check(S8, &format!("{void}{install}{recovered}"), 1, &[]);
    check(S8, &format!("{void}{recovered}"), 1, &[]);
    let short = ["0.009s m-1 recovered its log up to 3, and it was durable up to 4"];
    check(S8, &format!("{void}6 m-1 started\n9 m-1 recovered 2 - 3.1 3"), 1, &short);
}
