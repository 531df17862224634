//! The office: taken, lost, taken again; and proposals across it.

use super::*;

fn not_leader(leader: Option<usize>) -> Vec<Output> {
    vec![Output::Say { line: LineId(1), what: ToWorker::NotLeader { leader } }]
}

#[test]
fn who_does_not_lead_says_who_does() {
    let mut bench = Bench::new(Bugs::none());
    assert_eq!(bench.say(1, register("w-1")), not_leader(None));
    bench.follows(3);
    assert_eq!(bench.say(1, register("w-1")), not_leader(Some(2)));
}

#[test]
fn workers_wait_until_the_office_is_in_the_log() {
    let mut bench = Bench::new(Bugs::none());
    let claim = bench.leads(1);
    assert_eq!(proposed(&claim), Some(vec![Decision::TakeOffice { controller: "k-1".into() }]));
    assert_eq!(bench.say(1, register("w-1")), Vec::new());
    let outputs = bench.decide(1, &claim);
    assert!(matches!(proposed(&outputs).unwrap()[..], [Decision::Register { .. }]), "{outputs:?}");
    let outputs = bench.decide(1, &outputs);
    assert!(matches!(outputs[..], [Output::Say { what: ToWorker::Registered { term: 1, .. }, .. }]));
}

#[test]
fn only_so_many_wait() {
    let mut bench = Bench::new(Bugs::none());
    bench.leads(1);
    for line in 0..WAITING_MAX as u64 {
        assert_eq!(bench.say(line, register("w-1")), Vec::new());
    }
    assert_eq!(bench.say(777, register("w-1")), vec![Output::Close { line: LineId(777) }]);
}

#[test]
fn a_claim_that_failed_is_made_again_at_the_next_tick() {
    let mut bench = Bench::new(Bugs::none());
    let claim = bench.leads(1);
    assert_eq!(bench.step(Event::Undecided), Vec::new());
    assert_eq!(bench.step(Event::Tick), Vec::new(), "not before its time");
    bench.now = bench.overseer.wake_at().0;
    assert_eq!(bench.step(Event::Tick), claim);
}

#[test]
fn an_office_of_another_term_does_not_count() {
    let mut bench = Bench::new(Bugs::none());
    let claim = bench.leads(1);
    // It was deposed and elected again, and has not heard of it.
    assert_eq!(bench.decide(4, &claim), Vec::new());
    assert_eq!(bench.say(1, register("w-1")), Vec::new());
    let claim = bench.leads(4);
    assert!(matches!(claim[0], Output::Close { line: LineId(1) }), "{claim:?}");
    assert!(proposed(&bench.decide(4, &claim)).is_none());
    assert!(proposed(&bench.say(2, register("w-1"))).is_some());
}

#[test]
fn what_was_under_way_is_of_no_concern_in_the_next_office() {
    let mut bench = Bench::in_office(Bugs::none());
    let old = bench.say(1, register("w-1"));
    let outputs = bench.follows(2);
    assert_eq!(outputs, vec![Output::Close { line: LineId(1) }], "it will say it again");
    assert_eq!(bench.leads(3), Vec::new(), "one proposal at a time");
    let outputs = bench.decide(1, &old);
    let claim = vec![Decision::TakeOffice { controller: "k-1".into() }];
    assert_eq!(proposed(&outputs), Some(claim), "and nobody is told what became of it: {outputs:?}");
    assert_eq!(outputs.len(), 1);
}

#[test]
fn all_is_forgotten_with_the_office() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.follows(2);
    let claim = bench.leads(3);
    bench.submit(1, 1);
    let outputs = bench.decide(3, &claim);
    assert_eq!(outputs, Vec::new(), "no line is known");
    assert_eq!(bench.pass(100 * MS), Vec::new());
    assert_eq!(bench.live(), Vec::new());
    bench.beat("w-1", 1, &[]);
    assert_eq!(launched(&bench.pass(100 * MS)).len(), 1);
}

