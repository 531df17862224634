//! The rules of a worker, each as a short story of events.

use std::time::Duration;

use squall_io::vocab::batch;

use crate::job::{AttemptId, Epoch, Incarnation, JobId, Manifest, Source, Stage, Tally, TaskId};
use crate::protocol::{FromWorker, Settlement, ToWorker, Work};
use crate::raft::core::Moment;
use crate::state::Failure;

use super::{Event, Output, Settings, Worker};

const LEASE: Duration = Duration::from_secs(2);
const MINE: Incarnation = Incarnation(77);

/// A worker and its clock, in milliseconds. What it does is told as one word each.
struct Bench {
    worker: Worker,
    now: u64,
}

impl Bench {
    fn new(kept: &[u64]) -> Self {
        let settings = Settings {
            name: "worker-1".to_owned(),
            incarnation: MINE,
            slots: 2,
            heartbeat: Duration::from_millis(200),
            patience: Duration::from_secs(1),
        };
        let worker = Worker::new(settings, kept.iter().copied().map(AttemptId).collect());
        Self { worker, now: 0 }
    }

    /// One that has the lease 5 of term 3, asked for at 0 and had at 10.
    fn leased() -> Self {
        let mut bench = Self::new(&[]);
        assert_eq!(bench.at(0, Event::Disconnected), ["connect next"]);
        assert_eq!(bench.at(0, Event::Connected), ["register []"]);
        assert_eq!(bench.at(10, registered(3, 5)), NOTHING);
        assert_eq!(bench.worker.epoch(), Some(Epoch(5)));
        bench
    }

    /// As [`Self::leased`], with the attempts 61 and 62 running.
    fn busy() -> Self {
        let mut bench = Self::leased();
        assert_eq!(bench.at(11, launch(3, 61, 5)), ["started 61 under 5", "begin 61"]);
        assert_eq!(bench.at(12, launch(3, 62, 5)), ["started 62 under 5", "begin 62"]);
        bench
    }

    fn at(&mut self, now: u64, event: Event) -> Vec<String> {
        assert!(self.now <= now, "time goes on");
        self.now = now;
        self.worker.step(Moment(now * 1_000_000), event).iter().map(told).collect()
    }

    fn wakes_at(&self) -> Option<u64> {
        self.worker.wake_at().map(|at| at.0 / 1_000_000)
    }
}

const NOTHING: [&str; 0] = [];

