//! Which operations act on one object.

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::{Model, OpView, Split, Values};
use crate::Operation;

/// An object: its name, and its operations by their place among all.
#[derive(Clone)]
pub(super) struct Object<'h> {
    pub(super) key: Option<&'h str>,
    /// The result that it is about, if the model splits by results.
    pub(super) result: Option<&'h Value>,
    pub(super) members: Vec<u32>,
}

/// The objects, in order of their keys; operations that failed belong to none.
pub(super) fn split<'h, M: Model>(model: &M, operations: &[Operation<'h>]) -> Vec<Object<'h>> {
    let split = model.split();
    let mut objects: Vec<Object<'h>> = Vec::new();
    let mut places: FxHashMap<(Option<&'h str>, Option<&'h Value>), u32> = FxHashMap::default();
    for (place, operation) in (0..).zip(operations) {
        let result = operation.ok().map(|(_, output)| output);
        if operation.failed() || (split == Split::PerResult && result.is_none()) {
            continue;
        }
        let (key, result) = match split {
            Split::PerKey => (operation.key, None),
            Split::Whole => (None, None),
            Split::PerResult => (operation.key, result),
        };
        let next = objects.len() as u32;
        let object = *places.entry((key, result)).or_insert(next);
        if object == next {
            objects.push(Object { key, result, members: Vec::new() });
        }
        objects[object as usize].members.push(place);
    }
    // By key; those of one key stay in the order of their first operations.
    objects.sort_by_key(|object| object.key);
    objects
}

impl<'h> Object<'h> {
    /// Its operations.
    pub(super) fn operations(&self, all: &[Operation<'h>]) -> Vec<Operation<'h>> {
        self.members.iter().map(|&member| all[member as usize]).collect()
    }

    /// Its operations as they are known at this place, completions there included.
    pub(super) fn operations_until(&self, all: &[Operation<'h>], cut: usize) -> Vec<Operation<'h>> {
        let known = |operation: &Operation<'h>| {
            let completed = operation.completed.filter(|completion| completion.moment.place <= cut);
            Operation { completed, ..*operation }
        };
        let begun = |operation: &Operation<'_>| operation.invoked.place < cut;
        self.members.iter().map(|&member| known(&all[member as usize])).filter(begun).collect()
    }
}

/// The operations as the model reads them.
///
/// # Errors
/// Why the model cannot read one, with its id.
pub(super) fn calls<'a, 'h: 'a, M: Model>(
    model: &M,
    operations: impl Iterator<Item = &'a Operation<'h>>,
    values: &mut Values<'h>,
) -> Result<Vec<M::Call>, String> {
    let read = |operation: &Operation<'h>| {
        let call = model.call(OpView::of(operation), values);
        call.map_err(|why| format!("op {}: {why}", operation.id.0))
    };
    operations.map(read).collect()
}
