//! B5: publications, ends and reads that must not be, and the nearest that may.

use serde_json::{Value, json};
use squall_history::Phase;
use squall_history::vocab::batch::{Cause, Outcome, Task};

use super::story::{Commit, Story, finds, map};

#[test]
fn a_version_is_published_once() {
    let mut story = Story::whole();
    story.submitted(2, "client-1", 2, "d");
    let mut same = story.clone();
    same.published(2, "d", 1, &[]);
    finds(&same, "atomic-publication", &["version 1 of `d` was published twice, by jobs 1 and 2"]);
    story.published(2, "d", 2, &[]).published(3, "e", 1, &[]);
    finds(&story, "atomic-publication", &[]);
    assert_eq!(story.judged().exercised["atomic-publication"], 4);
}

#[test]
fn a_job_publishes_once() {
    // The master died between the publication and the end; its successor ran the job again.
    let mut story = Story::with_reduces();
    story.published(1, "d", 1, &[20, 21]).published(1, "d", 2, &[20, 21]);
    story.job_ended(1, Outcome::Succeeded);
    finds(&story, "atomic-publication", &["job 1 published twice, `d` as version 2"]);
}

#[test]
fn a_job_succeeds_after_it_published() {
    let mut story = Story::with_reduces();
    story.job_ended(1, Outcome::Succeeded);
    finds(&story, "atomic-publication", &["job 1 succeeded before it published its dataset"]);
}

#[test]
fn nothing_of_a_job_changes_after_its_end() {
    type Happens = fn(&mut Story);
    let after = |happens: Happens| {
        let mut story = Story::with_reduces();
        story.runs(12, map(2), "worker-1", 1);
        story.published(1, "d", 1, &[20, 21]).job_ended(1, Outcome::Succeeded);
        happens(&mut story);
        story
    };
    let cases: [(Happens, &str); 6] = [
        (|story| _ = story.assigned(13, map(1), "worker-1", 1), "was given out to a worker"),
        (|story| _ = story.ended(12, map(2), Cause::Stalled, 0), "had an attempt end that counted"),
        (|story| _ = story.committed(Commit::map(12, 2, [1, 1])), "had a task committed"),
        (|story| _ = story.lost(10, map(0)), "had an output to be made again"),
        (|story| _ = story.published(1, "e", 1, &[20, 21]), "was published"),
        (|story| _ = story.job_ended(1, Outcome::Failed), "ended again"),
    ];
    for (happens, what) in cases {
        let message = format!("job 1 {what} after it had ended (Succeeded)");
        let verdict = after(happens).judged();
        let found = verdict.violations.iter().find(|violation| violation.oracle == "atomic-publication");
        assert_eq!(found.map(|violation| &violation.message), Some(&message));
    }
    // What nobody needs is dropped, before or after; and another job goes on.
    let mut story = after(|story| _ = story.ended(12, map(2), Cause::Dropped, 0));
    let of_other = Task { job: 2, ..map(0) };
    story.submitted(2, "client-1", 2, "e").runs(40, of_other, "worker-1", 1);
    finds(&story, "atomic-publication", &[]);
}

/// A dataset as version `version` with this count of foxes.
fn dataset(version: u64, foxes: u64) -> Value {
    json!({ "version": version, "job": version, "text": format!("fox {foxes}\n") })
}

#[test]
fn a_version_always_reads_the_same() {
    let reads = |second: Value| {
        let mut story = Story::default();
        story.asks("client-1", "get", "d", dataset(1, 3)).asks("client-2", "get", "d", second);
        story
    };
    finds(
        &reads(dataset(1, 2)),
        "atomic-publication",
        &["two reads of version 1 of `d` returned different data"],
    );
    let verdict = reads(dataset(1, 2)).judged();
    let found = verdict.violations.iter().find(|violation| violation.oracle == "atomic-publication").unwrap();
    assert_eq!(found.nodes, ["client-1".into(), "client-2".into()]);
    for second in [dataset(1, 3), dataset(2, 2)] {
        finds(&reads(second.clone()), "atomic-publication", &[]);
        assert_eq!(reads(second).judged().exercised["atomic-publication"], 2);
    }
    // Another dataset is another.
    let mut story = reads(dataset(1, 3));
    story.asks("client-1", "get", "e", dataset(1, 9));
    finds(&story, "atomic-publication", &[]);
}

#[test]
fn versions_do_not_fall() {
    let reads = |second: Value| {
        let mut story = Story::default();
        story.asks("client-1", "get", "d", dataset(2, 3)).asks("client-2", "get", "d", second);
        story
    };
    finds(
        &reads(dataset(1, 3)),
        "atomic-publication",
        &["version 1 of `d` was returned to a read that began after version 2 was seen"],
    );
    finds(
        &reads(Value::Null),
        "atomic-publication",
        &["`d` was not there for a read that began after version 2 was seen"],
    );
    finds(&reads(dataset(3, 3)), "atomic-publication", &[]);
    // A read that was under way when the other completed may be the earlier one.
    let mut story = Story::default();
    let slow = story.invokes("client-2", "get", "d", Value::Null);
    story.asks("client-1", "get", "d", dataset(2, 3)).completes(slow, Phase::Ok, dataset(1, 3));
    finds(&story, "atomic-publication", &[]);
    // It does not make later ones earlier, either.
    story.asks("client-2", "get", "d", dataset(1, 3));
    assert_eq!(
        story.judged().violations.iter().filter(|found| found.oracle == "atomic-publication").count(),
        1
    );
}
