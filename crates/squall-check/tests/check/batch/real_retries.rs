//! B10: charges and failures that are not real, and the nearest that are.

use squall_history::vocab::batch::{Cause, Outcome, Task};

use super::story::{Story, clean, finds, map};

#[test]
fn only_a_failure_that_was_told_is_charged() {
    let ended = |told: bool, node: &str, task, cause: Cause, fails: u32| {
        let mut story = Story::with_job();
        story.runs(10, map(0), "worker-1", 1);
        if told {
            story.fails(node, 10, task);
        }
        story.ended(10, map(0), cause, fails);
        story
    };
    let silent = "attempt 10 of map 0 of job 1 counts as failed, but its worker never said so";
    finds(&ended(false, "", map(0), Cause::Failed, 1), "real-retries", &[silent]);
    finds(&ended(true, "worker-2", map(0), Cause::Failed, 1), "real-retries", &[silent]);
    finds(&ended(true, "worker-1", map(1), Cause::Failed, 1), "real-retries", &[silent]);
    clean(&ended(true, "worker-1", map(0), Cause::Failed, 1), "real-retries", 1);
    for cause in [Cause::NodeLost, Cause::FetchFailed, Cause::Stalled, Cause::Dropped] {
        let message =
            format!("the end of attempt 10 ({cause:?}) raised the failures of map 0 of job 1 from 0 to 1");
        finds(&ended(false, "", map(0), cause.clone(), 1), "real-retries", &[&message]);
        clean(&ended(false, "", map(0), cause, 0), "real-retries", 1);
    }
    finds(
        &ended(true, "worker-1", map(0), Cause::Failed, 2),
        "real-retries",
        &["the end of attempt 10 (Failed) raised the failures of map 0 of job 1 from 0 to 2"],
    );
}

#[test]
fn a_failure_is_charged_once() {
    let mut story = Story::with_job();
    story.runs(10, map(0), "worker-1", 1).fails("worker-1", 10, map(0));
    story.ended(10, map(0), Cause::Failed, 1);
    let mut twice = story.clone();
    twice.ended(10, map(0), Cause::Failed, 2);
    finds(&twice, "real-retries", &["the failure of attempt 10 of map 0 of job 1 is charged twice"]);
    // Another attempt of the task keeps what it was charged with, and another task starts from none.
    story.runs(11, map(0), "worker-2", 2).ended(11, map(0), Cause::NodeLost, 1);
    story.runs(12, map(1), "worker-1", 1).fails("worker-1", 12, map(1)).ended(12, map(1), Cause::Failed, 1);
    clean(&story, "real-retries", 3);
}

#[test]
fn a_job_fails_only_after_its_retries() {
    let failures = |count: u32| {
        let mut story = Story::with_job();
        for (attempt, fails) in (10..).zip(1..=count) {
            story.runs(attempt, map(0), "worker-1", 1).fails("worker-1", attempt, map(0));
            story.ended(attempt, map(0), Cause::Failed, fails);
        }
        // Those of another job's task do not count.
        let of_other = Task { job: 2, ..map(0) };
        for (attempt, fails) in [(30, 1), (31, 2)] {
            story.runs(attempt, of_other, "worker-1", 1).fails("worker-1", attempt, of_other);
            story.ended(attempt, of_other, Cause::Failed, fails);
        }
        // One of another task does not add up.
        story.runs(20, map(1), "worker-2", 2).fails("worker-2", 20, map(1));
        story.ended(20, map(1), Cause::Failed, 1).job_ended(1, Outcome::Failed);
        story
    };
    let message = "job 1 failed although no task of it failed 2 times: the most is 1";
    finds(&failures(1), "real-retries", &[message]);
    clean(&failures(2), "real-retries", 6);
}

#[test]
fn with_no_retries_a_job_fails_at_the_first_failure() {
    let submitted = |fails: bool| {
        let mut story = Story::default();
        story.starts("worker-1", 1).registered("worker-1", 1, 11);
        story.submitted_with_retries(1, 0);
        story.runs(10, map(0), "worker-1", 1);
        if fails {
            story.fails("worker-1", 10, map(0)).ended(10, map(0), Cause::Failed, 1);
        }
        story.job_ended(1, Outcome::Failed);
        story
    };
    let message = "job 1 failed although no task of it failed 1 times: the most is 0";
    finds(&submitted(false), "real-retries", &[message]);
    clean(&submitted(true), "real-retries", 2);
}
