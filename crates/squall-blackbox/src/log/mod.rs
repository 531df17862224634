//! `log`: producers append to partitions, consumers read each in order (Kafka and its kin).
//!
//! | `f` | argument | result |
//! |---|---|---|
//! | `send` | the message | its offset, or `[offset, message]` |
//! | `poll` | – | an array of `[offset, message]` in the order of delivery, or such an array for each partition: `{partition: […]}` |
//! | `assign`, `subscribe` | (is not looked at) | (nor is this): the process begins anew to consume |
//!
//! The operation's key is the partition, unless a `poll` names them. Or, as Jepsen's workload for Kafka and
//! Redpanda writes them, `send`, `poll` and `txn` are lists of steps, whose results have what was learnt:
//! `["send", partition, message]` becomes `["send", partition, [offset, message]]`, and `["poll"]` becomes
//! `["poll", {partition: [[offset, message], …]}]`. The names of the anomalies are that workload's, as far as it
//! has them.
//!
//! A transaction is judged as what it sent and polled, not for its isolation. That a group rebalances, or that a
//! consumer seeks, is not known: where that happens, skips and steps back may be told that are none.

mod partitions;

use serde_json::{Value, json};

use partitions::{Delivery, Partition, Partitions};

use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, answer};
use crate::entry::none;
use crate::{Analysis, Budget, Entry, Findings, Operation};

pub(crate) const ENTRY: Entry = Entry {
    name: "log",
    meaning: "a partitioned log gives each message one offset, and each consumer all messages in order",
    options: "",
    build: |options| none(options).map(|()| Box::new(Log) as _),
};

/// Partitions to which messages are sent and from which they are polled.
///
/// | anomaly | what it is |
/// |---|---|
/// | `inconsistent-offset` | two messages were told to be at one offset |
/// | `duplicated` | one message was told to be at more offsets than it was sent times |
/// | `unexpected` | a message was polled that was never sent, could not be, or only afterwards |
/// | `lost` | a consumer went past an acknowledged message, and nobody ever polled it |
/// | `poll-skip` | a consumer went past a message that somebody polled |
/// | `nonmonotonic-poll` | a consumer was given an offset that is not larger than the one before |
/// | `nonmonotonic-send` | a process sent two messages one after the other, and the later one has the smaller offset |
///
/// A consumer is a process until it is assigned anew; where it begins, it may begin anywhere. Offsets may have
/// gaps. Exercised once for each message polled. Logs that forget (retention, compaction) are beyond this.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

const ANOMALIES: [&str; 7] = [
    "inconsistent-offset",
    "duplicated",
    "unexpected",
    "lost",
    "poll-skip",
    "nonmonotonic-poll",
    "nonmonotonic-send",
];

impl Analysis for Log {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&ANOMALIES);
            let partitions = Partitions::of(operations, budget)?;
            for partition in &partitions.all {
                findings.exercised += partition.polled.len() as u64;
                offsets(partition, &mut anomalies, budget)?;
                sends(partition, &mut anomalies);
                polls(partition, &mut anomalies);
            }
            anomalies.report(findings);
            Ok(())
        });
    }
}

fn at(operation: &Operation<'_>) -> squall_history::SimTime {
    operation.completed.map_or(operation.invoked, |end| end.moment).at
}

