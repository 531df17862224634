//! R8: what one machine could have answered, what it could not, and that the model, which puts off
//! every move that nobody saw, says what brute force over all such moves says.

mod brute_force;

use squall_check::batch::linearizable_control;
use squall_check::{Budget, Status, Verdict};

use crate::support::{checked, history, violations};

fn judged(text: &str) -> Verdict {
    checked(linearizable_control(), &history(30, text), Budget::default())
}

fn legal(text: &str) {
    let verdict = judged(text);
    assert_eq!(violations(&verdict), [""; 0], "{text}");
    assert_eq!(verdict.status, Status::Pass, "{:?}", verdict.unknown);
}

fn illegal(text: &str) -> Verdict {
    let verdict = judged(text);
    assert_eq!(verdict.status, Status::Fail, "{text}");
    verdict
}

/// A job that runs, publishes and is read by another client.
const WHOLE: &str = r#"
    0 client-1 submit:d {"maps":1}
    5 client-1 ok {"job":3}
    6 client-1 status:d {"job":3}
    7 client-1 ok {"state":"running","done":1,"tasks":2}
    8 client-2 get:d
    9 client-2 ok null
    20 client-1 status:d {"job":3}
    25 client-1 ok {"state":"succeeded","version":1}
    30 client-2 get:d
    35 client-2 ok {"version":1,"job":3,"text":"fox_1"}
"#;

fn then(more: &str) -> String {
    format!("{WHOLE}{more}")
}

#[test]
fn a_whole_job_is_legal_and_counts_each_answer() {
    let verdict = judged(WHOLE);
    assert_eq!(verdict.status, Status::Pass);
    assert_eq!(verdict.exercised["linearizable-control"], 5);
}

#[test]
fn a_job_does_not_come_back_from_its_end() {
    legal(&then("40 client-2 status:d {\"job\":3}\n 45 client-2 ok {\"state\":\"succeeded\",\"version\":1}"));
    let verdict = illegal(&then(
        "40 client-2 status:d {\"job\":3}\n 45 client-2 ok {\"state\":\"running\",\"done\":2,\"tasks\":2}",
    ));
    assert_eq!(verdict.violations[0].ops.first().map(|op| op.0), Some(6), "{:?}", verdict.violations);
    illegal(&then("40 client-2 status:d {\"job\":3}\n 45 client-2 ok {\"state\":\"unknown\"}"));
    illegal(&then("40 client-2 status:d {\"job\":3}\n 45 client-2 ok {\"state\":\"failed\",\"why\":\"x\"}"));
    illegal(&then(
        "40 client-2 status:d {\"job\":3}\n 45 client-2 ok {\"state\":\"succeeded\",\"version\":2}",
    ));
}

#[test]
fn an_answer_of_the_past_is_legal_while_it_was_asked_for_then() {
    // The question was under way before anybody saw the end.
    let slow = WHOLE.replace(
        "20 client-1 status",
        "19 client-3 status:d {\"job\":3}\n 19 client-4 get:d\n 20 client-1 status",
    );
    legal(&format!(
        "{slow} 40 client-3 ok {{\"state\":\"running\",\"done\":1,\"tasks\":2}}\n 41 client-4 ok null"
    ));
}

