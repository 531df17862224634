//! `fifo-queue`: messages come out in the order in which they went in.
//!
//! What is wrong with a queue whose messages differ shows in four patterns (Henzinger, Sezgin & Vafeiadis,
//! "Aspect-oriented linearizability proofs", CONCUR 2013, theorem 3.1): a message out of nowhere, one twice, one
//! that overtakes an earlier one, and an empty result while messages were there throughout. If every
//! operation has a result, a history without them is linearizable, so no search is needed: sorting will do.

use serde::Deserialize;

use super::Delivery;
use super::messages::Messages;
use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, answer, hold};
use crate::entry::read_options;
use crate::keys::objects;
use crate::{Analysis, Budget, Entry, Findings, Operation};

pub(crate) const ENTRY: Entry = Entry {
    name: "fifo-queue",
    meaning: "messages come out of the queue once, and in the order in which they went in",
    options: "order: real-time or per-producer",
    build: |options| read_options::<FifoQueue>(options).map(|queue| Box::new(queue) as _),
};

/// A queue that keeps the order of its messages.
///
/// | anomaly | what it is |
/// |---|---|
/// | `unexpected` | a message came out that was never put in, could not be, or only afterwards |
/// | `duplicated` | a message came out twice |
/// | `reordered` | a message whose `enqueue` began after another was acknowledged came out before that one was asked for |
/// | `skipped` | such a message came out and the earlier ones never did, more than operations without a result may have taken |
/// | `premature-empty` | the queue was found empty though at each moment some message was in it |
///
/// `premature-empty` is only told in real time. A `drain` is a row of dequeues, the last of which finds the
/// queue empty. Exercised once for each message that came out.
///
/// In real time, and where every `dequeue` has a result and there is no `drain`, this finds something
/// exactly if the history is not linearizable (a test holds it against brute force). Otherwise what it
/// finds is so, and something may remain unseen. Messages that may have been put in twice leave the history
/// without an answer.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FifoQueue {
    /// Which messages are in order.
    pub order: FifoOrder,
}

/// Which messages have an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FifoOrder {
    /// All of which one was acknowledged before the other was begun.
    #[default]
    RealTime,
    /// Only those of one process, as in a log with several producers.
    PerProducer,
}

const ANOMALIES: [&str; 5] = ["unexpected", "duplicated", "reordered", "skipped", "premature-empty"];

impl Analysis for FifoQueue {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&ANOMALIES);
            for object in objects(operations, budget)? {
                let bytes = budget.bytes;
                let messages = Messages::of(ENTRY.name, &object, budget)?;
                findings.exercised += messages.takings.len() as u64;
                messages.tell_surplus(Delivery::ExactlyOnce, &mut anomalies);
                let lives = Lives::of(&messages, budget)?;
                lives.judge(self.order, &mut anomalies);
                budget.bytes = bytes;
            }
            anomalies.report(findings);
            Ok(())
        });
    }
}

/// A message that may have been in the queue. Moments are places in the recording.
#[derive(Clone, Copy)]
struct Life<'a, 'h> {
    message: u32,
    enqueue: &'a Operation<'h>,
    /// When its `enqueue` ended; never: `usize::MAX`.
    entered: usize,
    /// The first operation that took it, and its place in the list of a `drain`.
    taken: Option<(&'a Operation<'h>, usize)>,
}

impl Life<'_, '_> {
    fn began(&self) -> usize {
        self.enqueue.invoked.place
    }

    /// When what took it ended; never: `usize::MAX`.
    fn left(&self) -> usize {
        self.taken.and_then(|(by, _)| by.ok()).map_or(usize::MAX, |(end, _)| end.place)
    }

    /// Until when it was certainly there, once it was.
    fn stayed(&self) -> usize {
        self.taken.map_or(usize::MAX, |(by, _)| by.invoked.place)
    }
}

struct Lives<'m, 'a, 'h> {
    messages: &'m Messages<'a, 'h>,
    /// In order of invocation of their `enqueue`.
    all: Vec<Life<'a, 'h>>,
    /// How many messages may have been taken by operations without a result.
    hidden: usize,
}

impl<'m, 'a, 'h> Lives<'m, 'a, 'h> {
    fn of(messages: &'m Messages<'a, 'h>, budget: &mut Budget) -> Result<Self, NoAnswer> {
        let mut taken = vec![None; messages.messages.len()];
        for (place, taking) in messages.takings.iter().enumerate() {
            taken[taking.message as usize].get_or_insert((taking.by, place));
        }
        // One list of lives and two for sorting.
        hold::<[Life<'_, '_>; 3]>(budget, messages.enqueues.len())?;
        let mut all = Vec::with_capacity(messages.enqueues.len());
        for &(message, enqueue) in &messages.enqueues {
            if messages.messages[message as usize].attempts > 1 {
                let value = shown(messages.value(message));
                return Err(NoAnswer::Unfit(format!(
                    "the message {value} may have been put in more than once"
                )));
            }
            let entered = enqueue.ok().map_or(usize::MAX, |(end, _)| end.place);
            all.push(Life { message, enqueue, entered, taken: taken[message as usize] });
        }
        let hidden = if messages.hidden_drain.is_some() { usize::MAX } else { messages.hidden.len() };
        Ok(Self { messages, all, hidden })
    }

