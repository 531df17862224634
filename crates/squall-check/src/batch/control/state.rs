//! What the control interface is known to hold for one key, and what a call makes of it.
//!
//! Moves that nobody saw are put off until somebody sees what they did: the state is the least that
//! explains what was seen. Nothing is lost by that. Whoever sees an end later could have been told of
//! it then as well, and what a job may still do only grows less when it has moved on.

use std::sync::Arc;

use super::call::{ControlCall, Progress, Read, Setting, Written};

/// The known state of one key: of a dataset, or of a setting.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Control {
    /// The jobs of the dataset that have an id, by it.
    pub jobs: Vec<(u64, Standing)>,
    /// Accepted submissions whose id nobody knows yet: for each the newest version when it was
    /// accepted, rising.
    pub unnamed: Vec<u64>,
    /// The newest version that was seen.
    pub newest: Option<Newest>,
    /// The setting, if it was written.
    pub setting: Option<Setting>,
}

/// How far a job is known to be.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    /// It had not ended when it was last seen.
    Running {
        /// The newest version at that time: what it publishes is newer.
        since: u64,
    },
    /// It published this version.
    Succeeded {
        /// The version.
        version: u64,
    },
    /// It failed.
    Failed {
        /// Why.
        why: Arc<str>,
    },
}

/// A version of a dataset.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Newest {
    /// The version.
    pub version: u64,
    /// Who made it.
    pub job: u64,
    /// Digest of its content, once it was read.
    pub content: Option<u128>,
}

impl Control {
    /// Lets a call take effect; false, and nothing of the state is of use any more, if it cannot.
    pub(super) fn take(&mut self, call: &ControlCall) -> bool {
        match call {
            ControlCall::Submit(job) => self.submit(*job),
            ControlCall::Status { job, seen } => {
                seen.as_ref().is_none_or(|progress| self.sees(*job, progress))
            }
            ControlCall::Get(seen) => match seen {
                None => true,
                Some(None) => self.newest.is_none(),
                Some(Some(read)) => self.reads(*read),
            },
            ControlCall::Write { value, if_version, seen } => self.writes(value, *if_version, *seen),
            ControlCall::ReadSetting(seen) => seen.as_ref().is_none_or(|seen| *seen == self.setting),
        }
    }

    pub(super) fn heap_bytes(&self) -> u64 {
        let jobs = self.jobs.len() * size_of::<(u64, Standing)>();
        (jobs + self.unnamed.len() * size_of::<u64>()) as u64
    }

    /// The newest version; 0 while there is none.
    fn version(&self) -> u64 {
        self.newest.map_or(0, |newest| newest.version)
    }

    fn submit(&mut self, job: Option<u64>) -> bool {
        let since = self.version();
        let Some(job) = job else {
            self.unnamed.push(since);
            return true;
        };
        match self.jobs.binary_search_by_key(&job, |(job, _)| *job) {
            Ok(_) => false,
            Err(place) => {
                self.jobs.insert(place, (job, Standing::Running { since }));
                true
            }
        }
    }

    fn sees(&mut self, job: u64, progress: &Progress) -> bool {
        let newest = self.version();
        match progress {
            Progress::Unknown => self.jobs.binary_search_by_key(&job, |(job, _)| *job).is_err(),
            Progress::Running => match self.job(job, u64::MAX) {
                Some(Standing::Running { since }) => {
                    *since = newest;
                    true
                }
                _ => false,
            },
            Progress::Failed { why } => match self.job(job, u64::MAX) {
                Some(standing @ Standing::Running { .. }) => {
                    *standing = Standing::Failed { why: why.clone() };
                    true
                }
                Some(Standing::Failed { why: before }) => before == why,
                _ => false,
            },
            Progress::Succeeded { version } => self.publishes(job, *version),
        }
    }

    /// The job published this version, by now at the latest.
    fn publishes(&mut self, job: u64, version: u64) -> bool {
        let is_taken = |(other, standing): &(u64, Standing)| {
            *other != job && *standing == Standing::Succeeded { version }
        };
        if self.jobs.iter().any(is_taken) {
            return false;
        }
        match self.job(job, version) {
            Some(Standing::Succeeded { version: before }) => return *before == version,
            Some(standing @ Standing::Running { .. }) => {
                if !matches!(standing, Standing::Running { since } if *since < version) {
                    return false;
                }
                *standing = Standing::Succeeded { version };
            }
            _ => return false,
        }
        if version > self.version() {
            self.newest = Some(Newest { version, job, content: None });
        }
        true
    }

    fn reads(&mut self, read: Read) -> bool {
        let Read { version, job, content } = read;
        if version < self.version() || !self.publishes(job, version) {
            return false;
        }
        let newest = self.newest.as_mut().expect("the job has published just this version");
        *newest.content.get_or_insert(content) == content
    }

    /// A job by its id. If nobody has named it yet it is a submission that was never answered: one
    /// that was accepted before this version was published. Of several the latest, since the
    /// earlier ones can still be any job that it can be.
    fn job(&mut self, job: u64, publishes: u64) -> Option<&mut Standing> {
        let place = match self.jobs.binary_search_by_key(&job, |(job, _)| *job) {
            Ok(place) => place,
            Err(place) => {
                let fitting = self.unnamed.partition_point(|since| *since < publishes);
                let since = self.unnamed.remove(fitting.checked_sub(1)?);
                self.jobs.insert(place, (job, Standing::Running { since }));
                place
            }
        };
        Some(&mut self.jobs[place].1)
    }

    fn writes(&mut self, value: &Arc<str>, if_version: Option<u64>, seen: Option<Written>) -> bool {
        let before = self.setting.as_ref().map_or(0, |setting| setting.version);
        let fits = if_version.is_none_or(|version| version == before);
        match seen {
            Some(Written::Conflict(version)) => !fits && version == before,
            Some(Written::Version(version)) if !fits || version != before + 1 => false,
            None if !fits => true,
            _ => {
                self.setting = Some(Setting { version: before + 1, value: value.clone() });
                true
            }
        }
    }
}
