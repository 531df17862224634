//! The options of an analysis of transactions, from a JSON object.

use serde_json::{Map, Value};

use super::Consistency;

/// An object whose keys are all known.
pub(super) struct Options<'o> {
    object: Option<&'o Map<String, Value>>,
}

impl<'o> Options<'o> {
    /// An object with none but these keys, or `null`.
    pub(super) fn read(options: &'o Value, known: &[&str]) -> Result<Self, String> {
        let object = match options {
            Value::Null => None,
            Value::Object(object) => Some(object),
            other => return Err(format!("options are an object, not {other}")),
        };
        let mut keys = object.into_iter().flat_map(Map::keys);
        match keys.find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(format!("there is no option `{key}`; there are {}", known.join(", "))),
            None => Ok(Self { object }),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'o Value> {
        self.object?.get(key)
    }

    /// The level of `consistency`; strict serialisability if it is not given.
    pub(super) fn consistency(&self) -> Result<Consistency, String> {
        match self.get("consistency") {
            None => Ok(Consistency::default()),
            Some(Value::String(name)) => Consistency::named(name),
            Some(other) => Err(format!("a consistency is a name, not {other}")),
        }
    }

    /// A list of words, if it is given.
    pub(super) fn names(&self, key: &str) -> Result<Option<Vec<&'o str>>, String> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let names = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        names.map(Some).ok_or_else(|| format!("`{key}` is a list of words, not {value}"))
    }
}
