//! What an analysis is called and how it is made of options: a line of the catalogue.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Analysis;

/// An analysis that has a name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The word that chooses it, kebab-case.
    pub name: &'static str,
    /// What it promises, in one sentence, lower case, no full stop.
    pub meaning: &'static str,
    /// The options it takes, for people: `accounts: count, total: sum`; empty if it takes none.
    pub options: &'static str,
    pub(crate) build: fn(&Value) -> Result<Box<dyn Analysis>, String>,
}

impl Entry {
    /// The analysis with these options: a JSON object, or `null` for none.
    ///
    /// # Errors
    /// What is wrong with the options.
    pub fn build(&self, options: &Value) -> Result<Box<dyn Analysis>, String> {
        (self.build)(options)
    }
}

/// Options as a type that knows its keys; `null` for what it is by default.
pub(crate) fn read_options<T: DeserializeOwned + Default>(options: &Value) -> Result<T, String> {
    if options.is_null() {
        return Ok(T::default());
    }
    T::deserialize(options).map_err(|why| why.to_string())
}

/// For an analysis that takes no options.
pub(crate) fn none(options: &Value) -> Result<(), String> {
    let empty = options.is_null() || options.as_object().is_some_and(serde_json::Map::is_empty);
    if empty { Ok(()) } else { Err(format!("it takes no options, but was given {options}")) }
}
