//! Telling the harness what happens inside.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use squall_history::vocab::{Custom, Observation};

/// Records a word of a vocabulary. In a simulation it becomes a record of the history, stamped with
/// node, incarnation and true time; elsewhere it is a `tracing` event at level `INFO`.
pub fn observe(observation: impl Observation) {
    let body = observation.into_body();
    #[cfg(feature = "sim")]
    if squall_sim::in_simulation() {
        squall_sim::observe(body);
        return;
    }
    match serde_json::to_string(&body) {
        Ok(text) => tracing::info!(target: "squall", observation = %text),
        Err(error) => tracing::warn!(target: "squall", %error, "an observation cannot be written"),
    }
}

/// A detail of a word, for the derive. What has no JSON form (a map whose keys are no text) is told as a
/// text that says so.
pub fn json(detail: &impl Serialize) -> Value {
    serde_json::to_value(detail).unwrap_or_else(|error| format!("it has no JSON form: {error}").into())
}

/// A detail read back, for the derive. What is not there is as `null`.
pub fn field<T: DeserializeOwned>(word: &Custom, name: &str) -> Option<T> {
    let value = word.fields.get(name).unwrap_or(&Value::Null);
    T::deserialize(value).ok()
}
