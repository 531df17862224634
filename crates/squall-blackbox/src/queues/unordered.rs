//! `queue`: what was put in comes out, once, in whatever order.

use serde::Deserialize;
use serde_json::json;

use super::messages::Messages;
use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, answer, hold};
use crate::entry::read_options;
use crate::keys::objects;
use crate::{Analysis, Budget, Entry, Findings, Operation, Scope};

pub(crate) const ENTRY: Entry = Entry {
    name: "queue",
    meaning: "every acknowledged message comes out of the queue once, in whatever order, and no other does",
    options: "drained: by-drain or at-end, delivery: exactly-once or at-least-once",
    build: |options| read_options::<Queue>(options).map(|queue| Box::new(queue) as _),
};

/// What was put in comes out.
///
/// | anomaly | what it is |
/// |---|---|
/// | `lost` | messages were acknowledged before the last `drain` began, and more of them never came out than operations without a result may have taken |
/// | `duplicated` | a message came out more often than it was put in (not told under `at-least-once`) |
/// | `unexpected` | a message came out that was never put in, could not be, or only afterwards |
///
/// Exercised once for each message that came out, and for each acknowledged one that had to. The summary
/// counts `messages`: `recovered` ones came out though they were not acknowledged; `missing` ones did not
/// come out, of which `may-be-taken` are at most how many.
///
/// Each `dequeue` without a result may have taken one message, a `drain` without one any number. Jepsen's
/// `total-queue` would call those lost; it does not call duplicates invalid.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Queue {
    /// When everything must have come out.
    pub drained: Drained,
    /// How often it may.
    pub delivery: Delivery,
}

/// When everything that was acknowledged must have come out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drained {
    /// When the last acknowledged `drain` began. Without one, nothing is lost.
    #[default]
    ByDrain,
    /// At the end of the history: its clients dequeued until nothing was left.
    AtEnd,
}

/// How often a message may come out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// As often as it was put in.
    #[default]
    ExactlyOnce,
    /// Any number of times.
    AtLeastOnce,
}

#[derive(Default)]
struct Counts {
    attempted: u64,
    acknowledged: u64,
    taken: u64,
    recovered: u64,
    missing: u64,
    hidden: u64,
}

impl Analysis for Queue {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn scope(&self) -> Scope {
        match self.drained {
            Drained::ByDrain => Scope::Prefix,
            Drained::AtEnd => Scope::WholeRun,
        }
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let names: &[&str] = match self.delivery {
                Delivery::ExactlyOnce => &["lost", "duplicated", "unexpected"],
                Delivery::AtLeastOnce => &["lost", "unexpected"],
            };
            let mut anomalies = Anomalies::new(names);
            let mut counts = Counts::default();
            for object in objects(operations, budget)? {
                let bytes = budget.bytes;
                let messages = Messages::of(ENTRY.name, &object, budget)?;
                self.judge(&messages, &mut counts, (&mut anomalies, budget), findings)?;
                budget.bytes = bytes;
            }
            let Counts { attempted, acknowledged, taken, recovered, missing, hidden } = counts;
            let counted = json!({
                "attempted": attempted, "acknowledged": acknowledged, "taken": taken,
                "recovered": recovered, "missing": missing, "may-be-taken": hidden,
            });
            findings.measured("messages", counted);
            anomalies.report(findings);
            Ok(())
        });
    }
}

impl Queue {
    fn judge(
        self,
        messages: &Messages<'_, '_>,
        counts: &mut Counts,
        (anomalies, budget): (&mut Anomalies, &mut Budget),
        findings: &mut Findings,
    ) -> Result<(), NoAnswer> {
        findings.exercised += messages.takings.len() as u64;
        counts.taken += messages.takings.len() as u64;
        for message in &messages.messages {
            counts.attempted += u64::from(message.attempts);
            counts.acknowledged += u64::from(message.acknowledged);
            let came_out = message.taken.min(message.attempts);
            counts.recovered += u64::from(came_out.saturating_sub(message.acknowledged));
        }
        hold::<[u32; 3]>(budget, messages.messages.len())?;
        messages.tell_surplus(self.delivery, anomalies);
        self.tell_lost(messages, counts, anomalies, findings);
        Ok(())
    }

    fn tell_lost(
        self,
        messages: &Messages<'_, '_>,
        counts: &mut Counts,
        anomalies: &mut Anomalies,
        findings: &mut Findings,
    ) {
        let drain = messages.empty.iter().rfind(|operation| operation.f == "drain").copied();
        let at_end = self.drained == Drained::AtEnd;
        if drain.is_none() && !at_end {
            return;
        }
        let drain = drain.filter(|_| !at_end);
        let begin = drain.map_or(usize::MAX, |drain| drain.invoked.place);
        let end = drain.and_then(Operation::ok).map_or(usize::MAX, |(end, _)| end.place);
        // What came out accounts for the acknowledged ones first.
        let mut taken: Vec<u32> = messages.messages.iter().map(|message| message.taken).collect();
        let mut missing = Vec::new();
        for &(id, enqueue) in &messages.enqueues {
            let Some(_) = enqueue.ok().filter(|(acknowledged, _)| acknowledged.place < begin) else {
                continue;
            };
            findings.exercised();
            match taken[id as usize].checked_sub(1) {
                Some(left) => taken[id as usize] = left,
                None => missing.push((id, enqueue)),
            }
        }
        let may_have_taken = |operation: &&Operation<'_>| operation.invoked.place < end;
        let hidden = messages.hidden.iter().copied().filter(|one| may_have_taken(one)).count();
        let is_any_number = messages.hidden_drain.filter(may_have_taken).is_some();
        let hidden = if is_any_number { missing.len() } else { hidden };
        counts.missing += missing.len() as u64;
        counts.hidden += hidden.min(missing.len()) as u64;
        if missing.len() <= hidden {
            return;
        }
        for (id, enqueue) in missing {
            let last = drain.and_then(Operation::ok).or(enqueue.ok());
            let at = last.expect("a missing message was acknowledged").0.at;
            anomalies.found("lost", at, || {
                let (of, value) = (of_key(messages.key), messages.value(id));
                let message = format!("the message {}{of} was acknowledged and never came out", shown(value));
                let example = Example::new(message).op("enqueue", enqueue).with("message", value.clone());
                let example = example.with("may-be-taken", hidden);
                match drain {
                    Some(drain) => example.op("drain", drain),
                    None => example,
                }
            });
        }
    }
}
