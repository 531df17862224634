//! The elements of one set and its reads, as clients saw them.

use serde_json::Value;

use crate::anomalies::{Anomalies, Example, of_key, shown};
use crate::answer::{NoAnswer, bad_result, hold, no_such_operation};
use crate::keys::{Interner, Object};
use crate::{Budget, Moment, Operation};

/// An element that was added or read.
#[derive(Default)]
pub(super) struct Element<'a, 'h> {
    /// The add that was invoked first, of those that may have happened.
    pub(super) added: Option<&'a Operation<'h>>,
    /// The add that was acknowledged first.
    pub(super) acknowledged: Option<&'a Operation<'h>>,
    /// An add that certainly did not happen.
    pub(super) failed: Option<&'a Operation<'h>>,
}

/// A set and its history.
pub(super) struct Members<'a, 'h> {
    pub(super) key: Option<&'h str>,
    values: Interner<'h>,
    pub(super) elements: Vec<Element<'a, 'h>>,
    /// Reads with a result, in order of invocation.
    pub(super) reads: Vec<&'a Operation<'h>>,
    /// The last read in which an element was met, as 1 + its place among `reads`.
    met: Vec<usize>,
}

impl<'a, 'h> Members<'a, 'h> {
    /// What was added, and which reads there are.
    pub(super) fn of(
        name: &'static str,
        object: &Object<'a, 'h>,
        budget: &mut Budget,
    ) -> Result<Self, NoAnswer> {
        let (values, elements, reads) = (Interner::default(), Vec::new(), Vec::new());
        let mut this = Self { key: object.key, values, elements, reads, met: Vec::new() };
        for &operation in &object.operations {
            match operation.f {
                "add" => this.add(operation, budget)?,
                "read" => this.reads.extend(operation.ok().map(|_| operation)),
                _ => return Err(no_such_operation(name, operation)),
            }
        }
        Ok(this)
    }

    fn add(&mut self, operation: &'a Operation<'h>, budget: &mut Budget) -> Result<(), NoAnswer> {
        let id = self.id(operation.input, budget)?;
        let element = &mut self.elements[id];
        if operation.failed() {
            element.failed = Some(operation);
            return Ok(());
        }
        // They come in order of invocation.
        element.added.get_or_insert(operation);
        let end = |operation: &Operation<'_>| operation.ok().map(|(moment, _)| moment.place);
        let is_earlier = |first| end(operation) < end(first);
        if end(operation).is_some() && element.acknowledged.is_none_or(is_earlier) {
            element.acknowledged = Some(operation);
        }
        Ok(())
    }

    fn id(&mut self, value: &'h Value, budget: &mut Budget) -> Result<usize, NoAnswer> {
        let id = self.values.id(value, budget)?;
        if id == self.elements.len() {
            hold::<(Element<'_, '_>, usize)>(budget, 1)?;
            self.elements.push(Element::default());
            self.met.push(0);
        }
        Ok(id)
    }

    /// Puts into `seen` the elements in a read, each once, and tells those that have no business there:
    /// `duplicated` and `unexpected`.
    pub(super) fn read(
        &mut self,
        name: &'static str,
        read: usize,
        seen: &mut Vec<u32>,
        (anomalies, budget): (&mut Anomalies, &mut Budget),
    ) -> Result<(), NoAnswer> {
        let operation = self.reads[read];
        let (completed, output) = operation.ok().expect("only reads with a result are kept");
        let elements =
            output.as_array().ok_or_else(|| bad_result(name, operation, "an array of elements"))?;
        budget.spend(elements.len() as u64)?;
        hold::<u32>(budget, elements.len())?;
        for value in elements {
            let id = self.id(value, budget)?;
            if self.met[id] == read + 1 {
                let message = format!("`read`{} has the element {} twice", of_key(self.key), shown(value));
                let example = || Example::new(message).op("read", operation).with("element", value.clone());
                anomalies.found("duplicated", completed.at, example);
                continue;
            }
            self.met[id] = read + 1;
            seen.push(u32::try_from(id).expect("the interner gives no larger number"));
            self.expect(id, operation, completed, anomalies);
        }
        Ok(())
    }

    /// Tells an element that was read before anybody added it.
    fn expect(&self, id: usize, read: &Operation<'_>, completed: Moment, anomalies: &mut Anomalies) {
        let element = &self.elements[id];
        if self.is_expected(id, completed) {
            return;
        }
        anomalies.found("unexpected", completed.at, || {
            let value = self.values.value(id);
            let why = match (element.added, element.failed) {
                (Some(_), _) => "was only added afterwards",
                (None, Some(_)) => "could not be added",
                (None, None) => "nobody added",
            };
            let of = of_key(self.key);
            let message = format!("`read`{of} has the element {}, which {why}", shown(value));
            let example = Example::new(message).op("read", read).with("element", value.clone());
            match element.added.or(element.failed) {
                Some(add) => example.op("add", add),
                None => example,
            }
        });
    }

    /// Whether an element may be in a read that ended then.
    pub(super) fn is_expected(&self, id: usize, completed: Moment) -> bool {
        self.elements[id].added.is_some_and(|add| add.invoked.place < completed.place)
    }

    /// The value of an element.
    pub(super) fn value(&self, id: usize) -> &'h Value {
        self.values.value(id)
    }
}
