//! B1, `output-equals-oracle`: a dataset that a client reads is what a single process makes of the
//! job.
//!
//! The whole truth about a batch cluster, from outside: whatever was lost, repeated, fenced or done
//! again, the result is as if nothing had happened. It needs no word from the system, only a
//! reference that computes the result in the plainest way.
//!
//! Source: MapReduce, OSDI 2004, section 3.3: with deterministic functions the output is that of "a
//! non-faulting sequential execution of the entire program".
//!
//! Assumption: jobs are deterministic. It does not ask when a result comes, nor what went wrong when
//! it is not right: B2 to B5 do.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use squall_history::{History, NodeName, OpId, Phase, SimTime};

use super::words::{Asked, Kind, OP, job, operation};
use squall_blackbox::Exhausted;

use crate::{Budget, Checker, Findings, Oracle};

/// Every `get` that returned a dataset returned the reference of the job that was submitted for it.
///
/// The job is the one that the answer names, if a submission was acknowledged as it; else any that
/// was submitted for the dataset and did not fail. Where the reference has no answer for a job, or
/// the returned value is no dataset, neither has this checker: unknown. Exercised by each `get` that
/// was judged. A word compared is a step of the budget.
#[derive(Clone, Copy, Debug)]
pub struct OutputEqualsOracle {
    reference: fn(&Value) -> Option<Words>,
}

/// How often each word occurs.
type Words = BTreeMap<String, u64>;

impl OutputEqualsOracle {
    /// `reference` computes the result of a job from its specification, as `submit` was invoked with
    /// it; `None` if it cannot.
    pub const fn new(reference: fn(&Value) -> Option<BTreeMap<String, u64>>) -> Self {
        Self { reference }
    }
}

impl Oracle for OutputEqualsOracle {
    fn name(&self) -> &'static str {
        "output-equals-oracle"
    }

    fn id(&self) -> Option<&'static str> {
        Some("B1")
    }

    fn needs(&self) -> &'static [&'static str] {
        &[OP]
    }
}

impl Checker for OutputEqualsOracle {
    fn check(&self, history: &History, budget: &mut Budget, findings: &mut Findings) {
        let submissions = Submission::all(history);
        let mut references = References { compute: self.reference, known: BTreeMap::new() };
        for record in &history.records {
            let Some(asked) = operation(record) else { continue };
            if (asked.kind, asked.op.phase) != (Kind::Get, Phase::Ok) || asked.op.value.is_null() {
                continue;
            }
            let read = Read { at: record.at, node: record.node.as_ref(), asked };
            let of_dataset = submissions.get(asked.dataset).map_or(&[][..], |all| all);
            if !read.judge(of_dataset, &mut references, budget, findings) {
                return findings.unknown(format!("the budget ran out at op {}", asked.op.id.0));
            }
        }
    }
}

/// One submission that may have been accepted.
struct Submission<'h> {
    op: OpId,
    spec: &'h Value,
    job: Option<u64>,
}

impl<'h> Submission<'h> {
    /// All that did not fail, by dataset, in order of invocation.
    fn all(history: &'h History) -> BTreeMap<&'h str, Vec<Self>> {
        let mut all: BTreeMap<&str, Vec<Self>> = BTreeMap::new();
        for asked in history.records.iter().filter_map(operation).filter(|asked| asked.kind == Kind::Submit) {
            let of_dataset = all.entry(asked.dataset).or_default();
            let op = asked.op;
            match op.phase {
                Phase::Invoke => of_dataset.push(Self { op: op.id, spec: &op.value, job: None }),
                Phase::Ok => {
                    let submission = of_dataset.iter_mut().find(|submission| submission.op == op.id);
                    if let Some(submission) = submission {
                        submission.job = job(&op.value);
                    }
                }
                Phase::Fail => of_dataset.retain(|submission| submission.op != op.id),
                Phase::Info => {}
            }
        }
        all
    }
}

/// Each reference is computed once.
struct References {
    compute: fn(&Value) -> Option<Words>,
    /// By submission.
    known: BTreeMap<OpId, Option<Words>>,
}

impl References {
    fn of(&mut self, submission: &Submission<'_>) -> Option<&Words> {
        self.known.entry(submission.op).or_insert_with(|| (self.compute)(submission.spec)).as_ref()
    }
}

/// One `get` that returned something.
struct Read<'h> {
    at: SimTime,
    node: Option<&'h NodeName>,
    asked: Asked<'h>,
}

