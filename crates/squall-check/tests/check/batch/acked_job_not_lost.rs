//! B6: answers that are taken back, and the nearest that are not.

use serde_json::{Value, json};
use squall_history::Phase;
use squall_history::vocab::batch::Outcome;

use super::story::{Story, clean, finds};

#[test]
fn one_submission_is_one_job() {
    let mut story = Story::with_job();
    story.submitted(2, "client-1", 2, "e").submitted(3, "client-2", 1, "f");
    clean(&story, "acked-job-not-lost", 0);
    story.submitted(4, "client-1", 1, "d");
    finds(&story, "acked-job-not-lost", &["submission 1 of client-1 was accepted twice, as jobs 1 and 4"]);
}

#[test]
fn an_acknowledgement_names_an_accepted_job() {
    let mut story = Story::with_job();
    story.submitted(2, "client-1", 2, "e").acknowledged("d", 1).acknowledged("e", 2);
    clean(&story, "acked-job-not-lost", 2);
    let mut other = story.clone();
    other.acknowledged("d", 2);
    finds(
        &other,
        "acked-job-not-lost",
        &["the submission of `d` was acknowledged as job 2, which is that of `e`"],
    );
    let early = |story: &mut Story| {
        story.acknowledged("f", 3);
    };
    early(&mut story);
    story.submitted(3, "client-1", 3, "f");
    finds(
        &story,
        "acked-job-not-lost",
        &["the submission of `f` was acknowledged as job 3, which was never accepted"],
    );
}

#[test]
fn an_acknowledged_job_is_known() {
    let unknown = json!({ "state": "unknown" });
    let mut story = Story::with_job();
    // Before the acknowledgement nobody promised anything.
    story.asks("client-2", "status", "d", unknown.clone());
    let slow = story.invokes("client-2", "status", "d", Value::Null);
    story.acknowledged("d", 1).completes(slow, Phase::Ok, unknown.clone());
    story.asks("client-2", "status", "e", unknown.clone());
    story.asks("client-2", "status", "d", json!({ "state": "running", "done": 0, "tasks": 4 }));
    clean(&story, "acked-job-not-lost", 1);
    story.asks("client-2", "status", "d", unknown);
    finds(
        &story,
        "acked-job-not-lost",
        &["`d` is unknown to a status asked for after its submission was acknowledged"],
    );
}

#[test]
fn an_unknown_job_is_judged_by_its_id_if_it_has_one() {
    let asks = |job: u64| {
        let mut story = Story::with_job();
        story.acknowledged("d", 1);
        let op = story.invokes("client-1", "status", "d", json!({ "job": job }));
        story.completes(op, Phase::Ok, json!({ "state": "unknown" }));
        story
    };
    clean(&asks(7), "acked-job-not-lost", 1);
    assert_eq!(asks(1).judged().violations.len(), 1);
}

#[test]
fn an_end_is_never_taken_back() {
    let succeeded = || {
        let mut story = Story::whole_acknowledged();
        story.asks("client-1", "status", "d", json!({ "state": "succeeded", "version": 1 }));
        story
    };
    for state in ["running", "failed"] {
        let mut story = succeeded();
        story.asks("client-2", "status", "d", json!({ "state": state }));
        let message = format!("`d` was reported succeeded and then {state}");
        finds(&story, "acked-job-not-lost", &[&message]);
    }
    let mut story = succeeded();
    story.asks("client-2", "status", "d", json!({ "state": "succeeded", "version": 1 }));
    clean(&story, "acked-job-not-lost", 1);
    // Another dataset is another.
    story.asks("client-2", "status", "e", json!({ "state": "running" }));
    clean(&story, "acked-job-not-lost", 1);
    // A status under way at the time may say that it runs; it may not report another end.
    for (state, violations) in [("running", 0), ("failed", 1)] {
        let mut story = Story::whole_acknowledged();
        let slow = story.invokes("client-2", "status", "d", Value::Null);
        story.asks("client-1", "status", "d", json!({ "state": "succeeded" }));
        story.completes(slow, Phase::Ok, json!({ "state": state }));
        assert_eq!(story.judged().violations.len(), violations, "{state}");
    }
}

#[test]
fn an_end_is_reported_as_the_log_has_it() {
    let message = "`d` was reported failed, but by the log job 1 succeeded";
    let mut late = Story::whole_acknowledged();
    late.asks("client-1", "status", "d", json!({ "state": "failed" }));
    finds(&late, "acked-job-not-lost", &[message]);

    let reported = |state: &str| {
        let mut story = Story::with_reduces();
        story.asks("client-1", "status", "d", json!({ "state": state }));
        story.published(1, "d", 1, &[20, 21]).job_ended(1, Outcome::Succeeded);
        story
    };
    finds(&reported("failed"), "acked-job-not-lost", &[message]);
    clean(&reported("succeeded"), "acked-job-not-lost", 0);
    clean(&reported("running"), "acked-job-not-lost", 0);
}

#[test]
fn of_two_jobs_a_status_is_compared_with_the_one_it_names() {
    let reported = |answer: Value| {
        let mut story = Story::with_job();
        story.submitted(2, "client-1", 2, "d").job_ended(1, Outcome::Failed);
        story.asks("client-1", "status", "d", answer).job_ended(2, Outcome::Failed);
        story
    };
    finds(&reported(json!({ "state": "succeeded" })), "acked-job-not-lost", &[]);
    finds(
        &reported(json!({ "state": "succeeded", "job": 1 })),
        "acked-job-not-lost",
        &["`d` was reported succeeded, but by the log job 1 failed"],
    );
    finds(
        &reported(json!({ "state": "succeeded", "job": 2 })),
        "acked-job-not-lost",
        &["`d` was reported succeeded, but by the log job 2 failed"],
    );
}

#[test]
fn values_of_another_kind_are_passed_over() {
    let mut story = Story::with_job();
    for value in [json!(7), json!({ "state": 1, "version": "v", "job": "x" }), json!([1])] {
        for f in ["submit", "status"] {
            story.asks("client-1", f, "d", value.clone());
        }
    }
    clean(&story, "acked-job-not-lost", 0);
}
