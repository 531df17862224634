//! Deaths, stalls, schedule, publication.

use super::*;
use crate::Bug;
use crate::state::{Failure, Phase, Standing};

fn is_up(bench: &Bench, name: &str) -> bool {
    bench.state.node(name).unwrap().standing == Standing::Up
}

#[test]
fn a_worker_is_dead_a_lease_after_the_last_answer_and_not_before() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.pass(1_000 * MS);
    bench.beat("w-1", 1, &[]);
    bench.pass(ALLOWANCE - 1);
    assert!(is_up(&bench, "w-1"));
    bench.now += 1;
    assert_eq!(bench.beat("w-1", 1, &[]), Vec::new(), "too late: it must not hear that it has a lease");
    bench.pass(100 * MS);
    assert!(!is_up(&bench, "w-1"));
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let outputs = bench.say(1, heartbeat("w-1", epoch, &[]));
    assert!(matches!(outputs[..], [Output::Say { what: ToWorker::Fenced { .. }, .. }]), "{outputs:?}");
}

#[test]
fn a_new_leader_gives_everybody_a_full_lease() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.pass(ALLOWANCE - MS);
    bench.follows(2);
    bench.now += 10_000 * MS;
    let claim = bench.leads(3);
    bench.decide(3, &claim);
    bench.pass(ALLOWANCE - 1);
    assert!(is_up(&bench, "w-1"));
    bench.pass(100 * MS);
    assert!(!is_up(&bench, "w-1"));
}

#[test]
fn an_attempt_that_makes_no_progress_is_ended() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.submit(1, 1);
    let (_, first, _) = launched(&bench.pass(100 * MS))[0];
    let mut beat_for = |spans: u64, count: &dyn Fn(u64) -> u64| {
        for span in 0..spans {
            bench.beat("w-1", 1, &[(first, count(span))]);
            bench.pass(100 * MS);
        }
        bench.state.attempt(first).is_some()
    };
    assert!(beat_for(70, &|span| span), "it moves");
    assert!(beat_for(49, &|_| 100), "it stands still, not long enough");
    assert!(!beat_for(2, &|_| 100));
    let outputs = bench.beat("w-1", 1, &[(first, 100)]);
    let stops = |output: &Output| matches!(output, Output::Say { what: ToWorker::Heard { stop, .. }, .. } if *stop == [first]);
    assert!(outputs.iter().any(stops), "{outputs:?}");
}

#[test]
fn an_attempt_that_nobody_mentions_is_ended_too() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.submit(1, 1);
    let (_, first, _) = launched(&bench.pass(100 * MS))[0];
    for _ in 0..51 {
        bench.beat("w-1", 1, &[]);
        bench.pass(100 * MS);
    }
    assert!(bench.state.attempt(first).is_none());
}

#[test]
fn tasks_go_in_order_to_who_has_most_room_and_of_equals_to_the_first() {
    let mut bench = Bench::with_workers(&["w-2", "w-1", "w-3"]);
    let first = bench.submit(2, 1);
    let second = bench.submit(3, 1);
    let launches = launched(&bench.pass(100 * MS));
    let tasks: Vec<TaskId> = launches.iter().map(|(_, _, task)| *task).collect();
    let expected = [map(first, 0), map(first, 1), map(second, 0), map(second, 1), map(second, 2)];
    assert_eq!(tasks, expected);
    // Lines: w-2 has 1, w-1 has 2, w-3 has 3.
    let lines: Vec<u64> = launches.iter().map(|(line, _, _)| *line).collect();
    assert_eq!(lines, [2, 1, 3, 2, 1]);
}

#[test]
fn a_worker_where_it_failed_is_avoided_if_there_is_another() {
    let mut bench = Bench::with_workers(&["w-1", "w-2"]);
    let job = bench.submit(1, 1);
    let (line, attempt, _) = launched(&bench.pass(100 * MS))[0];
    assert_eq!(line, 1);
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let failure = Failure::Task { why: "bad luck".into() };
    let outputs = bench.say(1, FromWorker::Failed { attempt, epoch, failure });
    let launches = launched(&bench.settle(outputs));
    assert_eq!(launches.iter().map(|(line, _, task)| (*line, *task)).collect::<Vec<_>>(), [(2, map(job, 0))]);

    let mut alone = Bench::with_workers(&["w-1"]);
    alone.submit(1, 1);
    let (_, attempt, _) = launched(&alone.pass(100 * MS))[0];
    let epoch = alone.state.node("w-1").unwrap().epoch;
    let outputs = alone.say(1, FromWorker::Failed { attempt, epoch, failure: Failure::Stalled });
    assert_eq!(launched(&alone.settle(outputs)).len(), 1);
}

