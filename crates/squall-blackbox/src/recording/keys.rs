//! Keys that stand in the values: `jepsen.independent` writes `[key value]` at both ends of each
//! operation, and gives each key a checker of its own.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use squall_history::{OpId, Phase};

use super::malformed::{Before, Problem};
use super::{Entry, Format, Keys, ReadError};

/// Moves keys out of the values, if they are there.
///
/// # Errors
/// If every value should be a pair and one is none.
pub(super) fn take_out(entries: &mut [Entry], keys: Keys, format: Format) -> Result<(), ReadError> {
    let odd = match (keys, format) {
        (Keys::Field, _) | (Keys::Auto, Format::Squall | Format::Operations) => return Ok(()),
        _ => odd_one(entries),
    };
    match (odd, keys) {
        (None, _) => split(entries),
        (Some(line), Keys::Pairs) => {
            let problem = Problem::new(0..0, "a value that is no pair of key and value")
                .help("`--keys pairs` is for recordings in which every value is `[key value]`");
            return Err(problem.within("", line, Before::default()).into());
        }
        (Some(_), _) => {}
    }
    Ok(())
}

/// The line of the first operation whose value is not a pair, or of the first `ok` with another key.
/// A pair with a pair in front is no key and value, but the first two of a transaction's steps.
fn odd_one(entries: &[Entry]) -> Option<u64> {
    let mut keys: FxHashMap<OpId, &Value> = FxHashMap::default();
    for Entry { line, op, .. } in entries {
        let pair = pair(&op.value);
        let odd = match op.phase {
            Phase::Invoke => match pair {
                Some((key, _)) => {
                    keys.insert(op.id, key);
                    op.key.is_some() || key.is_null() || key.is_array() || key.is_object()
                }
                None => true,
            },
            Phase::Ok => pair.map(|(key, _)| key) != keys.get(&op.id).copied(),
            // What these have is the reason, not a value.
            Phase::Fail | Phase::Info => false,
        };
        if odd {
            return Some(*line);
        }
    }
    None
}

fn pair(value: &Value) -> Option<(&Value, &Value)> {
    match value.as_array().map(Vec::as_slice) {
        Some([key, value]) => Some((key, value)),
        _ => None,
    }
}

fn split(entries: &mut [Entry]) {
    let mut words: FxHashSet<Arc<str>> = FxHashSet::default();
    let mut keys: FxHashMap<OpId, Arc<str>> = FxHashMap::default();
    for Entry { op, .. } in entries {
        if matches!(op.phase, Phase::Invoke | Phase::Ok) {
            let Value::Array(pair) = &mut op.value else { unreachable!("every value is a pair") };
            let (value, key) = (pair.pop().expect("two"), pair.pop().expect("two"));
            op.value = value;
            if op.phase == Phase::Invoke {
                let text = key_text(key);
                let word = words.get(&*text).cloned().unwrap_or_else(|| text.into());
                words.insert(word.clone());
                keys.insert(op.id, word);
            }
        }
        op.key = keys.get(&op.id).cloned();
    }
}

/// A key as text: a string is itself, anything else its JSON.
pub(super) fn key_text(key: Value) -> String {
    match key {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