fn told(output: &Output) -> String {
    let ids = |ids: &[AttemptId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    match output {
        Output::Say(FromWorker::Register { node, incarnation, slots, kept }) => {
            assert_eq!((node.as_str(), *incarnation, *slots), ("worker-1", MINE, 2));
            format!("register {:?}", ids(kept))
        }
        Output::Say(FromWorker::Heartbeat { node, epoch, seq, attempts, outputs }) => {
            assert_eq!(node, "worker-1");
            let attempts: Vec<_> = attempts.iter().map(|(id, count)| (id.0, count)).collect();
            format!("beat {seq} under {} {attempts:?} {:?}", epoch.0, ids(outputs))
        }
        Output::Say(FromWorker::Commit { attempt, epoch, .. }) => {
            format!("commit {} under {}", attempt.0, epoch.0)
        }
        Output::Say(FromWorker::Failed { attempt, epoch, .. }) => {
            format!("failed {} under {}", attempt.0, epoch.0)
        }
        Output::Connect { leader: None } => "connect next".to_owned(),
        Output::Connect { leader: Some(leader) } => format!("connect {leader}"),
        Output::Begin { attempt, .. } => format!("begin {}", attempt.0),
        Output::Stop { attempt } => format!("stop {}", attempt.0),
        Output::Forget { attempt } => format!("forget {}", attempt.0),
        Output::Observe(batch::Event::AttemptStarted { attempt, epoch, .. }) => {
            format!("started {attempt} under {epoch}")
        }
        Output::Observe(batch::Event::AttemptFailed { attempt, why, .. }) => {
            format!("observed {attempt}: {why}")
        }
        Output::Observe(batch::Event::Suspended { epoch }) => format!("suspended {epoch}"),
        Output::Observe(other) => panic!("not a worker's word: {other:?}"),
    }
}

fn registered(term: u64, epoch: u64) -> Event {
    let epoch = Epoch(epoch);
    Event::Message(ToWorker::Registered { term, incarnation: MINE, epoch, lease: LEASE })
}

fn heard(term: u64, epoch: u64, seq: u64) -> Event {
    heard_with(term, (epoch, seq), &[], &[])
}

fn heard_with(term: u64, (epoch, seq): (u64, u64), stop: &[u64], forget: &[u64]) -> Event {
    let [stop, forget] = [stop, forget].map(|ids| ids.iter().copied().map(AttemptId).collect());
    Event::Message(ToWorker::Heard { term, epoch: Epoch(epoch), seq, stop, forget })
}

fn fenced(term: u64, epoch: u64) -> Event {
    Event::Message(ToWorker::Fenced { term, epoch: Epoch(epoch) })
}

fn launch(term: u64, attempt: u64, epoch: u64) -> Event {
    let task = TaskId { job: JobId(1), stage: Stage::Map, number: 0 };
    let source = Source::Generated { seed: 1, records: 1 };
    let work = Work::Map { task, source, splits: 1, partitions: 1 };
    Event::Message(ToWorker::Launch { term, attempt: AttemptId(attempt), epoch: Epoch(epoch), work })
}

fn settled(attempt: u64, ruling: Settlement) -> Event {
    Event::Message(ToWorker::Settled { term: 3, attempt: AttemptId(attempt), ruling })
}

fn mapped(attempt: u64) -> Event {
    let manifest = Manifest::Map { input: Tally::default(), segments: Vec::new() };
    Event::Finished { attempt: AttemptId(attempt), result: Ok(manifest) }
}

fn reduced(attempt: u64) -> Event {
    let manifest = Manifest::Reduce { consumed: Vec::new(), output: Tally::default(), part: Vec::new() };
    Event::Finished { attempt: AttemptId(attempt), result: Ok(manifest) }
}

fn broke(attempt: u64, failure: Failure) -> Event {
    Event::Finished { attempt: AttemptId(attempt), result: Err(failure) }
}

#[test]
fn it_registers_with_what_its_disk_kept() {
    let mut bench = Bench::new(&[9, 4]);
    assert_eq!(bench.wakes_at(), None);
    assert_eq!(bench.at(0, Event::Disconnected), ["connect next"]);
    assert_eq!(bench.at(3, Event::Connected), ["register [4, 9]"]);
    assert_eq!(bench.wakes_at(), Some(1_003), "its patience");
}

#[test]
fn only_its_own_incarnation_is_registered() {
    let mut bench = Bench::new(&[]);
    bench.at(0, Event::Connected);
    let (incarnation, epoch) = (Incarnation(76), Epoch(5));
    let other = ToWorker::Registered { term: 3, incarnation, epoch, lease: LEASE };
    assert_eq!(bench.at(10, Event::Message(other)), NOTHING);
    assert_eq!(bench.worker.epoch(), None);
}

#[test]
fn the_lease_runs_from_when_the_registration_was_sent() {
    let mut bench = Bench::new(&[]);
    bench.at(100, Event::Connected);
    bench.at(900, registered(1, 5));
    assert_eq!(bench.at(950, Event::Disconnected), ["connect next"]);
    assert_eq!(bench.wakes_at(), Some(2_100));
    assert_eq!(bench.at(2_099, Event::Tick), NOTHING);
    assert_eq!(bench.at(2_100, Event::Tick), ["suspended 5"]);
    assert_eq!(bench.wakes_at(), None);
}

#[test]
fn an_answer_that_comes_after_its_lease_would_be_over_gives_none() {
    let mut bench = Bench::new(&[]);
    bench.at(0, Event::Connected);
    // One step, so the patience of a second has not been looked at yet.
    assert_eq!(bench.at(2_000, registered(1, 5)), ["connect next"]);
    assert_eq!(bench.worker.epoch(), None);
}

#[test]
fn a_heartbeat_that_is_answered_makes_the_lease_longer_from_when_it_was_sent() {
    let mut bench = Bench::leased();
    assert_eq!(bench.wakes_at(), Some(210));
    assert_eq!(bench.at(210, Event::Tick), ["beat 1 under 5 [] []"]);
    assert_eq!(bench.at(410, Event::Tick), ["beat 2 under 5 [] []"]);
    assert_eq!(bench.at(500, heard(3, 5, 2)), NOTHING);
    // The first one's answer comes later and says less; one to nothing that was sent says nothing.
    assert_eq!(bench.at(501, heard(3, 5, 1)), NOTHING);
    assert_eq!(bench.at(502, heard(3, 5, 9)), NOTHING);
    assert_eq!(bench.at(503, Event::Disconnected), ["connect next"]);
    assert_eq!(bench.wakes_at(), Some(2_410));
    assert_eq!(bench.at(2_410, Event::Tick), ["suspended 5"]);
}

#[test]
fn answers_do_not_outlive_their_line() {
    let mut bench = Bench::leased();
    bench.at(210, Event::Tick);
    bench.at(300, Event::Disconnected);
    assert_eq!(bench.at(400, Event::Connected), ["beat 2 under 5 [] []"]);
    bench.at(410, heard(3, 5, 1));
    bench.at(411, Event::Disconnected);
    assert_eq!(bench.wakes_at(), Some(2_000));
}

#[test]
fn when_the_lease_is_over_all_work_ends_and_nothing_of_it_is_said() {
    let mut bench = Bench::busy();
    assert_eq!(bench.at(20, mapped(61)), ["commit 61 under 5"]);
    bench.at(30, Event::Disconnected);
    assert_eq!(bench.at(2_000, Event::Tick), ["suspended 5", "stop 62"]);
    assert_eq!(bench.at(2_001, mapped(62)), ["forget 62"], "it had finished before it was stopped");
    // The finished output may have been committed: it is kept, and told.
    assert_eq!(bench.at(2_010, Event::Connected), ["register [61]"]);
    bench.at(2_020, registered(3, 8));
    assert_eq!(bench.at(2_220, Event::Tick), ["beat 1 under 8 [] [61]"]);
}

#[test]
fn a_lease_that_ran_out_is_asked_for_anew_on_the_same_line() {
    let mut bench = Bench::busy();
    for beat in 1..10 {
        let told = bench.at(10 + beat * 200, Event::Tick);
        assert_eq!(told, [format!("beat {beat} under 5 [(61, 0), (62, 0)] []")]);
        // An answer, but none that makes the lease longer.
        bench.at(11 + beat * 200, settled(1, Settlement::Refused));
    }
    let told = bench.at(2_000, launch(3, 63, 5));
    assert_eq!(told, ["suspended 5", "stop 61", "stop 62", "register []"], "and the launch is too late");
}

#[test]
fn a_fenced_worker_ends_its_work_and_registers() {
    let mut bench = Bench::busy();
    bench.at(20, mapped(61));
    assert_eq!(bench.at(30, fenced(3, 4)), NOTHING, "that lease is long over");
    assert_eq!(bench.at(40, fenced(3, 5)), ["stop 62", "register [61]"]);
    assert_eq!(bench.at(41, fenced(3, 5)), NOTHING);
    bench.at(50, registered(3, 9));
    assert_eq!(bench.worker.epoch(), Some(Epoch(9)));
    assert_eq!(bench.at(51, launch(3, 61, 5)), NOTHING, "a launch under the earlier lease");
}

#[test]
fn a_later_lease_takes_the_place_of_an_earlier_one() {
    let mut bench = Bench::busy();
    assert_eq!(bench.at(20, registered(3, 5)), NOTHING, "the same again");
    assert_eq!(bench.at(21, registered(3, 6)), ["stop 61", "stop 62"]);
    assert_eq!(bench.worker.epoch(), Some(Epoch(6)));
}

#[test]
fn a_lower_term_is_not_listened_to() {
    let mut bench = Bench::busy();
    bench.at(20, mapped(61));
    for stale in [fenced(2, 5), launch(2, 63, 5), heard_with(2, (5, 1), &[62], &[61]), registered(2, 6)] {
        assert_eq!(bench.at(30, stale), NOTHING);
    }
    // A later one is, and from then on the one before it is not.
    assert_eq!(bench.at(40, heard_with(4, (5, 1), &[62], &[])), ["stop 62"]);
    assert_eq!(bench.at(41, settled(61, Settlement::Refused)), NOTHING);
}

#[test]
fn an_attempt_is_begun_once() {
    let mut bench = Bench::busy();
    assert_eq!(bench.at(13, launch(3, 61, 5)), NOTHING, "it runs");
    assert_eq!(bench.at(20, mapped(61)), ["commit 61 under 5"]);
    assert_eq!(bench.at(21, launch(3, 61, 5)), NOTHING, "it has finished");
    bench.at(22, settled(61, Settlement::Committed));
    assert_eq!(bench.at(23, launch(3, 61, 5)), NOTHING, "it is settled");
    bench.at(24, heard_with(3, (5, 1), &[62, 63], &[]));
    assert_eq!(bench.at(25, launch(3, 62, 5)), NOTHING, "it was stopped");
    assert_eq!(bench.at(26, launch(3, 63, 5)), NOTHING, "it was stopped before it came");
    assert_eq!(bench.at(27, launch(3, 64, 5)), ["started 64 under 5", "begin 64"]);
}

#[test]
fn not_even_a_lease_that_is_granted_again_begins_an_attempt_twice() {
    let mut bench = Bench::busy();
    assert_eq!(bench.at(40, fenced(3, 5)), ["stop 61", "stop 62", "register []"]);
    bench.at(50, registered(3, 5));
    assert_eq!(bench.at(51, launch(3, 61, 5)), NOTHING);
}

#[test]
fn nothing_is_begun_without_the_right_lease_or_beyond_the_slots() {
    let mut bench = Bench::busy();
    assert_eq!(bench.at(13, launch(3, 63, 5)), NOTHING, "both slots are taken");
    bench.at(20, broke(61, Failure::Unknown));
    assert_eq!(bench.at(21, launch(3, 63, 4)), NOTHING);
    assert_eq!(bench.at(22, launch(3, 63, 6)), NOTHING);
    assert_eq!(bench.at(23, launch(3, 63, 5)), ["started 63 under 5", "begin 63"]);
    let mut bench = Bench::new(&[]);
    bench.at(0, Event::Connected);
    assert_eq!(bench.at(1, launch(3, 63, 5)), NOTHING, "no lease at all");
}

#[test]
fn an_outcome_is_said_until_it_is_settled() {
    let mut bench = Bench::busy();
    assert_eq!(bench.at(20, mapped(61)), ["commit 61 under 5"]);
    bench.at(30, Event::Worked { attempt: AttemptId(62), count: 50 });
    bench.at(31, Event::Worked { attempt: AttemptId(62), count: 40 });
    let told = bench.at(210, Event::Tick);
    assert_eq!(told, ["beat 1 under 5 [(61, 0), (62, 50)] [61]", "commit 61 under 5"]);
    assert_eq!(bench.at(220, settled(61, Settlement::Committed)), NOTHING);
    assert_eq!(bench.at(410, Event::Tick), ["beat 2 under 5 [(62, 50)] [61]"]);
    // A reduce has no file. What ends while there is no line is said on the next one.
    bench.at(420, Event::Disconnected);
    assert_eq!(bench.at(430, reduced(62)), NOTHING);
    let told = bench.at(440, Event::Connected);
    assert_eq!(told, ["beat 3 under 5 [(62, 50)] [61]", "commit 62 under 5"]);
    assert_eq!(bench.at(450, settled(62, Settlement::Refused)), NOTHING);
    assert_eq!(bench.at(640, Event::Tick), ["beat 4 under 5 [] [61]"]);
}

#[test]
fn a_refused_output_is_forgotten() {
    let mut bench = Bench::busy();
    bench.at(20, mapped(61));
    assert_eq!(bench.at(30, settled(61, Settlement::Refused)), ["forget 61"]);
    assert_eq!(bench.at(31, settled(61, Settlement::Refused)), NOTHING);
    assert_eq!(bench.at(32, settled(62, Settlement::Refused)), NOTHING, "it never asked");
    assert_eq!(bench.at(210, Event::Tick), ["beat 1 under 5 [(62, 0)] []"]);
}

#[test]
fn a_committed_output_stays_until_nobody_needs_it() {
    let mut bench = Bench::busy();
    bench.at(20, mapped(61));
    bench.at(30, settled(61, Settlement::Committed));
    assert_eq!(bench.at(40, settled(61, Settlement::Refused)), NOTHING, "it was settled");
    assert_eq!(bench.at(50, heard_with(3, (4, 1), &[], &[61])), NOTHING, "said under an earlier lease");
    assert_eq!(bench.at(60, heard_with(3, (5, 1), &[], &[61, 62, 99])), ["forget 61"]);
    assert_eq!(bench.at(210, Event::Tick), ["beat 1 under 5 [(62, 0)] []"]);
}

#[test]
fn a_stopped_attempt_leaves_nothing() {
    let mut bench = Bench::busy();
    bench.at(20, mapped(61));
    let told = bench.at(30, heard_with(3, (5, 1), &[61, 62, 63], &[]));
    assert_eq!(told, ["forget 61", "stop 62"]);
    assert_eq!(bench.at(31, mapped(62)), ["forget 62"]);
    assert_eq!(bench.at(32, broke(62, Failure::Stalled)), NOTHING);
    assert_eq!(bench.at(210, Event::Tick), ["beat 1 under 5 [] []"]);
}

#[test]
fn a_fault_of_the_task_is_told_and_any_failure_is_reported() {
    let mut bench = Bench::busy();
    let why = "no such file".to_owned();
    let told = bench.at(20, broke(61, Failure::Task { why }));
    assert_eq!(told, ["observed 61: no such file", "failed 61 under 5"]);
    let gone = Failure::Fetch { map: AttemptId(50), lack: crate::state::Lack::Gone };
    assert_eq!(bench.at(30, broke(62, gone)), ["failed 62 under 5"]);
    let told = bench.at(210, Event::Tick);
    assert_eq!(told, ["beat 1 under 5 [(61, 0), (62, 0)] []", "failed 61 under 5", "failed 62 under 5"]);
    assert_eq!(bench.at(220, settled(61, Settlement::Refused)), NOTHING);
    assert_eq!(bench.at(230, heard_with(3, (5, 1), &[62], &[])), NOTHING);
    assert_eq!(bench.at(410, Event::Tick), ["beat 2 under 5 [] []"]);
}

#[test]
fn who_does_not_lead_or_does_not_answer_is_left() {
    let mut bench = Bench::new(&[]);
    bench.at(0, Event::Connected);
    let not_leader = |leader| Event::Message(ToWorker::NotLeader { leader });
    assert_eq!(bench.at(1, not_leader(Some(2))), ["connect 2"]);
    assert_eq!(bench.at(2, not_leader(Some(1))), NOTHING, "that line was given up");
    bench.at(3, Event::Connected);
    assert_eq!(bench.at(4, not_leader(None)), ["connect next"]);
    assert_eq!(bench.at(5, Event::Disconnected), ["connect next"], "it could not be had");
    bench.at(10, Event::Connected);
    assert_eq!(bench.wakes_at(), Some(1_010));
    assert_eq!(bench.at(1_009, Event::Tick), NOTHING);
    assert_eq!(bench.at(1_010, Event::Tick), ["connect next"]);
    assert_eq!(bench.wakes_at(), None);
}

#[test]
fn a_line_that_goes_silent_is_left_while_the_lease_is_kept() {
    let mut bench = Bench::leased();
    bench.at(210, Event::Tick);
    bench.at(220, heard(3, 5, 1));
    for beat in 0..5 {
        bench.at(410 + 200 * beat, Event::Tick);
    }
    assert_eq!(bench.at(1_409, heard(2, 5, 6)), NOTHING, "an earlier leader's answer is none");
    assert_eq!(bench.at(1_410, Event::Tick), ["connect next"]);
    assert_eq!(bench.worker.epoch(), Some(Epoch(5)));
    assert_eq!(bench.at(1_420, Event::Connected), ["beat 7 under 5 [] []"]);
    assert_eq!(bench.wakes_at(), Some(1_620));
}
