//! `set-full`: every element over time. Once it is known, every read that begins later has it.
//!
//! An element is known when its `add` is acknowledged, or when a read that has it completes. For each
//! element only two reads matter: the last that must have it and has not, and the first. Both follow
//! from where its unbroken run of reads at the end begins, and one at the start ends: a pass over all
//! reads backwards and one forwards, with one number for each element. So the time is linear in what
//! was read, however many elements each read lacks.

use serde::Deserialize;
use serde_json::{Value, json};
use squall_history::{SimDuration, SimTime};

use super::members::Members;
use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, answer, hold};
use crate::entry::read_options;
use crate::keys::objects;
use crate::{Analysis, Budget, Entry, Findings, Moment, Operation, Scope};

pub(crate) const ENTRY: Entry = Entry {
    name: "set-full",
    meaning: "every read of a set has each element that was known before it began",
    options: "visible-within: duration, or `eventually`",
    build: |options| {
        let Options { visible_within } = read_options(options)?;
        let visibility = match visible_within.as_deref() {
            None => Visibility::AtOnce,
            Some("eventually") => Visibility::Eventually,
            Some(text) => Visibility::Within(text.parse().map_err(|why| format!("visible-within: {why}"))?),
        };
        Ok(Box::new(SetFull::new(visibility)))
    },
};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Options {
    visible_within: Option<String>,
}

/// When an element must be in the reads that begin after it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Visibility {
    /// From then on: what a linearizable set promises.
    #[default]
    AtOnce,
    /// From so long after it on.
    Within(SimDuration),
    /// In the last read of all; that earlier ones lack it is only measured.
    Eventually,
}

/// Every element is followed through all reads of its set.
///
/// A read is due to have an element if it began after the element was known, and later by what the
/// [`Visibility`] grants.
///
/// | anomaly | what it is |
/// |---|---|
/// | `lost` | a due read lacks the element, and so does every read that begins later |
/// | `stale` | a due read lacks the element, a later one has it |
/// | `unexpected` | a read has an element that was never added, could not be added, or only after it ended |
/// | `duplicated` | a read has an element more than once |
///
/// Exercised once for each element that has a due read. The summary counts `elements` by what became of
/// them (`stable`, `stale`, `lost`, `never-read`), and gives quantiles of `stable-latency`: how long
/// after it was known the last read that lacked a stable element began (zero if none did).
///
/// For each element alone this is exactly linearizability of a flag that is raised once (a test holds
/// it against brute force); it is weaker than linearizability of the set.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetFull {
    visibility: Visibility,
}

impl SetFull {
    /// With elements visible in time.
    pub const fn new(visibility: Visibility) -> Self {
        Self { visibility }
    }

    /// The first of `reads`, which are in order of invocation, that must have what was known then.
    fn first_due(self, reads: &[&Operation<'_>], known: Moment) -> usize {
        let due = match self.visibility {
            Visibility::Within(span) => known.at + span,
            Visibility::AtOnce | Visibility::Eventually => SimTime::ZERO,
        };
        reads.partition_point(|read| read.invoked.place < known.place || read.invoked.at < due)
    }
}

impl Analysis for SetFull {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn scope(&self) -> Scope {
        match self.visibility {
            Visibility::AtOnce | Visibility::Within(_) => Scope::Prefix,
            // What the last read lacks so far, a later one may have.
            Visibility::Eventually => Scope::WholeRun,
        }
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&["lost", "stale", "unexpected", "duplicated"]);
            let mut counts = Counts::default();
            for object in objects(operations, budget)? {
                let bytes = budget.bytes;
                let members = Members::of(ENTRY.name, &object, budget)?;
                let lives = Lives::of(members, (&mut anomalies, budget))?;
                lives.judge(*self, &mut counts, &mut anomalies, findings);
                budget.bytes = bytes;
            }
            counts.report(findings);
            anomalies.report(findings);
            Ok(())
        });
    }
}

#[derive(Default)]
struct Counts {
    attempted: u64,
    stable: u64,
    stale: u64,
    lost: u64,
    never_read: u64,
    latencies: Vec<SimDuration>,
}

impl Counts {
    fn report(mut self, findings: &mut Findings) {
        let Self { attempted, stable, stale, lost, never_read, .. } = self;
        let elements = json!({
            "attempted": attempted, "stable": stable, "stale": stale, "lost": lost, "never-read": never_read,
        });
        findings.measured("elements", elements);
        self.latencies.sort_unstable();
        let Some(last) = self.latencies.len().checked_sub(1) else { return };
        let quantile = |percent: usize| json!(self.latencies[last * percent / 100]);
        let latency = json!({
            "0.5": quantile(50), "0.95": quantile(95), "0.99": quantile(99), "1": quantile(100),
        });
        findings.measured("stable-latency", latency);
    }
}

/// The elements of a set, and what each read has of them.
struct Lives<'a, 'h> {
    members: Members<'a, 'h>,
    /// What each read has, one after the other, and where each read's part ends.
    seen: Vec<u32>,
    ends: Vec<usize>,
    /// When an element was known.
    known: Vec<Option<Moment>>,
    /// The read at which its unbroken run at the end begins; the number of reads if the last lacks it.
    run: Vec<usize>,
    /// The last read that has it.
    last_seen: Vec<Option<usize>>,
}

