//! What was sent to each partition and polled from it.

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
    pub(super) key: Option<&'h str>,
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
    places: FxHashMap<Option<&'h str>, usize>,
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
        budget.take(operations.len() as u64)?;
        let mut this = Self::default();
        for operation in operations {
            match operation.f {
                "send" => this.send(operation, budget)?,
                "poll" => this.poll(operation, budget)?,
                "assign" | "subscribe" => *this.lives.entry(operation.process).or_default() += 1,
                _ => return Err(no_such_operation(ENTRY.name, operation)),
            }
        }
        Ok(this)
    }

    fn partition(&mut self, key: Option<&'h str>, budget: &mut Budget) -> Result<usize, NoAnswer> {
        let next = self.all.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            hold::<Partition<'_, '_>>(budget, 2)?;
            self.all.push(Partition { key, ..Partition::default() });
        }
        Ok(place)
    }

    fn send(&mut self, operation: &'a Operation<'h>, budget: &mut Budget) -> Result<(), NoAnswer> {
        let place = self.partition(operation.key, budget)?;
        let partition = &mut self.all[place];
        let id = partition.message(operation.input, budget)?;
        let message = &mut partition.messages[id as usize];
        if operation.failed() {
            message.failed = Some(operation);
            return Ok(());
        }
        message.sent.get_or_insert(operation);
        message.attempts += 1;
        if let Some((_, output)) = operation.ok() {
            let gives = "the offset, or `[offset, message]`";
            let offset = offset_of(output).ok_or_else(|| bad_result(ENTRY.name, operation, gives))?;
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
                    self.list(Some(key), list, operation, budget)?;
                }
                Ok(())
            }
            Some((_, list)) => self.list(operation.key, list, operation, budget),
        }
    }

    fn list(
        &mut self,
        key: Option<&'h str>,
        list: &'h Value,
        by: &'a Operation<'h>,
        budget: &mut Budget,
    ) -> Result<(), NoAnswer> {
        let unreadable = || bad_result(ENTRY.name, by, "`[offset, message]` for each message, by partition");
        let list = list.as_array().ok_or_else(unreadable)?;
        let place = self.partition(key, budget)?;
        let life = self.lives.get(&by.process).copied().unwrap_or(0);
        budget.take(list.len() as u64)?;
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
