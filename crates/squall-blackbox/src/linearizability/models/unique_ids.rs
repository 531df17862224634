//! A source of ids that gives none twice.

use serde_json::Value;

use crate::CheckError;
use crate::linearizability::{Model, OpView, Split, Values};

/// A source of unique ids, or one for each key.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `generate` | – | an id that was never given before |
///
/// Nothing is promised but that each id is given once, so each is judged by itself, and what has
/// no answer is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UniqueIdsModel;

/// Whether an id was given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Given {
    /// Not yet.
    No,
    /// Once.
    Once,
}

impl Model for UniqueIdsModel {
    type State = Given;
    type Call = ();

    fn name(&self) -> &'static str {
        "unique-ids"
    }

    fn split(&self) -> Split {
        Split::PerResult
    }

    fn init(&self) -> Given {
        Given::No
    }

    fn call<'h>(&self, op: OpView<'h>, _values: &mut Values<'h>) -> Result<(), CheckError> {
        if op.f == "generate" { Ok(()) } else { Err(op.unknown_to(self.name())) }
    }

    fn step(&self, state: &Given, (): &()) -> Option<Given> {
        (*state == Given::No).then_some(Given::Once)
    }

    fn show(&self, state: &Given, _order: &[&()], _values: &Values<'_>) -> Value {
        Value::from(match state {
            Given::No => "not given yet",
            Given::Once => "given once",
        })
    }
}
