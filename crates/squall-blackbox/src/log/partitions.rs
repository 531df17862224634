//! What was sent to each partition and polled from it.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use serde_json::Value;
use squall_history::ProcessId;

use super::{ENTRY, offset_of};
use crate::answer::{NoAnswer, bad_result, hold, no_such_operation};
use crate::keys::Interner;
use crate::{Budget, Operation};

/// A message is told to be at an offset, by its `send` or by a `poll`.
pub(super) struct Delivery<'a, 'h> {
    pub(super) offset: i64,
    pub(super) message: u32,
    pub(super) by: &'a Operation<'h>,
    /// How often its process began anew to consume before.
    pub(super) life: u32,
}

/// A message that was sent or polled.
#[derive(Default)]
pub(super) struct Message<'a, 'h> {
    /// The `send` that was invoked first, of those that may have happened.
    pub(super) sent: Option<&'a Operation<'h>>,
    /// How many there are that may have happened.
    pub(super) attempts: u32,
    /// One that certainly did not happen.
    pub(super) failed: Option<&'a Operation<'h>>,
}

/// A partition and its history. Deliveries are in order of invocation, and of each poll's list.
#[derive(Default)]
pub(super) struct Partition<'a, 'h> {
    pub(super) key: Option<Cow<'h, str>>,
    values: Interner<'h>,
    pub(super) messages: Vec<Message<'a, 'h>>,
    /// Where acknowledged messages are.
    pub(super) sent: Vec<Delivery<'a, 'h>>,
    pub(super) polled: Vec<Delivery<'a, 'h>>,
}

/// The partitions in the order in which they were first met.
#[derive(Default)]
pub(super) struct Partitions<'a, 'h> {
    pub(super) all: Vec<Partition<'a, 'h>>,
    places: FxHashMap<Option<Cow<'h, str>>, usize>,
    lives: FxHashMap<ProcessId, u32>,
}

impl<'a, 'h> Partition<'a, 'h> {
    pub(super) fn value(&self, message: u32) -> &'h Value {
        self.values.value(message as usize)
    }

    fn message(&mut self, value: &'h Value, budget: &mut Budget) -> Result<u32, NoAnswer> {
        let id = self.values.id(value, budget)?;
        if id == self.messages.len() {
            hold::<Message<'_, '_>>(budget, 1)?;
            self.messages.push(Message::default());
        }
        Ok(u32::try_from(id).expect("the interner gives no larger number"))
    }
}

