//! The replicated state: workers, jobs, datasets, as a function of the log.

mod command;

pub use command::{Command, Dataset, Decision, Failure, JobStatus, Lack, Question, Ruling, Submitted};
