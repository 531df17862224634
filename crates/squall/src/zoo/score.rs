//! A score as it is kept: rows of counts, one for each bug and scenario, and what a later score says of it.
//!
//! It holds nothing that a clock or the number of workers can change, so two scores of one commit
//! compare with `cmp`. Rows stand on their own, each with the commit that measured it: a score is
//! updated bug by bug.

use serde::{Deserialize, Serialize};
use squall_history::Seed;

use super::tally::Tally;

/// Version of [`Score`].
pub const SCORE_FORMAT: u32 = 1;

/// Which scenarios a bug is hunted with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The scenario that was written for it.
    Own,
    /// A swarm: a scenario that knows nothing of the bug.
    Swarm,
}

impl Profile {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Swarm => "swarm",
        }
    }
}

/// Which row: what was measured.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Key {
    /// The system.
    pub system: String,
    /// The bug.
    pub bug: String,
    /// Which scenarios.
    pub profile: Profile,
    /// The scenario.
    pub scenario: String,
}

/// One bug under one scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Row {
    /// What was measured.
    pub key: Key,
    /// Digest of the scenario's text: another text is another measurement.
    pub scenario_hash: String,
    /// The commit that measured it.
    pub commit: String,
    /// What the seeds are derived from.
    pub base_seed: Seed,
    /// Most seeds it was to take.
    pub seeds_max: u64,
    /// Finds at which it was to end.
    pub finds_max: u64,
    /// The counts.
    pub tally: Tally,
    /// What became of the first finds when they were shrunk, in order.
    pub shrunk: Vec<ShrunkRow>,
}

/// One find, shrunk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ShrunkRow {
    /// Its seed.
    pub seed: Seed,
    /// What caught it.
    pub caught_by: String,
    /// Faults that took effect.
    pub faults_before: u64,
    /// Faults that were left.
    pub faults_after: u64,
    /// Runs that shrinking took.
    pub runs: u64,
    /// Whether it ended because runs were used up.
    pub cut_short: bool,
    /// What the file did in a process of its own.
    pub replayed: Replayed,
    /// What it did there with the bug off.
    pub without_bug: WithoutBug,
}

/// What a stored, shrunk plan did when it was run again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replayed {
    /// The same run to the last event, the same oracle violated.
    Same,
    /// Something else, in words.
    Differs(String),
}

/// What a shrunk plan did with its bug off.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutBug {
    /// It passed.
    Passes,
    /// It did not, in words.
    Fails(String),
}

/// Rows, sorted by their keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Score {
    /// Version of this record: [`SCORE_FORMAT`].
    pub v: u32,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Default for Score {
    fn default() -> Self {
        Self { v: SCORE_FORMAT, rows: Vec::new() }
    }
}

impl Score {
    /// The row of that key.
    pub fn row(&self, key: &Key) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == *key)
    }

    /// Takes a row in, in place of the one with its key.
    pub fn merge(&mut self, row: Row) {
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

impl Row {
    /// What is wrong with the row whatever was known before, in words: its bug's own scenario does not find
    /// it, seeds fail without it, or what was shrunk does not replay.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let tally = &self.tally;
        if self.key.profile == Profile::Own && tally.found == 0 {
            problems.push(format!("its own scenario does not find it in {} seeds", tally.seeds));
        }
        if tally.fail_without > 0 {
            problems.push(format!("{} of the seeds that fail do so without the bug too", tally.fail_without));
        }
        for shrunk in &self.shrunk {
            if let Replayed::Differs(how) = &shrunk.replayed {
                problems
                    .push(format!("shrunk.yaml of seed {} replays as something else: {how}", shrunk.seed));
            }
            if let WithoutBug::Fails(how) = &shrunk.without_bug {
                let seed = shrunk.seed;
                problems.push(format!("shrunk.yaml of seed {seed} does not pass without the bug: {how}"));
            }
        }
        problems
    }
}

/// What a row says of an older one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// No less than chance explains.
    Holds,
    /// The share is smaller than chance explains.
    Dropped,
    /// Nothing was found, in too few seeds to say that anything changed.
    TooFewSeeds,
}

/// Compares two measurements of a bug. A drop is beyond chance if the two 99 % intervals do not meet.
pub fn compare(before: &Tally, now: &Tally) -> Change {
    if now.interval(Tally::P99).high < before.interval(Tally::P99).low {
        return Change::Dropped;
    }
    if now.found == 0 && before.found > 0 { Change::TooFewSeeds } else { Change::Holds }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(bug: &str, found: u64) -> Row {
        let text = |text: &str| text.to_owned();
        Row {
            key: Key {
                system: text("s"),
                bug: text(bug),
                profile: Profile::Swarm,
                scenario: text("s-swarm"),
            },
            scenario_hash: text("00"),
            commit: text("abc"),
            base_seed: Seed(1),
            seeds_max: 100,
            finds_max: 10,
            tally: Tally { seeds: 100, found, ..Tally::default() },
            shrunk: Vec::new(),
        }
    }

    #[test]
    fn rows_replace_their_like_and_stay_sorted() {
        let mut score = Score::default();
        for (bug, found) in [("b", 1), ("c", 1), ("a", 1), ("b", 2)] {
            score.merge(row(bug, found));
        }
        let rows: Vec<_> = score.rows.iter().map(|row| (row.key.bug.as_str(), row.tally.found)).collect();
        assert_eq!(rows, [("a", 1), ("b", 2), ("c", 1)]);
        let text = serde_json::to_string(&score).expect("plain data");
        assert_eq!(serde_json::from_str::<Score>(&text).expect("just written"), score);
    }

    #[test]
    fn a_drop_is_told_from_chance() {
        let tally = |found, seeds| Tally { found, seeds, ..Tally::default() };
        assert_eq!(compare(&tally(50, 100), &tally(40, 100)), Change::Holds);
        assert_eq!(compare(&tally(50, 100), &tally(20, 100)), Change::Dropped);
        assert_eq!(compare(&tally(50, 100), &tally(0, 100)), Change::Dropped);
        assert_eq!(compare(&tally(10, 100), &tally(0, 5)), Change::TooFewSeeds);
        assert_eq!(compare(&tally(0, 100), &tally(0, 100)), Change::Holds);
        assert_eq!(compare(&tally(0, 100), &tally(9, 100)), Change::Holds);
    }

    #[test]
    fn what_cannot_be_excused_is_said() {
        assert_eq!(row("a", 0).problems(), Vec::<String>::new(), "a swarm may miss a bug");
        let mut own = row("a", 0);
        own.key.profile = Profile::Own;
        own.tally.fail_without = 2;
        own.shrunk.push(ShrunkRow {
            seed: Seed(3),
            caught_by: "linearizable".to_owned(),
            faults_before: 2,
            faults_after: 1,
            runs: 4,
            cut_short: false,
            replayed: Replayed::Differs("it passed".to_owned()),
            without_bug: WithoutBug::Fails("panic".to_owned()),
        });
        assert_eq!(own.problems().len(), 4, "{:?}", own.problems());
    }
}