    fn judge(&self, order: FifoOrder, anomalies: &mut Anomalies) {
        match order {
            FifoOrder::RealTime => {
                self.tell_order(&self.all, anomalies);
                self.tell_empty(anomalies);
            }
            FifoOrder::PerProducer => {
                let mut all = self.all.clone();
                // Stable: those of one process stay in order.
                all.sort_by_key(|life| life.enqueue.process);
                for producer in all.chunk_by(|one, two| one.enqueue.process == two.enqueue.process) {
                    self.tell_order(producer, anomalies);
                }
            }
        }
    }

    /// Tells messages that were overtaken. `lives` are in order of their beginning.
    fn tell_order(&self, lives: &[Life<'a, 'h>], anomalies: &mut Anomalies) {
        // For each message, which of it and those that began later came out first, by the end of what took it.
        let mut first_out: Vec<Option<Life<'_, '_>>> = vec![None; lives.len()];
        let mut best: Option<Life<'_, '_>> = None;
        for (place, life) in lives.iter().enumerate().rev() {
            if life.taken.is_some() && best.is_none_or(|best| life.left() < best.left()) {
                best = Some(*life);
            }
            first_out[place] = best;
        }
        let mut skipped = Vec::new();
        for life in lives.iter().filter(|life| life.entered != usize::MAX) {
            let later = lives.partition_point(|other| other.began() < life.entered);
            let Some(other) = first_out.get(later).copied().flatten() else { continue };
            match life.taken {
                None => skipped.push((*life, other)),
                Some((by, _)) if other.left() < by.invoked.place => {
                    self.tell("reordered", life, &other, anomalies);
                }
                Some(_) => {}
            }
        }
        if skipped.len() > self.hidden {
            skipped.iter().for_each(|(life, other)| self.tell("skipped", life, other, anomalies));
        }
        self.tell_order_of_drains(lives, anomalies);
    }

    /// The same within the list of each `drain`.
    fn tell_order_of_drains(&self, lives: &[Life<'a, 'h>], anomalies: &mut Anomalies) {
        let mut drained: Vec<(usize, Life<'_, '_>)> = Vec::new();
        let by_drain = |life: &Life<'a, 'h>| Some((life.taken.filter(|(by, _)| by.f == "drain")?.1, *life));
        drained.extend(lives.iter().filter_map(by_drain));
        drained.sort_unstable_by_key(|&(place, _)| place);
        let drain = |life: &Life<'_, '_>| life.taken.map(|(by, _)| by.id);
        for list in drained.chunk_by(|(_, one), (_, two)| drain(one) == drain(two)) {
            let mut latest = list[0].1;
            for (_, life) in list {
                if life.entered < latest.began() {
                    self.tell("reordered", life, &latest, anomalies);
                }
                if latest.began() < life.began() {
                    latest = *life;
                }
            }
        }
    }

    fn tell(&self, name: &'static str, life: &Life<'_, '_>, other: &Life<'_, '_>, anomalies: &mut Anomalies) {
        let (by, _) = other.taken.expect("what overtakes came out");
        let ended = [Some(by), life.taken.map(|(by, _)| by)].into_iter().flatten().filter_map(Operation::ok);
        let at = ended.map(|(end, _)| end.at).max().expect("what came out was told");
        anomalies.found(name, at, || {
            let of = of_key(self.messages.key);
            let [first, second] = [life, other].map(|life| shown(self.messages.value(life.message)));
            let how = if name == "skipped" { "never came out" } else { "came out afterwards" };
            let message =
                format!("the message {second}{of} came out, and {first}, which was put in before it, {how}");
            let example = Example::new(message)
                .op("enqueue", life.enqueue)
                .op("later-enqueue", other.enqueue)
                .op("later-out", by);
            match life.taken {
                Some((by, _)) => example.op("out", by),
                None => example,
            }
        });
    }

    /// Tells empty results at a time when at each moment some message was there.
    fn tell_empty(&self, anomalies: &mut Anomalies) {
        // What nobody saw come out may have been taken unseen.
        let is_certain = |life: &&Life<'_, '_>| life.taken.is_some() || self.hidden == 0;
        let spans = self.all.iter().filter(is_certain).map(|life| (life.entered, life.stayed()));
        let mut spans: Vec<(usize, usize)> = spans.filter(|(from, to)| from < to).collect();
        spans.sort_unstable();
        // No two records have one place, so spans that touch overlap.
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (from, to) in spans {
            match merged.last_mut() {
                Some(last) if from < last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        for &operation in &self.messages.empty {
            let (end, _) = operation.ok().expect("an empty result was told");
            let before = merged.partition_point(|&(from, _)| from < operation.invoked.place);
            let is_covered = before.checked_sub(1).is_some_and(|last| merged[last].1 > end.place);
            if is_covered {
                anomalies.found("premature-empty", end.at, || self.empty(operation));
            }
        }
    }

    fn empty(&self, operation: &Operation<'_>) -> Example {
        let of = of_key(self.messages.key);
        let message = format!(
            "`{}`{of} found the queue empty, though some message was in it all the while",
            operation.f
        );
        let was_there = self
            .all
            .iter()
            .find(|life| life.entered < operation.invoked.place && operation.invoked.place < life.stayed());
        let example = Example::new(message).op("empty", operation);
        match was_there {
            Some(life) => example.op("enqueue", life.enqueue),
            None => example,
        }
    }
}
