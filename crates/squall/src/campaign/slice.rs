//! A campaign's part for one of several machines.
//!
//! Slice M of N takes the jobs at places M-1, M-1 + N, M-1 + 2N, … of the whole campaign. Taking
//! turns, not taking a stretch: seeds of one scenario cost about the same and scenarios differ, so
//! every slice gets its share of each, and a scenario of one seed does not always meet the same machine.
//! A slice depends on nothing but its numbers and the list of jobs, so no machine needs to know another.

use std::fmt;
use std::str::FromStr;

use super::Job;

/// Most slices of a campaign: far beyond any use, and a typing mistake is found.
const SLICES_MAX: u64 = 100_000;

/// Slice M of N, written `slice:M/N`; M counts from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Slice {
    number: u64,
    of: u64,
}

/// What cannot be a slice, and why.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{text}` is no slice: {why}")]
pub struct SliceError {
    text: String,
    why: &'static str,
}

impl Slice {
    /// Slice `number` of `of`.
    ///
    /// # Errors
    /// If `number` is not within `1..=of`, or `of` is above 100,000.
    pub fn new(number: u64, of: u64) -> Result<Self, SliceError> {
        let why = match (number, of) {
            (_, 0) => "a campaign has at least one",
            (0, _) => "slices count from 1",
            (number, of) if number > of => "there are not that many",
            (_, of) if of > SLICES_MAX => "100,000 slices are the most",
            _ => return Ok(Self { number, of }),
        };
        Err(SliceError { text: format!("slice:{number}/{of}"), why })
    }

    /// Which one it is, from 1.
    pub const fn number(self) -> u64 {
        self.number
    }

    /// How many there are.
    pub const fn of(self) -> u64 {
        self.of
    }

    /// The slice, of so many, that takes the job at this place of the whole campaign.
    pub const fn number_at(place: usize, of: u64) -> u64 {
        place as u64 % of + 1
    }

    /// The jobs of this slice, in order.
    pub fn jobs(self, all: &[Job]) -> Vec<Job> {
        let mine = |place: &usize| Self::number_at(*place, self.of) == self.number;
        (0..all.len()).filter(mine).map(|place| all[place].clone()).collect()
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slice:{}/{}", self.number, self.of)
    }
}

impl FromStr for Slice {
    type Err = SliceError;

    fn from_str(text: &str) -> Result<Self, SliceError> {
        let wrong = || SliceError { text: text.to_owned(), why: "write it as `slice:1/4`" };
        let numbers = text.strip_prefix("slice:").and_then(|rest| rest.split_once('/'));
        let (number, of) = numbers.ok_or_else(wrong)?;
        Self::new(number.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?)
    }
}

#[cfg(test)]
mod tests {
    use squall_history::Seed;

    use super::*;

    #[test]
    fn slices_take_every_job_once() {
        let all: Vec<Job> = (0..23).map(|seed| Job { scenario: 0, seed: Seed(seed) }).collect();
        for of in [1, 2, 7, 23, 40] {
            let mut taken = Vec::new();
            for number in 1..=of {
                let jobs = Slice::new(number, of).unwrap().jobs(&all);
                let fair = 23 / of as usize..=23_usize.div_ceil(of as usize);
                assert!(fair.contains(&jobs.len()), "slice {number} of {of} has {}", jobs.len());
                assert!(jobs.is_sorted_by_key(|job| job.seed.0));
                taken.extend(jobs.into_iter().map(|job| job.seed.0));
            }
            taken.sort_unstable();
            assert_eq!(taken, (0..23).collect::<Vec<_>>(), "{of} slices");
        }
    }

    #[test]
    fn a_slice_is_read_as_it_is_written() {
        let slice: Slice = "slice:3/8".parse().unwrap();
        assert_eq!((slice.number(), slice.of(), slice.to_string()), (3, 8, "slice:3/8".to_owned()));
        let why = |text: &str| text.parse::<Slice>().unwrap_err().to_string();
        assert_eq!(why("3/8"), "`3/8` is no slice: write it as `slice:1/4`");
        assert_eq!(why("slice:-1/8"), "`slice:-1/8` is no slice: write it as `slice:1/4`");
        assert_eq!(why("slice:0/8"), "`slice:0/8` is no slice: slices count from 1");
        assert_eq!(why("slice:9/8"), "`slice:9/8` is no slice: there are not that many");
        assert_eq!(why("slice:0/0"), "`slice:0/0` is no slice: a campaign has at least one");
    }
}
