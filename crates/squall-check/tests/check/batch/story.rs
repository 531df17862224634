//! Histories of a batch cluster, told word by word.
//!
//! A [`Story`] is a run of 30 s with two controllers, two workers and two clients. Each word of the
//! log is told by the first controller and then again by the second, as in a real run; each record
//! is a millisecond after the one before. Jobs are ids; a task is [`map`] or [`reduce`].

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_check::batch::{OutputEqualsOracle, batch_invariants};
use squall_check::{Verdict, judge_history};
use squall_history::vocab::batch::{Cause, Consumed, Event, Outcome, Stage, Tally, Task};
use squall_history::*;

/// A map of job 1.
pub(super) const fn map(number: u32) -> Task {
    Task { job: 1, stage: Stage::Map, number }
}

/// A reduce of job 1.
pub(super) const fn reduce(number: u32) -> Task {
    Task { job: 1, stage: Stage::Reduce, number }
}

/// So many records, all alike.
pub(super) const fn tally(records: u64) -> Tally {
    Tally { records, digest: records * 1_000 }
}

/// What a reduce took from `map`.
pub(super) const fn took(map: u32, attempt: u64, records: u64) -> Consumed {
    Consumed { map, attempt, tally: tally(records) }
}

/// A commit; its worker and lease are as they were assigned, unless changed.
#[derive(Clone)]
pub(super) struct Commit {
    pub(super) attempt: u64,
    pub(super) task: Task,
    pub(super) node: &'static str,
    pub(super) epoch: u64,
    pub(super) generation: u32,
    pub(super) input: Tally,
    pub(super) outputs: Vec<Tally>,
    pub(super) consumed: Vec<Consumed>,
}

impl Commit {
    /// Of a map with two partitions of so many records.
    pub(super) fn map(attempt: u64, number: u32, partitions: [u64; 2]) -> Self {
        let outputs = partitions.map(tally).to_vec();
        Self {
            attempt,
            task: map(number),
            node: "worker-1",
            epoch: 1,
            generation: 0,
            input: tally(partitions[0] + partitions[1]),
            outputs,
            consumed: Vec::new(),
        }
    }

    /// Of a reduce that took these.
    pub(super) fn reduce(attempt: u64, number: u32, consumed: &[Consumed]) -> Self {
        let records = consumed.iter().map(|from| from.tally.records).sum();
        Self {
            attempt,
            task: reduce(number),
            node: "worker-1",
            epoch: 1,
            generation: 0,
            input: tally(records),
            outputs: vec![tally(records)],
            consumed: consumed.to_vec(),
        }
    }

    /// By this worker under this lease.
    pub(super) fn by(self, node: &'static str, epoch: u64) -> Self {
        Self { node, epoch, ..self }
    }

    /// After so many losses.
    pub(super) fn generation(self, generation: u32) -> Self {
        Self { generation, ..self }
    }
}

/// A history in the making.
#[derive(Clone, Default)]
pub(super) struct Story {
    ms: u64,
    index: u64,
    ops: u64,
    records: Vec<Record>,
    expect: Expect,
}

impl Story {
    /// With both workers up under leases 1 and 2, job 1 (2 maps, 2 reduces, 2 retries) of dataset
    /// `d` accepted.
    pub(super) fn with_job() -> Self {
        let mut story = Self::default();
        story
            .starts("worker-1", 1)
            .starts("worker-2", 1)
            .registered("worker-1", 1, 11)
            .registered("worker-2", 2, 21);
        story.submitted(1, "client-1", 1, "d");
        story
    }

    /// [`with_job`](Self::with_job), and both maps committed: attempt 10 on worker 1 with 3 and 1
    /// records, attempt 11 on worker 2 with 2 and 2.
    pub(super) fn with_maps() -> Self {
        let mut story = Self::with_job();
        story.runs(10, map(0), "worker-1", 1).runs(11, map(1), "worker-2", 2);
        story.committed(Commit::map(10, 0, [3, 1])).committed(Commit::map(11, 1, [2, 2]).by("worker-2", 2));
        story
    }

    /// [`with_maps`](Self::with_maps), and both reduces committed by attempts 20 and 21.
    pub(super) fn with_reduces() -> Self {
        let mut story = Self::with_maps();
        story.runs(20, reduce(0), "worker-1", 1).runs(21, reduce(1), "worker-2", 2);
        story
            .committed(Commit::reduce(20, 0, &[took(0, 10, 3), took(1, 11, 2)]))
            .committed(Commit::reduce(21, 1, &[took(0, 10, 1), took(1, 11, 2)]).by("worker-2", 2));
        story
    }

    /// [`with_reduces`](Self::with_reduces), published as version 1 and ended.
    pub(super) fn whole() -> Self {
        let mut story = Self::with_reduces();
        story.published(1, "d", 1, &[20, 21]).job_ended(1, Outcome::Succeeded);
        story
    }