impl<'a, 'h> Partitions<'a, 'h> {
    pub(super) fn of(operations: &'a [Operation<'h>], budget: &mut Budget) -> Result<Self, NoAnswer> {
        budget.spend(operations.len() as u64)?;
        let mut this = Self::default();
        for operation in operations {
            if let Some(steps) = steps(operation) {
                this.steps(steps, operation, budget)?;
                continue;
            }
            match operation.f {
                "send" => this.send(operation, budget)?,
                "poll" => this.poll(operation, budget)?,
                "assign" | "subscribe" => *this.lives.entry(operation.process).or_default() += 1,
                _ => return Err(no_such_operation(ENTRY.name, operation)),
            }
        }
        Ok(this)
    }

    fn partition(&mut self, key: Option<Cow<'h, str>>, budget: &mut Budget) -> Result<usize, NoAnswer> {
        let next = self.all.len();
        let place = *self.places.entry(key.clone()).or_insert(next);
        if place == next {
            hold::<Partition<'_, '_>>(budget, 2)?;
            self.all.push(Partition { key, ..Partition::default() });
        }
        Ok(place)
    }

    fn send(&mut self, operation: &'a Operation<'h>, budget: &mut Budget) -> Result<(), NoAnswer> {
        let gives = "the offset, or `[offset, message]`";
        let offset = |(_, output)| offset_of(output).ok_or_else(|| bad_result(ENTRY.name, operation, gives));
        let offset = operation.ok().map(offset).transpose()?;
        self.sent((operation.key.map(Cow::from), operation.input, offset), operation, budget)
    }

    /// A message was sent to a partition, where its offset may be known.
    fn sent(
        &mut self,
        (key, value, offset): (Option<Cow<'h, str>>, &'h Value, Option<i64>),
        operation: &'a Operation<'h>,
        budget: &mut Budget,
    ) -> Result<(), NoAnswer> {
        let place = self.partition(key, budget)?;
        let partition = &mut self.all[place];
        let id = partition.message(value, budget)?;
        let message = &mut partition.messages[id as usize];
        if operation.failed() {
            message.failed = Some(operation);
            return Ok(());
        }
        message.sent.get_or_insert(operation);
        message.attempts += 1;
        if let Some(offset) = offset {
            hold::<Delivery<'_, '_>>(budget, 1)?;
            partition.sent.push(Delivery { offset, message: id, by: operation, life: 0 });
        }
        Ok(())
    }

    fn poll(&mut self, operation: &'a Operation<'h>, budget: &mut Budget) -> Result<(), NoAnswer> {
        match operation.ok() {
            None => Ok(()),
            Some((_, Value::Object(partitions))) => {
                for (key, list) in partitions {
                    self.list(Some(key.into()), list, operation, budget)?;
                }
                Ok(())
            }
            Some((_, list)) => self.list(operation.key.map(Cow::from), list, operation, budget),
        }
    }

    /// What an operation of several steps sent and polled.
    fn steps(
        &mut self,
        steps: &'h [Value],
        operation: &'a Operation<'h>,
        budget: &mut Budget,
    ) -> Result<(), NoAnswer> {
        budget.spend(steps.len() as u64)?;
        let is_ok = operation.ok().is_some();
        let gives = "`[\"send\", partition, [offset, message]]` and `[\"poll\", {partition: […]}]`";
        let unreadable = || bad_result(ENTRY.name, operation, gives);
        for step in steps {
            let step = step.as_array().map(Vec::as_slice).unwrap_or_default();
            match step {
                [_, key, value] => {
                    let key = text(key).ok_or_else(unreadable)?;
                    let pair = value.as_array().map(Vec::as_slice).filter(|_| is_ok);
                    let (offset, value) = match pair {
                        Some([offset, value]) => (offset.as_i64(), value),
                        _ => (None, value),
                    };
                    self.sent((Some(key), value, offset), operation, budget)?;
                }
                [_, Value::Object(partitions)] if is_ok => {
                    for (key, list) in partitions {
                        self.list(Some(key.into()), list, operation, budget)?;
                    }
                }
                _ if is_ok => return Err(unreadable()),
                _ => {}
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        key: Option<Cow<'h, str>>,
        list: &'h Value,
        by: &'a Operation<'h>,
        budget: &mut Budget,
    ) -> Result<(), NoAnswer> {
        let unreadable = || bad_result(ENTRY.name, by, "`[offset, message]` for each message, by partition");
        let list = list.as_array().ok_or_else(unreadable)?;
        let place = self.partition(key, budget)?;
        let life = self.lives.get(&by.process).copied().unwrap_or(0);
        budget.spend(list.len() as u64)?;
        hold::<[Delivery<'_, '_>; 2]>(budget, list.len())?;
        let partition = &mut self.all[place];
        for pair in list {
            let Some([offset, value]) = pair.as_array().map(Vec::as_slice) else { return Err(unreadable()) };
            let offset = offset.as_i64().ok_or_else(unreadable)?;
            let message = partition.message(value, budget)?;
            partition.polled.push(Delivery { offset, message, by, life });
        }
        Ok(())
    }
}

/// The steps of an operation in the shape of Jepsen's workload, as they came back if they did.
fn steps<'h>(operation: &Operation<'h>) -> Option<&'h [Value]> {
    if !matches!(operation.f, "send" | "poll" | "txn") {
        return None;
    }
    let output = operation.ok().map(|(_, output)| output).filter(|output| !output.is_null());
    let steps = output.unwrap_or(operation.input).as_array()?.as_slice();
    let is_step = |step: &Value| matches!(step.get(0).and_then(Value::as_str), Some("send" | "poll"));
    (!steps.is_empty() && steps.iter().all(is_step)).then_some(steps)
}

/// The name of a partition, which may be a number.
fn text(key: &Value) -> Option<Cow<'_, str>> {
    match key {
        Value::String(name) => Some(name.into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}
