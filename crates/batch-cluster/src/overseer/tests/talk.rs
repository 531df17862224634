//! Conversations with workers.

use super::*;
use crate::job::Consumed;
use crate::protocol::Settlement;
use crate::state::Failure;

fn heard(outputs: &[Output]) -> Option<(Vec<AttemptId>, Vec<AttemptId>)> {
    outputs.iter().find_map(|output| match output {
        Output::Say { what: ToWorker::Heard { stop, forget, seq: 5, .. }, .. } => {
            Some((stop.clone(), forget.clone()))
        }
        _ => None,
    })
}

fn settled(outputs: &[Output]) -> Vec<(AttemptId, Settlement)> {
    let settlement = |output: &Output| match output {
        Output::Say { what: ToWorker::Settled { attempt, ruling, .. }, .. } => Some((*attempt, *ruling)),
        _ => None,
    };
    outputs.iter().filter_map(settlement).collect()
}

#[test]
fn a_heartbeat_is_answered_under_the_current_lease_only() {
    let mut bench = Bench::with_workers(&["w-1"]);
    let old = bench.state.node("w-1").unwrap().epoch;
    assert!(heard(&bench.beat("w-1", 1, &[])).is_some());
    let epoch = bench.join("w-1", 2);
    assert!(epoch > old);
    let fenced = |epoch| Output::Say { line: LineId(2), what: ToWorker::Fenced { term: 1, epoch } };
    assert_eq!(bench.say(2, heartbeat("w-1", old, &[])), vec![fenced(old)]);
    assert_eq!(bench.say(2, heartbeat("w-7", old, &[])), vec![fenced(old)], "nobody knows that one");
    assert!(heard(&bench.beat("w-1", 2, &[])).is_some());
}

#[test]
fn who_gives_no_name_is_hung_up_on() {
    let mut bench = Bench::in_office(Bugs::none());
    let outputs = bench.say(1, register("w 1"));
    assert_eq!(bench.settle(outputs), vec![Output::Close { line: LineId(1) }]);
}

#[test]
fn an_answer_on_a_line_that_is_gone_is_not_given() {
    let mut bench = Bench::in_office(Bugs::none());
    let outputs = bench.say(1, register("w-1"));
    bench.step(Event::Closed { line: LineId(1) });
    assert_eq!(bench.settle(outputs), Vec::new());
}

#[test]
fn the_newest_line_of_a_worker_counts_and_older_ones_are_closed() {
    let mut bench = Bench::with_workers(&["w-1"]);
    let outputs = bench.beat("w-1", 7, &[]);
    assert_eq!(outputs[0], Output::Close { line: LineId(1) });
    bench.beat("w-1", 3, &[]);
    let job = bench.submit(1, 1);
    let launches = launched(&bench.pass(100 * MS));
    assert_eq!(launches.iter().map(|(line, _, task)| (*line, *task)).collect::<Vec<_>>(), [(7, map(job, 0))]);
}

#[test]
fn what_the_log_ruled_is_said_to_who_asked() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.submit(2, 1);
    let attempts: Vec<AttemptId> =
        launched(&bench.pass(100 * MS)).into_iter().map(|(_, attempt, _)| attempt).collect();
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let commit = |attempt| FromWorker::Commit { attempt, epoch, manifest: map_manifest() };
    let outputs = bench.say(1, commit(attempts[0]));
    assert_eq!(settled(&outputs), Vec::new(), "not before it is decided");
    assert_eq!(settled(&bench.settle(outputs)), [(attempts[0], Settlement::Committed)]);
    let failure = Failure::Task { why: "é".repeat(9_000) };
    let outputs = bench.say(1, FromWorker::Failed { attempt: attempts[1], epoch, failure });
    let Decision::EndAttempt { failure: Failure::Task { why }, .. } = &proposed(&outputs).unwrap()[0] else {
        panic!("{outputs:?}")
    };
    assert_eq!(why.chars().count(), 500, "it lives in the log");
    assert_eq!(settled(&bench.settle(outputs)), [(attempts[1], Settlement::Refused)]);
    let outputs = bench.say(1, commit(attempts[1]));
    assert_eq!(settled(&bench.settle(outputs)), [(attempts[1], Settlement::Refused)], "it is over");
}

#[test]
fn a_part_that_is_too_long_never_reaches_the_log() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.submit(1, 1);
    let (_, attempt, _) = launched(&bench.pass(100 * MS))[0];
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let part = vec![b'a'; Manifest::PART_MAX + 1];
    let consumed: Vec<Consumed> = Vec::new();
    let manifest = Manifest::Reduce { consumed, output: Tally::default(), part };
    let outputs = bench.say(1, FromWorker::Commit { attempt, epoch, manifest });
    let decisions = proposed(&outputs).unwrap();
    assert!(
        matches!(&decisions[..], [Decision::EndAttempt { failure: Failure::Task { .. }, .. }]),
        "{decisions:?}"
    );
    assert_eq!(settled(&bench.settle(outputs)), [(attempt, Settlement::Refused)]);
}

#[test]
fn a_heartbeat_is_told_what_to_stop_to_forget_to_settle_and_to_begin() {
    let mut bench = Bench::with_workers(&["w-1"]);
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let job = bench.submit(2, 1);
    let launches = launched(&bench.pass(100 * MS));
    let (done, live) = (launches[0].1, launches[1].1);
    let outputs = bench.say(1, FromWorker::Commit { attempt: done, epoch, manifest: map_manifest() });
    // The line breaks before it is settled; then all is said on the next.
    bench.step(Event::Closed { line: LineId(1) });
    bench.settle(outputs);
    let stranger = AttemptId(7);
    let outputs = bench.say(
        2,
        FromWorker::Heartbeat {
            node: "w-1".into(),
            epoch,
            seq: 5,
            attempts: vec![(done, 3), (stranger, 1)],
            outputs: vec![done, live, stranger],
        },
    );
    assert_eq!(heard(&outputs), Some((vec![stranger], vec![stranger])));
    assert_eq!(settled(&outputs), [(done, Settlement::Committed)]);
    assert_eq!(launched(&outputs), [(2, live, map(job, 1))]);
    let outputs = bench.beat("w-1", 2, &[(live, 1)]);
    assert_eq!(launched(&outputs), [], "it is known there");
}

#[test]
fn a_reduce_is_told_where_its_inputs_lie() {
    let mut bench = Bench::with_workers(&["w-1"]);
    let epoch = bench.state.node("w-1").unwrap().epoch;
    bench.submit(1, 1);
    let (_, attempt, _) = launched(&bench.pass(100 * MS))[0];
    let outputs = bench.say(1, FromWorker::Commit { attempt, epoch, manifest: map_manifest() });
    let outputs = bench.settle(outputs);
    let inputs = outputs.iter().find_map(|output| match output {
        Output::Say { what: ToWorker::Launch { work: Work::Reduce { inputs, .. }, .. }, .. } => Some(inputs),
        _ => None,
    });
    let inputs = inputs.expect("a reduce is launched");
    assert_eq!((inputs.len(), inputs[0].attempt, inputs[0].node.as_str()), (1, attempt, "w-1"));
}
