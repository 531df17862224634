//! B3, `committed-once`: of all the attempts at a task one counts, and what is published is made of
//! exactly those that count.
//!
//! Attempts run twice for good reasons: a lease ran out, an answer was lost. That is harmless as
//! long as the first commit wins and no other follows it.
//!
//! Source: MapReduce, OSDI 2004, section 3.3: the master takes the first completion of a task and
//! ignores later ones. A lost output is made again, as a new generation (sections 3.3 and 3.2 there;
//! lineage in Zaharia et al., "Resilient Distributed Datasets", NSDI 2012).
//!
//! It does not ask whether the attempt was entitled to commit (B4), nor what is in the output (B2).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use squall_history::vocab::batch::{Event, Stage, Task};
use squall_history::{NodeName, Record, SimTime};

use super::words::{BATCH, Told, named};
use crate::{Findings, Invariant, Oracle};

/// A task commits again only after its output was told lost, as another generation, by an attempt
/// that has not committed before; and a published dataset consists of the committed attempts of all
/// its job's reduces, in their order. The same commit told again is no second one. Exercised by
/// each commit and each publication.
#[derive(Clone, Debug, Default)]
pub struct CommittedOnce {
    told: Told,
    tasks: BTreeMap<Task, TaskStory>,
}

/// What happened to one task.
#[derive(Clone, Debug, Default)]
struct TaskStory {
    /// The commit that counts at present.
    current: Option<Commit>,
    /// The first commit of each generation.
    generations: BTreeMap<u32, Commit>,
    attempts: BTreeSet<u64>,
}

#[derive(Clone, Debug)]
struct Commit {
    index: u64,
    attempt: u64,
    generation: u32,
    node: NodeName,
}

impl Oracle for CommittedOnce {
    fn name(&self) -> &'static str {
        "committed-once"
    }

    fn id(&self) -> Option<&'static str> {
        Some("B3")
    }

    fn needs(&self) -> &'static [&'static str] {
        &[BATCH]
    }
}

impl Invariant for CommittedOnce {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match self.told.news(record) {
            Some(Event::Assigned { task, .. }) => _ = self.tasks.entry(*task).or_default(),
            Some(Event::OutputLost { attempt, task, .. }) => {
                let story = self.tasks.entry(*task).or_default();
                story.current.take_if(|commit| commit.attempt == *attempt);
            }
            Some(Event::TaskCommitted { index, attempt, task, node, generation, .. }) => {
                findings.exercised();
                let commit =
                    Commit { index: *index, attempt: *attempt, generation: *generation, node: node.clone() };
                self.tasks.entry(*task).or_default().commit(*task, commit, record.at, findings);
            }
            Some(Event::Published { index, job, dataset, version, attempts }) => {
                findings.exercised();
                self.publish(*index, *job, (dataset, *version), attempts, record.at, findings);
            }
            _ => {}
        }
    }
}

impl CommittedOnce {
    fn publish(
        &self,
        index: u64,
        job: u64,
        (dataset, version): (&str, u64),
        attempts: &[u64],
        at: SimTime,
        findings: &mut Findings,
    ) {
        let reduces = self.tasks.iter().filter(|(task, _)| task.job == job && task.stage == Stage::Reduce);
        let committed: Vec<(u32, Option<u64>)> = reduces
            .map(|(task, story)| (task.number, story.current.as_ref().map(|commit| commit.attempt)))
            .collect();
        let is_gapless = (0..).zip(&committed).all(|(place, (number, _))| place == *number);
        let expected: Vec<Option<u64>> = committed.iter().map(|(_, attempt)| *attempt).collect();
        if !committed.is_empty() && is_gapless && attempts.iter().copied().map(Some).eq(expected) {
            return;
        }
        findings
            .violated(
                at,
                format!("version {version} of `{dataset}` is not made of the committed reduces of job {job}"),
            )
            .evidence(json!({
                "index": index,
                "published": attempts,
                "reduces": committed
                    .iter()
                    .map(|(number, attempt)| json!({ "reduce": number, "attempt": attempt }))
                    .collect::<Vec<_>>(),
            }));
    }
}

impl TaskStory {
    fn commit(&mut self, task: Task, commit: Commit, at: SimTime, findings: &mut Findings) {
        let is_repetition = self.current.as_ref().is_some_and(|current| {
            current.attempt == commit.attempt && current.generation == commit.generation
        });
        if is_repetition {
            return;
        }
        let (name, attempt) = (named(task), commit.attempt);
        let problem = if let Some(current) = &self.current {
            let message = format!(
                "{name} was committed by attempt {attempt} while the output of attempt {} counts",
                current.attempt
            );
            Some((message, current))
        } else if let Some(earlier) = self.generations.get(&commit.generation) {
            let message = format!(
                "{name} was committed twice as generation {}: by attempts {} and {attempt}",
                commit.generation, earlier.attempt
            );
            Some((message, earlier))
        } else if self.attempts.contains(&attempt) {
            let message = format!("attempt {attempt} committed {name} again after its output was lost");
            Some((message, &commit))
        } else {
            None
        };
        if let Some((message, earlier)) = problem {
            let found = findings.violated(at, message).node(&commit.node);
            if earlier.node != commit.node {
                found.node(&earlier.node);
            }
            found.evidence(json!({
                "task": task,
                "commit": commit.evidence(),
                "earlier": earlier.evidence(),
            }));
        }
        self.attempts.insert(attempt);
        self.generations.entry(commit.generation).or_insert_with(|| commit.clone());
        self.current = Some(commit);
    }
}

impl Commit {
    fn evidence(&self) -> serde_json::Value {
        json!({
            "index": self.index,
            "attempt": self.attempt,
            "generation": self.generation,
            "node": self.node,
        })
    }
}
