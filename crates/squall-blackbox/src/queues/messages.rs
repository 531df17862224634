//! The messages of one queue, and how they came out.

use serde_json::Value;

use super::Delivery;
use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, bad_result, hold, no_such_operation};
use crate::keys::{Interner, Object};
use crate::{Budget, Operation};

/// A message that was enqueued or came out.
#[derive(Default)]
pub(super) struct Message<'a, 'h> {
    /// The `enqueue` that was invoked first, of those that may have happened.
    pub(super) enqueued: Option<&'a Operation<'h>>,
    /// How many there are that may have happened.
    pub(super) attempts: u32,
    /// How many were acknowledged.
    pub(super) acknowledged: u32,
    /// An `enqueue` that certainly did not happen.
    failed: Option<&'a Operation<'h>>,
    /// How often it came out.
    pub(super) taken: u32,
}

/// A message comes out.
pub(super) struct Taking<'a, 'h> {
    pub(super) message: u32,
    /// The `dequeue`, or the `drain` that it was part of.
    pub(super) by: &'a Operation<'h>,
}

/// A queue and its history.
pub(super) struct Messages<'a, 'h> {
    pub(super) key: Option<&'h str>,
    values: Interner<'h>,
    pub(super) messages: Vec<Message<'a, 'h>>,
    /// Each `enqueue` that may have happened, with its message, in order of invocation.
    pub(super) enqueues: Vec<(u32, &'a Operation<'h>)>,
    /// In order of invocation, and of a drain's list.
    pub(super) takings: Vec<Taking<'a, 'h>>,
    /// Each `dequeue` that found the queue empty, and each `drain`.
    pub(super) empty: Vec<&'a Operation<'h>>,
    /// Each `dequeue` of which nobody knows what it took.
    pub(super) hidden: Vec<&'a Operation<'h>>,
    /// The first `drain` of which nobody knows that.
    pub(super) hidden_drain: Option<&'a Operation<'h>>,
}

impl<'a, 'h> Messages<'a, 'h> {
    pub(super) fn of(
        name: &'static str,
        object: &Object<'a, 'h>,
        budget: &mut Budget,
    ) -> Result<Self, NoAnswer> {
        let mut this = Self {
            key: object.key,
            values: Interner::default(),
            messages: Vec::new(),
            enqueues: Vec::new(),
            takings: Vec::new(),
            empty: Vec::new(),
            hidden: Vec::new(),
            hidden_drain: None,
        };
        for &operation in &object.operations {
            // An entry in one of the lists.
            hold::<(u32, &Operation<'_>)>(budget, 1)?;
            match (operation.f, operation.ok()) {
                ("enqueue", _) => this.enqueue(operation, budget)?,
                ("dequeue" | "drain", _) if operation.failed() => {}
                ("dequeue", None) => this.hidden.push(operation),
                ("drain", None) => _ = this.hidden_drain.get_or_insert(operation),
                ("dequeue", Some((_, Value::Null))) => this.empty.push(operation),
                ("dequeue", Some((_, value))) => this.take(value, operation, budget)?,
                ("drain", Some((_, output))) => {
                    let gives = "an array of messages";
                    let taken = output.as_array().ok_or_else(|| bad_result(name, operation, gives))?;
                    budget.spend(taken.len() as u64)?;
                    hold::<Taking<'_, '_>>(budget, taken.len())?;
                    for value in taken {
                        this.take(value, operation, budget)?;
                    }
                    this.empty.push(operation);
                }
                _ => return Err(no_such_operation(name, operation)),
            }
        }
        Ok(this)
    }

    fn enqueue(&mut self, operation: &'a Operation<'h>, budget: &mut Budget) -> Result<(), NoAnswer> {
        let id = self.id(operation.input, budget)?;
        let message = &mut self.messages[id as usize];
        if operation.failed() {
            message.failed = Some(operation);
            return Ok(());
        }
        message.enqueued.get_or_insert(operation);
        message.attempts += 1;
        message.acknowledged += u32::from(operation.ok().is_some());
        self.enqueues.push((id, operation));
        Ok(())
    }

    fn take(&mut self, value: &'h Value, by: &'a Operation<'h>, budget: &mut Budget) -> Result<(), NoAnswer> {
        let message = self.id(value, budget)?;
        self.messages[message as usize].taken += 1;
        self.takings.push(Taking { message, by });
        Ok(())
    }

    fn id(&mut self, value: &'h Value, budget: &mut Budget) -> Result<u32, NoAnswer> {
        let id = self.values.id(value, budget)?;
        if id == self.messages.len() {
            hold::<Message<'_, '_>>(budget, 1)?;
            self.messages.push(Message::default());
        }
        Ok(u32::try_from(id).expect("the interner gives no larger number"))
    }

    /// Tells what came out without having been put in (`unexpected`), and more often than it was put in
    /// (`duplicated`).
    pub(super) fn tell_surplus(&self, delivery: Delivery, anomalies: &mut Anomalies) {
        let mut times = vec![0_u32; self.messages.len()];
        for taking in &self.takings {
            let id = taking.message as usize;
            let message = &self.messages[id];
            let ended = taking.by.ok().expect("what came out was told").0;
            times[id] += 1;
            if message.enqueued.is_none_or(|enqueue| enqueue.invoked.place > ended.place) {
                anomalies.found("unexpected", ended.at, || self.unexpected(taking));
            } else if times[id] > message.attempts && delivery == Delivery::ExactlyOnce {
                anomalies.found("duplicated", ended.at, || {
                    let (of, value) = (of_key(self.key), self.value(taking.message));
                    let (times, put) = (times[id], message.attempts);
                    let message = format!(
                        "the message {}{of} came out for the {times}. time, and was put in {put} times",
                        shown(value)
                    );
                    self.with_earlier(Example::new(message).op("again", taking.by), taking)
                });
            }
        }
    }

    fn with_earlier(&self, example: Example, taking: &Taking<'_, '_>) -> Example {
        let earlier = self.takings.iter().find(|other| other.message == taking.message);
        let example = match earlier {
            Some(earlier) => example.op("earlier", earlier.by),
            None => example,
        };
        match self.messages[taking.message as usize].enqueued {
            Some(enqueue) => example.op("enqueue", enqueue),
            None => example,
        }
    }

    fn unexpected(&self, taking: &Taking<'_, '_>) -> Example {
        let message = &self.messages[taking.message as usize];
        let why = match (message.enqueued, message.failed) {
            (Some(_), _) => "was only put in afterwards",
            (None, Some(_)) => "could not be put in",
            (None, None) => "nobody put in",
        };
        let (of, value) = (of_key(self.key), self.value(taking.message));
        let text = format!("the message {}{of} came out, which {why}", shown(value));
        let example = Example::new(text).op("out", taking.by).with("message", value.clone());
        match message.enqueued.or(message.failed) {
            Some(enqueue) => example.op("enqueue", enqueue),
            None => example,
        }
    }

    pub(super) fn value(&self, message: u32) -> &'h Value {
        self.values.value(message as usize)
    }
}
