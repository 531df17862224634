//! Keys and values as numbers, so that comparing and sorting them costs nothing.
//!
//! An integer of up to 62 bits is itself; anything else gets a number above them, in order of first
//! appearance. So `1` and `"1"` are two keys.

use rustc_hash::FxHashMap;
use serde_json::Value;

/// A key or a value as a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Atom(i64);

/// Integers below this, and above its negative, stand for themselves.
const FIRST: i64 = 1 << 62;

/// The values that have numbers of their own.
#[derive(Default)]
pub(super) struct Atoms<'h> {
    values: Vec<&'h Value>,
    texts: FxHashMap<&'h str, Atom>,
    others: FxHashMap<String, Atom>,
}

impl<'h> Atoms<'h> {
    /// The number of a value, a new one if it has none yet.
    pub(super) fn intern(&mut self, value: &'h Value) -> Atom {
        if let Some(known) = self.find(value) {
            return known;
        }
        let new = Atom(FIRST + i64::try_from(self.values.len()).expect("a length fits"));
        self.values.push(value);
        match value {
            Value::String(text) => self.texts.insert(text, new),
            other => self.others.insert(other.to_string(), new),
        };
        new
    }

    /// The number of a value, if it has one.
    pub(super) fn find(&self, value: &Value) -> Option<Atom> {
        match value {
            Value::String(text) => self.texts.get(&**text).copied(),
            other => match other.as_i64() {
                Some(small) if -FIRST < small && small < FIRST => Some(Atom(small)),
                _ => self.others.get(&other.to_string()).copied(),
            },
        }
    }

    /// The value, as JSON.
    pub(super) fn value(&self, atom: Atom) -> Value {
        match usize::try_from(atom.0 - FIRST) {
            Ok(place) => self.values[place].clone(),
            Err(_) => Value::from(atom.0),
        }
    }

    /// Bytes held, roughly.
    pub(super) fn bytes(&self) -> u64 {
        64 * self.values.len() as u64
    }
}
