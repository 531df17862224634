//! Invariants over the vocabulary [`batch`](squall_history::vocab::batch): what a cluster that runs
//! jobs promises about their outputs, whatever dies meanwhile.
//!
//! | id | name | promise |
//! |---|---|---|
//! | B1 | `output-equals-oracle` | a dataset that is read equals what a single process makes of the job |
//! | B2 | `conservation` | no record is lost, doubled or changed between a task's input and its output, nor between stages |
//! | B3 | `committed-once` | a task has one output at a time, and what is published is made of exactly these |
//! | B4 | `no-zombie-effect` | what is fenced, or was never assigned, has no effect |
//! | B5 | `atomic-publication` | a version of a dataset never changes, versions never fall, an ended job stays ended |
//! | B6 | `acked-job-not-lost` | a job that was acknowledged is known from then on, and its end is never taken back |
//! | B10 | `real-retries` | a task is charged only with failures of its own, and a job fails only after its retries |
//! | L2 | `job-finishes` | once the faults are over, every acknowledged job ends within the bound |
//! | R8 | `linearizable-control` | clients are answered as by one machine, one request at a time |
//!
//! B1 is a checker: it needs a reference of the system's own. So is R8, [`linearizable_control`], which
//! reads the operations on settings besides. The others are [`batch_invariants`].
//! Of B10 this is the clause on retries; there is no order of a workflow to judge yet.
//!
//! All of them take the words of the log from the first controller that tells them, so controllers
//! that disagree (a matter of the Raft invariants) do not make them contradict themselves. They read
//! client operations by these names, each with the dataset as key:
//!
//! | operation | value of the invocation | value of the `ok` |
//! |---|---|---|
//! | `submit` | the job's specification | `{"job": id}` |
//! | `status` | anything | `{"state": "unknown" \| "running" \| "succeeded" \| "failed", …}` |
//! | `get` | anything | `null`, or `{"version": v, "job": id, "text": lines}`, a line `word count` for each word |
//!
//! Values that are none of these are passed over, except by B1, which then has no answer.

mod acked_job_not_lost;
mod atomic_publication;
mod committed_once;
mod conservation;
pub mod control;
mod job_finishes;
mod no_zombie_effect;
mod output_equals_oracle;
mod real_retries;
mod words;

pub use acked_job_not_lost::AckedJobNotLost;
pub use atomic_publication::AtomicPublication;
pub use committed_once::CommittedOnce;
pub use conservation::Conservation;
pub use control::linearizable_control;
pub use job_finishes::JobFinishes;
pub use no_zombie_effect::NoZombieEffect;
pub use output_equals_oracle::OutputEqualsOracle;
pub use real_retries::RealRetries;

use crate::Invariant;

/// B2 to B6, B10 and L2. B1 is [`OutputEqualsOracle`].
pub fn batch_invariants() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(Conservation::default()),
        Box::new(CommittedOnce::default()),
        Box::new(NoZombieEffect::default()),
        Box::new(AtomicPublication::default()),
        Box::new(AckedJobNotLost::default()),
        Box::new(RealRetries::default()),
        Box::new(JobFinishes::default()),
    ]
}
