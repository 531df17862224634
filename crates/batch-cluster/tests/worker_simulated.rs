//! Workers on the simulated ground, with a controller that does what the test tells it: outputs
//! survive what they must survive, fetches that break off are seen, leases end.

mod worker_desk;

use std::sync::mpsc::Receiver;
use std::time::Duration;

use batch_cluster::job::{AttemptId, Manifest, Source};
use batch_cluster::protocol::FromWorker;
use batch_cluster::state::{Failure, Lack};
use batch_cluster::wordcount::reference;
use batch_cluster::worker::{WorkerConfig, run};
use batch_cluster::{Bug, Bugs};
use squall_history::vocab::batch;
use squall_history::{
    Body, DiskProfile, Identity, NetworkProfile, NodeEvent, NodeName, Record, Seed, SimDuration, SimTime,
    Topology,
};
use squall_sim::{Journaling, Ran, Rule, Sim, SimConfig, SimLimits};

use worker_desk::{CONTROLLERS, Desk, LEADER, counts, follow, map, reduce};

const WORKERS: [&str; 2] = ["worker-1", "worker-2"];
const US: u64 = 1_000;
const MS: u64 = 1_000 * US;
const INPUT: Source = Source::Generated { seed: 4, records: 400 };

struct Lab {
    sim: Sim,
    desk: Desk,
    heard: Receiver<(String, FromWorker)>,
    /// All that was heard so far.
    words: Vec<(String, FromWorker)>,
    records: Vec<Record>,
    per_record: Duration,
    chunk: usize,
    bugs: Bugs,
}

impl Lab {
    /// Controllers that run, and workers that do not yet.
    fn new(seed: u64) -> Self {
        let sim = Sim::new(&SimConfig {
            seed: Seed(seed),
            topology: &Topology::of_roles(&[("controller", 2), ("worker", 2)]),
            network: NetworkProfile { latency: SimDuration::from_millis(1), ..NetworkProfile::LAN },
            disk: DiskProfile::default(),
            limits: SimLimits::default(),
            journaling: Journaling::Off,
        });
        let (desk, heard) = Desk::new(Duration::from_secs(2));
        let (words, records) = (Vec::new(), Vec::new());
        let (per_record, chunk, bugs) = (Duration::ZERO, 16 << 10, Bugs::none());
        let mut lab = Self { sim, desk, heard, words, records, per_record, chunk, bugs };
        for place in 0..CONTROLLERS.len() {
            lab.boot_controller(place);
        }
        lab
    }

    fn boot_controller(&mut self, place: usize) {
        let desk = self.desk.clone();
        let software = async move {
            let port = batch_cluster::protocol::WORKER_PORT;
            let ended = if place == LEADER { desk.lead(port).await } else { follow(port).await };
            ended.map_err(|error| error.to_string())
        };
        self.sim.start(&CONTROLLERS[place].into(), Box::pin(software));
    }

    fn boot(&mut self, worker: &str) {
        let config = WorkerConfig {
            per_record: self.per_record,
            chunk: self.chunk,
            bugs: self.bugs.clone(),
            ..WorkerConfig::new(worker, &CONTROLLERS.map(String::from))
        };
        let software = async move { run(config).await.map_err(|error| error.to_string()) };
        self.sim.start(&worker.into(), Box::pin(software));
    }

    /// Both workers registered, at 1 s.
    fn with_workers(mut self) -> Self {
        WORKERS.into_iter().for_each(|worker| self.boot(worker));
        self.run_to(1_000 * MS);
        self
    }

    fn run_to(&mut self, until: u64) {
        while match self.sim.run_until(SimTime(until)) {
            Ran::Reached => false,
            Ran::Recorded => true,
            other => panic!("{other:?}"),
        } {
            self.records.extend(self.sim.take_records());
        }
        self.records.extend(self.sim.take_records());
        self.words.extend(self.heard.try_iter());
    }

    fn run_for(&mut self, span: u64) {
        self.run_to(self.sim.now().0 + span);
    }

    /// What an attempt made, if it was heard.
    fn committed(&self, id: u64) -> Option<Manifest> {
        self.words.iter().find_map(|(_, word)| match word {
            FromWorker::Commit { attempt, manifest, .. } if attempt.0 == id => Some(manifest.clone()),
            _ => None,
        })
    }

    fn failed(&self, id: u64) -> Option<Failure> {
        self.words.iter().find_map(|(_, word)| match word {
            FromWorker::Failed { attempt, failure, .. } if attempt.0 == id => Some(failure.clone()),
            _ => None,
        })
    }