/// Whether offsets and messages belong together, and messages were sent at all.
fn offsets(
    partition: &Partition<'_, '_>,
    anomalies: &mut Anomalies,
    budget: &mut Budget,
) -> Result<(), NoAnswer> {
    // Everything that was told of an offset, by offset: the first is what the others are compared with.
    let mut told: Vec<&Delivery<'_, '_>> = partition.sent.iter().chain(&partition.polled).collect();
    budget.spend(told.len() as u64)?;
    crate::answer::hold::<[usize; 2]>(budget, 2 * told.len())?;
    told.sort_by_key(|delivery| delivery.offset);
    let mut places: Vec<(u32, &Delivery<'_, '_>)> = Vec::new();
    for same in told.chunk_by(|one, two| one.offset == two.offset) {
        let first = same[0];
        for other in same.iter().filter(|other| other.message != first.message) {
            anomalies.found("inconsistent-offset", at(other.by).max(at(first.by)), || {
                let [one, two] = [first, other].map(|delivery| shown(partition.value(delivery.message)));
                let (offset, of) = (first.offset, of_key(partition.key.as_deref()));
                let message = format!("offset {offset}{of} was told to hold {one}, and {two}");
                Example::new(message).op("first", first.by).op("other", other.by)
            });
        }
        places.extend(same.iter().map(|delivery| (delivery.message, *delivery)));
    }
    places.sort_by_key(|&(message, delivery)| (message, delivery.offset));
    places.dedup_by_key(|(message, delivery)| (*message, delivery.offset));
    for same in places.chunk_by(|(one, _), (two, _)| one == two) {
        let message = &partition.messages[same[0].0 as usize];
        // What was never sent is another matter.
        if message.attempts > 0 && same.len() > message.attempts as usize {
            let (first, last) = (same[0].1, same[same.len() - 1].1);
            anomalies.found("duplicated", at(first.by).max(at(last.by)), || {
                let (value, of) = (shown(partition.value(first.message)), of_key(partition.key.as_deref()));
                let (one, two) = (first.offset, last.offset);
                let text = format!("the message {value}{of} is at offset {one} and at offset {two}");
                Example::new(text).op("first", first.by).op("other", last.by)
            });
        }
    }
    for polled in &partition.polled {
        let message = &partition.messages[polled.message as usize];
        let ended = polled.by.ok().expect("what was polled was told").0;
        if message.sent.is_some_and(|send| send.invoked.place < ended.place) {
            continue;
        }
        let why = match (message.sent, message.failed) {
            (Some(_), _) => "was only sent afterwards",
            (None, Some(_)) => "could not be sent",
            (None, None) => "nobody sent",
        };
        anomalies.found("unexpected", ended.at, || {
            let (value, of) = (shown(partition.value(polled.message)), of_key(partition.key.as_deref()));
            let example = Example::new(format!("`poll` gave {value}{of}, which {why}")).op("poll", polled.by);
            match message.sent.or(message.failed) {
                Some(send) => example.op("send", send),
                None => example,
            }
        });
    }
    Ok(())
}

/// Whether each producer's messages are in order.
fn sends(partition: &Partition<'_, '_>, anomalies: &mut Anomalies) {
    let mut sent: Vec<&Delivery<'_, '_>> = partition.sent.iter().collect();
    // Stable: those of one process stay in order of invocation.
    sent.sort_by_key(|delivery| delivery.by.process);
    for pair in sent.windows(2) {
        let (one, two) = (pair[0], pair[1]);
        if one.by.process == two.by.process && two.offset < one.offset {
            anomalies.found("nonmonotonic-send", at(two.by), || {
                let (process, of) = (one.by.process.0, of_key(partition.key.as_deref()));
                let message = format!(
                    "process {process} sent to offset {}{of} and then to offset {}",
                    one.offset, two.offset
                );
                Example::new(message).op("earlier", one.by).op("later", two.by)
            });
        }
    }
}

/// A consumer goes from one offset to a larger one.
struct Step<'p, 'a, 'h> {
    from: &'p Delivery<'a, 'h>,
    to: &'p Delivery<'a, 'h>,
}

