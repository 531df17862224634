//! B2: what does not add up, and the nearest thing that does.

use squall_history::vocab::batch::Tally;

use super::story::{Commit, Story, clean, finds, map, reduce, tally, took};

#[test]
fn a_map_writes_what_it_reads() {
    let with = |outputs: [u64; 2]| {
        let mut story = Story::with_job();
        story.runs(10, map(0), "worker-1", 1);
        story.committed(Commit { outputs: outputs.map(tally).to_vec(), ..Commit::map(10, 0, [3, 1]) });
        story
    };
    finds(&with([3, 0]), "conservation", &["map 0 of job 1 read 4 records and wrote 3"]);
    clean(&with([1, 3]), "conservation", 1);

    let mut changed = Commit::map(10, 0, [3, 1]);
    changed.outputs[0] = Tally { digest: 7, ..changed.outputs[0] };
    let mut story = Story::with_job();
    story.runs(10, map(0), "worker-1", 1).committed(changed);
    finds(&story, "conservation", &["map 0 of job 1 read 4 records and wrote others"]);
}

/// [`Story::with_maps`], and a reduce that took these.
fn reduced(commit: Commit) -> Story {
    let mut story = Story::with_maps();
    story.runs(20, reduce(0), "worker-1", 1).committed(commit);
    story
}

#[test]
fn a_reduce_takes_all_of_its_partition() {
    let short = Commit::reduce(20, 0, &[took(0, 10, 2), took(1, 11, 2)]);
    finds(
        &reduced(short),
        "conservation",
        &["reduce 0 of job 1 took 2 of the 3 records of partition 0 of map 0 (attempt 10)"],
    );
    let mut other = Commit::reduce(20, 0, &[took(0, 10, 3), took(1, 11, 2)]);
    other.consumed[1].tally.digest += 1;
    finds(
        &reduced(other),
        "conservation",
        &["reduce 0 of job 1 took 2 records that are not those of partition 0 of map 1 (attempt 11)"],
    );
    clean(&reduced(Commit::reduce(20, 0, &[took(0, 10, 3), took(1, 11, 2)])), "conservation", 3);
}

#[test]
fn a_reduce_of_a_partition_that_a_map_does_not_have_is_found() {
    let mut story = Story::with_maps();
    story.runs(20, reduce(2), "worker-1", 1);
    story.committed(Commit::reduce(20, 2, &[took(0, 10, 0), took(1, 11, 0)]));
    finds(
        &story,
        "conservation",
        &[
            "reduce 2 of job 1 took 0 records of partition 2 of map 0 (attempt 10), which has no such partition",
        ],
    );
}

#[test]
fn a_reduce_consumes_each_map_once() {
    let message = "reduce 0 of job 1 did not consume each map of its job exactly once";
    for consumed in [
        vec![took(0, 10, 3)],
        vec![took(0, 10, 3), took(0, 10, 3), took(1, 11, 2)],
        vec![took(0, 10, 3), took(1, 11, 2), took(2, 12, 0)],
        vec![],
    ] {
        finds(&reduced(Commit::reduce(20, 0, &consumed)), "conservation", &[message]);
    }
    // A map that was only assigned is one, too.
    let mut story = Story::with_maps();
    story.runs(12, map(2), "worker-2", 2).runs(20, reduce(0), "worker-1", 1);
    story.committed(Commit::reduce(20, 0, &[took(0, 10, 3), took(1, 11, 2)]));
    finds(&story, "conservation", &[message]);
    // The order does not matter.
    clean(&reduced(Commit::reduce(20, 0, &[took(1, 11, 2), took(0, 10, 3)])), "conservation", 3);
}

#[test]
fn a_reduce_consumes_outputs_that_count() {
    let lost = |recommit: Option<u64>| {
        let mut story = Story::with_maps();
        story.runs(20, reduce(0), "worker-1", 1).lost(11, map(1));
        if let Some(attempt) = recommit {
            story.runs(attempt, map(1), "worker-1", 1);
            story.committed(Commit::map(attempt, 1, [2, 2]).generation(1));
        }
        story.committed(Commit::reduce(20, 0, &[took(0, 10, 3), took(1, 11, 2)]));
        story
    };
    finds(
        &lost(None),
        "conservation",
        &["reduce 0 of job 1 consumed attempt 11 of map 1, which has no output at present"],
    );
    finds(
        &lost(Some(12)),
        "conservation",
        &["reduce 0 of job 1 consumed attempt 11 of map 1, whose output is that of attempt 12"],
    );
    // The loss of an output that no longer counts changes nothing.
    let mut story = Story::with_maps();
    story.lost(11, map(1)).runs(12, map(1), "worker-1", 1);
    story.committed(Commit::map(12, 1, [2, 2]).generation(1)).lost(11, map(1));
    story.runs(20, reduce(0), "worker-1", 1);
    story.committed(Commit::reduce(20, 0, &[took(0, 10, 3), took(1, 12, 2)]));
    clean(&story, "conservation", 4);
}

#[test]
fn a_reduce_writes_what_it_takes() {
    let right = || Commit::reduce(20, 0, &[took(0, 10, 3), took(1, 11, 2)]);
    let wrote = Commit { outputs: vec![tally(4)], ..right() };
    finds(&reduced(wrote), "conservation", &["reduce 0 of job 1 read 5 records and wrote 4"]);
    let read = Commit { input: tally(6), ..right() };
    finds(&reduced(read), "conservation", &["reduce 0 of job 1 took from the maps 5 records and read 6"]);
}
