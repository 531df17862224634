//! An overseer on a state and a log of its own, event by event.

mod duties;
mod office;
mod talk;

use super::*;
use crate::job::{Incarnation, JobId, JobSpec, Manifest, Segment, Source, Stage, Submission, Tally, TaskId};
use crate::protocol::Work;
use crate::state::{Command, Submitted};

const MS: u64 = 1_000_000;
/// Two seconds and two per cent, and a fifth of a second.
const ALLOWANCE: u64 = 2_240 * MS;

struct Bench {
    overseer: Overseer,
    state: State,
    index: u64,
    now: u64,
}

impl Bench {
    fn new(bugs: Bugs) -> Self {
        let overseer = Overseer::new(Settings::new("k-1", bugs.clone()));
        Self { overseer, state: State::new(bugs), index: 0, now: 1_000 * MS }
    }

    /// One that holds the office of term 1.
    fn in_office(bugs: Bugs) -> Self {
        let mut bench = Self::new(bugs);
        let claim = bench.leads(1);
        bench.decide(1, &claim);
        bench
    }

    /// With these workers, each on the line of its place.
    fn with_workers(names: &[&str]) -> Self {
        let mut bench = Self::in_office(Bugs::none());
        for (line, name) in (1..).zip(names) {
            bench.join(name, line);
        }
        bench
    }

    fn step(&mut self, event: Event) -> Vec<Output> {
        self.overseer.step(Moment(self.now), &self.state, event)
    }

    fn leads(&mut self, term: u64) -> Vec<Output> {
        self.step(Event::Status(Status { term, leader: Some(0), leads: true, applied: 0 }))
    }

    fn follows(&mut self, term: u64) -> Vec<Output> {
        self.step(Event::Status(Status { term, leader: Some(2), leads: false, applied: 0 }))
    }

    fn say(&mut self, line: u64, what: FromWorker) -> Vec<Output> {
        self.step(Event::Said { line: LineId(line), what })
    }

    fn apply(&mut self, term: u64, command: &Command) -> Vec<u8> {
        self.index += 1;
        self.state.apply(self.index, term, command).0
    }

    /// The log takes what is proposed in these outputs.
    fn decide(&mut self, term: u64, outputs: &[Output]) -> Vec<Output> {
        let decisions = proposed(outputs).expect("something is proposed");
        let answer = self.apply(term, &Command::Decide(decisions));
        self.step(Event::Decided(crate::codec::decode(&answer).unwrap()))
    }

    /// As time passes; decides all that is proposed in it. Gives all other outputs.
    fn pass(&mut self, span: u64) -> Vec<Output> {
        self.now += span;
        let outputs = self.step(Event::Tick);
        self.settle(outputs)
    }

    /// Decides until nothing more is proposed. Gives all other outputs.
    fn settle(&mut self, mut outputs: Vec<Output>) -> Vec<Output> {
        let mut all = Vec::new();
        loop {
            let next = proposed(&outputs).is_some().then(|| self.decide(1, &outputs));
            all.extend(outputs.into_iter().filter(|output| !matches!(output, Output::Propose(_))));
            match next {
                Some(next) => outputs = next,
                None => return all,
            }
        }
    }

    fn join(&mut self, name: &str, line: u64) -> Epoch {
        let outputs = self.say(line, register(name));
        let said = self.settle(outputs);
        match said.first() {
            Some(Output::Say { what: ToWorker::Registered { epoch, .. }, .. }) => *epoch,
            other => panic!("{other:?}"),
        }
    }

    fn beat(&mut self, name: &str, line: u64, attempts: &[(AttemptId, u64)]) -> Vec<Output> {
        let epoch = self.state.node(name).unwrap().epoch;
        self.say(line, heartbeat(name, epoch, attempts))
    }

    fn submit(&mut self, maps: u32, reduces: u32) -> JobId {
        let source = Source::Generated { seed: 1, records: 10 };
        let seq = self.index + 1;
        let answer = self.apply(
            1,
            &Command::Submit {
                submission: Submission { client: "c".into(), seq },
                spec: JobSpec { dataset: "words".into(), source, maps, reduces, retries: 2 },
            },
        );
        match crate::codec::decode(&answer).unwrap() {
            Submitted::Accepted { job } => job,
            Submitted::Refused { why } => panic!("{why}"),
        }
    }

    fn live(&self) -> Vec<(TaskId, String)> {
        self.state.attempts().map(|(task, attempt)| (task, attempt.node.clone())).collect()
    }
}

fn register(name: &str) -> FromWorker {
    let incarnation = Incarnation(9);
    FromWorker::Register { node: name.to_owned(), incarnation, slots: 2, kept: Vec::new() }
}

fn heartbeat(name: &str, epoch: Epoch, attempts: &[(AttemptId, u64)]) -> FromWorker {
    let attempts = attempts.to_vec();
    FromWorker::Heartbeat { node: name.to_owned(), epoch, seq: 5, attempts, outputs: Vec::new() }
}

fn proposed(outputs: &[Output]) -> Option<Vec<Decision>> {
    let mut all = outputs.iter().filter_map(|output| match output {
        Output::Propose(decisions) => Some(decisions.clone()),
        _ => None,
    });
    let first = all.next();
    assert!(all.next().is_none(), "one proposal at a time: {outputs:?}");
    first
}

fn map(job: JobId, number: u32) -> TaskId {
    TaskId { job, stage: Stage::Map, number }
}

fn map_manifest() -> Manifest {
    let segment = Segment { offset: 0, length: 1, crc: 0, tally: Tally::default() };
    Manifest::Map { input: Tally::default(), segments: vec![segment] }
}

/// What is launched on which line.
fn launched(outputs: &[Output]) -> Vec<(u64, AttemptId, TaskId)> {
    let launch = |output: &Output| match output {
        Output::Say { line, what: ToWorker::Launch { attempt, work, .. } } => {
            Some((line.0, *attempt, work.task()))
        }
        _ => None,
    };
    outputs.iter().filter_map(launch).collect()
}
