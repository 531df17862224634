//! Registers that transactions read and write together.

use serde_json::{Value, json};

use crate::CheckError;
use crate::linearizability::{Effect, Model, OpView, Split, ValueId, Values};

/// Several registers, each of which begins as `null`. All are one object: what is judged is strict
/// serializability.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `txn` | a list of `["r", register, null]` and `["w", register, value]` | the list, with the values read; nothing if it only writes |
///
/// `read` and `write` stand for `r` and `w` too. A transaction reads what it wrote itself. The key
/// of an operation does not matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MultiRegisterModel;

/// A step of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MicroOp {
    /// Reads a register; `None`: which value, is not known.
    Read(ValueId, Option<ValueId>),
    /// Writes a value to a register.
    Write(ValueId, ValueId),
}

const TAKES: &str = "a list of `[\"r\", register, null]` and `[\"w\", register, value]`";

impl Model for MultiRegisterModel {
    /// Registers that are not `null`, in order.
    type State = Vec<(ValueId, ValueId)>;
    type Call = Vec<MicroOp>;

    fn name(&self) -> &'static str {
        "multi-register"
    }

    fn split(&self) -> Split {
        Split::Whole
    }

    fn init(&self) -> Self::State {
        Vec::new()
    }

    fn call<'h>(&self, op: OpView<'h>, values: &mut Values<'h>) -> Result<Vec<MicroOp>, CheckError> {
        if op.f != "txn" {
            return Err(op.unknown_to(self.name()));
        }
        let wrong = || op.bad_argument(self.name(), TAKES);
        let asked = op.input.as_array().ok_or_else(wrong)?;
        let told = match op.result() {
            None => None,
            Some(Value::Array(told)) if told.len() == asked.len() => Some(told),
            Some(_) => return Err(op.bad_result(self.name(), "its argument with the values read")),
        };
        let mut micro_ops = Vec::with_capacity(asked.len());
        for (place, step) in asked.iter().enumerate() {
            let Some([kind, register, value]) = step.as_array().map(Vec::as_slice) else {
                return Err(wrong());
            };
            let register = values.id(register);
            micro_ops.push(match kind.as_str() {
                Some("w" | "write") => MicroOp::Write(register, values.id(value)),
                Some("r" | "read") => {
                    let seen = told.map(|told| told[place].get(2).ok_or(&told[place])).transpose();
                    let gives = "its argument with the values read";
                    let seen = seen.map_err(|_| op.bad_result(self.name(), gives))?;
                    MicroOp::Read(register, seen.map(|seen| values.id(seen)))
                }
                _ => return Err(wrong()),
            });
        }
        Ok(micro_ops)
    }

    fn step(&self, state: &Self::State, call: &Vec<MicroOp>) -> Option<Self::State> {
        let mut next = state.clone();
        for &micro_op in call {
            match micro_op {
                MicroOp::Read(register, seen) => {
                    let at = next.binary_search_by_key(&register, |(register, _)| *register);
                    let value = at.map_or(ValueId::NULL, |at| next[at].1);
                    if seen.is_some_and(|seen| seen != value) {
                        return None;
                    }
                }
                MicroOp::Write(register, value) => {
                    let at = next.binary_search_by_key(&register, |(register, _)| *register);
                    match (at, value) {
                        (Ok(at), ValueId::NULL) => _ = next.remove(at),
                        (Ok(at), _) => next[at].1 = value,
                        (Err(_), ValueId::NULL) => {}
                        (Err(at), _) => next.insert(at, (register, value)),
                    }
                }
            }
        }
        Some(next)
    }

    fn effect(&self, call: &Vec<MicroOp>) -> Effect {
        let reads = call.iter().all(|micro_op| matches!(micro_op, MicroOp::Read(..)));
        if reads { Effect::Observes } else { Effect::Changes }
    }

    fn show(&self, state: &Self::State, _order: &[&Vec<MicroOp>], values: &Values<'_>) -> Value {
        state.iter().map(|&(register, value)| json!([values.value(register), values.value(value)])).collect()
    }

    fn heap_bytes(&self, state: &Self::State) -> u64 {
        size_of_val(state.as_slice()) as u64
    }
}