#[test]
fn a_published_dataset_stays() {
    legal(&then("40 client-2 get:d\n 45 client-2 ok {\"version\":1,\"job\":3,\"text\":\"fox_1\"}"));
    illegal(&then("40 client-2 get:d\n 45 client-2 ok null"));
    illegal(&then("40 client-2 get:d\n 45 client-2 ok {\"version\":1,\"job\":3,\"text\":\"fox_2\"}"));
    illegal(&then("40 client-2 get:d\n 45 client-2 ok {\"version\":1,\"job\":4,\"text\":\"fox_1\"}"));
    // Nobody submitted a job that could have made a second version.
    illegal(&then("40 client-2 get:d\n 45 client-2 ok {\"version\":2,\"job\":4,\"text\":\"fox_1\"}"));
    legal(&then(
        "36 client-1 submit:d {}\n 37 client-1 ok {\"job\":4}\n
         40 client-2 get:d\n 45 client-2 ok {\"version\":2,\"job\":4,\"text\":\"fox_1\"}\n
         50 client-1 status:d {\"job\":3}\n 51 client-1 ok {\"state\":\"succeeded\",\"version\":1}",
    ));
    // The older version is the past.
    illegal(&then(
        "36 client-1 submit:d {}\n 37 client-1 ok {\"job\":4}\n
         40 client-1 status:d {\"job\":4}\n 45 client-1 ok {\"state\":\"succeeded\",\"version\":2}\n
         50 client-2 get:d\n 51 client-2 ok {\"version\":1,\"job\":3,\"text\":\"fox_1\"}",
    ));
}

#[test]
fn what_is_published_and_what_has_ended_are_one_step() {
    let submitted = "0 client-1 submit:d {}\n 5 client-1 ok {\"job\":3}\n";
    let get = "10 client-2 get:d\n 11 client-2 ok {\"version\":1,\"job\":3,\"text\":\"\"}\n";
    illegal(&format!(
        "{submitted}{get} 20 client-1 status:d {{\"job\":3}}\n 21 client-1 ok {{\"state\":\"running\"}}"
    ));
    let ended = "10 client-1 status:d {\"job\":3}\n 11 client-1 ok {\"state\":\"succeeded\",\"version\":1}\n";
    illegal(&format!("{submitted}{ended} 20 client-2 get:d\n 21 client-2 ok null"));
}

#[test]
fn an_acknowledged_job_is_known_and_is_one() {
    let submitted = "0 client-1 submit:d {}\n 5 client-1 ok {\"job\":3}\n";
    illegal(&format!(
        "{submitted} 6 client-1 status:d {{\"job\":3}}\n 7 client-1 ok {{\"state\":\"unknown\"}}"
    ));
    // Before it was acknowledged it need not be known.
    legal(
        "0 client-1 submit:d {}\n 1 client-2 status:d {\"job\":3}\n 2 client-2 ok {\"state\":\"unknown\"}\n
         5 client-1 ok {\"job\":3}",
    );
    illegal(&format!("{submitted} 6 client-2 submit:d {{}}\n 7 client-2 ok {{\"job\":3}}"));
    // Another dataset is another object; whose job it is, B6 asks.
    legal(&format!("{submitted} 6 client-2 submit:e {{}}\n 7 client-2 ok {{\"job\":4}}"));
}

#[test]
fn a_submission_without_an_answer_may_have_been_accepted_or_not() {
    for end in ["5 client-1 info", "5 client-2 get:other\n 6 client-2 info"] {
        let unknown = format!("0 client-1 submit:d {{}}\n {end}\n");
        legal(&unknown);
        legal(&format!("{unknown} 10 client-3 get:d\n 11 client-3 ok null"));
        let read = "20 client-3 get:d\n 21 client-3 ok {\"version\":1,\"job\":9,\"text\":\"\"}\n";
        legal(&format!("{unknown} 10 client-3 get:d\n 11 client-3 ok null\n {read}"));
        illegal(&format!(
            "{unknown} {read} 30 client-3 status:d {{\"job\":8}}\n 31 client-3 ok {{\"state\":\"running\"}}"
        ));
    }
    illegal(
        "0 client-1 submit:d {}\n 5 client-1 fail\n 20 client-3 get:d\n 21 client-3 ok {\"version\":1,\"job\":9,\"text\":\"\"}",
    );
}

#[test]
fn a_failure_is_an_end_with_one_reason() {
    let failed = |why: &str| format!("client-1 ok {{\"state\":\"failed\",\"why\":\"{why}\"}}\n");
    let first = format!(
        "0 client-1 submit:d {{}}\n 5 client-1 ok {{\"job\":3}}\n 6 client-1 status:d {{\"job\":3}}\n 7 {}",
        failed("no input")
    );
    legal(&format!("{first} 8 client-1 status:d {{\"job\":3}}\n 9 {}", failed("no input")));
    illegal(&format!("{first} 8 client-1 status:d {{\"job\":3}}\n 9 {}", failed("something else")));
    illegal(&format!("{first} 8 client-1 get:d\n 9 client-1 ok {{\"version\":1,\"job\":3,\"text\":\"\"}}"));
}

#[test]
fn a_setting_is_a_register_with_versions() {
    let written = "0 client-1 config-write:c {\"value\":\"a\"}\n 5 client-1 ok {\"version\":1}\n";
    let reads = |answer: &str| format!("{written} 6 client-2 config-read:c\n 7 client-2 ok {answer}\n");
    legal(&reads("{\"version\":1,\"value\":\"a\"}"));
    illegal(&reads("null"));
    illegal(&reads("{\"version\":1,\"value\":\"b\"}"));
    illegal(&reads("{\"version\":2,\"value\":\"a\"}"));
    let writes = |condition: u64, answer: &str| {
        format!(
            "{written} 6 client-2 config-write:c {{\"value\":\"b\",\"if-version\":{condition}}}\n 7 client-2 ok {answer}\n"
        )
    };
    legal(&writes(1, "{\"version\":2}"));
    legal(&writes(0, "{\"conflict\":1}"));
    illegal(&writes(0, "{\"version\":2}"));
    illegal(&writes(1, "{\"conflict\":1}"));
    illegal(&writes(0, "{\"conflict\":2}"));
    illegal(&format!(
        "{written} 6 client-2 config-write:c {{\"value\":\"b\"}}\n 7 client-2 ok {{\"version\":3}}\n"
    ));
    // A lost update: both found version 1.
    illegal(&format!(
        "{} 8 client-1 config-write:c {{\"value\":\"c\",\"if-version\":1}}\n 9 client-1 ok {{\"version\":2}}",
        writes(1, "{\"version\":2}")
    ));
    // Nobody knows whether it was written: both are legal, but not one after the other.
    let unknown = format!("{written} 6 client-2 config-write:c {{\"value\":\"b\"}}\n 7 client-2 info\n");
    let old = "10 client-1 config-read:c\n 11 client-1 ok {\"version\":1,\"value\":\"a\"}\n";
    let new = "20 client-1 config-read:c\n 21 client-1 ok {\"version\":2,\"value\":\"b\"}\n";
    legal(&format!("{unknown}{old}{new}"));
    illegal(&format!("{unknown}{new} 30{}", &old[2..].replace("11 ", "31 ")));
}

#[test]
fn what_it_cannot_read_leaves_it_without_an_answer() {
    for bad in [
        "0 client-1 frobnicate:d",
        "0 client-1 status:d 7",
        "0 client-1 get:d\n 1 client-1 ok {\"version\":1}",
        "0 client-1 submit:d {}\n 1 client-1 ok 7",
        "0 client-1 config-write:d {\"value\":7}",
        "0 client-1 config-write:d {\"value\":\"a\",\"if-version\":\"b\"}",
        "0 client-1 config-write:d {\"value\":\"a\"}\n 1 client-1 ok null",
        "0 client-1 status:d {\"job\":1}\n 1 client-1 ok {\"state\":\"new\"}",
    ] {
        let verdict = judged(bad);
        assert_eq!((verdict.status, verdict.unknown.len()), (Status::Unknown, 1), "{bad}");
    }
}
