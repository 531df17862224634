//! Attempts: assigned, failed, committed, refused.

use squall_io::vocab::batch::{Cause, Refusal};

use super::*;

#[test]
fn a_task_is_assigned_if_it_is_ready_and_the_worker_has_a_slot() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 3, 1);
    let epoch = bench.register("w-1", &[]);
    let to = |task, epoch| Decision::Assign { task, node: "w-1".into(), epoch };
    assert!(bench.is_void(to(reduce(job, 0), epoch)), "its maps are to be done");
    assert!(bench.is_void(to(map(job, 0), Epoch(epoch.0 + 1))));
    assert!(bench.is_void(to(map(job, 9), epoch)));
    assert!(bench.is_void(to(map(JobId(99), 0), epoch)));
    let (rulings, words) =
        bench.decide(vec![to(map(job, 0), epoch), to(map(job, 0), epoch), to(map(job, 1), epoch)]);
    let ids = [AttemptId::new(bench.index, 0), AttemptId::new(bench.index, 2)];
    let [first, second] = ids.map(|attempt| Ruling::Assigned { attempt });
    assert_eq!(rulings, [first, Ruling::Void, second]);
    assert_eq!(kinds(&words), ["assigned", "assigned"]);
    assert!(bench.is_void(to(map(job, 2), epoch)), "both slots are taken");
    assert_eq!(bench.state.ready().map(|(task, _)| task).collect::<Vec<_>>(), [map(job, 2)]);
}

#[test]
fn a_place_beyond_the_last_is_void() {
    let mut bench = Bench::new();
    let most = usize::try_from(AttemptId::PER_ENTRY).unwrap();
    let (rulings, _) = bench.decide(vec![register("w-1", &[]); most + 1]);
    assert!(matches!(rulings[most - 1], Ruling::Registered { .. }));
    assert_eq!(rulings[most], Ruling::Void);
}

#[test]
fn only_failures_of_its_own_are_charged_and_in_the_end_the_job_fails() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 2, 1);
    bench.register("w-1", &[]);
    bench.assign(map(job, 1), "w-1");
    for failure in [Failure::Stalled, Failure::Unknown, failed()] {
        let attempt = bench.assign(map(job, 0), "w-1");
        let (ruling, words) = bench.one(end(&attempt, failure));
        assert_eq!((ruling, kinds(&words)), (Ruling::Done, vec!["attempt-ended".to_owned()]));
    }
    assert_eq!(bench.task(map(job, 0)).fails, 1);
    let attempt = bench.assign(map(job, 0), "w-1");
    let (_, words) = bench.one(end(&attempt, failed()));
    assert_eq!(kinds(&words), ["attempt-ended", "attempt-ended", "job-ended"]);
    assert!(matches!(words[0], Event::AttemptEnded { cause: Cause::Failed, fails: 2, .. }));
    assert!(matches!(words[1], Event::AttemptEnded { cause: Cause::Dropped, .. }));
    assert_eq!(bench.phase(job), Phase::Failed { why: "bad luck".into() });
    assert_eq!(bench.state.free_slots("w-1"), 2);
    assert_eq!(bench.state.open_jobs().count(), 0);
    assert!(bench.is_void(Decision::Publish { job }), "an end is for ever");
    let (node, epoch) = ("w-1".to_owned(), attempt.epoch);
    assert!(bench.is_void(Decision::Assign { task: map(job, 0), node, epoch }));
}

#[test]
fn an_attempt_ends_once_and_under_its_own_lease() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 1, 1);
    bench.register("w-1", &[]);
    let attempt = bench.assign(map(job, 0), "w-1");
    let other = Attempt { epoch: Epoch(attempt.epoch.0 + 1), ..attempt.clone() };
    assert!(bench.is_void(end(&other, failed())));
    bench.one(end(&attempt, failed()));
    assert!(bench.is_void(end(&attempt, failed())));
}

#[test]
fn a_commit_counts_once_and_its_repetition_is_quiet() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 1, 1);
    bench.register("w-1", &[]);
    let attempt = bench.assign(map(job, 0), "w-1");
    let manifest = bench.manifest(attempt.id);
    let commit = Decision::Commit { attempt: attempt.id, epoch: attempt.epoch, manifest };
    let (ruling, words) = bench.one(commit.clone());
    assert_eq!((ruling, kinds(&words)), (Ruling::Committed, vec!["task-committed".to_owned()]));
    let before = bench.state.job(job).cloned();
    let (ruling, words) = bench.one(commit);
    assert_eq!((ruling, words), (Ruling::Committed, Vec::new()));
    assert_eq!(bench.state.job(job).cloned(), before);
}

#[test]
fn what_was_fenced_cannot_commit() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 1, 1);
    bench.register("w-1", &[]);
    let attempt = bench.assign(map(job, 0), "w-1");
    let wrong = Decision::Commit {
        attempt: attempt.id,
        epoch: Epoch(attempt.epoch.0 + 1),
        manifest: map_manifest(1),
    };
    let (ruling, words) = bench.one(wrong);
    assert_eq!(ruling, Ruling::Void);
    assert!(matches!(words[..], [Event::CommitRefused { why: Refusal::Fenced, .. }]), "{words:?}");
    assert_eq!(bench.task(map(job, 0)).live(), Some(&attempt), "another's word does not end it");
    bench.register("w-1", &[]);
    let manifest = map_manifest(1);
    let late = Decision::Commit { attempt: attempt.id, epoch: attempt.epoch, manifest };
    let (ruling, words) = bench.one(late);
    assert_eq!((ruling, kinds(&words)), (Ruling::Void, vec!["commit-refused".to_owned()]));
    assert!(bench.task(map(job, 0)).committed().is_none());
}

