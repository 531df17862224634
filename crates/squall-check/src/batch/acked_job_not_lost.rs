//! B6, `acked-job-not-lost`: what a client was told of its job stays true.
//!
//! A submission that was answered is in the log, and every later leader knows it; one that was sent
//! twice is one job; an end that was reported is the end. A lost acknowledgement, a leader that
//! answers from memory of its own, and a table of submissions that a snapshot left out all break
//! this.
//!
//! Source: Ongaro, "Consensus: Bridging Theory and Practice" (2014), section 6.3, on numbered commands
//! of a client that take effect once, however often they are sent.
//!
//! It does not ask whether a job ends (L2), nor whether an answer about a running job is current.
//! Each dataset is taken to be submitted as one job; where a status names its job, it is judged by
//! that.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_history::vocab::batch::{Event, Outcome};
use squall_history::{NodeName, OpId, Phase, Record, SimTime};

use super::words::{Asked, BATCH, Kind, OP, Told, job, operation};
use crate::{Findings, Invariant, Oracle};

/// One (client, seq) is submitted as one job; an acknowledged submission names a job that the log
/// accepted before, for that dataset; a status asked for after the acknowledgement does not say
/// `unknown`; and once a status said how a job ended, no status asked for later says anything else,
/// and no other one, nor the log, another end. Exercised by each acknowledged submission.
#[derive(Clone, Debug, Default)]
pub struct AckedJobNotLost {
    told: Told,
    submissions: BTreeMap<(String, u64), (u64, u64)>,
    /// The dataset of each job that the log accepted.
    jobs: BTreeMap<u64, String>,
    ended: BTreeMap<u64, (u64, End)>,
    acked: BTreeMap<String, Ack>,
    reported: BTreeMap<Subject, Report>,
    /// What was known when a `status` was invoked.
    asked: BTreeMap<OpId, AtInvocation>,
}

/// What a status is about: a dataset, and the job if it is named.
type Subject = (String, Option<u64>);

/// How a job ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Succeeded,
    Failed,
}

#[derive(Clone, Debug)]
struct Ack {
    op: OpId,
    at: SimTime,
    job: Option<u64>,
}

/// The first report of an end.
#[derive(Clone, Debug)]
struct Report {
    end: End,
    op: OpId,
    at: SimTime,
    node: Option<NodeName>,
}

#[derive(Clone, Debug, Default)]
struct AtInvocation {
    job: Option<u64>,
    acked: Option<Ack>,
    /// Ends reported by then.
    reported: BTreeMap<Option<u64>, Report>,
}

impl Oracle for AckedJobNotLost {
    fn name(&self) -> &'static str {
        "acked-job-not-lost"
    }

    fn id(&self) -> Option<&'static str> {
        Some("B6")
    }

    fn needs(&self) -> &'static [&'static str] {
        &[BATCH, OP]
    }
}

impl Invariant for AckedJobNotLost {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if let Some(asked) = operation(record) {
            match (asked.kind, asked.op.phase) {
                (Kind::Submit, Phase::Ok) => self.acknowledge(asked, record, findings),
                (Kind::Status, Phase::Invoke) => self.ask(asked),
                (Kind::Status, Phase::Ok) => self.answer(asked, record, findings),
                (Kind::Status, Phase::Fail | Phase::Info) => _ = self.asked.remove(&asked.op.id),
                _ => {}
            }
        }
        match self.told.news(record) {
            Some(Event::Submitted { index, job, client, seq, dataset, .. }) => {
                self.jobs.insert(*job, dataset.clone());
                let submission = (client.clone(), *seq);
                let (first, at_index) = *self.submissions.entry(submission).or_insert((*job, *index));
                if (first, at_index) != (*job, *index) {
                    let message =
                        format!("submission {seq} of {client} was accepted twice, as jobs {first} and {job}");
                    findings.violated(record.at, message).evidence(json!({
                        "client": client,
                        "seq": seq,
                        "first": { "job": first, "index": at_index },
                        "again": { "job": job, "index": index },
                    }));
                }
            }
            Some(Event::JobEnded { index, job, outcome }) => {
                let end = End::from(outcome);
                self.ended.entry(*job).or_insert((*index, end));
                self.compare_with_reports(*job, *index, end, record.at, findings);
            }
            _ => {}
        }
    }
}

impl AckedJobNotLost {
    fn acknowledge(&mut self, asked: Asked<'_>, record: &Record, findings: &mut Findings) {
        let Asked { dataset, op, .. } = asked;
        let named = job(&op.value);
        let ack = Ack { op: op.id, at: record.at, job: named };
        self.acked.entry(dataset.to_owned()).or_insert(ack);
        let Some(job) = named else { return };
        findings.exercised();
        let message = match self.jobs.get(&job) {
            None => format!(
                "the submission of `{dataset}` was acknowledged as job {job}, which was never accepted"
            ),
            Some(other) if other != dataset => {
                format!(
                    "the submission of `{dataset}` was acknowledged as job {job}, which is that of `{other}`"
                )
            }
            Some(_) => return,
        };
        let found = findings.violated(record.at, message).op(op.id);
        if let Some(node) = &record.node {
            found.node(node);
        }
        found.evidence(json!({ "job": job, "dataset": dataset, "accepted": self.jobs.get(&job) }));
    }

