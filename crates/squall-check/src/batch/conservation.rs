//! B2, `conservation`: what the maps wrote is what the reduces read, record for record.
//!
//! A wrong result shows in the end, if somebody reads it; this shows the step that spoilt it. Each
//! commit carries tallies (a count and a sum of hashes) of what the attempt read and wrote, and of
//! what a reduce took from each map, so a record that is lost, doubled or changed on the way, by a
//! short read say, does not add up.
//!
//! Source: the stages of MapReduce and the commit of their outputs (Dean and Ghemawat, "MapReduce",
//! OSDI 2004, section 3). A reduce must consume the output that is the map's *now*: outputs of
//! attempts that ran again may differ, and mixing them is what makes results wrong (its section 3.3
//! on tasks that are not deterministic).
//!
//! Assumptions: tallies are honest and equal for equal data only (sums of good hashes). It does not
//! ask whether the input was the right one: that is B1. It knows the maps of a job from their
//! assignments and commits.

use std::collections::BTreeMap;

use serde_json::json;
use squall_history::vocab::batch::{Consumed, Event, Stage, Tally, Task};
use squall_history::{NodeName, Record};

use super::words::{BATCH, Told, named};
use crate::{Findings, Invariant, Oracle};

/// A map's input equals the sum of its partitions. A reduce consumed exactly the output of each map
/// of its job that is committed at that moment, all of its partition of it, and consumed sum, input
/// and output are equal. Exercised by each commit.
#[derive(Clone, Debug, Default)]
pub struct Conservation {
    told: Told,
    /// Of each job, by number: every map there is, with what is committed of it.
    maps: BTreeMap<u64, BTreeMap<u32, Option<MapOutput>>>,
}

/// The output of a map that is the map's output at present.
#[derive(Clone, Debug)]
struct MapOutput {
    attempt: u64,
    node: NodeName,
    partitions: Vec<Tally>,
}

/// What does not add up.
struct Problem {
    message: String,
    /// The worker whose output was consumed, if one is concerned.
    source: Option<NodeName>,
    expected: serde_json::Value,
    found: serde_json::Value,
}

impl Oracle for Conservation {
    fn name(&self) -> &'static str {
        "conservation"
    }

    fn id(&self) -> Option<&'static str> {
        Some("B2")
    }

    fn needs(&self) -> &'static [&'static str] {
        &[BATCH]
    }
}

impl Invariant for Conservation {
    fn observe(&mut self, record: &Record, findings: &mut Findings) {
        match self.told.news(record) {
            Some(Event::Assigned { task, .. }) if task.stage == Stage::Map => {
                self.maps.entry(task.job).or_default().entry(task.number).or_insert(None);
            }
            Some(Event::OutputLost { attempt, task, .. }) if task.stage == Stage::Map => {
                self.lose(*task, *attempt);
            }
            Some(event @ Event::TaskCommitted { attempt, task, node, input, outputs, consumed, .. }) => {
                findings.exercised();
                let problem = match task.stage {
                    Stage::Map => map_problem(*task, *input, outputs),
                    Stage::Reduce => self.reduce_problem(*task, *input, outputs, consumed),
                };
                if let Some(problem) = problem {
                    let found = findings.violated(record.at, problem.message).node(node);
                    if let Some(source) = &problem.source {
                        found.node(source);
                    }
                    found.evidence(
                        json!({ "expected": problem.expected, "found": problem.found, "commit": event }),
                    );
                }
                if task.stage == Stage::Map {
                    let output =
                        MapOutput { attempt: *attempt, node: node.clone(), partitions: outputs.clone() };
                    self.maps.entry(task.job).or_default().insert(task.number, Some(output));
                }
            }
            _ => {}
        }
    }
}

impl Conservation {
    fn lose(&mut self, task: Task, attempt: u64) {
        let output = self.maps.get_mut(&task.job).and_then(|maps| maps.get_mut(&task.number));
        if let Some(output) = output {
            output.take_if(|output| output.attempt == attempt);
        }
    }

