//! B5, `atomic-publication`: a dataset becomes visible whole, once, and then never changes.
//!
//! The classical mistakes are two steps where one is needed: the output is published, the master
//! dies before it notes that the job has ended, and its successor runs the job again over what
//! readers have already seen; or an output is put together where readers can watch.
//!
//! Source: atomic commits of task outputs (Dean and Ghemawat, "MapReduce", OSDI 2004, section 3.3),
//! and monotonic reads as a session guarantee (Terry et al., PDIS 1994), here across all clients
//! since a read is promised to be current.
//!
//! It does not ask whether what is published is right: that is B1.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_history::vocab::batch::{Cause, Event, Outcome};
use squall_history::{NodeName, OpId, Phase, Record, SimTime};

use super::words::{BATCH, Kind, OP, Told, operation};
use crate::{Findings, Invariant, Oracle};

/// By the words of the log: a version of a dataset is published once, a job publishes once and
/// before it ends as succeeded, and nothing of a job changes after its end (attempts that nobody
/// needs any more may still be dropped). As clients see it: reads of one version are equal, and one
/// that begins after another has completed does not return an earlier version. Exercised by each
/// publication, each end of a job and each `get` that was answered.
#[derive(Clone, Debug, Default)]
pub struct AtomicPublication {
    told: Told,
    versions: BTreeMap<(String, u64), Publication>,
    published: BTreeMap<u64, Publication>,
    ended: BTreeMap<u64, Ended>,
    /// Of each dataset, the latest version that a completed `get` returned.
    seen: BTreeMap<String, Seen>,
    /// What was seen when a `get` was invoked.
    floors: BTreeMap<OpId, Seen>,
    /// The first answer with each version.
    answers: BTreeMap<(String, u64), Answer>,
}

#[derive(Clone, Debug)]
struct Publication {
    index: u64,
    job: u64,
    dataset: String,
    version: u64,
}

#[derive(Clone, Debug)]
struct Ended {
    index: u64,
    outcome: Outcome,
}

#[derive(Clone, Debug)]
struct Seen {
    version: u64,
    op: OpId,
    node: Option<NodeName>,
    at: SimTime,
}

#[derive(Clone, Debug)]
struct Answer {
    value: Value,
    op: OpId,
    node: Option<NodeName>,
}

impl Oracle for AtomicPublication {
    fn name(&self) -> &'static str {
        "atomic-publication"
    }

    fn id(&self) -> Option<&'static str> {
        Some("B5")
    }

    fn needs(&self) -> &'static [&'static str] {
        &[BATCH, OP]
    }
}

impl Invariant for AtomicPublication {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if let Some(asked) = operation(record).filter(|asked| asked.kind == Kind::Get) {
            match asked.op.phase {
                Phase::Invoke => {
                    if let Some(seen) = self.seen.get(asked.dataset) {
                        self.floors.insert(asked.op.id, seen.clone());
                    }
                }
                Phase::Ok => self.read(asked.dataset, asked.op.id, &asked.op.value, record, findings),
                Phase::Fail | Phase::Info => _ = self.floors.remove(&asked.op.id),
            }
        }
        let Some(event) = self.told.news(record) else { return };
        self.check_end(event, record.at, findings);
        match event {
            Event::Published { index, job, dataset, version, .. } => {
                findings.exercised();
                let publication =
                    Publication { index: *index, job: *job, dataset: dataset.clone(), version: *version };
                self.publish(publication, record.at, findings);
            }
            Event::JobEnded { index, job, outcome } => {
                findings.exercised();
                self.end_job(*index, *job, outcome, record.at, findings);
            }
            _ => {}
        }
    }
}

