//! Many seeds: runs in parallel, results in seed order.
//!
//! Whatever `-j`, the sequence of results is the same: a scenario ends at its `max_fail`-th failing
//! seed in seed order, and what other hosts ran beyond it is thrown away. Every failing seed, and a
//! share of the passing ones chosen by a hash of the seed, is run a second time on another host; a
//! second digest that differs is an outcome of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};

use squall_check::{Outcome, SeedResult};
use squall_history::{Identity, Plan, Ppm, Seed};

use crate::{HostError, Recording, RunHost, RunReply, RunRequest};

/// One seed of one scenario.
pub struct Job {
    /// Place of the scenario in the campaign.
    pub scenario: usize,
    /// The seed.
    pub seed: Seed,
}

/// How a campaign goes about it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// A scenario ends at this many failing seeds.
    pub max_fail: u64,
    /// This share of the passing seeds is run again.
    pub recheck: Ppm,
}

impl Policy {
    /// The share of passing seeds that is run again if nobody says otherwise: one of 32.
    pub const RECHECK: Ppm = Ppm::new(1_000_000 / 32).expect("less than one");
}

impl Default for Policy {
    fn default() -> Self {
        Self { max_fail: 1, recheck: Self::RECHECK }
    }
}

/// What a second run of a seed showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Second {
    /// There was none.
    NotRun,
    /// The same, to the last event.
    Same,
    /// Something else: no seed decides this run.
    Differs,
}

/// A seed that is done, in order.
#[derive(Debug)]
pub struct Finished {
    /// Place of its scenario in the campaign.
    pub scenario: usize,
    /// What it came to.
    pub result: SeedResult,
    /// The plan it ran.
    pub plan: Plan,
    /// The second, recorded run of a seed that failed; the first of one that reached the wall limit,
    /// which is not run again.
    pub recorded: Option<RunReply>,
    /// What the second run showed.
    pub second: Second,
}

/// What a campaign tells while it goes on.
#[derive(Debug)]
pub enum Progress {
    /// A host begins with a job.
    Started {
        /// Which host.
        worker: usize,
        /// Place of the scenario.
        scenario: usize,
        /// The seed.
        seed: Seed,
    },
    /// A host is done with it; its result comes in its turn.
    Done {
        /// Which host.
        worker: usize,
        /// Place of the scenario.
        scenario: usize,
        /// The seed.
        seed: Seed,
    },
    /// The next result in seed order.
    Finished(Box<Finished>),
}

/// A campaign: jobs, and what turns them into plans.
pub struct Campaign<'a> {
    /// All jobs, in order; those of one scenario together.
    pub jobs: Vec<Job>,
    /// The plan of a job.
    pub plan: &'a (dyn Fn(&Job) -> Plan + Sync),
    /// Whether a failing result counts towards `max_fail`; a known failure does not.
    pub counts: &'a (dyn Fn(&SeedResult, usize) -> bool + Sync),
    /// How to go about it.
    pub policy: Policy,
}

/// What one host has to say of one job.
enum Message {
    Started(usize, usize),
    Done(usize, usize, Result<Box<Finished>, HostError>),
}