    /// What a worker's disk kept, by its last registration.
    fn kept(&self, worker: &str) -> Vec<AttemptId> {
        let kept = self.words.iter().rev().find_map(|(from, word)| match word {
            FromWorker::Register { kept, .. } if from == worker => Some(kept.clone()),
            _ => None,
        });
        kept.expect("it registered")
    }

    /// The attempts and outputs in a worker's last heartbeat.
    fn beat(&self, worker: &str) -> (Vec<u64>, Vec<u64>) {
        let beat = self.words.iter().rev().find_map(|(from, word)| match word {
            FromWorker::Heartbeat { attempts, outputs, .. } if from == worker => {
                let attempts = attempts.iter().map(|(attempt, _)| attempt.0).collect();
                Some((attempts, outputs.iter().map(|attempt| attempt.0).collect()))
            }
            _ => None,
        });
        beat.expect("it has a lease")
    }

    fn observed(&self, of: impl Fn(&batch::Event) -> bool) -> Vec<(u64, String)> {
        let told =
            self.records.iter().filter(|record| matches!(&record.body, Body::Batch(event) if of(event)));
        told.map(|record| (record.at.0, record.node.as_ref().expect("a worker's").to_string())).collect()
    }

    fn is_free_of_panics(&self) -> bool {
        let failed = |record: &Record| {
            matches!(record.body, Body::Node(NodeEvent::Panicked { .. } | NodeEvent::Exited { .. }))
        };
        !self.records.iter().any(failed)
    }

    /// Maps the whole input on the first worker, as attempt 10, into two partitions.
    fn mapped(&mut self) -> Manifest {
        self.desk.launch(WORKERS[0], 10, map(&INPUT, (0, 1), 2));
        self.run_for(500 * MS);
        self.committed(10).expect("a map takes a few milliseconds")
    }

    fn cut(&mut self, from: &str, to: &str) {
        let links = [(name(from), name(to)), (name(to), name(from))];
        self.sim.add_rule(Identity(7), Rule::Cut, &links);
    }
}

fn name(worker: &str) -> NodeName {
    worker.into()
}

#[test]
fn map_and_reduce_give_what_the_reference_gives() {
    for seed in 0..5 {
        let mut lab = Lab::new(seed).with_workers();
        let mut maps = Vec::new();
        for number in 0..4 {
            let worker = WORKERS[number as usize % 2];
            lab.desk.launch(worker, 10 + u64::from(number), map(&INPUT, (number, 4), 3));
            lab.run_for(200 * MS);
            maps.push((10 + u64::from(number), worker, lab.committed(10 + u64::from(number)).unwrap()));
        }
        let mut parts = Vec::new();
        for partition in 0..3 {
            let attempt = 20 + u64::from(partition);
            lab.desk.launch(WORKERS[partition as usize % 2], attempt, reduce(partition, &maps));
            lab.run_for(200 * MS);
            parts.push(lab.committed(attempt).unwrap());
        }
        assert_eq!(Some(counts(&parts)), reference(&INPUT), "seed {seed}");
        assert_eq!(lab.beat(WORKERS[0]), (vec![], vec![10, 12]));
        let started = lab.observed(|event| matches!(event, batch::Event::AttemptStarted { .. }));
        assert_eq!(started.len(), 7);
        assert!(lab.is_free_of_panics());
    }
}

#[test]
fn an_output_that_was_told_survives_a_loss_of_power_whenever_it_comes() {
    let (mut told, mut kept_untold, mut lost) = (0, 0, 0);
    for step in 0..60 {
        let mut lab = Lab::new(step).with_workers();
        lab.desk.launch(WORKERS[0], 10, map(&INPUT, (0, 1), 2));
        lab.run_for(step * 250 * US);
        let manifest = lab.committed(10);
        lab.sim.power_loss(&name(WORKERS[0]));
        lab.run_for(10 * MS);
        lab.boot(WORKERS[0]);
        lab.run_for(1_000 * MS);
        let kept = lab.kept(WORKERS[0]);
        match &manifest {
            Some(_) => assert_eq!(kept, [AttemptId(10)], "step {step}"),
            None if kept.is_empty() => lost += 1,
            None => kept_untold += 1,
        }
        if let Some(manifest) = manifest {
            told += 1;
            for partition in 0..2 {
                let work = reduce(partition, &[(10, WORKERS[0], manifest.clone())]);
                lab.desk.launch(WORKERS[1], 20 + u64::from(partition), work);
            }
            lab.run_for(500 * MS);
            let parts = [20, 21].map(|attempt| lab.committed(attempt).unwrap());
            assert_eq!(Some(counts(&parts)), reference(&INPUT), "step {step}");
        }
        assert!(lab.is_free_of_panics());
    }
    assert!(told > 5 && kept_untold > 2 && lost > 5, "{told} {kept_untold} {lost}");
}

