//! L2, `job-finishes`: once the faults are over, every acknowledged job ends within the bound.
//!
//! Liveness of the work itself. Clients may be answered all the time (`recovery`) by a cluster that
//! forgot a task, waits for a worker that is gone, or fetches for ever what nobody has.
//!
//! Source: the promise of MapReduce, OSDI 2004, section 3.3: it is resilient to failures of workers,
//! since lost work is done again. The bound makes of "eventually" something that a finite run can
//! show (Alpern and Schneider, "Defining Liveness", 1985, on why it could not otherwise).
//!
//! It takes the end of a job from the log, not from what clients saw, and it does not ask how it
//! ended: a job that fails has ended. (B10 judges whether it may.)

use std::collections::BTreeMap;

use serde_json::json;
use squall_history::vocab::batch::Event;
use squall_history::{Expect, Header, NodeName, OpId, Phase, Record, SimDuration, SimTime};

use super::words::{BATCH, Kind, OP, Told, job, operation};
use crate::recovery::Faults;
use crate::{Findings, Invariant, Oracle, Promise};

/// Every job that a `submit` was acknowledged with is told ended by max(E, acknowledgement) + d. d is
/// the scenario's `expect.recovery`, and E the moment from when on nothing new is done to the system,
/// as [`recovery`](crate::Recovery) has it. A job whose bound lies behind the end of the run is not
/// judged. Not applicable without `expect.recovery`, and if faults went beyond the budget. Exercised
/// by each job judged.
#[derive(Clone, Debug, Default)]
pub struct JobFinishes {
    within: Option<SimDuration>,
    settled_by: SimDuration,
    told: Told,
    faults: Faults,
    acked: BTreeMap<u64, Ack>,
    ended: BTreeMap<u64, SimTime>,
}

/// The first acknowledgement of a job.
#[derive(Clone, Debug)]
struct Ack {
    at: SimTime,
    op: OpId,
    node: Option<NodeName>,
    dataset: String,
}

impl Oracle for JobFinishes {
    fn name(&self) -> &'static str {
        "job-finishes"
    }

    fn id(&self) -> Option<&'static str> {
        Some("L2")
    }

    fn needs(&self) -> &'static [&'static str] {
        &[BATCH, OP]
    }

    fn promise(&self) -> Promise {
        Promise::Liveness
    }
}

impl Invariant for JobFinishes {
    fn begin(&mut self, _header: &Header, expect: &Expect) {
        self.within = expect.recovery;
        self.settled_by = expect.steady_state.unwrap_or_default();
    }

    fn observe(&mut self, record: &Record, _findings: &mut Findings) {
        self.faults.observe(record);
        if let Some(asked) = operation(record)
            && asked.kind == Kind::Submit
            && asked.op.phase == Phase::Ok
            && let Some(job) = job(&asked.op.value)
        {
            self.acked.entry(job).or_insert_with(|| Ack {
                at: record.at,
                op: asked.op.id,
                node: record.node.clone(),
                dataset: asked.dataset.to_owned(),
            });
        }
        if let Some(Event::JobEnded { job, .. }) = self.told.news(record) {
            self.ended.entry(*job).or_insert(record.at);
        }
    }

    fn end(&mut self, at: SimTime, findings: &mut Findings) {
        let Some(within) = self.within else {
            return findings.not_applicable("the scenario expects no `recovery`, which is the bound");
        };
        let calm = match self.faults.calm(self.settled_by) {
            Ok(calm) => calm,
            Err(why) => return findings.not_applicable(why),
        };
        for (job, ack) in &self.acked {
            let due = calm.at.max(ack.at) + within;
            if due > at {
                continue;
            }
            findings.exercised();
            let ended = self.ended.get(job);
            if ended.is_some_and(|ended| *ended <= due) {
                continue;
            }
            let from = if ack.at < calm.at {
                format!("{} at {}", calm.what, calm.at)
            } else {
                format!("it was acknowledged at {}", ack.at)
            };
            let message = format!("job {job} (`{}`) had not ended {within} after {from}", ack.dataset);
            let found = findings.violated(due, message).op(ack.op);
            if let Some(node) = &ack.node {
                found.node(node);
            }
            found.evidence(json!({
                "job": job,
                "acknowledged": ack.at,
                "within": within,
                "after": { "event": calm.what, "at": calm.at },
                "ended": ended,
            }));
        }
    }
}