impl Campaign<'_> {
    /// Runs all jobs on `hosts`, second runs on `verifiers`, which are shared out among the hosts, and
    /// tells `sink` what happens.
    ///
    /// # Errors
    /// The first error of a host in job order; what was told before stands.
    ///
    /// # Panics
    /// Without a host or a verifier.
    pub fn run(
        &self,
        hosts: &mut [Box<dyn RunHost>],
        verifiers: &mut [Box<dyn RunHost>],
        sink: &mut dyn FnMut(Progress),
    ) -> Result<(), HostError> {
        assert!(!hosts.is_empty() && !verifiers.is_empty(), "a campaign needs a host and a verifier");
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        // By scenario: jobs from this place on are not needed any more.
        let cut: Vec<AtomicUsize> = (0..self.scenarios()).map(|_| AtomicUsize::new(usize::MAX)).collect();
        let verifiers: Vec<Verifier<'_>> = verifiers.iter_mut().map(Mutex::new).collect();
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for (worker, host) in hosts.iter_mut().enumerate() {
                let (sender, next, stop, cut) = (sender.clone(), &next, &stop, &cut);
                let verifier = &verifiers[worker % verifiers.len()];
                scope.spawn(move || {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        if place >= self.jobs.len() || stop.load(Ordering::Relaxed) {
                            return;
                        }
                        if place > cut[self.jobs[place].scenario].load(Ordering::Relaxed) {
                            continue;
                        }
                        // A receiver that is gone has seen enough.
                        if sender.send(Message::Started(worker, place)).is_err() {
                            return;
                        }
                        let done = self.job(&self.jobs[place], host.as_mut(), verifier);
                        if sender.send(Message::Done(worker, place, done)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let ended = self.in_order(&receiver, &cut, sink);
            stop.store(true, Ordering::Relaxed);
            ended
        })
    }

    fn scenarios(&self) -> usize {
        self.jobs.iter().map(|job| job.scenario + 1).max().unwrap_or(0)
    }

    /// Puts results in job order and cuts each scenario at its last failure.
    fn in_order(
        &self,
        receiver: &mpsc::Receiver<Message>,
        cut: &[AtomicUsize],
        sink: &mut dyn FnMut(Progress),
    ) -> Result<(), HostError> {
        let mut waiting = BTreeMap::new();
        let mut failures = vec![0; cut.len()];
        let mut turn = 0;
        loop {
            while turn < self.jobs.len() {
                let scenario = self.jobs[turn].scenario;
                if turn > cut[scenario].load(Ordering::Relaxed) {
                    waiting.remove(&turn);
                } else if let Some(done) = waiting.remove(&turn) {
                    let done: Box<Finished> = done?;
                    if (self.counts)(&done.result, scenario) {
                        failures[scenario] += 1;
                        if failures[scenario] == self.policy.max_fail {
                            cut[scenario].store(turn, Ordering::Relaxed);
                        }
                    }
                    sink(Progress::Finished(done));
                } else {
                    break;
                }
                turn += 1;
            }
            if turn == self.jobs.len() {
                return Ok(());
            }
            let job = |place: usize| (self.jobs[place].scenario, self.jobs[place].seed);
            match receiver.recv().expect("a job that is not done has a host that works on it") {
                Message::Started(worker, place) => {
                    let (scenario, seed) = job(place);
                    sink(Progress::Started { worker, scenario, seed });
                }
                Message::Done(worker, place, done) => {
                    let (scenario, seed) = job(place);
                    sink(Progress::Done { worker, scenario, seed });
                    waiting.insert(place, done);
                }
            }
        }
    }

    /// Runs one job, and a second time where that is due.
    fn job(
        &self,
        job: &Job,
        host: &mut dyn RunHost,
        verifier: &Verifier<'_>,
    ) -> Result<Box<Finished>, HostError> {
        let plan = (self.plan)(job);
        let first = host.run(&RunRequest { plan: plan.clone(), recording: Recording::Summary })?;
        let mut result = first.result.clone();
        let failed = result.outcome != Outcome::Pass;
        let (mut recorded, mut seen) = (None, Second::NotRun);
        if result.outcome == Outcome::Timeout {
            recorded = Some(first);
        } else if failed || self.is_sampled(job.seed) {
            let recording = if failed { Recording::Full } else { Recording::Summary };
            let request = RunRequest { plan: plan.clone(), recording };
            let mut verifier = verifier.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let second = verifier.run(&request)?;
            drop(verifier);
            seen = compare(&mut result, &second.result);
            recorded = failed.then_some(second);
        }
        Ok(Box::new(Finished { scenario: job.scenario, result, plan, recorded, second: seen }))
    }

    fn is_sampled(&self, seed: Seed) -> bool {
        let hash = Identity::of("recheck").with(seed.0).0;
        let millionth = (u128::from(hash) * 1_000_000) >> 64;
        millionth < self.policy.recheck.get().into()
    }
}

/// A host for second runs, shared by some of the hosts for first ones.
type Verifier<'a> = Mutex<&'a mut Box<dyn RunHost>>;

/// The second run must be the first, to the last event. One that the wall limit cut short says
/// nothing: how far it came is a matter of the machine.
fn compare(first: &mut SeedResult, second: &SeedResult) -> Second {
    if second.outcome == Outcome::Timeout {
        return Second::NotRun;
    }
    if let Some(difference) = difference(first, second) {
        first.detail = difference;
        first.outcome = Outcome::Nondeterministic;
        return Second::Differs;
    }
    if first.detail.is_empty() || second.detail.len() > first.detail.len() {
        // The recorded run knows more: which task did not return, say.
        first.detail.clone_from(&second.detail);
    }
    Second::Same
}

/// What two runs of one plan have come to, if it is not the same.
pub fn difference(first: &SeedResult, second: &SeedResult) -> Option<String> {
    let same = first.digest == second.digest
        && first.outcome == second.outcome
        && first.violations == second.violations;
    let tell = |result: &SeedResult| {
        let digest = result.digest.map_or_else(|| "no digest".to_owned(), |digest| digest.to_string());
        format!("{} with {digest} after {} events", result.outcome.name(), result.events)
    };
    (!same).then(|| format!("the first run was {}, the second {}", tell(first), tell(second)))
}