    /// [`whole`](Self::whole), and its submission was acknowledged.
    pub(super) fn whole_acknowledged() -> Self {
        let mut story = Self::with_reduces();
        story.acknowledged("d", 1).published(1, "d", 1, &[20, 21]).job_ended(1, Outcome::Succeeded);
        story
    }

    /// From here at this time.
    pub(super) fn at(&mut self, ms: u64) -> &mut Self {
        assert!(ms >= self.ms, "a story goes forward");
        self.ms = ms;
        self
    }

    /// A node's software starts.
    pub(super) fn starts(&mut self, node: &str, boot: u32) -> &mut Self {
        self.record(Some((node, boot)), Body::Node(NodeEvent::Started))
    }

    pub(super) fn registered(&mut self, node: &str, epoch: u64, incarnation: u64) -> &mut Self {
        self.entry(|index| Event::Registered { index, node: node.into(), epoch, incarnation })
    }

    pub(super) fn dead(&mut self, node: &str, epoch: u64) -> &mut Self {
        self.entry(|index| Event::NodeDead { index, node: node.into(), epoch })
    }

    /// A job with two retries.
    pub(super) fn submitted(&mut self, job: u64, client: &str, seq: u64, dataset: &str) -> &mut Self {
        let (client, dataset) = (client.to_owned(), dataset.to_owned());
        self.entry(|index| Event::Submitted { index, job, client, seq, dataset, retries: 2 })
    }

    /// A job of dataset `d` with so many retries.
    pub(super) fn submitted_with_retries(&mut self, job: u64, retries: u32) -> &mut Self {
        let (client, dataset) = ("client-1".to_owned(), "d".to_owned());
        self.entry(|index| Event::Submitted { index, job, client, seq: job, dataset, retries })
    }

    /// An attempt is assigned and begun, in the worker's first incarnation.
    pub(super) fn runs(&mut self, attempt: u64, task: Task, node: &str, epoch: u64) -> &mut Self {
        self.assigned(attempt, task, node, epoch).begins(node, 1, attempt, task, epoch)
    }

    pub(super) fn assigned(&mut self, attempt: u64, task: Task, node: &str, epoch: u64) -> &mut Self {
        self.entry(|index| Event::Assigned { index, attempt, task, node: node.into(), epoch })
    }

    /// A worker tells, in this incarnation, that it begins an attempt.
    pub(super) fn begins(
        &mut self,
        node: &str,
        boot: u32,
        attempt: u64,
        task: Task,
        epoch: u64,
    ) -> &mut Self {
        self.record(Some((node, boot)), Body::Batch(Event::AttemptStarted { attempt, task, epoch }))
    }

    /// A worker tells that an attempt failed.
    pub(super) fn fails(&mut self, node: &str, attempt: u64, task: Task) -> &mut Self {
        let why = "the input cannot be read".to_owned();
        self.record(Some((node, 1)), Body::Batch(Event::AttemptFailed { attempt, task, why }))
    }

    pub(super) fn ended(&mut self, attempt: u64, task: Task, cause: Cause, fails: u32) -> &mut Self {
        self.entry(|index| Event::AttemptEnded { index, attempt, task, cause, fails })
    }

    pub(super) fn committed(&mut self, commit: Commit) -> &mut Self {
        let Commit { attempt, task, node, epoch, generation, input, outputs, consumed } = commit;
        let node = node.into();
        self.entry(|index| Event::TaskCommitted {
            index,
            attempt,
            task,
            node,
            epoch,
            generation,
            input,
            outputs,
            consumed,
        })
    }

    pub(super) fn lost(&mut self, attempt: u64, task: Task) -> &mut Self {
        self.entry(|index| Event::OutputLost { index, attempt, task })
    }

    pub(super) fn published(&mut self, job: u64, dataset: &str, version: u64, attempts: &[u64]) -> &mut Self {
        let (dataset, attempts) = (dataset.to_owned(), attempts.to_vec());
        self.entry(|index| Event::Published { index, job, dataset, version, attempts })
    }

    pub(super) fn job_ended(&mut self, job: u64, outcome: Outcome) -> &mut Self {
        self.entry(|index| Event::JobEnded { index, job, outcome })
    }

    /// The latest word, told by a controller that has gone another way.
    pub(super) fn told_otherwise(&mut self, event: impl FnOnce(u64) -> Event) -> &mut Self {
        let event = event(self.index);
        self.record(Some(("controller-2", 1)), Body::Batch(event))
    }

    /// A client invokes an operation.
    pub(super) fn invokes(&mut self, client: &str, f: &str, dataset: &str, value: Value) -> OpId {
        self.ops += 1;
        let id = OpId(self.ops);
        let op = Op {
            id,
            process: ProcessId(self.ops),
            phase: Phase::Invoke,
            f: f.into(),
            key: Some(dataset.into()),
            value,
        };
        self.record(Some((client, 1)), Body::Op(op));
        id
    }