#[test]
fn who_cannot_be_told_gets_nothing() {
    let mut bench = Bench::with_workers(&["w-1", "w-2"]);
    bench.step(Event::Closed { line: LineId(1) });
    let job = bench.submit(3, 1);
    bench.pass(100 * MS);
    let live = bench.live();
    assert_eq!(live, [(map(job, 0), "w-2".to_owned()), (map(job, 1), "w-2".to_owned())]);
}

#[test]
fn a_new_job_is_noticed_when_the_status_changes() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.submit(1, 1);
    let outputs = bench.leads(1);
    assert!(matches!(proposed(&outputs).unwrap()[..], [Decision::Assign { .. }]), "{outputs:?}");
}

/// Does a job of one map and one reduce up to where it can be published. Gives the last outputs.
fn work_off(bench: &mut Bench) -> Vec<Output> {
    let outputs = bench.pass(100 * MS);
    let (_, attempt, _) = launched(&outputs)[0];
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let outputs = bench.say(1, FromWorker::Commit { attempt, epoch, manifest: map_manifest() });
    let (_, reduce, _) = launched(&bench.settle(outputs))[0];
    let tally = Tally::default();
    let consumed = vec![crate::job::Consumed { map: 0, attempt, tally }];
    let manifest = Manifest::Reduce { consumed, output: tally, part: Vec::new() };
    bench.say(1, FromWorker::Commit { attempt: reduce, epoch, manifest })
}

#[test]
fn a_job_is_published_as_soon_as_its_last_reduce_is_committed() {
    let mut bench = Bench::with_workers(&["w-1"]);
    let job = bench.submit(1, 1);
    let outputs = work_off(&mut bench);
    bench.settle(outputs);
    assert_eq!(bench.state.job(job).unwrap().phase, Phase::Succeeded { version: 1 });
}

#[test]
fn an_idle_overseer_proposes_nothing() {
    let mut bench = Bench::with_workers(&["w-1"]);
    for _ in 0..15 {
        bench.now += 100 * MS;
        assert_eq!(bench.step(Event::Tick), Vec::new());
    }
    assert_eq!(bench.overseer.wake_at(), Moment(bench.now + 100 * MS));
    bench.follows(2);
    assert!(bench.overseer.wake_at() > Moment(bench.now + 10_000 * MS), "no office, nothing to look after");
}

#[test]
fn planted_rerun_after_success() {
    let mut bench = Bench::in_office(Bug::RerunAfterSuccess.into());
    bench.join("w-1", 1);
    let job = bench.submit(1, 1);
    let outputs = work_off(&mut bench);
    bench.settle(outputs);
    assert_eq!(bench.state.job(job).unwrap().phase, Phase::Published { version: 1 }, "and no tick yet");
    bench.pass(100 * MS);
    assert_eq!(bench.state.job(job).unwrap().phase, Phase::Succeeded { version: 1 });
}

#[test]
fn planted_two_masters() {
    for (bugs, is_early) in [(Bugs::none(), false), (Bug::TwoMasters.into(), true)] {
        let mut bench = Bench::in_office(bugs);
        bench.join("w-1", 1);
        let job = bench.submit(1, 1);
        bench.now += 100 * MS;
        let outputs = bench.step(Event::Tick);
        assert!(proposed(&outputs).is_some());
        let predicted = AttemptId::new(bench.index + 1, 0);
        let expected = if is_early { vec![(1, predicted, map(job, 0))] } else { Vec::new() };
        assert_eq!(launched(&outputs), expected);
        // And it goes on when it leads no more.
        bench.follows(2);
        let outputs = bench.beat("w-1", 1, &[]);
        let says_no =
            |output: &Output| matches!(output, Output::Say { what: ToWorker::NotLeader { .. }, .. });
        assert_eq!(outputs.iter().any(says_no), !is_early, "{outputs:?}");
    }
}
