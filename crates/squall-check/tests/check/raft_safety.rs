//! The safety of a Raft group, as far as words alone can tell: for each invariant histories that
//! break it, and the nearest ones that do not.

use squall_check::{Group, raft_invariants};
use squall_history::SimDuration;

use crate::raft_words::{check, judged};

#[test]
fn they_have_names_and_ids_and_say_what_they_need() {
    let group = Group { role: "m".into(), directory: "".into(), election_timeout_max: SimDuration::ZERO };
    let told: Vec<(&str, Option<&str>, bool)> = raft_invariants(group)
        .iter()
        .map(|oracle| (oracle.name(), oracle.id(), oracle.needs().contains(&"truth.disk")))
        .collect();
    let expected = [
        ("election-safety", "R1", false),
        ("leader-append-only", "R2", false),
        ("log-matching", "R3", false),
        ("leader-completeness", "R4", false),
        ("state-machine-safety", "R5", false),
        ("monotonicity", "R6", false),
        ("durability-at-commit", "R7", true),
        ("exactly-once-command", "R9", false),
        ("recovery-finds-what-was-synced", "S8", true),
        ("leader-exists", "L1", false),
    ];
    assert_eq!(told, expected.map(|(name, id, needs)| (name, Some(id), needs)));
}

#[test]
fn a_term_has_one_leader() {
    const R1: &str = "election-safety";
    check(R1, "1 m-1 leader 1\n2 m-1 spoke 1\n3 m-2 leader 2\n4 m-1 leader 3", 3, &[]);
    check(R1, "1 m-1 leader 1\n5 m-2 leader 1", 2, &["0.005s m-1 and m-2 both lead term 1"]);
    // Who speaks as leader leads, whatever it calls itself; and a term is never free again.
    let spoke = "1 m-1 leader 1\n2 m-1 down 1\n3 m-1 killed\n5 m-2 spoke 1\n6 m-2 spoke 1";
    check(R1, spoke, 1, &["0.005s m-1 and m-2 both lead term 1"]);
    // A node of another role is no member.
    check(R1, "1 m-1 leader 1\n5 x-1 leader 1", 1, &[]);
    let third = "1 m-1 leader 1\n2 m-2 leader 1\n3 m-3 leader 1";
    let found = judged(R1, third);
    assert_eq!(found.violations.len(), 2);
    assert_eq!(found.verdict.violations[1].nodes, ["m-1".into(), "m-2".into(), "m-3".into()]);
    assert_eq!(found.verdict.violations[1].evidence["term"], 1);
}

#[test]
fn a_leader_only_appends() {
    const R2: &str = "leader-append-only";
    let begin = "1 m-1 log 1.1 2.1 3.1\n2 m-1 leader 2\n";
    let says = |rest: &str, exercised, violations: &[&str]| {
        check(R2, &format!("{begin}{rest}"), exercised, violations);
    };
    says("3 m-1 log 4.2", 1, &[]);
    says("3 m-1 cut 2", 1, &["0.003s m-1 leads term 2 and cuts its log behind 2"]);
    // Nothing is cut behind its end; another may cut its log; so may it, as a follower.
    says("3 m-1 cut 3", 1, &[]);
    says("3 m-2 log 1.1 2.1\n4 m-2 cut 1", 0, &[]);
    says("3 m-1 down 2\n4 m-1 cut 1", 0, &[]);
    says("3 m-1 killed\n4 m-1 started\n5 m-1 cut 1", 0, &[]);
    says("3 m-1 log 3.2<1", 1, &["0.003s m-1 leads term 2 and rewrites its entry 3"]);
    says("3 m-1 log 3.1", 1, &[]);
    // After a restart the log is what it tells anew.
    let anew = "3 m-1 power-lost\n4 m-1 started\n5 m-1 recovered 2 - - 1\n5 m-1 log 1.1\n6 m-1 leader 3\n";
    says(&format!("{anew}7 m-1 log 2.3<1"), 1, &[]);
    says(&format!("{anew}7 m-1 cut 0"), 1, &["0.007s m-1 leads term 3 and cuts its log behind 0"]);
}

#[test]
fn an_index_and_a_term_name_one_entry() {
    const R3: &str = "log-matching";
    check(R3, "1 m-1 log 1.1 2.1\n2 m-2 log 1.1 2.1", 2, &[]);
    // Other terms, other entries.
    check(R3, "1 m-1 log 1.1 2.1\n2 m-2 log 1.2 2.3", 0, &[]);
    let other = ["0.002s m-1 and m-2 have different entries 2 of term 1"];
    check(R3, "1 m-1 log 1.1 2.1\n2 m-2 log 2.1#9", 1, &other);
    // The same entry behind another one: so the prefixes differ.
    check(
        R3,
        "1 m-1 log 1.1 2.2\n2 m-2 log 1.2 2.2",
        1,
        &["0.002s m-1 and m-2 have different entries 2 of term 2"],
    );
    // Nor may it change on one disk.
    let same = ["0.003s m-1 and m-1 have different entries 1 of term 1"];
    check(R3, "1 m-1 log 1.1\n2 m-1 cut 0\n3 m-1 log 1.1#5", 1, &same);
}

