//! Operations by the object they act upon, and values by number.

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::Operation;
use crate::answer::{NoAnswer, hold};
use crate::budget::Budget;

/// The operations on one object, in order of invocation.
pub(crate) struct Object<'a, 'h> {
    pub(crate) key: Option<&'h str>,
    pub(crate) operations: Vec<&'a Operation<'h>>,
}

/// The objects, in the order in which they are first acted upon. Takes a step for each operation.
pub(crate) fn objects<'a, 'h>(
    operations: &'a [Operation<'h>],
    budget: &mut Budget,
) -> Result<Vec<Object<'a, 'h>>, NoAnswer> {
    budget.spend(operations.len() as u64)?;
    hold::<&Operation<'_>>(budget, operations.len())?;
    let mut index: FxHashMap<Option<&str>, usize> = FxHashMap::default();
    let mut objects: Vec<Object<'a, 'h>> = Vec::new();
    for operation in operations {
        let next = objects.len();
        let place = *index.entry(operation.key).or_insert(next);
        if place == next {
            hold::<Object<'_, '_>>(budget, 2)?;
            objects.push(Object { key: operation.key, operations: Vec::new() });
        }
        objects[place].operations.push(operation);
    }
    Ok(objects)
}

/// Numbers for values, counted from 0 in the order in which they are first met.
#[derive(Default)]
pub(crate) struct Interner<'h> {
    ids: FxHashMap<&'h Value, u32>,
    values: Vec<&'h Value>,
}

/// What a value costs here: its entry in the map, which is at most half empty, and in the list.
type Entry<'h> = [(&'h Value, u64); 2];

impl<'h> Interner<'h> {
    /// The number of a value.
    pub(crate) fn id(&mut self, value: &'h Value, budget: &mut Budget) -> Result<usize, NoAnswer> {
        let next = self.values.len();
        let too_many = |_| NoAnswer::Unfit("it has more than four billion different values".to_owned());
        let id = u32::try_from(next).map_err(too_many)?;
        let id = *self.ids.entry(value).or_insert(id) as usize;
        if id == next {
            hold::<Entry<'_>>(budget, 1)?;
            self.values.push(value);
        }
        Ok(id)
    }

    /// The value of a number.
    pub(crate) fn value(&self, id: usize) -> &'h Value {
        self.values[id]
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}
