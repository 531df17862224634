//! Many seeds: runs in parallel, results in seed order.
//!
//! Whatever `-j`, the sequence of results is the same: a scenario ends at its `max_fail`-th failing
//! seed in seed order, and what other hosts ran beyond it is thrown away. Every failing seed, and a
//! share of the passing ones chosen by a hash of the seed, is run a second time on another host; a
//! second digest that differs is an outcome of its own.
//!
//! A campaign may be run in several stints: each ends on a prefix of the results, and the next goes on
//! from there ([`Turn`]). It may be cut into slices for several machines ([`Slice`]).

mod slice;
mod turn;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

pub use slice::{Slice, SliceError};
use squall_check::{Outcome, SeedResult};
use squall_history::{Identity, Plan, Ppm, Seed};
pub use turn::{Counts, Turn};

use crate::{HostError, Recording, RunHost, RunReply, RunRequest};

/// How soon a wish to stop is noticed while all hosts are busy. It decides when the user is told, and
/// nothing else.
const NOTICE: Duration = Duration::from_millis(100);

/// One seed of one scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
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

    /// Whether a passing seed is run again.
    pub(crate) fn samples(&self, seed: Seed) -> bool {
        let hash = Identity::of("recheck").with(seed.0).0;
        let millionth = (u128::from(hash) * 1_000_000) >> 64;
        millionth < self.recheck.get().into()
    }
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
    /// No more jobs begin; those that run come to their end.
    Stopping,
}

/// What of a campaign is run in one go.
pub struct Stint<'a> {
    /// Where it begins; the results before that are there already.
    pub from: Turn,
    /// Asked before each job: whether no more are to begin. Once it said so, it is to stay with it.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// How far a stint came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// All results were told.
    End,
    /// It was stopped; what was told is a prefix of the results.
    Prefix,
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

/// What the threads of a stint share.
struct Shared {
    /// The place of the job that is taken next.
    next: AtomicUsize,
    /// Everything was told, or an error was.
    ended: AtomicBool,
    /// By scenario: none of its jobs is needed any more.
    over: Vec<AtomicBool>,
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
        let stint = Stint { from: Turn::new(self.policy.max_fail), stop: &|| false };
        self.run_stint(&stint, hosts, verifiers, sink).map(|_| ())
    }

    /// As [`run`](Self::run), from a turn on and until told to stop. What is told is then a prefix of
    /// what a stint without end would tell.
    ///
    /// # Errors
    /// The first error of a host in job order; what was told before stands.
    ///
    /// # Panics
    /// Without a host or a verifier.
    pub fn run_stint(
        &self,
        stint: &Stint<'_>,
        hosts: &mut [Box<dyn RunHost>],
        verifiers: &mut [Box<dyn RunHost>],
        sink: &mut dyn FnMut(Progress),
    ) -> Result<Reached, HostError> {
        assert!(!hosts.is_empty() && !verifiers.is_empty(), "a campaign needs a host and a verifier");
        let over = (0..self.scenarios()).map(|scenario| stint.from.is_over(scenario).into()).collect();
        let first = stint.from.clone().due(&self.jobs).unwrap_or(self.jobs.len());
        let shared = Shared { next: AtomicUsize::new(first), ended: AtomicBool::new(false), over };
        let verifiers: Vec<Verifier<'_>> = verifiers.iter_mut().map(Mutex::new).collect();
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for (worker, host) in hosts.iter_mut().enumerate() {
                let (sender, shared) = (sender.clone(), &shared);
                let verifier = &verifiers[worker % verifiers.len()];
                // A receiver that is gone has seen enough.
                scope.spawn(move || {
                    while let Some(place) = self.take(shared, stint) {
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
            let reached = self.in_order(stint, &receiver, &shared, sink);
            shared.ended.store(true, Ordering::Relaxed);
            reached
        })
    }

    fn scenarios(&self) -> usize {
        self.jobs.iter().map(|job| job.scenario + 1).max().unwrap_or(0)
    }

    /// The place of the next job to run. To stop is asked before a place is taken: so every place that
    /// was taken gets its result, and no hole is left among them.
    fn take(&self, shared: &Shared, stint: &Stint<'_>) -> Option<usize> {
        loop {
            if shared.ended.load(Ordering::Relaxed) || (stint.stop)() {
                return None;
            }
            let place = shared.next.fetch_add(1, Ordering::Relaxed);
            let job = self.jobs.get(place)?;
            if !shared.over[job.scenario].load(Ordering::Relaxed) {
                return Some(place);
            }
        }
    }

    /// Puts results in job order and ends each scenario at its last failure.
    fn in_order(
        &self,
        stint: &Stint<'_>,
        receiver: &mpsc::Receiver<Message>,
        shared: &Shared,
        sink: &mut dyn FnMut(Progress),
    ) -> Result<Reached, HostError> {
        let mut turn = stint.from.clone();
        let mut waiting = BTreeMap::new();
        let mut stopping = false;
        loop {
            while let Some(done) = turn.due(&self.jobs).and_then(|place| waiting.remove(&place)) {
                let done: Box<Finished> = done?;
                turn.told(&self.jobs, (self.counts)(&done.result, done.scenario).into());
                shared.over[done.scenario].store(turn.is_over(done.scenario), Ordering::Relaxed);
                sink(Progress::Finished(done));
            }
            let Some(place) = turn.due(&self.jobs) else { return Ok(Reached::End) };
            // What was run of scenarios that are over.
            waiting = waiting.split_off(&place);
            let job = |place: usize| (self.jobs[place].scenario, self.jobs[place].seed);
            match receiver.recv_timeout(NOTICE) {
                Ok(Message::Started(worker, place)) => {
                    let (scenario, seed) = job(place);
                    sink(Progress::Started { worker, scenario, seed });
                }
                Ok(Message::Done(worker, place, done)) => {
                    let (scenario, seed) = job(place);
                    sink(Progress::Done { worker, scenario, seed });
                    waiting.insert(place, done);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Reached::Prefix),
            }
            if !stopping && (stint.stop)() {
                stopping = true;
                sink(Progress::Stopping);
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
        } else if failed || self.policy.samples(job.seed) {
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
}

/// A host for second runs, shared by some of the hosts for first ones.
type Verifier<'a> = Mutex<&'a mut Box<dyn RunHost>>;

/// The second run must be the first, to the last event. One that the wall limit cut short says
/// nothing: how far it came is a matter of the machine.
pub(crate) fn compare(first: &mut SeedResult, second: &SeedResult) -> Second {
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
    (!same).then(|| format!("{DIFFERS}{}, the second {}", tell(first), tell(second)))
}

/// How [`difference`] begins.
const DIFFERS: &str = "the first run was ";

/// Whether a result says that the second run of its seed was another.
pub fn has_differed(result: &SeedResult) -> bool {
    result.outcome == Outcome::Nondeterministic && result.detail.starts_with(DIFFERS)
}
