//! B4, `no-zombie-effect`: what is fenced, or was never assigned, has no effect.
//!
//! A worker that stood still for longer than its lease does not know that it is taken for dead, and
//! goes on; a leader that lost its office goes on giving orders. Neither can be prevented, so what
//! they do must not count: it names the lease and the attempt, and the log knows what became of
//! both.
//!
//! Source: Gray and Cheriton, "Leases", SOSP 1989; epochs as sequencers that the receiver checks:
//! Burrows, "The Chubby lock service", OSDI 2006, section 2.4.
//!
//! A worker may *begin* an attempt that was fenced meanwhile (its order was under way): that is no
//! violation as long as nothing comes of it. Beginning one that the log does not know is.
//!
//! Incarnations are judged by what the engine knows (the boots of a node), not by what a worker says
//! of itself. A lease belongs to the latest boot that had begun when its registration was told; a
//! registration that is told again, with the same lease and incarnation, changes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use squall_history::vocab::batch::{Event, Task};
use squall_history::{Boot, NodeName, Record, SimTime};

use super::words::{BATCH, Told, named};
use crate::{Findings, Invariant, Oracle};

/// After a lease, an attempt or a job is over, no commit of it; every attempt that begins or commits
/// was assigned before, as just that; an attempt is begun by one incarnation of its worker only, and
/// commits only as long as no later one is registered. Exercised by each commit and each beginning.
#[derive(Clone, Debug, Default)]
pub struct NoZombieEffect {
    told: Told,
    boots: BTreeMap<NodeName, Boot>,
    leases: BTreeMap<NodeName, Lease>,
    /// Leases that are over.
    fenced: BTreeMap<(NodeName, u64), Over>,
    ended: BTreeMap<u64, Over>,
    jobs_ended: BTreeMap<u64, Over>,
    assigned: BTreeMap<u64, Assignment>,
    begun: BTreeMap<u64, Begun>,
}

/// The lease that a worker has.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Lease {
    index: u64,
    epoch: u64,
    incarnation: u64,
    boot: Option<Boot>,
}

/// That something is over, and since which entry.
#[derive(Clone, Debug)]
struct Over {
    index: u64,
    why: String,
}

/// What the log says of an attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Assignment {
    index: u64,
    task: Task,
    node: NodeName,
    epoch: u64,
}

/// Who began an attempt last.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Begun {
    at: SimTime,
    node: NodeName,
    boot: Option<Boot>,
}

/// What an attempt says it is, as it begins or commits.
struct Claim<'r> {
    attempt: u64,
    task: Task,
    node: Option<&'r NodeName>,
    epoch: u64,
}

impl Oracle for NoZombieEffect {
    fn name(&self) -> &'static str {
        "no-zombie-effect"
    }

    fn id(&self) -> Option<&'static str> {
        Some("B4")
    }

    fn needs(&self) -> &'static [&'static str] {
        &[BATCH]
    }
}

impl Invariant for NoZombieEffect {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        if let (Some(node), Some(boot)) = (&record.node, record.boot) {
            let latest = self.boots.entry(node.clone()).or_insert(boot);
            *latest = boot.max(*latest);
        }
        match self.told.news(record) {
            Some(Event::AttemptStarted { attempt, task, epoch }) => {
                findings.exercised();
                let node = record.node.as_ref();
                self.begins(&Claim { attempt: *attempt, task: *task, node, epoch: *epoch }, record, findings);
            }
            Some(Event::TaskCommitted { index, attempt, task, node, epoch, .. }) => {
                findings.exercised();
                let claim = Claim { attempt: *attempt, task: *task, node: Some(node), epoch: *epoch };
                self.commits(&claim, *index, record.at, findings);
            }
            Some(event) => self.learn(event),
            None => {}
        }
    }
}

impl NoZombieEffect {
    fn learn(&mut self, event: &Event) {
        match event {
            Event::Registered { index, node, epoch, incarnation } => {
                self.register(*index, node, *epoch, *incarnation);
            }
            Event::NodeDead { index, node, epoch } => {
                let why = "its lease was taken for expired".to_owned();
                self.fenced.entry((node.clone(), *epoch)).or_insert(Over { index: *index, why });
            }
            Event::AttemptEnded { index, attempt, cause, .. } => {
                let why = format!("the attempt had ended ({cause:?})");
                self.ended.entry(*attempt).or_insert(Over { index: *index, why });
            }
            Event::JobEnded { index, job, outcome } => {
                let why = format!("the job had ended ({outcome:?})");
                self.jobs_ended.entry(*job).or_insert(Over { index: *index, why });
            }
            Event::Assigned { index, attempt, task, node, epoch } => {
                let assignment = Assignment { index: *index, task: *task, node: node.clone(), epoch: *epoch };
                self.assigned.insert(*attempt, assignment);
            }
            _ => {}
        }
    }

