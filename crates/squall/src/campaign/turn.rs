//! Whose turn it is: which jobs of a campaign are told, in which order.
//!
//! Pure, and alone in knowing that a scenario ends at its `max_fail`-th failing seed in job order.
//! So a campaign that runs, one that is taken up again, and the merge of shards agree on what belongs
//! into `results.ndjson`.

use std::collections::BTreeMap;

use super::Job;

/// A place in the order of a campaign's jobs, with what was counted on the way there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    max_fail: u64,
    place: usize,
    /// By scenario: failing results so far.
    failures: BTreeMap<usize, u64>,
}

impl Turn {
    /// Before the first job, with scenarios that end at this many failing results.
    pub const fn new(max_fail: u64) -> Self {
        Self { max_fail, place: 0, failures: BTreeMap::new() }
    }

    /// The place of the job whose result comes next, or `None` if there is no more. Jobs of scenarios
    /// that are over are passed by. The same `jobs` each time.
    pub fn due(&mut self, jobs: &[Job]) -> Option<usize> {
        while jobs.get(self.place).is_some_and(|job| self.is_over(job.scenario)) {
            self.place += 1;
        }
        (self.place < jobs.len()).then_some(self.place)
    }

    /// The job that is due has its result; whether that counts as a failure.
    ///
    /// # Panics
    /// If no job is due.
    pub fn told(&mut self, jobs: &[Job], standing: Counts) {
        let place = self.due(jobs).expect("a result belongs to a job");
        if standing == Counts::Failure {
            *self.failures.entry(jobs[place].scenario).or_default() += 1;
        }
        self.place += 1;
    }

    /// Whether a scenario has had as many failing results as it may.
    pub fn is_over(&self, scenario: usize) -> bool {
        self.failures.get(&scenario).is_some_and(|failures| *failures >= self.max_fail)
    }
}

/// What a result counts as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counts {
    /// It brings its scenario closer to its end.
    Failure,
    /// It does not: it passed, or failed as it is known to.
    Nothing,
}

impl From<bool> for Counts {
    fn from(is_failure: bool) -> Self {
        if is_failure { Self::Failure } else { Self::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use squall_history::Seed;

    use super::*;

    fn jobs(counts: &[u64]) -> Vec<Job> {
        let of = |(scenario, count): (usize, &u64)| {
            (0..*count).map(move |seed| Job { scenario, seed: Seed(seed) }).collect::<Vec<_>>()
        };
        counts.iter().enumerate().flat_map(of).collect()
    }

    /// All places told, if those of `failing` fail.
    fn told(jobs: &[Job], max_fail: u64, failing: &[usize]) -> Vec<usize> {
        let (mut turn, mut told) = (Turn::new(max_fail), Vec::new());
        while let Some(place) = turn.due(jobs) {
            turn.told(jobs, failing.contains(&place).into());
            told.push(place);
        }
        told
    }

    #[test]
    fn a_scenario_ends_at_its_last_failure_and_the_next_begins() {
        let jobs = jobs(&[4, 3]);
        assert_eq!(told(&jobs, 1, &[]), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(told(&jobs, 1, &[1, 2]), [0, 1, 4, 5, 6]);
        assert_eq!(told(&jobs, 2, &[0, 2, 4]), [0, 1, 2, 4, 5, 6]);
        assert_eq!(told(&jobs, 1, &[0, 4]), [0, 4]);
        assert_eq!(told(&[], 1, &[]), [0; 0]);
    }
}