#[test]
fn what_gathers_meanwhile_is_proposed_together() {
    let mut bench = Bench::in_office(Bugs::none());
    let first = bench.say(1, register("w-1"));
    assert_eq!(bench.say(2, register("w-2")), Vec::new());
    assert_eq!(bench.say(3, register("w-3")), Vec::new());
    assert_eq!(bench.say(4, register("w-3")), Vec::new(), "instead of the earlier one");
    let second = bench.decide(1, &first);
    let nodes: Vec<String> = proposed(&second)
        .unwrap()
        .into_iter()
        .map(|decision| if let Decision::Register { node, .. } = decision { node } else { panic!() })
        .collect();
    assert_eq!(nodes, ["w-2", "w-3"]);
    let outputs = bench.decide(1, &second);
    let lines: Vec<u64> = outputs
        .iter()
        .filter_map(|output| if let Output::Say { line, .. } = output { Some(line.0) } else { None })
        .collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn what_is_said_again_is_proposed_once_and_answered_on_the_newest_line() {
    let mut bench = Bench::with_workers(&["w-1"]);
    bench.submit(2, 1);
    let outputs = bench.pass(100 * MS);
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let commits: Vec<FromWorker> = launched(&outputs)
        .into_iter()
        .map(|(_, attempt, _)| FromWorker::Commit { attempt, epoch, manifest: map_manifest() })
        .collect();
    let first = bench.say(1, commits[0].clone());
    assert_eq!(bench.say(2, commits[0].clone()), Vec::new(), "under way");
    assert_eq!(bench.say(2, commits[1].clone()), Vec::new());
    assert_eq!(bench.say(3, commits[1].clone()), Vec::new(), "waiting");
    let second = bench.decide(1, &first);
    assert_eq!(proposed(&second).unwrap().len(), 1);
    let lines = |outputs: &[Output]| -> Vec<u64> {
        let line = |output: &Output| match output {
            Output::Say { line, what: ToWorker::Settled { .. } } => Some(line.0),
            _ => None,
        };
        outputs.iter().filter_map(line).collect()
    };
    assert_eq!(lines(&second), [2]);
    assert_eq!(lines(&bench.decide(1, &second)), [3]);
}

#[test]
fn workers_wishes_are_proposed_again_when_a_proposal_fails() {
    let mut bench = Bench::in_office(Bugs::none());
    let first = bench.say(1, register("w-1"));
    assert_eq!(bench.step(Event::Undecided), Vec::new());
    assert_eq!(bench.say(2, register("w-2")), Vec::new(), "not at once");
    bench.now += 100 * MS;
    let again = proposed(&bench.step(Event::Tick)).unwrap();
    assert_eq!(again[0], proposed(&first).unwrap()[0]);
    assert_eq!(again.len(), 2);
}

#[test]
fn a_proposal_stays_below_what_the_log_takes() {
    let mut bench = Bench::with_workers(&["w-1"]);
    let part = vec![b'a'; Manifest::PART_MAX];
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let commit = |attempt| FromWorker::Commit {
        attempt: AttemptId(attempt),
        epoch,
        manifest: Manifest::Reduce { consumed: Vec::new(), output: Tally::default(), part: part.clone() },
    };
    let mut outputs = bench.say(1, register("w-9"));
    (0..4).for_each(|attempt| assert_eq!(bench.say(1, commit(attempt)), Vec::new()));
    (0..2_000).for_each(|attempt| {
        let failure = crate::state::Failure::Unknown;
        bench.say(1, FromWorker::Failed { attempt: AttemptId(attempt), epoch, failure });
    });
    let (mut decided, most) = (0, usize::try_from(AttemptId::PER_ENTRY).unwrap());
    while let Some(decisions) = proposed(&outputs) {
        decided += decisions.len();
        assert!(decisions.len() <= most);
        let bytes = crate::codec::encoded_len(&Command::Decide(decisions));
        assert!(bytes <= crate::raft::service::MAX_COMMAND, "{bytes}");
        outputs = bench.decide(1, &outputs);
    }
    assert_eq!(decided, 1 + 4 + 2_000);
}

#[test]
fn what_cannot_be_proposed_or_waits_in_too_great_numbers_is_turned_away() {
    let mut bench = Bench::with_workers(&["w-1"]);
    let kept = (0..1 << 19).map(|place| AttemptId((1 << 40) + place)).collect();
    let incarnation = Incarnation(9);
    let huge = FromWorker::Register { node: "w-2".into(), incarnation, slots: 2, kept };
    assert_eq!(bench.say(2, huge), vec![Output::Close { line: LineId(2) }]);
    bench.say(1, register("w-9"));
    let epoch = bench.state.node("w-1").unwrap().epoch;
    let failed = |attempt| {
        let failure = crate::state::Failure::Unknown;
        FromWorker::Failed { attempt: AttemptId(attempt), epoch, failure }
    };
    let refused = (0..5_000).find(|attempt| !bench.say(1, failed(*attempt)).is_empty());
    assert_eq!(refused, Some(4_096));
}
