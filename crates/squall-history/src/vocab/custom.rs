//! A system's own words.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Observation;

/// A word of a vocabulary that belongs to one system.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Custom {
    /// The vocabulary: the system's name, by convention.
    pub vocab: Arc<str>,
    /// What happened, kebab-case. `vocab/name` is a condition for `sometimes`.
    pub name: Arc<str>,
    /// Details.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
}

impl Custom {
    /// A word without details.
    pub fn new(vocab: &str, name: &str) -> Self {
        Self { vocab: vocab.into(), name: name.into(), fields: BTreeMap::new() }
    }

    /// With one more detail.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }
}

impl Observation for Custom {
    fn into_body(self) -> crate::Body {
        crate::Body::Custom(self)
    }
}
