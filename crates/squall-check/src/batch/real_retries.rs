//! B10, `real-retries` (its clause on retries): a task is charged only with failures of its own, and
//! a job fails only after its retries.
//!
//! The death of a worker, a lost output, a change of leader are no fault of a task. A cluster that
//! charges them all the same makes healthy jobs fail when the machines are bad, and it does so
//! silently: the job says that it failed, as jobs do.
//!
//! Source: retries as a bound per task on failures of the task's own code (MapReduce, OSDI 2004,
//! sections 3.3 and 4.6 tell failures of workers from bad records). The precedents are tasks whose
//! retries were burnt by every scheduler that handled the same death.
//!
//! It does not ask why a task fails, and a count that falls or stays is no violation: it only
//! gives a task more tries.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use squall_history::vocab::batch::{Cause, Event, Outcome, Task};
use squall_history::{NodeName, Record, SimTime};

use super::words::{BATCH, Told, named};
use crate::{Findings, Invariant, Oracle};

/// What is charged as a failure was told as one before, by the worker to which the attempt was
/// assigned, and is charged once; `fails` of a task rises only so, by one; a job fails only when
/// some task of it has as many failures as the job has retries (and at least one). Exercised by each
/// end of an attempt and each failed job.
#[derive(Clone, Debug, Default)]
pub struct RealRetries {
    told: Told,
    retries: BTreeMap<u64, u32>,
    assigned: BTreeMap<u64, NodeName>,
    /// Failures as workers told them.
    failures: BTreeMap<u64, Vec<(Task, Option<NodeName>)>>,
    charged: BTreeSet<u64>,
    fails: BTreeMap<Task, u32>,
}

/// The end of one attempt.
struct End<'r> {
    index: u64,
    attempt: u64,
    task: Task,
    cause: &'r Cause,
    fails: u32,
}

impl Oracle for RealRetries {
    fn name(&self) -> &'static str {
        "real-retries"
    }

    fn id(&self) -> Option<&'static str> {
        Some("B10")
    }

    fn needs(&self) -> &'static [&'static str] {
        &[BATCH]
    }
}

impl Invariant for RealRetries {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match self.told.news(record) {
            Some(Event::Submitted { job, retries, .. }) => {
                self.retries.insert(*job, *retries);
            }
            Some(Event::Assigned { attempt, node, .. }) => {
                self.assigned.insert(*attempt, node.clone());
            }
            Some(Event::AttemptFailed { attempt, task, .. }) => {
                self.failures.entry(*attempt).or_default().push((*task, record.node.clone()));
            }
            Some(Event::AttemptEnded { index, attempt, task, cause, fails }) => {
                findings.exercised();
                let end = End { index: *index, attempt: *attempt, task: *task, cause, fails: *fails };
                self.end_attempt(&end, record.at, findings);
            }
            Some(Event::JobEnded { index, job, outcome: Outcome::Failed }) => {
                findings.exercised();
                self.fail_job(*index, *job, record.at, findings);
            }
            _ => {}
        }
    }
}

impl RealRetries {
    fn end_attempt(&mut self, end: &End<'_>, at: SimTime, findings: &mut Findings) {
        let before = self.fails.insert(end.task, end.fails).unwrap_or(0);
        let is_charge = *end.cause == Cause::Failed;
        let (attempt, task) = (end.attempt, named(end.task));
        let mut problems = Vec::new();
        if is_charge && !self.was_told(end) {
            problems
                .push(format!("attempt {attempt} of {task} counts as failed, but its worker never said so"));
        }
        if is_charge && !self.charged.insert(attempt) {
            problems.push(format!("the failure of attempt {attempt} of {task} is charged twice"));
        }
        let most = before.saturating_add(u32::from(is_charge));
        if end.fails > most {
            problems.push(format!(
                "the end of attempt {attempt} ({:?}) raised the failures of {task} from {before} to {}",
                end.cause, end.fails
            ));
        }
        for problem in problems {
            let found = findings.violated(at, problem);
            if let Some(node) = self.assigned.get(&attempt) {
                found.node(node);
            }
            found.evidence(json!({
                "index": end.index,
                "attempt": attempt,
                "task": end.task,
                "cause": end.cause,
                "fails": { "before": before, "after": end.fails },
                "told": self.failures.get(&attempt).map_or(&[][..], |told| told),
            }));
        }
    }

    /// Whether the worker that had the attempt said that it failed.
    fn was_told(&self, end: &End<'_>) -> bool {
        let assigned = self.assigned.get(&end.attempt);
        let told = self.failures.get(&end.attempt).map_or(&[][..], |told| told);
        told.iter().any(|(task, node)| {
            *task == end.task && assigned.is_none_or(|assigned| node.as_ref() == Some(assigned))
        })
    }

    fn fail_job(&self, index: u64, job: u64, at: SimTime, findings: &mut Findings) {
        let Some(&retries) = self.retries.get(&job) else { return };
        // With none allowed, it is the first failure that fails the job.
        let needed = retries.max(1);
        let of_job = || self.fails.iter().filter(|(task, _)| task.job == job);
        if of_job().any(|(_, fails)| *fails >= needed) {
            return;
        }
        let most = of_job().map(|(_, fails)| *fails).max().unwrap_or(0);
        let message =
            format!("job {job} failed although no task of it failed {needed} times: the most is {most}");
        let failed = of_job().filter(|(_, fails)| **fails > 0);
        findings.violated(at, message).evidence(json!({
            "index": index,
            "job": job,
            "retries": retries,
            "fails": failed.map(|(task, fails)| json!({ "task": task, "fails": fails })).collect::<Vec<_>>(),
        }));
    }
}