impl AtomicPublication {
    fn publish(&mut self, new: Publication, at: SimTime, findings: &mut Findings) {
        let key = (new.dataset.clone(), new.version);
        let (dataset, version, job) = (&new.dataset, new.version, new.job);
        if let Some(earlier) = self.published.get(&job) {
            findings
                .violated(at, format!("job {job} published twice, `{dataset}` as version {version}"))
                .evidence(json!({ "first": earlier.evidence(), "again": new.evidence() }));
        } else if let Some(earlier) = self.versions.get(&key) {
            let message = format!(
                "version {version} of `{dataset}` was published twice, by jobs {} and {job}",
                earlier.job
            );
            findings
                .violated(at, message)
                .evidence(json!({ "first": earlier.evidence(), "again": new.evidence() }));
        }
        self.published.entry(job).or_insert_with(|| new.clone());
        self.versions.entry(key).or_insert(new);
    }

    fn end_job(&mut self, index: u64, job: u64, outcome: &Outcome, at: SimTime, findings: &mut Findings) {
        if *outcome == Outcome::Succeeded && !self.published.contains_key(&job) {
            findings
                .violated(at, format!("job {job} succeeded before it published its dataset"))
                .evidence(json!({ "index": index, "job": job }));
        }
        self.ended.entry(job).or_insert(Ended { index, outcome: outcome.clone() });
    }

    /// That nothing happens to a job that has ended.
    fn check_end(&self, event: &Event, at: SimTime, findings: &mut Findings) {
        let (job, what) = match event {
            Event::Assigned { task, .. } => (task.job, "was given out to a worker"),
            Event::AttemptEnded { task, cause, .. } if *cause != Cause::Dropped => {
                (task.job, "had an attempt end that counted")
            }
            Event::TaskCommitted { task, .. } => (task.job, "had a task committed"),
            Event::OutputLost { task, .. } => (task.job, "had an output to be made again"),
            Event::Published { job, .. } => (*job, "was published"),
            Event::JobEnded { job, .. } => (*job, "ended again"),
            _ => return,
        };
        if let Some(ended) = self.ended.get(&job) {
            findings
                .violated(at, format!("job {job} {what} after it had ended ({:?})", ended.outcome))
                .evidence(json!({
                    "ended": { "index": ended.index, "outcome": ended.outcome },
                    "after": event,
                }));
        }
    }

    fn read(&mut self, dataset: &str, op: OpId, value: &Value, record: &Record, findings: &mut Findings) {
        let floor = self.floors.remove(&op);
        let version = match value.get("version") {
            Some(version) => version.as_u64(),
            None => value.is_null().then_some(0),
        };
        let Some(version) = version else { return };
        findings.exercised();
        let new = Seen { version, op, node: record.node.clone(), at: record.at };
        if let Some(floor) = floor.filter(|floor| version < floor.version) {
            new.falls(dataset, &floor, findings);
        }
        if self.seen.get(dataset).is_none_or(|seen| seen.version < version) {
            self.seen.insert(dataset.to_owned(), new);
        }
        let answer = Answer { value: value.clone(), op, node: record.node.clone() };
        let first = self.answers.entry((dataset.to_owned(), version)).or_insert_with(|| answer.clone());
        if first.value != answer.value {
            let message = format!("two reads of version {version} of `{dataset}` returned different data");
            let found = findings.violated(record.at, message).op(first.op).op(op);
            for node in [&first.node, &answer.node].into_iter().flatten() {
                found.node(node);
            }
            found.evidence(json!({ "first": first.value, "then": answer.value }));
        }
    }
}

impl Seen {
    fn falls(&self, dataset: &str, floor: &Self, findings: &mut Findings) {
        let message = if self.version == 0 {
            format!(
                "`{dataset}` was not there for a read that began after version {} was seen",
                floor.version
            )
        } else {
            format!(
                "version {} of `{dataset}` was returned to a read that began after version {} was seen",
                self.version, floor.version
            )
        };
        let found = findings.violated(self.at, message).op(floor.op).op(self.op);
        for node in [&floor.node, &self.node].into_iter().flatten() {
            found.node(node);
        }
        found.evidence(json!({
            "seen": { "version": floor.version, "at": floor.at },
            "returned": { "version": self.version, "at": self.at },
        }));
    }
}

impl Publication {
    fn evidence(&self) -> Value {
        json!({ "index": self.index, "job": self.job, "dataset": self.dataset, "version": self.version })
    }
}
