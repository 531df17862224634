//! What was found out about a failure's past: `cause.json`.
//!
//! Plain data and the arithmetic of shares. Who takes the samples is the library's business, how
//! they are shown the report's.

use serde::{Deserialize, Serialize};
use squall_history::{Digest, Record, Seed, SimTime};

/// Version of [`Cause`].
pub const CAUSE_FORMAT: u32 = 1;

/// How likely a violation was, seen from moments of the run that it happened in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cause {
    /// Version of this record.
    pub v: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// The seed of the run.
    pub seed: Seed,
    /// Digest of the run; absent if its process died.
    pub digest: Option<Digest>,
    /// What was looked for again: the first oracle that the run violated, or how the run ended.
    pub symptom: String,
    /// When that was violated in the run itself.
    pub violated_at: SimTime,
    /// What became of the faults planned for after a moment.
    pub later_faults: LaterFaults,
    /// Runs with other draws.
    pub runs: u64,
    /// Why it ended.
    pub ended: CauseEnded,
    /// What was sampled, by time.
    pub moments: Vec<CauseMoment>,
    /// Where the share rises, by time.
    pub turns: Vec<Turn>,
}

/// What other draws mean for faults that were planned for later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaterFaults {
    /// They stay as they were applied, with their literal targets: a given schedule.
    #[default]
    Kept,
    /// The scenario plans them again from the new seed.
    Redrawn,
    /// There are none.
    Dropped,
}

/// Why sampling ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseEnded {
    /// There was nothing more to find out.
    Complete,
    /// No runs were left.
    OutOfRuns,
    /// It was interrupted.
    Interrupted,
}

/// A moment, and what runs came to that are the same before it and drawn anew from it on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CauseMoment {
    /// First instant of other draws.
    pub at: SimTime,
    /// What the run told right before: the most remarkable records of one instant.
    pub what: Vec<Record>,
    /// Runs.
    pub runs: u64,
    /// Of these, how many violated the same.
    pub same: u64,
    /// How many failed in another way.
    pub other: u64,
}

impl CauseMoment {
    /// The share of runs that violated the same, 0 to 1; 0 without runs.
    pub fn share(&self) -> f64 {
        if self.runs == 0 { 0.0 } else { self.same as f64 / self.runs as f64 }
    }

    /// Between which shares the true one lies, with a confidence of 95 %: the score interval (Wilson,
    /// "Probable inference, the law of succession, and statistical inference", JASA 22(158), 1927).
    pub fn interval(&self) -> (f64, f64) {
        if self.runs == 0 {
            return (0.0, 1.0);
        }
        // The 97.5 % quantile of the normal distribution.
        const Z: f64 = 1.96;
        let (n, share) = (self.runs as f64, self.share());
        let shrink = 1.0 + Z * Z / n;
        let middle = (share + Z * Z / (2.0 * n)) / shrink;
        let half = Z / shrink * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        // Where all or none did, the interval ends at 1 or 0; what rounding leaves beside it is cut.
        let low = if self.same == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if self.same == self.runs { 1.0 } else { (middle + half).min(1.0) };
        (low, high)
    }

    /// Whether the violation is likelier from `later` on than from here, beyond chance: the intervals
    /// lie apart.
    pub fn is_less_likely_than(&self, later: &Self) -> bool {
        self.interval().1 < later.interval().0
    }
}

/// A rise of the share between two sampled moments, beyond chance.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Turn {
    /// Place among the moments of the last one before the rise.
    pub before: usize,
    /// Place of the first one behind it; what happened right before that moment is named.
    pub after: usize,
    /// Instants between the two at which the run told something, and that were not told apart.
    pub between: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(same: u64, runs: u64) -> CauseMoment {
        CauseMoment { at: SimTime::ZERO, what: Vec::new(), runs, same, other: 0 }
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I.
        let cases = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)];
        for (same, runs, low, high) in cases {
            let found = moment(same, runs).interval();
            assert!((found.0 - low).abs() < 1e-4 && (found.1 - high).abs() < 1e-4, "{found:?}");
        }
        assert_eq!(moment(29, 29).interval().1, 1.0);
        assert_eq!(moment(0, 0).interval(), (0.0, 1.0));
    }

    #[test]
    fn only_intervals_that_lie_apart_are_a_rise() {
        assert!(moment(1, 20).is_less_likely_than(&moment(17, 20)));
        assert!(!moment(8, 20).is_less_likely_than(&moment(12, 20)));
        assert!(!moment(17, 20).is_less_likely_than(&moment(1, 20)));
    }
}
