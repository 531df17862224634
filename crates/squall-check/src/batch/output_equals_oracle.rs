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

use serde_json::{Value, json};
use squall_blackbox::Exhausted;
use squall_history::{History, NodeName, OpId, Phase, SimTime};

use super::words::{Asked, Kind, OP, job, operation};
use crate::{Budget, Checker, Findings, Oracle};

/// Every `get` that returned a dataset returned the reference of the job that was submitted for it.
///
/// The job is the one that the answer names, if a submission was acknowledged as it; else any that
/// was submitted for the dataset and did not fail. Where the reference has no answer for a job, or
/// the returned value is no dataset, neither has this checker: unknown. Exercised by each `get` that
/// was judged. A line compared is a step of the budget; so is a text that was found right before.
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
struct References<'h> {
    compute: fn(&Value) -> Option<Words>,
    /// By submission.
    known: BTreeMap<OpId, Option<Reference<'h>>>,
}

impl<'h> References<'h> {
    fn of(&mut self, submission: &Submission<'_>) -> Option<&mut Reference<'h>> {
        let compute = || Some(Reference { words: (self.compute)(submission.spec)?, right: None });
        self.known.entry(submission.op).or_insert_with(compute).as_mut()
    }
}

/// What a job should publish.
struct Reference<'h> {
    words: Words,
    /// A text that was found right. Clients read the same again and again.
    right: Option<&'h str>,
}

impl<'h> Reference<'h> {
    fn first_difference(
        &mut self,
        text: &'h str,
        budget: &mut Budget,
    ) -> Result<Option<Difference>, Exhausted> {
        if self.right == Some(text) {
            return budget.step().map(|()| None);
        }
        let difference = first_difference(&self.words, text, budget)?;
        if difference.is_none() {
            self.right = Some(text);
        }
        Ok(difference)
    }
}

/// One `get` that returned something.
struct Read<'h> {
    at: SimTime,
    node: Option<&'h NodeName>,
    asked: Asked<'h>,
}

/// The first thing in which a text differs from the reference.
enum Difference {
    /// A word has another count.
    Count { word: String, expected: u64, found: u64 },
    /// A line is no word with its count.
    Line(String),
    /// A word has two lines.
    Twice(String),
}

impl Difference {
    /// What was read, for a sentence.
    fn in_words(&self) -> String {
        match self {
            Self::Count { word, expected, found } => {
                format!("{found} times `{word}`; the reference has {expected}")
            }
            Self::Line(line) => format!("the line `{line}`, which is no word with its count"),
            Self::Twice(word) => format!("two counts of `{word}`"),
        }
    }

    fn evidence(&self) -> Value {
        match self {
            Self::Count { word, expected, found } => {
                json!({ "word": word, "expected": expected, "found": found })
            }
            Self::Line(line) => json!({ "line": line }),
            Self::Twice(word) => json!({ "twice": word }),
        }
    }
}

impl<'h> Read<'h> {
    /// False if the budget ran out.
    fn judge(
        &self,
        submissions: &[Submission<'_>],
        references: &mut References<'h>,
        budget: &mut Budget,
        findings: &mut Findings,
    ) -> bool {
        let Asked { dataset, op, .. } = self.asked;
        let Some(text) = op.value.get("text").and_then(Value::as_str) else {
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
            match reference.first_difference(text, budget) {
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
            Some((_, difference)) => {
                findings.violated(self.at, format!("`{dataset}` was read with {}", difference.in_words()))
            }
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
            "first-difference": difference.as_ref().map(|(_, difference)| difference.evidence()),
        }));
    }
}

/// A word that occurs not at all counts as none.
fn first_difference(
    expected: &Words,
    text: &str,
    budget: &mut Budget,
) -> Result<Option<Difference>, Exhausted> {
    if let Some(lines) = lines_if_equal(expected, text) {
        return budget.spend(lines).map(|()| None);
    }
    let mut found = BTreeMap::new();
    for line in text.lines() {
        budget.step()?;
        let Some((word, count)) = counted(line) else { return Ok(Some(Difference::Line(line.to_owned()))) };
        if found.insert(word, count).is_some() {
            return Ok(Some(Difference::Twice(word.to_owned())));
        }
    }
    let expected_of = |word: &str| expected.get(word).copied().unwrap_or(0);
    let missing = expected.iter().find(|&(word, count)| *count != found.get(&**word).copied().unwrap_or(0));
    let other = found.iter().find(|&(word, count)| *count != expected_of(word));
    let first = missing.map(|(word, _)| &**word).into_iter().chain(other.map(|(word, _)| *word)).min();
    Ok(first.map(|word| Difference::Count {
        word: word.to_owned(),
        expected: expected_of(word),
        found: found.get(word).copied().unwrap_or(0),
    }))
}

/// How many lines a text has, if they are those of the reference in any order: then nothing needs to be
/// looked up. Of any other text it says nothing.
fn lines_if_equal(expected: &Words, text: &str) -> Option<u64> {
    let mut found: Vec<(&str, u64)> = text.lines().map(counted).collect::<Option<_>>()?;
    // Stable, since the parts of a result are in order each: runs are merged.
    found.sort();
    let expected = expected.iter().map(|(word, count)| (&**word, *count));
    expected.eq(found.iter().copied()).then_some(found.len() as u64)
}

/// A line `word count`.
fn counted(line: &str) -> Option<(&str, u64)> {
    let (word, count) = line.split_once(' ')?;
    Some((word, count.parse().ok()?))
}
