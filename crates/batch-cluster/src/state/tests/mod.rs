//! Rules of the state, one by one. What they do together under chaos is tested by worlds.

mod attempts;
mod nodes;
mod outputs;
mod whole;

use squall_io::vocab::batch::Event;

use super::*;
use crate::Bug;
use crate::job::{Consumed, Incarnation, JobSpec, Manifest, Segment, Source, Stage, Tally};

/// A state with a log of its own.
struct Bench {
    state: State,
    index: u64,
}

impl Bench {
    fn new() -> Self {
        Self { state: State::new(Bugs::none()), index: 0 }
    }

    /// With one planted bug.
    fn with(bug: Bug) -> Self {
        Self { state: State::new(bug.into()), index: 0 }
    }

    fn apply(&mut self, command: &Command) -> (Vec<u8>, Vec<Event>) {
        self.index += 1;
        self.state.apply(self.index, 1, command)
    }

    fn decide(&mut self, decisions: Vec<Decision>) -> (Vec<Ruling>, Vec<Event>) {
        let (answer, words) = self.apply(&Command::Decide(decisions));
        (crate::codec::decode(&answer).unwrap(), words)
    }

    fn one(&mut self, decision: Decision) -> (Ruling, Vec<Event>) {
        let (rulings, words) = self.decide(vec![decision]);
        (rulings[0].clone(), words)
    }

    /// Nothing comes of it, and nothing is told.
    fn is_void(&mut self, decision: Decision) -> bool {
        let before = serde_json::to_value(&self.state).unwrap();
        let (ruling, words) = self.one(decision);
        let mut after = serde_json::to_value(&self.state).unwrap();
        after["applied"] = before["applied"].clone();
        ruling == Ruling::Void && words.is_empty() && before == after
    }

    fn submit(&mut self, seq: u64, maps: u32, reduces: u32) -> JobId {
        let (answer, _) = self.apply(&submit(seq, maps, reduces));
        match crate::codec::decode(&answer).unwrap() {
            Submitted::Accepted { job } => job,
            Submitted::Refused { why } => panic!("{why}"),
        }
    }

    fn register(&mut self, node: &str, kept: &[AttemptId]) -> Epoch {
        match self.one(register(node, kept)).0 {
            Ruling::Registered { epoch } => epoch,
            other => panic!("{other:?}"),
        }
    }

    fn assign(&mut self, task: TaskId, node: &str) -> Attempt {
        let epoch = self.state.node(node).unwrap().epoch;
        match self.one(Decision::Assign { task, node: node.to_owned(), epoch }).0 {
            Ruling::Assigned { attempt } => Attempt { id: attempt, node: node.to_owned(), epoch },
            other => panic!("{other:?}"),
        }
    }

    /// Hands in what fits.
    fn commit(&mut self, attempt: &Attempt) -> (Ruling, Vec<Event>) {
        let manifest = self.manifest(attempt.id);
        self.one(Decision::Commit { attempt: attempt.id, epoch: attempt.epoch, manifest })
    }

    /// What fits a live attempt now.
    fn manifest(&self, attempt: AttemptId) -> Manifest {
        let (task, _) = self.state.attempt(attempt).expect("live");
        let spec = &self.state.job(task.job).unwrap().spec;
        if task.stage == Stage::Map {
            return map_manifest(spec.reduces);
        }
        let maps = self.state.stage_of(task.job, Stage::Map);
        let read = |(map, task): (TaskId, &Task)| Consumed {
            map: map.number,
            attempt: task.committed().unwrap().attempt.id,
            tally: Tally { records: 1, digest: 7 },
        };
        reduce_manifest(maps.map(read).collect())
    }

    fn done(&mut self, task: TaskId, node: &str) -> Attempt {
        let attempt = self.assign(task, node);
        assert_eq!(self.commit(&attempt).0, Ruling::Committed);
        attempt
    }

    fn task(&self, id: TaskId) -> &Task {
        self.state.task(id).unwrap()
    }

    fn phase(&self, job: JobId) -> Phase {
        self.state.job(job).unwrap().phase.clone()
    }
}

fn submit(seq: u64, maps: u32, reduces: u32) -> Command {
    let source = Source::Generated { seed: 1, records: 10 };
    Command::Submit {
        submission: Submission { client: "c".into(), seq },
        spec: JobSpec { dataset: "words".into(), source, maps, reduces, retries: 2 },
    }
}

fn register(node: &str, kept: &[AttemptId]) -> Decision {
    let incarnation = Incarnation(9);
    Decision::Register { node: node.to_owned(), incarnation, slots: 2, kept: kept.to_vec() }
}

fn end(attempt: &Attempt, failure: Failure) -> Decision {
    Decision::EndAttempt { attempt: attempt.id, epoch: attempt.epoch, failure }
}

fn failed() -> Failure {
    Failure::Task { why: "bad luck".into() }
}

fn map(job: JobId, number: u32) -> TaskId {
    TaskId { job, stage: Stage::Map, number }
}

fn reduce(job: JobId, number: u32) -> TaskId {
    TaskId { job, stage: Stage::Reduce, number }
}

fn map_manifest(partitions: u32) -> Manifest {
    let segment = Segment { offset: 0, length: 1, crc: 0, tally: Tally { records: 1, digest: 7 } };
    Manifest::Map { input: Tally::default(), segments: (0..partitions).map(|_| segment).collect() }
}

fn reduce_manifest(consumed: Vec<Consumed>) -> Manifest {
    Manifest::Reduce { consumed, output: Tally::default(), part: b"a 1\n".to_vec() }
}

fn dead(node: &str, epoch: Epoch) -> Decision {
    Decision::NodeDead { node: node.to_owned(), epoch }
}

/// The words' kinds, as they are written.
fn kinds(words: &[Event]) -> Vec<String> {
    let kind = |word: &Event| {
        let value = serde_json::to_value(word).unwrap();
        value.as_object().unwrap().keys().next().unwrap().clone()
    };
    words.iter().map(kind).collect()
}