    fn register(&mut self, index: u64, node: &NodeName, epoch: u64, incarnation: u64) {
        let lease = Lease { index, epoch, incarnation, boot: self.boots.get(node).copied() };
        let Some(current) = self.leases.get_mut(node) else {
            self.leases.insert(node.clone(), lease);
            return;
        };
        if (current.epoch, current.incarnation) == (epoch, incarnation) {
            return;
        }
        if current.epoch != epoch {
            let why = format!("its worker has lease {epoch} since");
            self.fenced.entry((node.clone(), current.epoch)).or_insert(Over { index, why });
        }
        *current = lease;
    }

    fn begins(&mut self, claim: &Claim<'_>, record: &Record, findings: &mut Findings) {
        self.check_assignment("began", claim, record.at, findings);
        let Some(node) = claim.node else { return };
        let begun = Begun { at: record.at, node: node.clone(), boot: record.boot };
        let Some(earlier) = self.begun.insert(claim.attempt, begun) else { return };
        if earlier.node == *node && earlier.boot != record.boot {
            let message = format!(
                "{node} began attempt {} of {} again, in another incarnation",
                claim.attempt,
                named(claim.task)
            );
            findings.violated(record.at, message).node(node).evidence(json!({
                "attempt": claim.attempt,
                "task": claim.task,
                "first": { "at": earlier.at, "boot": earlier.boot },
                "again": { "at": record.at, "boot": record.boot },
            }));
        }
    }

    fn commits(&self, claim: &Claim<'_>, index: u64, at: SimTime, findings: &mut Findings) {
        self.check_assignment("committed", claim, at, findings);
        let Some((why, proof)) = self.zombie(claim) else { return };
        let message =
            format!("attempt {} of {} was committed although {why}", claim.attempt, named(claim.task));
        let found = findings.violated(at, message);
        if let Some(node) = claim.node {
            found.node(node);
        }
        found.evidence(json!({ "commit": claim.evidence(Some(index)), "over": proof }));
    }

    /// Why a commit must not count, with the proof: the first reason that holds.
    fn zombie(&self, claim: &Claim<'_>) -> Option<(String, Value)> {
        let node = claim.node?;
        let over = self
            .ended
            .get(&claim.attempt)
            .or_else(|| self.fenced.get(&(node.clone(), claim.epoch)))
            .or_else(|| self.jobs_ended.get(&claim.task.job));
        if let Some(over) = over {
            return Some((over.why.clone(), json!({ "index": over.index })));
        }
        let (lease, begun) = (self.leases.get(node)?, self.begun.get(&claim.attempt)?);
        let (registered, boot) = (lease.boot?, begun.boot?);
        (begun.node == *node && boot < registered).then(|| {
            let why = format!("an earlier incarnation of {node} than the registered one began it");
            let proof = json!({
                "begun": { "at": begun.at, "boot": boot },
                "registered": { "index": lease.index, "boot": registered },
            });
            (why, proof)
        })
    }

    /// That an attempt is what the log assigned.
    fn check_assignment(&self, did: &str, claim: &Claim<'_>, at: SimTime, findings: &mut Findings) {
        let assigned = self.assigned.get(&claim.attempt);
        let who = claim.node.map_or("a worker", |node| node.as_str());
        let (attempt, task, epoch) = (claim.attempt, named(claim.task), claim.epoch);
        let message = match assigned {
            None => format!("{who} {did} attempt {attempt} of {task}, which was never assigned"),
            Some(assigned) if !claim.is(assigned) => format!(
                "{who} {did} attempt {attempt} as {task} under lease {epoch}, but it was assigned as {} to {} \
                 under lease {}",
                named(assigned.task),
                assigned.node,
                assigned.epoch
            ),
            Some(_) => return,
        };
        let found = findings.violated(at, message);
        if let Some(node) = claim.node {
            found.node(node);
        }
        if let Some(assigned) = assigned.filter(|assigned| Some(&assigned.node) != claim.node) {
            found.node(&assigned.node);
        }
        found.evidence(json!({
            did: claim.evidence(None),
            "assigned": assigned.map(|assigned| json!({
                "index": assigned.index,
                "task": assigned.task,
                "node": assigned.node,
                "epoch": assigned.epoch,
            })),
        }));
    }
}

impl Claim<'_> {
    fn is(&self, assigned: &Assignment) -> bool {
        self.task == assigned.task
            && self.epoch == assigned.epoch
            && self.node.is_none_or(|node| *node == assigned.node)
    }

    fn evidence(&self, index: Option<u64>) -> Value {
        let mut evidence = json!({
            "attempt": self.attempt,
            "task": self.task,
            "node": self.node,
            "epoch": self.epoch,
        });
        if let Some(index) = index {
            evidence["index"] = index.into();
        }
        evidence
    }
}
