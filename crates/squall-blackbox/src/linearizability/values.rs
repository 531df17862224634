//! Values as small integers: what the search compares and hashes a million times.

use rustc_hash::FxHashMap;
use serde_json::Value;

/// A JSON value that an operation named, as a number: two are equal if and only if the values are.
/// Numbers are given in the order in which values are first met.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ValueId(pub u32);

impl ValueId {
    /// The value `null`, always.
    pub const NULL: Self = Self(0);
}

static NULL: Value = Value::Null;

/// The values of one object's operations.
#[derive(Clone, Debug)]
pub struct Values<'h> {
    all: Vec<&'h Value>,
    /// Integers are most of what tests write, and hash best on their own.
    integers: FxHashMap<i64, ValueId>,
    others: FxHashMap<&'h Value, ValueId>,
}

impl Default for Values<'_> {
    fn default() -> Self {
        Self { all: vec![&NULL], integers: FxHashMap::default(), others: FxHashMap::default() }
    }
}

impl<'h> Values<'h> {
    /// The number of this value.
    pub fn id(&mut self, value: &'h Value) -> ValueId {
        let next = ValueId(u32::try_from(self.all.len()).expect("an object has fewer than 2^32 values"));
        let id = match value {
            Value::Null => return ValueId::NULL,
            Value::Number(number) => match number.as_i64() {
                Some(integer) => *self.integers.entry(integer).or_insert(next),
                None => *self.others.entry(value).or_insert(next),
            },
            _ => *self.others.entry(value).or_insert(next),
        };
        if id == next {
            self.all.push(value);
        }
        id
    }

    /// The value of this number.
    ///
    /// # Panics
    /// If the number is none of these values'.
    pub fn value(&self, id: ValueId) -> &'h Value {
        self.all[id.0 as usize]
    }

    /// How many there are, `null` included.
    #[expect(clippy::len_without_is_empty, reason = "`null` is always there")]
    pub fn len(&self) -> usize {
        self.all.len()
    }
}