    /// An operation completes.
    pub(super) fn completes(&mut self, op: OpId, phase: Phase, value: Value) -> &mut Self {
        let invoked = |record: &&Record| matches!(&record.body, Body::Op(invoked) if invoked.id == op);
        let invocation = self.records.iter().find(invoked).unwrap().clone();
        let Body::Op(invoked) = invocation.body else { panic!("no operation {}", op.0) };
        let client = invocation.node.unwrap();
        self.record(Some((client.as_str(), 1)), Body::Op(Op { phase, value, ..invoked }))
    }

    /// An operation that is `ok` at once.
    pub(super) fn asks(&mut self, client: &str, f: &str, dataset: &str, answer: Value) -> &mut Self {
        let op = self.invokes(client, f, dataset, Value::Null);
        self.completes(op, Phase::Ok, answer)
    }

    /// Client 1 submits; it is acknowledged as this job.
    pub(super) fn acknowledged(&mut self, dataset: &str, job: u64) -> &mut Self {
        let op = self.invokes("client-1", "submit", dataset, spec(dataset));
        self.completes(op, Phase::Ok, json!({ "job": job }))
    }

    /// What happens to the fault `kill#1`.
    pub(super) fn fault(&mut self, event: impl FnOnce(FaultId) -> FaultEvent) -> &mut Self {
        let event = event(FaultId("kill#1".into()));
        self.record(None, Body::Fault(event))
    }

    pub(super) fn applied(&mut self) -> &mut Self {
        self.fault(|id| FaultEvent::Applied { id, action: kill(), beyond_budget: false })
    }

    /// With this expectation.
    pub(super) fn expecting(&mut self, expect: Expect) -> &mut Self {
        self.expect = expect;
        self
    }

    /// `kill#1` is applied, beyond the budget.
    pub(super) fn beyond_budget(&mut self) -> &mut Self {
        self.fault(|id| FaultEvent::Applied { id, action: kill(), beyond_budget: true })
    }

    /// The history so far.
    pub(super) fn history(&self) -> History {
        let header = Header {
            topology: Topology::of_roles(&[("controller", 2), ("worker", 2), ("client", 2)]),
            network: squall_history::NetworkProfile::LAN,
            capabilities: vec!["vocab.batch".to_owned(), "vocab.op".to_owned()],
            ..crate::support::header(30)
        };
        History { header, records: self.records.clone() }
    }

    /// The verdict of all oracles of the vocabulary, B1 by [`reference`](Self::reference).
    pub(super) fn judged(&self) -> Verdict {
        let checker = Box::new(OutputEqualsOracle::new(Self::reference));
        judge_history(&self.history(), &self.expect, batch_invariants(), vec![checker])
    }

    /// What the job of a specification gives: it knows two sources.
    pub(super) fn reference(spec: &Value) -> Option<BTreeMap<String, u64>> {
        let words: &[(&str, u64)] = match spec["source"].as_str()? {
            "fox" => &[("fox", 3), ("the", 5)],
            "hen" => &[("hen", 1)],
            _ => return None,
        };
        Some(words.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect())
    }

    fn entry(&mut self, event: impl FnOnce(u64) -> Event) -> &mut Self {
        self.index += 1;
        let event = event(self.index);
        for controller in ["controller-1", "controller-2"] {
            self.record(Some((controller, 1)), Body::Batch(event.clone()));
        }
        self
    }

    fn record(&mut self, whose: Option<(&str, u32)>, body: Body) -> &mut Self {
        self.ms += 1;
        let (node, boot) = whose.map(|(node, boot)| (node.into(), Boot(boot))).unzip();
        self.records.push(Record { at: SimTime(self.ms * 1_000_000), node, boot, body });
        self
    }
}

/// A specification that [`Story::reference`] knows.
pub(super) fn spec(dataset: &str) -> Value {
    json!({ "dataset": dataset, "source": "fox", "maps": 2, "reduces": 2, "retries": 2 })
}

/// What the job of [`spec`] publishes, as version 1 of job 1.
pub(super) fn right() -> Value {
    json!({ "version": 1, "job": 1, "text": "fox 3\nthe 5\n" })
}

fn kill() -> Action {
    Action::Kill(Selector::Nodes(vec!["worker-1".into()]))
}

/// Expects of `oracle` exactly these violations.
#[track_caller]
pub(super) fn finds(story: &Story, oracle: &str, expected: &[&str]) {
    let verdict = story.judged();
    let of_oracle = verdict.violations.iter().filter(|violation| violation.oracle == oracle);
    let messages: Vec<&str> = of_oracle.map(|violation| violation.message.as_str()).collect();
    assert_eq!(messages, expected, "{verdict:#?}");
    let is_proven = |violation: &squall_check::Violation| !violation.evidence.is_null();
    assert!(verdict.violations.iter().all(is_proven), "{verdict:#?}");
}

/// Expects that no oracle at all finds anything, and that `oracle` judged so often.
#[track_caller]
pub(super) fn clean(story: &Story, oracle: &str, exercised: u64) {
    let verdict = story.judged();
    assert_eq!(crate::support::violations(&verdict), [""; 0]);
    assert_eq!(verdict.exercised.get(oracle), Some(&exercised), "{verdict:#?}");
}
