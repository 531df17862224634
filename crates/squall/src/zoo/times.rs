//! What a score took on the machine that measured it. Apart from the score, since it differs from time
//! to time.

use serde::{Deserialize, Serialize};

use super::score::Key;
use crate::Spent;

/// Version of [`Times`].
pub const TIMES_FORMAT: u32 = 1;

/// Times of rows, sorted by their keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Times {
    /// Version of this record: [`TIMES_FORMAT`].
    pub v: u32,
    /// The rows.
    pub rows: Vec<RowTimes>,
}

/// What one row took.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RowTimes {
    /// Which.
    pub key: Key,
    /// Workers side by side.
    pub workers: u64,
    /// Runs of the hunt, those included whose reply was thrown away or that ran without the bug.
    pub runs: u64,
    /// Their CPU time, user and system, in microseconds.
    pub cpu_us: u64,
    /// Wall time of each shrinking, in milliseconds, as [`Row::shrunk`](super::Row::shrunk).
    pub shrink_wall_ms: Vec<u64>,
}

impl Default for Times {
    fn default() -> Self {
        Self { v: TIMES_FORMAT, rows: Vec::new() }
    }
}

impl Times {
    /// The times of that row.
    pub fn row(&self, key: &Key) -> Option<&RowTimes> {
        self.rows.iter().find(|row| row.key == *key)
    }

    /// Takes a row in, in place of the one with its key.
    pub fn merge(&mut self, row: RowTimes) {
        match self.rows.binary_search_by(|other| other.key.cmp(&row.key)) {
            Ok(place) => self.rows[place] = row,
            Err(place) => self.rows.insert(place, row),
        }
    }

    /// Sorts the rows, for files that were edited by hand.
    pub fn sort(&mut self) {
        self.rows.sort_by(|one, other| one.key.cmp(&other.key));
    }
}

impl RowTimes {
    /// Of a hunt that spent this.
    pub fn of(key: Key, workers: usize, spent: Spent) -> Self {
        Self {
            key,
            workers: workers as u64,
            runs: spent.runs,
            cpu_us: u64::try_from(spent.cpu.as_micros()).unwrap_or(u64::MAX),
            shrink_wall_ms: Vec::new(),
        }
    }

    /// CPU time of so many runs, in microseconds. `None` without a run to go by.
    pub fn cpu_us_of(&self, runs: u64) -> Option<u64> {
        let each = u128::from(self.cpu_us) * u128::from(runs);
        let all = each.checked_div(u128::from(self.runs))?;
        Some(u64::try_from(all).unwrap_or(u64::MAX))
    }
}