/// Whether each consumer gets every message in order.
fn polls(partition: &Partition<'_, '_>, anomalies: &mut Anomalies) {
    let mut polled: Vec<&Delivery<'_, '_>> = partition.polled.iter().collect();
    polled.sort_by_key(|delivery| (delivery.by.process, delivery.life));
    let mut known: Vec<(i64, &Operation<'_>)> = Vec::new();
    known.extend(
        partition.sent.iter().chain(&partition.polled).map(|delivery| (delivery.offset, delivery.by)),
    );
    known.sort_by_key(|&(offset, _)| offset);
    known.dedup_by_key(|&mut (offset, _)| offset);
    let mut read: Vec<i64> = partition.polled.iter().map(|delivery| delivery.offset).collect();
    read.sort_unstable();
    // What was acknowledged and never polled.
    let mut unread: Vec<&Delivery<'_, '_>> =
        partition.sent.iter().filter(|sent| read.binary_search(&sent.offset).is_err()).collect();
    unread.sort_by_key(|sent| sent.offset);
    unread.dedup_by_key(|sent| sent.offset);
    let mut past_unread = Vec::new();
    for pair in polled.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if (from.by.process, from.life) != (to.by.process, to.life) {
            continue;
        }
        if to.offset <= from.offset {
            anomalies.found("nonmonotonic-poll", at(to.by), || {
                let message = told_of_step(partition, &Step { from, to });
                Example::new(message).op("earlier", from.by).op("later", to.by)
            });
            continue;
        }
        let first_unread = unread.partition_point(|sent| sent.offset <= from.offset);
        let end_unread = unread.partition_point(|sent| sent.offset < to.offset);
        if first_unread < end_unread {
            past_unread.push((first_unread, end_unread, Step { from, to }));
        }
        let first = known.partition_point(|&(offset, _)| offset <= from.offset);
        let end = known.partition_point(|&(offset, _)| offset < to.offset);
        if end - first > end_unread - first_unread {
            anomalies.found("poll-skip", at(to.by), || {
                let is_read = |&&(offset, _): &&(i64, _)| read.binary_search(&offset).is_ok();
                let skipped = known[first..end].iter().find(is_read);
                let message = told_of_step(partition, &Step { from, to });
                let example = Example::new(message).op("earlier", from.by).op("later", to.by);
                match skipped {
                    Some(&(offset, by)) => example.with("skipped", json!(offset)).op("told-by", by),
                    None => example,
                }
            });
        }
    }
    lost(partition, &unread, past_unread, anomalies);
}

/// Tells each message that was never polled and that some consumer went past. The steps say from which
/// of them on, and up to which.
fn lost(
    partition: &Partition<'_, '_>,
    unread: &[&Delivery<'_, '_>],
    mut past: Vec<(usize, usize, Step<'_, '_, '_>)>,
    anomalies: &mut Anomalies,
) {
    past.sort_by_key(|&(first, ..)| first);
    let mut past = past.into_iter().peekable();
    let mut furthest: Option<(usize, Step<'_, '_, '_>)> = None;
    for (place, sent) in unread.iter().enumerate() {
        while let Some((_, end, step)) = past.next_if(|&(first, ..)| first <= place) {
            if furthest.as_ref().is_none_or(|&(other, _)| other < end) {
                furthest = Some((end, step));
            }
        }
        let Some((_, step)) = furthest.as_ref().filter(|&&(end, _)| place < end) else { continue };
        anomalies.found("lost", at(step.to.by).max(at(sent.by)), || {
            let (value, of) = (shown(partition.value(sent.message)), of_key(partition.key.as_deref()));
            let message = format!(
                "the message {value}{of} was acknowledged at offset {}, and nobody ever polled it",
                sent.offset
            );
            Example::new(message)
                .op("send", sent.by)
                .op("poll-before", step.from.by)
                .op("poll-past", step.to.by)
        });
    }
}

fn told_of_step(partition: &Partition<'_, '_>, step: &Step<'_, '_, '_>) -> String {
    let (process, of) = (step.to.by.process.0, of_key(partition.key.as_deref()));
    format!("process {process} polled offset {}{of} and then offset {}", step.from.offset, step.to.offset)
}

/// The value as an offset, or as a pair that begins with one.
fn offset_of(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.get(0)?.as_i64())
}
