//! B1: results that are wrong, right, and not to be judged.

use serde_json::{Value, json};
use squall_check::batch::OutputEqualsOracle;
use squall_check::{Budget, Status};
use squall_history::Phase;

use super::story::{Story, clean, finds, right, spec};

#[test]
fn a_dataset_is_what_the_reference_says() {
    let reads = |text: &str| {
        let mut story = Story::whole_acknowledged();
        story.asks("client-2", "get", "d", json!({ "version": 1, "job": 1, "text": text }));
        story
    };
    clean(&reads("fox 3\nthe 5\n"), "output-equals-oracle", 1);
    let wrong = |text: &str, message: &str| finds(&reads(text), "output-equals-oracle", &[message]);
    wrong("fox 3\nthe 4\n", "`d` was read with 4 times `the`; the reference has 5");
    wrong("the 5\n", "`d` was read with 0 times `fox`; the reference has 3");
    wrong("cat 1\nfox 3\nthe 5\n", "`d` was read with 1 times `cat`; the reference has 0");

    wrong("fox three\nthe 5\n", "`d` was read with the line `fox three`, which is no word with its count");
    wrong("fox 3\nthe 5\nfox 3\n", "`d` was read with two counts of `fox`");

    let violation = &reads("").judged().violations[0];
    assert_eq!(violation.nodes, ["client-2".into()]);
    assert_eq!(violation.ops.len(), 2, "the submission and the read");
}

#[test]
fn nothing_read_is_nothing_judged() {
    let mut story = Story::whole_acknowledged();
    story.asks("client-2", "get", "e", Value::Null);
    let failed = story.invokes("client-2", "get", "d", Value::Null);
    story.completes(failed, Phase::Fail, json!("no leader"));
    clean(&story, "output-equals-oracle", 0);
}

#[test]
fn a_dataset_is_that_of_the_job_it_names() {
    // Two submissions of one name; the answer says whose result it is.
    let reads = |job: u64, text: &str| {
        let mut story = Story::with_reduces();
        story.submitted(2, "client-2", 1, "d").acknowledged("d", 1);
        let mut other = spec("d");
        other["source"] = "hen".into();
        let second = story.invokes("client-2", "submit", "d", other);
        story.completes(second, Phase::Ok, json!({ "job": 2 }));
        story.asks("client-2", "get", "d", json!({ "version": 1, "job": job, "text": text }));
        story
    };
    clean(&reads(1, "fox 3\nthe 5\n"), "output-equals-oracle", 1);
    clean(&reads(2, "hen 1\n"), "output-equals-oracle", 1);
    finds(
        &reads(1, "hen 1\n"),
        "output-equals-oracle",
        &["`d` was read with 0 times `fox`; the reference has 3"],
    );
    // A job that nobody was acknowledged: either will do, and nothing else.
    clean(&reads(3, "hen 1\n"), "output-equals-oracle", 1);
    finds(
        &reads(3, "hen 2\n"),
        "output-equals-oracle",
        &["`d` was read with 0 times `fox`; the reference has 3"],
    );
}

#[test]
fn only_what_was_submitted_can_be_read() {
    let message = "`d` was read, but nobody submitted it";
    let mut story = Story::whole();
    story.asks("client-2", "get", "d", right());
    finds(&story, "output-equals-oracle", &[message]);

    let ends = |phase: Phase| {
        let mut story = Story::whole();
        let op = story.invokes("client-1", "submit", "d", spec("d"));
        story.completes(op, phase, Value::Null).asks("client-2", "get", "d", right());
        story
    };
    finds(&ends(Phase::Fail), "output-equals-oracle", &[message]);
    clean(&ends(Phase::Info), "output-equals-oracle", 1);
}

#[test]
fn what_cannot_be_compared_is_unknown() {
    let unknown = |story: &Story, why: &str| {
        let verdict = story.judged();
        assert_eq!(verdict.status, Status::Unknown, "{verdict:#?}");
        assert_eq!(verdict.unknown.get("output-equals-oracle").map(String::as_str), Some(why));
    };
    let mut story = Story::whole();
    let mut file = spec("d");
    file["source"] = json!({ "file": "book.txt" });
    let op = story.invokes("client-1", "submit", "d", file);
    story.completes(op, Phase::Ok, json!({ "job": 1 })).asks("client-2", "get", "d", right());
    unknown(&story, "the reference has no answer for op 1");

    let mut story = Story::whole_acknowledged();
    story.asks("client-2", "get", "d", json!({ "version": 1, "text": ["fox"] }));
    unknown(&story, "op 2 returned what is no dataset");
}

#[test]
fn comparing_takes_steps_of_the_budget() {
    let mut story = Story::whole_acknowledged();
    story.asks("client-2", "get", "d", right());
    let history = story.history();
    let judged = |steps: u64| {
        let budget = Budget { steps, ..Budget::default() };
        crate::support::checked(Box::new(OutputEqualsOracle::new(Story::reference)), &history, budget)
    };
    assert_eq!(judged(2).status, Status::Pass);
    assert_eq!(judged(1).unknown["output-equals-oracle"], "the budget ran out at op 2");
}

#[test]
fn what_is_read_again_is_judged_again() {
    // The text that was right costs one step the second time; another is looked at in full.
    let reads = |second: &str| {
        let mut story = Story::whole_acknowledged();
        story.asks("client-2", "get", "d", right());
        story.asks("client-1", "get", "d", json!({ "version": 1, "job": 1, "text": second }));
        story
    };
    clean(&reads("fox 3\nthe 5\n"), "output-equals-oracle", 2);
    finds(
        &reads("fox 2\nthe 5\n"),
        "output-equals-oracle",
        &["`d` was read with 2 times `fox`; the reference has 3"],
    );
}