    fn ask(&mut self, asked: Asked<'_>) {
        let of_dataset = self.reported.iter().filter(|((dataset, _), _)| dataset == asked.dataset);
        let known = AtInvocation {
            job: job(&asked.op.value),
            acked: self.acked.get(asked.dataset).cloned(),
            reported: of_dataset.map(|((_, job), report)| (*job, report.clone())).collect(),
        };
        self.asked.insert(asked.op.id, known);
    }

    fn answer(&mut self, asked: Asked<'_>, record: &Record, findings: &mut Findings) {
        let Asked { dataset, op, .. } = asked;
        let known = self.asked.remove(&op.id).unwrap_or_default();
        let Some(state) = op.value.get("state").and_then(Value::as_str) else { return };
        let job = job(&op.value).or(known.job);
        let of_acked = |ack: &&Ack| job.is_none() || ack.job == job;
        if state == "unknown"
            && let Some(ack) = known.acked.as_ref().filter(of_acked)
        {
            let message =
                format!("`{dataset}` is unknown to a status asked for after its submission was acknowledged");
            let found = findings.violated(record.at, message).op(ack.op).op(op.id);
            found.evidence(json!({ "acknowledged": ack.at, "job": ack.job }));
            if let Some(node) = &record.node {
                found.node(node);
            }
            return;
        }
        let now = Report::of(state, record, op.id);
        let subject = (dataset.to_owned(), job);
        // Two ends contradict each other even if both were asked for at once.
        let earlier = match &now {
            Some(now) => Some(self.reported.entry(subject).or_insert_with(|| now.clone()).clone()),
            None => known.reported.get(&job).cloned(),
        };
        if let Some(earlier) = earlier.filter(|earlier| Some(earlier.end) != now.as_ref().map(|now| now.end))
        {
            let message = format!("`{dataset}` was reported {} and then {state}", earlier.end.word());
            let found = findings.violated(record.at, message).op(earlier.op).op(op.id);
            for node in [&earlier.node, &record.node].into_iter().flatten() {
                found.node(node);
            }
            found.evidence(json!({
                "job": job,
                "first": { "state": earlier.end.word(), "at": earlier.at },
                "then": { "state": state, "at": record.at },
            }));
        } else if let Some(now) = now {
            self.compare_with_log(dataset, job, &now, findings);
        }
    }

    /// That the end a status reports is the end that the log told.
    fn compare_with_log(&self, dataset: &str, named: Option<u64>, report: &Report, findings: &mut Findings) {
        let Some(job) = named.or_else(|| self.only_job(dataset)) else { return };
        if let Some((index, end)) = self.ended.get(&job).filter(|(_, end)| *end != report.end) {
            report.contradicts(dataset, job, *index, *end, report.at, findings);
        }
    }

    /// That the end that the log tells is the end that was reported.
    fn compare_with_reports(&self, job: u64, index: u64, end: End, at: SimTime, findings: &mut Findings) {
        let Some(dataset) = self.jobs.get(&job) else { return };
        let unnamed =
            || self.reported.get(&(dataset.clone(), None)).filter(|_| self.only_job(dataset) == Some(job));
        let report = self.reported.get(&(dataset.clone(), Some(job))).or_else(unnamed);
        if let Some(report) = report.filter(|report| report.end != end) {
            report.contradicts(dataset, job, index, end, at, findings);
        }
    }

    /// The job of a dataset, if there is one and no other.
    fn only_job(&self, dataset: &str) -> Option<u64> {
        let mut jobs = self.jobs.iter().filter(|(_, of)| *of == dataset).map(|(job, _)| *job);
        jobs.next().filter(|_| jobs.next().is_none())
    }
}

impl Report {
    fn of(state: &str, record: &Record, op: OpId) -> Option<Self> {
        let end = match state {
            "succeeded" => End::Succeeded,
            "failed" => End::Failed,
            _ => return None,
        };
        Some(Self { end, op, at: record.at, node: record.node.clone() })
    }

    fn contradicts(
        &self,
        dataset: &str,
        job: u64,
        index: u64,
        end: End,
        at: SimTime,
        findings: &mut Findings,
    ) {
        let message =
            format!("`{dataset}` was reported {}, but by the log job {job} {}", self.end.word(), end.word());
        let found = findings.violated(at, message).op(self.op);
        if let Some(node) = &self.node {
            found.node(node);
        }
        found.evidence(json!({
            "job": job,
            "reported": { "state": self.end.word(), "at": self.at },
            "log": { "state": end.word(), "index": index },
        }));
    }
}

impl End {
    const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

impl From<&Outcome> for End {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
        }
    }
}