    /// The first thing that is wrong with what a reduce took and gave.
    fn reduce_problem(
        &self,
        task: Task,
        input: Tally,
        outputs: &[Tally],
        consumed: &[Consumed],
    ) -> Option<Problem> {
        let none = BTreeMap::new();
        let maps = self.maps.get(&task.job).unwrap_or(&none);
        let numbers: Vec<u32> = consumed.iter().map(|from| from.map).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        if !sorted.iter().eq(maps.keys()) {
            return Some(Problem {
                message: format!("{} did not consume each map of its job exactly once", named(task)),
                source: None,
                expected: json!({ "maps": maps.keys().collect::<Vec<_>>() }),
                found: json!({ "maps": numbers }),
            });
        }
        if let Some(problem) =
            consumed.iter().find_map(|from| consumed_problem(task, *from, &maps[&from.map]))
        {
            return Some(problem);
        }
        let taken = sum(consumed.iter().map(|from| from.tally));
        unequal(task, ["took from the maps", "read"], taken, input)
            .or_else(|| unequal(task, ["read", "wrote"], input, sum(outputs.iter().copied())))
    }
}

fn map_problem(task: Task, input: Tally, outputs: &[Tally]) -> Option<Problem> {
    unequal(task, ["read", "wrote"], input, sum(outputs.iter().copied()))
}

fn consumed_problem(task: Task, from: Consumed, current: &Option<MapOutput>) -> Option<Problem> {
    let Consumed { map, attempt, tally } = from;
    let reduce = named(task);
    let Some(output) = current else {
        return Some(Problem {
            message: format!(
                "{reduce} consumed attempt {attempt} of map {map}, which has no output at present"
            ),
            source: None,
            expected: json!({ "map": map, "attempt": null }),
            found: json!(from),
        });
    };
    let partition = output.partitions.get(task.number as usize).copied();
    let expected = json!({ "map": map, "attempt": output.attempt, "tally": partition });
    let message = if attempt != output.attempt {
        format!(
            "{reduce} consumed attempt {attempt} of map {map}, whose output is that of attempt {}",
            output.attempt
        )
    } else if partition != Some(tally) {
        let of_map = format!("partition {} of map {map} (attempt {attempt})", task.number);
        match partition {
            Some(partition) => format!("{reduce} took {} {of_map}", compared(tally, "of the", partition)),
            None => {
                format!("{reduce} took {} records of {of_map}, which has no such partition", tally.records)
            }
        }
    } else {
        return None;
    };
    Some(Problem { message, source: Some(output.node.clone()), expected, found: json!(from) })
}

/// That a task did one thing with `expected` and another with `found`, unless they are equal.
fn unequal(task: Task, did: [&str; 2], expected: Tally, found: Tally) -> Option<Problem> {
    let [first, second] = did;
    let message = if expected.records == found.records {
        format!("{} {first} {} records and {second} others", named(task), expected.records)
    } else {
        format!("{} {first} {} records and {second} {}", named(task), expected.records, found.records)
    };
    (expected != found).then(|| Problem {
        message,
        source: None,
        expected: json!({ first: expected }),
        found: json!({ second: found }),
    })
}

/// How a tally differs from another, in words.
fn compared(tally: Tally, of: &str, whole: Tally) -> String {
    if tally.records == whole.records {
        format!("{} records that are not those of", tally.records)
    } else {
        format!("{} {of} {} records of", tally.records, whole.records)
    }
}

/// Wrapping: a planted bug may make any number.
fn sum(tallies: impl Iterator<Item = Tally>) -> Tally {
    tallies.fold(Tally::default(), |sum, tally| Tally {
        records: sum.records.wrapping_add(tally.records),
        digest: sum.digest.wrapping_add(tally.digest),
    })
}