impl<'a, 'h> Lives<'a, 'h> {
    fn of(
        mut members: Members<'a, 'h>,
        (anomalies, budget): (&mut Anomalies, &mut Budget),
    ) -> Result<Self, NoAnswer> {
        let (mut seen, mut ends) = (Vec::new(), Vec::with_capacity(members.reads.len()));
        for read in 0..members.reads.len() {
            members.read(ENTRY.name, read, &mut seen, (anomalies, budget))?;
            ends.push(seen.len());
        }
        let count = members.elements.len();
        hold::<(Option<Moment>, usize, Option<usize>)>(budget, count)?;
        // Two more passes over the same.
        budget.spend(2 * seen.len() as u64)?;
        let acknowledged = |add: &Operation<'_>| add.ok().map(|(moment, _)| moment);
        let known =
            members.elements.iter().map(|element| element.acknowledged.and_then(acknowledged)).collect();
        let run = vec![members.reads.len(); count];
        let mut this = Self { members, seen, ends, known, run, last_seen: vec![None; count] };
        this.look_back();
        Ok(this)
    }

    /// What the read has.
    fn seen(&self, read: usize) -> &[u32] {
        let begin = read.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.seen[begin..self.ends[read]]
    }

    fn look_back(&mut self) {
        for read in (0..self.members.reads.len()).rev() {
            let (completed, _) = self.members.reads[read].ok().expect("only reads with a result are kept");
            let begin = read.checked_sub(1).map_or(0, |before| self.ends[before]);
            for place in begin..self.ends[read] {
                let id = self.seen[place] as usize;
                if self.run[id] == read + 1 {
                    self.run[id] = read;
                }
                self.last_seen[id].get_or_insert(read);
                let is_first = self.known[id].is_none_or(|known| completed.place < known.place);
                if is_first && self.members.is_expected(id, completed) {
                    self.known[id] = Some(completed);
                }
            }
        }
    }

    /// For each element the first read at or after `from` that lacks it.
    fn first_lacking(&self, mut from: Vec<usize>) -> Vec<usize> {
        for read in 0..self.members.reads.len() {
            for &id in self.seen(read) {
                let id = id as usize;
                if from[id] == read {
                    from[id] = read + 1;
                }
            }
        }
        from
    }

    fn judge(self, set: SetFull, counts: &mut Counts, anomalies: &mut Anomalies, findings: &mut Findings) {
        let reads = &self.members.reads;
        let mut lacking = Vec::new();
        let mut due = vec![0; self.known.len()];
        for (id, element) in self.members.elements.iter().enumerate() {
            counts.attempted += u64::from(element.added.is_some() || element.failed.is_some());
            let Some(known) = self.known[id].filter(|_| element.added.is_some()) else { continue };
            due[id] = set.first_due(reads, known);
            if due[id] == reads.len() {
                counts.never_read += 1;
                continue;
            }
            findings.exercised();
            let is_in_last = self.run[id] < reads.len();
            let is_overdue = self.run[id] > due[id];
            match (is_in_last, is_overdue && set.visibility != Visibility::Eventually) {
                (false, _) => counts.lost += 1,
                (true, true) => counts.stale += 1,
                (true, false) => {
                    counts.stable += 1;
                    let last_lacking = self.run[id].checked_sub(1).map(|read| reads[read].invoked);
                    let after = last_lacking.filter(|read| read.place > known.place);
                    let latency = after.map_or(SimDuration::ZERO, |read| read.at - known.at);
                    counts.latencies.push(latency);
                    continue;
                }
            }
            lacking.push(id);
        }
        if lacking.is_empty() {
            return;
        }
        let first_lacking = self.first_lacking(due);
        for id in lacking {
            self.tell(id, first_lacking[id], anomalies);
        }
    }

    /// Tells an element that is lost or stale.
    fn tell(&self, id: usize, first_lacking: usize, anomalies: &mut Anomalies) {
        let reads = &self.members.reads;
        let known = self.known[id].expect("only a known element can be lacking");
        let is_lost = self.run[id] == reads.len();
        // A lost element is gone from the read after the last that has it.
        let gone = first_lacking.max(self.last_seen[id].filter(|_| is_lost).map_or(0, |read| read + 1));
        let first = reads[if is_lost { gone } else { first_lacking }];
        let last = reads[self.run[id] - 1];
        let completed = first.ok().expect("only reads with a result are kept").0;
        let name = if is_lost { "lost" } else { "stale" };
        anomalies.found(name, completed.at, || {
            let (of, value) = (of_key(self.members.key), self.members.value(id));
            let element = shown(value);
            let delay = last.invoked.at - known.at;
            let message = match is_lost {
                true => format!(
                    "the element {element}{of} is lost: it was known at {}, and no `read` from {} on has it",
                    known.at, first.invoked.at
                ),
                false => format!(
                    "the element {element}{of} was known at {}, and a `read` that began {delay} later lacks it",
                    known.at
                ),
            };
            let example = Example::new(message).op("lacking", first).with("element", value.clone());
            let example = match self.members.elements[id].acknowledged {
                Some(add) => example.op("add", add),
                None => example,
            };
            let example = match self.last_seen[id] {
                Some(read) => example.op("last-read-with-it", reads[read]),
                None => example,
            };
            let window: Value = json!({
                "known": known.at,
                "first-lacking": first.invoked.at,
                "last-lacking": last.invoked.at,
                "last-seen": self.last_seen[id].map(|read| reads[read].invoked.at),
                "latency": delay,
            });
            example.op("last-lacking", last).with("window", window)
        });
    }
}
