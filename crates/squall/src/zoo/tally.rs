//! What a hunt counted, and what follows from it: the share of seeds that find a bug, and how many it takes.
//!
//! Seeds are independent draws, so the number of seeds up to a find is geometric with the share p as its
//! parameter. A hunt that ends at its K-th find would overrate p by counting that last seed; then p is
//! estimated by (K - 1) / (n - 1), which is unbiased (Haldane, "On a method of estimating frequencies",
//! Biometrika 33, 1945). Intervals are Wilson's ("Probable inference, the law of succession, and statistical
//! inference", JASA 22, 1927), which hold for shares near 0 and 1. Only counts are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a hunt counted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tally {
    /// Seeds that ran, up to and including the one that ended the hunt.
    pub seeds: u64,
    /// Seeds that fail with the bug and do not fail without it.
    pub found: u64,
    /// Place of the first of them among the seeds, from 1.
    pub first: Option<u64>,
    /// By what they were caught first: an oracle, or how the process died.
    pub caught_by: BTreeMap<String, u64>,
    /// Seeds that fail without the bug as well: they say nothing of the bug and much of the rest.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fail_without: u64,
    /// Seeds that neither passed nor failed, by outcome: they count as not found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub undecided: BTreeMap<String, u64>,
    /// Whether it ended at the last find that was asked for, not at the last seed.
    pub ended: EndedBy,
}

/// What ended a hunt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// The seeds were used up.
    #[default]
    Seeds,
    /// So many finds as were asked for.
    Finds,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A share between 0 and 1, and where it may lie.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    /// Not below this.
    pub low: f64,
    /// Not above this.
    pub high: f64,
}

impl Tally {
    /// The 97.5 % point of the normal distribution: 95 % of it lie between this and its negative.
    pub const P95: f64 = 1.959_964;
    /// The 99.5 % point: 99 % lie between this and its negative.
    pub const P99: f64 = 2.575_829;

    /// The share of seeds that find the bug. Zero if none did.
    pub fn share(&self) -> f64 {
        let (found, seeds) = (self.found as f64, self.seeds as f64);
        match (self.ended, self.found) {
            (_, 0) => 0.0,
            (EndedBy::Finds, 2..) if self.fail_without == 0 => (found - 1.0) / (seeds - 1.0),
            _ => found / seeds,
        }
    }

    /// Wilson's interval of the share; `z` is a point of the normal distribution, such as [`P95`](Self::P95).
    pub fn interval(&self, z: f64) -> Interval {
        if self.seeds == 0 {
            return Interval { low: 0.0, high: 1.0 };
        }
        let (n, z2) = (self.seeds as f64, z * z);
        let share = self.found as f64 / n;
        let centre = share + z2 / (2.0 * n);
        let reach = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        Interval { low: ((centre - reach) / scale).max(0.0), high: ((centre + reach) / scale).min(1.0) }
    }

    /// The median number of seeds up to a find: the least m with which half of all hunts would have found it,
    /// that is (1 - p)^m ≤ 1/2. From the share, not from blocks of seeds. `None` if nothing was found.
    pub fn seeds_to_find(&self) -> Option<u64> {
        let miss = 1.0 - self.share();
        if self.found == 0 {
            return None;
        }
        // By multiplication, which gives the same on every machine; logarithms need not.
        let mut none_yet = miss;
        let mut seeds = 1;
        while none_yet > 0.5 {
            none_yet *= miss;
            seeds += 1;
        }
        Some(seeds)
    }

    /// What caught it most often; of equals the first by name.
    pub fn catcher(&self) -> Option<&str> {
        let most = self.caught_by.values().max()?;
        self.caught_by.iter().find(|(_, count)| *count == most).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(found: u64, seeds: u64, ended: EndedBy) -> Tally {
        Tally { seeds, found, ended, ..Tally::default() }
    }

    /// Against values of R's `prop.test(…, correct = FALSE)`.
    #[test]
    fn intervals_are_wilsons() {
        for (found, seeds, low, high) in
            [(0, 10, 0.0, 0.277_533), (10, 10, 0.722_467, 1.0), (5, 10, 0.236_593, 0.763_407)]
        {
            let interval = tally(found, seeds, EndedBy::Seeds).interval(Tally::P95);
            assert!((interval.low - low).abs() < 1e-5, "{found} of {seeds}: {interval:?}");
            assert!((interval.high - high).abs() < 1e-5, "{found} of {seeds}: {interval:?}");
        }
    }

    #[test]
    fn the_seed_that_ends_a_hunt_does_not_count_for_the_share() {
        assert_eq!(tally(10, 91, EndedBy::Finds).share(), 0.1);
        assert_eq!(tally(10, 100, EndedBy::Seeds).share(), 0.1);
        assert_eq!(tally(1, 4, EndedBy::Finds).share(), 0.25, "of one find nothing better can be said");
        assert_eq!(tally(0, 4, EndedBy::Seeds).share(), 0.0);
    }

    #[test]
    fn the_median_is_that_of_the_geometric_distribution() {
        assert_eq!(tally(0, 100, EndedBy::Seeds).seeds_to_find(), None);
        assert_eq!(tally(100, 100, EndedBy::Seeds).seeds_to_find(), Some(1));
        assert_eq!(tally(50, 100, EndedBy::Seeds).seeds_to_find(), Some(1));
        // ln 0.5 / ln 0.9 = 6.58, ln 0.5 / ln 0.999 = 692.8
        assert_eq!(tally(10, 100, EndedBy::Seeds).seeds_to_find(), Some(7));
        assert_eq!(tally(1, 1_000, EndedBy::Seeds).seeds_to_find(), Some(693));
    }

    /// The estimate is right on the average, whatever the share: many hunts, each ended at its fourth find.
    #[test]
    fn the_estimate_is_not_biased_by_ending_early() {
        let draws = squall_history::draw::Draws::new(squall_history::Seed(7));
        let identity = squall_history::Identity::of("tally");
        let mut n = 0;
        let mut sum = 0.0;
        const HUNTS: u32 = 20_000;
        for _ in 0..HUNTS {
            let (mut seeds, mut found) = (0, 0);
            while found < 4 {
                let drawn = draws.draw(squall_history::draw::Domain::Plan, identity, n).bits();
                n += 1;
                seeds += 1;
                found += u64::from(drawn.is_multiple_of(5));
            }
            sum += tally(found, seeds, EndedBy::Finds).share();
        }
        let mean = sum / f64::from(HUNTS);
        assert!((mean - 0.2).abs() < 0.003, "{mean}");
    }

    #[test]
    fn the_catcher_is_the_most_frequent() {
        let caught_by = [("b", 3), ("a", 3), ("c", 1)].map(|(name, count)| (name.to_owned(), count));
        let tally = Tally { caught_by: caught_by.into(), ..Tally::default() };
        assert_eq!(tally.catcher(), Some("a"));
    }
}
