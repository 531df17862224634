//! `results.ndjson` and `timings.ndjson`: one JSON object a line.
//!
//! A result depends on (binary, scenario, seed) alone, so two campaigns compare with `cmp`. All
//! that wall time can change goes into the timings.

use std::io::BufRead;

use serde::{Deserialize, Serialize};
use squall_check::SeedResult;
use squall_check::result::RESULT_FORMAT;
use squall_history::Seed;

use crate::ReportError;

/// Version of [`Timing`].
pub const TIMING_FORMAT: u32 = 1;

/// What one seed took on this machine, this time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Timing {
    /// Version of this record: [`TIMING_FORMAT`].
    pub v: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// The seed.
    pub seed: Seed,
    /// Wall time of the run, in milliseconds.
    pub wall_ms: u64,
    /// Number of the worker it ran on, from 0.
    pub worker: u32,
}

/// A line of `results.ndjson`, with its line feed.
pub fn result_line(result: &SeedResult) -> String {
    line(result)
}

/// A line of `timings.ndjson`, with its line feed.
pub fn timing_line(timing: &Timing) -> String {
    line(timing)
}

/// Reads `results.ndjson` back.
///
/// # Errors
/// If `input` cannot be read, or a line is not a result of a version known here.
pub fn read_results(input: impl BufRead) -> Result<Vec<SeedResult>, ReportError> {
    let mut results = Vec::new();
    for (index, text) in input.lines().enumerate() {
        let line = index + 1;
        let wrong = |source| ReportError::Line { line, source };
        let text = text.map_err(|error| wrong(serde_json::Error::io(error)))?;
        // The version is looked at first: a later version may have other fields.
        let Version { v } = serde_json::from_str(&text).map_err(wrong)?;
        if v != RESULT_FORMAT {
            return Err(ReportError::Format { line, found: v, known: RESULT_FORMAT });
        }
        results.push(serde_json::from_str(&text).map_err(wrong)?);
    }
    Ok(results)
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("records hold only strings as keys");
    line.push('\n');
    line
}