/// The first word in which two results differ.
struct Difference {
    word: String,
    expected: u64,
    found: u64,
}

impl Read<'_> {
    /// False if the budget ran out.
    fn judge(
        &self,
        submissions: &[Submission<'_>],
        references: &mut References,
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> bool {
        let Asked { dataset, op, .. } = self.asked;
        let Some(words) = words(&op.value) else {
            findings.unknown(format!("op {} returned what is no dataset", op.id.0));
            return true;
        };
        let named = job(&op.value);
        let acked =
            submissions.iter().filter(|submission| submission.job.is_some() && submission.job == named);
        let mut candidates: Vec<&Submission<'_>> = acked.take(1).collect();
        if candidates.is_empty() {
            candidates = submissions.iter().collect();
        }
        let mut difference = None;
        for submission in &candidates {
            let Some(reference) = references.of(submission) else {
                findings.unknown(format!("the reference has no answer for op {}", submission.op.0));
                return true;
            };
            match first_difference(reference, words, budget) {
                Err(_) => return false,
                Ok(None) => {
                    findings.exercised();
                    return true;
                }
                Ok(Some(found)) => _ = difference.get_or_insert((submission.op, found)),
            }
        }
        findings.exercised();
        self.report(dataset, difference, findings);
        true
    }

    fn report(&self, dataset: &str, difference: Option<(OpId, Difference)>, findings: &mut Findings) {
        let op = self.asked.op;
        let found = match &difference {
            None => findings.violated(self.at, format!("`{dataset}` was read, but nobody submitted it")),
            Some((_, Difference { word, expected, found })) => findings.violated(
                self.at,
                format!("`{dataset}` was read with {found} times `{word}`; the reference has {expected}"),
            ),
        };
        if let Some(node) = self.node {
            found.node(node);
        }
        if let Some((submit, _)) = &difference {
            found.op(*submit);
        }
        found.op(op.id).evidence(json!({
            "dataset": dataset,
            "version": op.value.get("version"),
            "job": op.value.get("job"),
            "submit": difference.as_ref().map(|(submit, _)| submit),
            "first-difference": difference.as_ref().map(|(_, difference)| json!({
                "word": difference.word,
                "expected": difference.expected,
                "found": difference.found,
            })),
        }));
    }
}

/// A word that occurs not at all counts as none. All counts that were found are numbers.
fn first_difference(
    expected: &Words,
    found: &Found,
    budget: &mut Budget,
) -> Result<Option<Difference>, Exhausted> {
    let mut first: Option<Difference> = None;
    let mut compare = |word: &String, expected: u64, found: u64| {
        budget.step()?;
        if expected != found && first.as_ref().is_none_or(|first| *word < first.word) {
            first = Some(Difference { word: word.clone(), expected, found });
        }
        Ok(())
    };
    for (word, &count) in expected {
        compare(word, count, found.get(word).and_then(Value::as_u64).unwrap_or(0))?;
    }
    for (word, count) in found.iter().filter(|(word, _)| !expected.contains_key(*word)) {
        compare(word, 0, count.as_u64().unwrap_or(0))?;
    }
    Ok(first)
}

/// How often each word was found.
type Found = Map<String, Value>;

/// The words of a returned dataset.
fn words(value: &Value) -> Option<&Found> {
    let words = value.get("words")?.as_object()?;
    words.values().all(Value::is_u64).then_some(words)
}