#[test]
fn a_reduce_must_have_read_what_the_maps_made_each_once() {
    let right = |bench: &Bench, job| {
        let Progress::Live(attempt) = &bench.task(reduce(job, 0)).progress else { panic!() };
        match bench.manifest(attempt.id) {
            Manifest::Reduce { consumed, .. } => (attempt.clone(), consumed),
            Manifest::Map { .. } => panic!(),
        }
    };
    type Spoil = fn(&mut Vec<Consumed>);
    let spoils: [Spoil; 4] = [
        |consumed| consumed[1].attempt.0 += 1,
        |consumed| consumed[1].map = 0,
        |consumed| consumed.truncate(1),
        |consumed| consumed.push(consumed[0]),
    ];
    for spoil in spoils {
        let mut bench = Bench::new();
        let job = bench.submit(1, 2, 1);
        bench.register("w-1", &[]);
        bench.done(map(job, 0), "w-1");
        bench.done(map(job, 1), "w-1");
        bench.assign(reduce(job, 0), "w-1");
        let (attempt, mut consumed) = right(&bench, job);
        spoil(&mut consumed);
        let manifest = reduce_manifest(consumed);
        let (ruling, words) =
            bench.one(Decision::Commit { attempt: attempt.id, epoch: attempt.epoch, manifest });
        assert_eq!(ruling, Ruling::Void);
        assert_eq!(kinds(&words), ["commit-refused", "attempt-ended"]);
        assert!(matches!(words[0], Event::CommitRefused { why: Refusal::Outdated, .. }));
        let task = bench.task(reduce(job, 0));
        assert_eq!((&task.progress, task.fails), (&Progress::Waiting, 0));
    }
}

#[test]
fn a_malformed_output_is_the_attempts_own_fault() {
    let part = |part: Vec<u8>| Manifest::Reduce {
        consumed: Vec::new(),
        output: Tally { records: u64::MAX, digest: u64::MAX },
        part,
    };
    for manifest in [map_manifest(2), map_manifest(0), part(Vec::new())] {
        let mut bench = Bench::new();
        let job = bench.submit(1, 1, 1);
        bench.register("w-1", &[]);
        let attempt = bench.assign(map(job, 0), "w-1");
        let (ruling, words) =
            bench.one(Decision::Commit { attempt: attempt.id, epoch: attempt.epoch, manifest });
        assert_eq!((ruling, kinds(&words)), (Ruling::Void, vec!["attempt-ended".to_owned()]));
        assert_eq!(bench.task(map(job, 0)).fails, 1);
    }
    for text in [vec![b'a'; Manifest::PART_MAX + 1], vec![0xff]] {
        let mut bench = Bench::new();
        let job = bench.submit(1, 1, 1);
        bench.register("w-1", &[]);
        bench.done(map(job, 0), "w-1");
        let attempt = bench.assign(reduce(job, 0), "w-1");
        let Manifest::Reduce { consumed, output, .. } = bench.manifest(attempt.id) else { panic!() };
        let manifest = Manifest::Reduce { consumed, output, part: text };
        bench.one(Decision::Commit { attempt: attempt.id, epoch: attempt.epoch, manifest });
        assert_eq!(bench.task(reduce(job, 0)).fails, 1);
    }
}

#[test]
fn a_tally_of_any_size_is_told_without_overflow() {
    let mut bench = Bench::new();
    let job = bench.submit(1, 2, 1);
    bench.register("w-1", &[]);
    bench.done(map(job, 0), "w-1");
    bench.done(map(job, 1), "w-1");
    let attempt = bench.assign(reduce(job, 0), "w-1");
    let Manifest::Reduce { mut consumed, output, part } = bench.manifest(attempt.id) else { panic!() };
    consumed.iter_mut().for_each(|one| one.tally = Tally { records: u64::MAX, digest: u64::MAX });
    let manifest = Manifest::Reduce { consumed, output, part };
    let (ruling, _) = bench.one(Decision::Commit { attempt: attempt.id, epoch: attempt.epoch, manifest });
    assert_eq!(ruling, Ruling::Committed);
}

#[test]
fn planted_zombie_commit() {
    let mut bench = Bench::with(Bug::ZombieCommit);
    let job = bench.submit(1, 1, 1);
    let epoch = bench.register("w-1", &[]);
    bench.register("w-2", &[]);
    let zombie = bench.assign(map(job, 0), "w-1");
    bench.one(dead("w-1", epoch));
    let live = bench.assign(map(job, 0), "w-2");
    let late = |manifest| Decision::Commit { attempt: zombie.id, epoch, manifest };
    let (ruling, _) = bench.one(late(map_manifest(7)));
    assert_eq!(ruling, Ruling::Void, "yet not just anything");
    assert_eq!(bench.task(map(job, 0)).live(), Some(&live));
    let (ruling, words) = bench.one(late(map_manifest(1)));
    assert_eq!(ruling, Ruling::Committed);
    assert_eq!(kinds(&words), ["attempt-ended", "task-committed"]);
    assert_eq!(bench.state.free_slots("w-2"), 2);
}
