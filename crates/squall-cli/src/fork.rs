//! Runs in worker processes: where the library meets the seal.
//!
//! The parent execs this same program with a hidden argument; the worker forks for every run and
//! watches the child. So a run that aborts, overflows its stack, takes all memory or never returns
//! ends with a name, and the sweep goes on.

mod log;
mod refusal;

use std::time::Duration;

use squall::history::NodeName;
use squall::{Hooks, HostError, Recording, Registry, RunError, RunHost, RunReply, RunRequest, Spent};
use squall_check::{Outcome, SeedResult};
use squall_seal::{Death, DeathKind, Ended, Limits, Request, Worker, WorkerCommand};

/// The first argument of a worker.
pub(crate) const WORKER_ARGUMENT: &str = "__worker";

/// What a worker answers: the reply, or why the plan cannot run.
type Answer = Result<RunReply, Refusal>;

#[derive(serde::Serialize, serde::Deserialize)]
enum Refusal {
    Plan(String),
    Harness(String),
}

/// Serves as a worker for the rest of this process's life.
pub(crate) fn worker(registry: &Registry) -> ! {
    squall_seal::worker_main(|payload| {
        let answer = answer(registry, payload);
        serde_json::to_vec(&answer).expect("a reply is plain data")
    })
}

fn answer(registry: &Registry, payload: &[u8]) -> Answer {
    let request: RunRequest = serde_json::from_slice(payload)
        .map_err(|error| Refusal::Harness(format!("the request cannot be read: {error}")))?;
    let _sealed = squall_seal::seal::on_this_thread(squall_seal::seal::Hooks {
        entropy: squall::simulated::entropy,
        monotonic_ns: squall::simulated::monotonic_ns,
        realtime_ns: squall::simulated::wall_ns,
        refuses: refusal::refuses,
    });
    let hooks = Hooks { progress: Some(squall_seal::progress::tick), place: Some(say_place) };
    let run = || squall::run(registry, &request.plan, request.recording, &hooks);
    let recorded = || match request.recording {
        Recording::Summary | Recording::Coverage | Recording::Events(_) => run(),
        Recording::Full => log::with_log(run, |reply, text| reply.log = text),
    };
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(recorded));
    caught
        .map_err(|payload| Refusal::Harness(panic_text(payload.as_ref())))?
        .map_err(|error: RunError| Refusal::Plan(error.to_string()))
}

fn say_place(node: &NodeName, place: &str) {
    squall_seal::progress::place(&format!("{node}, in a task started at {place}"));
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "(no message)".to_owned())
}

/// A host in a process of its own.
#[derive(Debug)]
pub(crate) struct ForkHost {
    worker: Worker,
    runs: u64,
}

impl ForkHost {
    /// Starts its process.
    pub(crate) fn start() -> Result<Self, HostError> {
        let failed = |error: &dyn std::fmt::Display| HostError::Host(error.to_string());
        let program = std::env::current_exe().map_err(|error| failed(&error))?;
        let command = WorkerCommand { program, args: vec![WORKER_ARGUMENT.into()] };
        let worker = Worker::spawn(&command).map_err(|error| failed(&error))?;
        Ok(Self { worker, runs: 0 })
    }
}

impl RunHost for ForkHost {
    fn run(&mut self, request: &RunRequest) -> Result<RunReply, HostError> {
        let payload = serde_json::to_vec(request).expect("a plan is plain data");
        let defaults = Limits::default();
        let limits = &request.plan.limits;
        let limits = Limits {
            wall: limits.wall.map_or(defaults.wall, |wall| Duration::from_nanos(wall.as_nanos())),
            memory: limits.memory.unwrap_or(defaults.memory),
            ..defaults
        };
        let ended = self.worker.call(&Request { payload, limits });
        self.runs += 1;
        let plan = &request.plan;
        let lost = |error| HostError::Host(format!("{error}, in seed {} of {}", plan.seed, plan.scenario));
        match ended.map_err(lost)? {
            Ended::Replied(bytes) => {
                let answer: Answer = serde_json::from_slice(&bytes)
                    .map_err(|error| HostError::Host(format!("a worker's answer cannot be read: {error}")))?;
                answer.map_err(|refusal| match refusal {
                    Refusal::Plan(why) => HostError::Plan(RunError::Remote(why)),
                    Refusal::Harness(why) => HostError::Host(format!(
                        "seed {} of {} panicked in Squall itself: {why}",
                        request.plan.seed, request.plan.scenario
                    )),
                })
            }
            Ended::Died(death) => Ok(died(request, &death)),
        }
    }

    fn spent(&self) -> Option<Spent> {
        Some(Spent { runs: self.runs, cpu: self.worker.cpu() })
    }
}

/// The reply of a run that could not make one.
fn died(request: &RunRequest, death: &Death) -> RunReply {
    let outcome = match death.kind {
        DeathKind::Abort => Outcome::Abort,
        DeathKind::StackOverflow => Outcome::StackOverflow,
        DeathKind::Signal(_) | DeathKind::Exit(_) => Outcome::Signal,
        DeathKind::OutOfMemory => Outcome::OutOfMemory,
        DeathKind::Stuck => Outcome::Stuck,
        DeathKind::Timeout => Outcome::Timeout,
    };
    let what = match death.kind {
        DeathKind::Signal(signal) => format!("the process died of signal {signal}"),
        DeathKind::Exit(code) => format!("the process exited with code {code}"),
        DeathKind::Stuck => "a poll does not return".to_owned(),
        DeathKind::Abort => "the process aborted".to_owned(),
        DeathKind::StackOverflow => "the stack overflowed".to_owned(),
        DeathKind::OutOfMemory => "the memory limit was reached".to_owned(),
        DeathKind::Timeout => "the wall limit was reached".to_owned(),
    };
    let detail = if death.place.is_empty() { what } else { format!("{what} ({})", death.place) };
    RunReply {
        result: SeedResult { detail, ..SeedResult::of(&request.plan, outcome) },
        bound: None,
        history: None,
        journal: None,
        coverage: None,
        trace: None,
        log: death.stderr.clone(),
    }
}
