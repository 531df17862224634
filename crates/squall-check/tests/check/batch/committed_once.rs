//! B3: commits and publications that must not be, and the nearest that may.

use squall_history::vocab::batch::Task;

use super::story::{Commit, Story, clean, finds, map, reduce, took};

#[test]
fn a_task_is_committed_once() {
    let mut story = Story::with_job();
    story.runs(10, map(0), "worker-1", 1).runs(11, map(0), "worker-2", 2);
    story.committed(Commit::map(10, 0, [3, 1]));
    let mut second = story.clone();
    second.committed(Commit::map(11, 0, [3, 1]).by("worker-2", 2));
    let message = "map 0 of job 1 was committed by attempt 11 while the output of attempt 10 counts";
    finds(&second, "committed-once", &[message]);
    let nodes: Vec<String> = second.judged().violations[0].nodes.iter().map(ToString::to_string).collect();
    assert_eq!(nodes, ["worker-2", "worker-1"]);
    // Another generation is no excuse while the first counts.
    let mut third = story.clone();
    third.committed(Commit::map(11, 0, [3, 1]).by("worker-2", 2).generation(1));
    finds(&third, "committed-once", &[message]);
    // Nor is the loss of an output that never counted.
    let mut fourth = story.clone();
    fourth.lost(11, map(0)).committed(Commit::map(11, 0, [3, 1]).by("worker-2", 2).generation(1));
    finds(&fourth, "committed-once", &[message]);
    // Nor may the same attempt commit as another generation.
    let mut fifth = story.clone();
    fifth.committed(Commit::map(10, 0, [3, 1]).generation(1));
    let message = "map 0 of job 1 was committed by attempt 10 while the output of attempt 10 counts";
    finds(&fifth, "committed-once", &[message]);
    // The same again is the same.
    story.committed(Commit::map(10, 0, [3, 1]));
    clean(&story, "committed-once", 2);
}

#[test]
fn a_task_is_committed_again_only_as_another_generation() {
    let again = |attempt: u64, generation: u32| {
        let mut story = Story::with_maps();
        story.lost(10, map(0));
        if attempt != 10 {
            story.runs(attempt, map(0), "worker-1", 1);
        }
        story.committed(Commit::map(attempt, 0, [3, 1]).generation(generation));
        story
    };
    finds(
        &again(12, 0),
        "committed-once",
        &["map 0 of job 1 was committed twice as generation 0: by attempts 10 and 12"],
    );
    finds(
        &again(10, 1),
        "committed-once",
        &["attempt 10 committed map 0 of job 1 again after its output was lost"],
    );
    clean(&again(12, 1), "committed-once", 3);
}

#[test]
fn what_is_published_is_what_is_committed() {
    let message = "version 1 of `d` is not made of the committed reduces of job 1";
    for attempts in [&[21, 20][..], &[20], &[20, 21, 22], &[20, 22], &[]] {
        let mut story = Story::with_reduces();
        story.published(1, "d", 1, attempts);
        finds(&story, "committed-once", &[message]);
    }
    // A reduce that is known and not committed is missing.
    let mut story = Story::with_reduces();
    story.runs(22, reduce(2), "worker-1", 1).published(1, "d", 1, &[20, 21]);
    finds(&story, "committed-once", &[message]);
    // So is one whose number nobody saw.
    let mut story = Story::with_maps();
    story.runs(21, reduce(1), "worker-1", 1);
    story.committed(Commit::reduce(21, 1, &[took(0, 10, 1), took(1, 11, 2)])).published(1, "d", 1, &[21]);
    finds(&story, "committed-once", &[message]);
}

#[test]
fn what_is_published_is_that_of_one_job() {
    let mut story = Story::with_reduces();
    let of_other = Task { job: 2, ..reduce(0) };
    story.submitted(2, "client-1", 2, "e").runs(40, of_other, "worker-1", 1);
    story.published(1, "d", 1, &[20, 21]);
    clean(&story, "committed-once", 5);
}

#[test]
fn a_job_without_reduces_has_nothing_to_publish() {
    let mut story = Story::with_maps();
    story.published(1, "d", 1, &[]);
    finds(&story, "committed-once", &["version 1 of `d` is not made of the committed reduces of job 1"]);
}