#[test]
fn a_leader_has_what_was_committed_before() {
    const R4: &str = "leader-completeness";
    let begin = "1 m-1 leader 1\n2 m-1 log 1.1 2.1\n2 m-2 log 1.1 2.1\n2 m-3 log 1.1\n3 m-1 commit 2\n";
    let says = |rest: &str, exercised, violations: &[&str]| {
        check(R4, &format!("{begin}{rest}"), exercised, violations);
    };
    says("9 m-2 leader 2", 1, &[]);
    let lost = "leads term 2 without entry 2, which m-1 committed as leader of term 1";
    says("9 m-3 leader 2", 1, &[&format!("0.009s m-3 {lost}")]);
    // It may have it in a snapshot; and what is there may be another entry.
    says("8 m-3 install 2.1\n9 m-3 leader 2", 1, &[]);
    says(
        "8 m-3 log 2.2<1\n9 m-3 leader 3",
        1,
        &["0.009s m-3 leads term 3 without entry 2, which m-1 committed as leader of term 1"],
    );
    // Its own disk lost it.
    let forgot = "4 m-2 power-lost\n5 m-2 started\n6 m-2 recovered 1 - - 1\n6 m-2 log 1.1\n9 m-2 leader 2";
    says(forgot, 1, &[&format!("0.009s m-2 {lost}")]);
    // A leader of the same or an earlier term may learn late that it was elected.
    says("9 m-3 leader 1", 0, &[]);
    // What a follower says is committed was committed by somebody else.
    check(R4, "1 m-1 log 1.1\n2 m-1 commit 1\n3 m-2 log 5.1\n9 m-2 leader 2", 0, &[]);
    // Who does not tell its log is not judged by it.
    check(R4, "1 m-1 leader 1\n2 m-1 commit 4\n9 m-2 leader 2", 0, &[]);
    // A leader's own disk may be late; who applies the entry says which it is.
    let late = "1 m-1 leader 2\n2 m-2 log 1.2\n2 m-3 log 1.1\n3 m-1 commit 1\n3 m-1 apply 1.2\n";
    check(R4, &format!("{late}9 m-2 leader 3"), 1, &[]);
    let other = ["0.009s m-3 leads term 3 without entry 1, which m-1 committed as leader of term 2"];
    check(R4, &format!("{late}9 m-3 leader 3"), 1, &other);
}

#[test]
fn all_members_apply_the_same() {
    const R5: &str = "state-machine-safety";
    check(R5, "1 m-1 apply 1.1\n2 m-1 apply 2.1\n3 m-2 apply 1.1\n4 m-2 apply 2.1", 2, &[]);
    let entries = ["0.003s m-1 and m-2 apply different entries 1"];
    check(R5, "1 m-1 apply 1.1\n3 m-2 apply 1.1#4\n4 m-2 apply 2.1", 1, &entries);
    check(R5, "1 m-1 apply 1.1\n3 m-2 apply 1.2#101", 1, &entries);
    check(R5, "1 m-1 applied 1.1\n3 m-2 applied 1.2", 1, &entries);
    check(
        R5,
        "1 m-1 applied 1.1\n3 m-2 apply 1.1\n4 m-3 apply 1.1#4",
        2,
        &["0.004s m-1 and m-3 apply different entries 1"],
    );
    let states = ["0.003s m-1 and m-2 apply different states after entry 1"];
    check(R5, "1 m-1 apply 1.1\n3 m-2 apply 1.1=4\n4 m-1 apply 2.1\n5 m-2 apply 2.1=5", 1, &states);
    let again = "1 m-1 apply 1.1\n2 m-1 killed\n3 m-1 started\n3 m-1 apply 1.1=4";
    check(R5, again, 1, &["0.003s m-1 applies different states after entry 1 in two incarnations"]);
}

#[test]
fn applying_goes_on_step_by_step() {
    const R5: &str = "state-machine-safety";
    check(R5, "1 m-1 apply 2.1", 0, &["0.001s m-1 applies entry 2 after entry 0"]);
    check(
        R5,
        "1 m-1 apply 1.1\n2 m-1 apply 3.1\n3 m-1 apply 4.1",
        0,
        &["0.002s m-1 applies entry 3 after entry 1"],
    );
    check(R5, "1 m-1 apply 1.1\n2 m-1 apply 1.1", 0, &["0.002s m-1 applies entry 1 after entry 1"]);
    // From the beginning after a restart, or from a snapshot.
    check(R5, "1 m-1 apply 1.1\n2 m-1 started\n2 m-1 apply 1.1", 1, &[]);
    let begin = "1 m-1 apply 1.1\n2 m-1 apply 2.1\n3 m-1 apply 3.1\n";
    check(R5, &format!("{begin}4 m-1 snap 2.1\n5 m-2 restore 2.1\n6 m-2 apply 3.1"), 3, &[]);
    let back = format!("{begin}4 m-2 restore 2.1\n5 m-2 apply 2.1");
    check(R5, &back, 1, &["0.005s m-2 applies entry 2 after entry 2"]);
}