/// A reduce on the second worker while the first, whose output it fetches, is killed `after` it was
/// launched; nothing if it was done before.
fn broken_fetch(bugs: Bugs, after: u64) -> Option<Result<Manifest, Failure>> {
    let mut lab = Lab::new(after);
    (lab.bugs, lab.chunk) = (bugs, 16);
    let mut lab = lab.with_workers();
    let manifest = lab.mapped();
    lab.desk.launch(WORKERS[1], 20, reduce(0, &[(10, WORKERS[0], manifest)]));
    lab.run_for(after);
    let was_done = lab.committed(20).is_some();
    lab.sim.kill(&name(WORKERS[0]));
    lab.run_for(3_000 * MS);
    assert!(lab.is_free_of_panics());
    let result = lab.committed(20).map(Ok).or_else(|| lab.failed(20).map(Err));
    (!was_done).then(|| result.expect("every attempt ends"))
}

#[test]
fn a_fetch_that_breaks_off_fails_and_with_the_bug_it_shows_in_the_tally() {
    let expected = {
        let mut lab = Lab::new(0).with_workers();
        let Manifest::Map { segments, .. } = lab.mapped() else { unreachable!() };
        segments[0].tally
    };
    let (mut unreachable, mut whole, mut short) = (0, 0, 0);
    for step in 0..40 {
        match broken_fetch(Bugs::none(), step * 250 * US) {
            Some(Err(failure)) => {
                assert_eq!(failure, Failure::Fetch { map: AttemptId(10), lack: Lack::Unreachable });
                unreachable += 1;
            }
            Some(Ok(Manifest::Reduce { consumed, .. })) => {
                assert_eq!(consumed[0].tally, expected);
                whole += 1;
            }
            Some(Ok(manifest)) => panic!("{manifest:?}"),
            None => {}
        }
        if let Some(Ok(Manifest::Reduce { consumed, .. })) =
            broken_fetch(Bug::ShortReadIsEof.into(), step * 250 * US)
        {
            short += usize::from(consumed[0].tally != expected);
        }
    }
    assert!(unreachable > 10 && whole > 0 && short > 5, "{unreachable} {whole} {short}");
}

#[test]
fn an_output_that_is_gone_is_told_from_one_that_cannot_be_reached() {
    let mut lab = Lab::new(3).with_workers();
    let manifest = lab.mapped();
    let inputs = |attempt, node| reduce(0, &[(attempt, node, manifest.clone())]);
    lab.desk.launch(WORKERS[1], 20, inputs(11, WORKERS[0]));
    lab.desk.launch(WORKERS[0], 21, inputs(11, WORKERS[0]));
    lab.run_for(100 * MS);
    let gone = Failure::Fetch { map: AttemptId(11), lack: Lack::Gone };
    assert_eq!([20, 21].map(|attempt| lab.failed(attempt)), [Some(gone.clone()), Some(gone)]);
    // Other bytes than the manifest says, from afar and from the own disk.
    let Manifest::Map { input, mut segments } = manifest.clone() else { unreachable!() };
    segments[0].crc ^= 1;
    let wrong = Manifest::Map { input, segments };
    lab.desk.launch(WORKERS[1], 22, reduce(0, &[(10, WORKERS[0], wrong.clone())]));
    lab.desk.launch(WORKERS[0], 23, reduce(0, &[(10, WORKERS[0], wrong)]));
    lab.run_for(500 * MS);
    let gone = Failure::Fetch { map: AttemptId(10), lack: Lack::Gone };
    assert_eq!([22, 23].map(|attempt| lab.failed(attempt)), [Some(gone.clone()), Some(gone)]);
    // Three tries of half a second, and the pauses between them.
    lab.cut(WORKERS[0], WORKERS[1]);
    lab.desk.launch(WORKERS[1], 24, inputs(10, WORKERS[0]));
    lab.run_for(1_500 * MS);
    assert_eq!(lab.failed(24), None);
    lab.run_for(500 * MS);
    assert_eq!(lab.failed(24), Some(Failure::Fetch { map: AttemptId(10), lack: Lack::Unreachable }));
}

