//! Telling the harness what happens inside.

use squall_history::vocab::Observation;

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