#[test]
fn a_snapshot_has_the_state_that_was_applied() {
    const R5: &str = "state-machine-safety";
    let begin = "1 m-1 apply 1.1\n2 m-1 apply 2.1\n";
    for word in ["snap", "install", "restore"] {
        let says = |snapshot: &str, violations: &[&str]| {
            check(R5, &format!("{begin}3 m-2 {word} {snapshot}"), 1, violations);
        };
        says("2.1", &[]);
        says("2.1=5", &["0.003s m-2 has a snapshot at 2 of another state than was applied"]);
        says("3.1", &["0.003s m-2 has a snapshot at 3, which nobody has applied"]);
    }
    // Where nobody tells states, there is nothing to compare.
    check(R5, "1 m-1 snap 2.1", 0, &[]);
    check(R5, "1 m-1 applied 1.1\n2 m-1 snap 1.1=9", 1, &[]);
}

#[test]
fn what_grows_does_not_fall() {
    const R6: &str = "monotonicity";
    check(R6, "1 m-1 commit 1\n2 m-1 commit 1\n3 m-1 commit 5\n4 m-2 commit 2", 2, &[]);
    check(R6, "1 m-1 commit 5\n2 m-1 commit 4", 1, &["0.002s its commit index falls from 5 to 4 at m-1"]);
    check(R6, "1 m-1 commit 5\n2 m-1 killed\n3 m-1 started\n4 m-1 commit 4", 0, &[]);
    check(R6, "1 m-1 match 2 m-2 5\n2 m-1 match 2 m-3 4\n3 m-1 match 3 m-2 1\n4 m-1 match 2 m-2 6", 1, &[]);
    let matched = ["0.004s what it knows of the log of m-2 falls from 5 to 4 at m-1"];
    check(R6, "1 m-1 match 2 m-2 5\n4 m-1 match 2 m-2 4", 1, &matched);
    check(R6, "1 m-1 hard 2\n2 m-1 hard 2 m-1\n3 m-1 hard 4", 2, &[]);
    check(R6, "1 m-1 hard 2\n3 m-1 hard 1", 1, &["0.003s the term on its disk falls from 2 to 1 at m-1"]);
}

#[test]
fn votes_and_terms_outlast_a_restart() {
    const R6: &str = "monotonicity";
    check(R6, "1 m-1 vote 2 m-1\n2 m-1 vote 2 m-1\n3 m-1 vote 3 m-2", 1, &[]);
    let twice = ["0.003s m-1 votes for m-2 in term 2, in which it voted for m-1"];
    check(R6, "1 m-1 vote 2 m-1\n3 m-1 vote 2 m-2", 1, &twice);
    check(R6, "1 m-1 vote 2 m-1\n2 m-1 killed\n2 m-1 started\n3 m-1 hard 2 m-2", 1, &twice);
    let begin = "1 m-1 hard 2\n1 m-1 hard 2 m-2\n2 m-1 power-lost\n3 m-1 started\n";
    let says = |recovered: &str, violations: &[&str]| {
        check(R6, &format!("{begin}4 m-1 recovered {recovered} - 0"), 2, violations);
    };
    says("2 m-2", &[]);
    says("3 -", &[]);
    says("1 -", &["0.004s m-1 started again in term 1, after it had told of term 2"]);
    let vote = "0.004s m-1 started again in term 2 without its vote for m-2 in that term";
    says("2 -", &[vote]);
    says("2 m-3", &[vote]);
    // A vote told late does not bring the term back.
    check(R6, "1 m-1 hard 3\n2 m-1 vote 2 m-2\n3 m-1 started\n4 m-1 recovered 3 - - 0", 1, &[]);
}

#[test]
fn a_command_is_executed_once() {
    const R9: &str = "exactly-once-command";
    let both = "1 m-1 exec c 1 4 77\n2 m-2 exec c 1 4 77\n3 m-1 reply c 1 77\n4 m-1 exec c 2 5 77\n5 m-1 exec d 1 6 8";
    check(R9, both, 2, &[]);
    let twice = ["0.002s command 1 of c is executed at 4 and again at 5"];
    check(R9, "1 m-1 exec c 1 4 77\n2 m-1 exec c 1 5 77", 1, &twice);
    let replies = ["0.002s command 1 of c gives another reply at m-2 than at m-1"];
    check(R9, "1 m-1 exec c 1 4 77\n2 m-2 exec c 1 4 78", 1, &replies);
    let answer = ["0.003s m-1 answers command 1 of c with another reply than it was executed with"];
    check(R9, "1 m-1 exec c 1 4 77\n3 m-1 reply c 1 78", 1, &answer);
    check(
        R9,
        "1 m-1 exec c 1 4 77\n3 m-1 reply c 2 77",
        1,
        &["0.003s m-1 answers command 2 of c, which nobody has executed"],
    );
}