#[test]
fn an_input_that_is_not_there_is_the_fault_of_the_task() {
    let mut lab = Lab::new(3).with_workers();
    let source = Source::File { name: "text".to_owned(), bytes: 100 };
    lab.desk.launch(WORKERS[0], 10, map(&source, (0, 1), 2));
    lab.run_for(100 * MS);
    assert!(matches!(lab.failed(10), Some(Failure::Task { why }) if why.starts_with("input `text`")));
    let told = |event: &batch::Event| matches!(event, batch::Event::AttemptFailed { attempt: 10, .. });
    assert_eq!(lab.observed(told).len(), 1);
    assert!(lab.is_free_of_panics());
}

#[test]
fn a_stopped_attempt_frees_its_slot_and_leaves_nothing() {
    let mut lab = Lab::new(3);
    lab.per_record = Duration::from_millis(10);
    let mut lab = lab.with_workers();
    for attempt in 10..13 {
        lab.desk.launch(WORKERS[0], attempt, map(&INPUT, (0, 1), 2));
    }
    lab.run_for(600 * MS);
    assert_eq!(lab.beat(WORKERS[0]).0, [10, 11], "two slots");
    lab.desk.heard(WORKERS[0], &[10], &[]);
    lab.run_for(10 * MS);
    lab.desk.launch(WORKERS[0], 13, map(&INPUT, (0, 1), 2));
    lab.run_for(600 * MS);
    assert_eq!(lab.beat(WORKERS[0]).0, [11, 13]);
    lab.run_for(5_000 * MS);
    assert_eq!(lab.beat(WORKERS[0]), (vec![], vec![11, 13]));
    assert_eq!([10, 11, 12, 13].map(|attempt| lab.committed(attempt).is_some()), [false, true, false, true]);
    // An output of which nobody needs anything leaves the disk for good.
    lab.desk.heard(WORKERS[0], &[], &[11]);
    lab.run_for(300 * MS);
    lab.sim.kill(&name(WORKERS[0]));
    lab.boot(WORKERS[0]);
    lab.run_for(1_000 * MS);
    assert_eq!(lab.kept(WORKERS[0]), [AttemptId(13)]);
    assert!(lab.is_free_of_panics());
}

#[test]
fn a_worker_that_hears_no_leader_stops_within_its_lease_and_comes_back() {
    let mut lab = Lab::new(3);
    lab.per_record = Duration::from_millis(20);
    let mut lab = lab.with_workers();
    lab.desk.launch(WORKERS[0], 10, map(&INPUT, (0, 1), 2));
    lab.run_for(1_000 * MS);
    let cut_at = lab.sim.now().0;
    lab.sim.power_loss(&name(CONTROLLERS[LEADER]));
    lab.run_for(10_000 * MS);
    let suspended = lab.observed(|event| matches!(event, batch::Event::Suspended { .. }));
    assert_eq!(suspended.len(), 2, "{suspended:?}");
    assert!(suspended.iter().all(|(at, _)| *at <= cut_at + 2_000 * MS && *at >= cut_at + 1_700 * MS));
    assert_eq!(lab.committed(10), None);
    lab.boot_controller(LEADER);
    lab.run_for(2_000 * MS);
    // What it was at ended with the lease: it has a free hand again.
    assert_eq!(lab.beat(WORKERS[0]), (vec![], vec![]));
    lab.desk.launch(WORKERS[0], 11, map(&INPUT, (0, 4), 2));
    lab.run_for(3_000 * MS);
    assert!(lab.committed(11).is_some() && lab.committed(10).is_none());
    assert!(lab.is_free_of_panics());
}

#[test]
fn a_lease_outlives_the_controller_that_gave_it() {
    let mut lab = Lab::new(5);
    lab.per_record = Duration::from_millis(5);
    let mut lab = lab.with_workers();
    lab.desk.launch(WORKERS[0], 10, map(&INPUT, (0, 1), 2));
    lab.run_for(300 * MS);
    lab.sim.kill(&name(CONTROLLERS[LEADER]));
    lab.run_for(200 * MS);
    lab.boot_controller(LEADER);
    lab.run_for(4_000 * MS);
    assert!(lab.committed(10).is_some());
    assert_eq!(lab.observed(|event| matches!(event, batch::Event::Suspended { .. })), []);
}

#[test]
fn a_seed_repeats() {
    let mut digests = (0..2).map(|_| {
        let mut lab = Lab::new(9).with_workers();
        lab.mapped();
        lab.sim.digest()
    });
    assert_eq!(digests.next(), digests.next());
}
