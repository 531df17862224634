//! The replicated state: workers, jobs, datasets, as a function of the log.
//!
//! Pure: what an entry does depends on the entries before it alone, never on a clock, on randomness
//! or on who applies it. Ids are places in the log: a job's is its entry's index; attempts and
//! epochs are numbered by index and place in the entry, so they rise and are never used twice.
//!
//! - [`command`](Command): what the log says, and what is answered.
//! - `parts`: what the state consists of; `weighed`: how its digest is kept.
//! - `nodes`, `jobs`, `attempts`: what the decisions do; `settings`: what clients write; `index`: finds tasks by attempt.
//! - `read`: what the leader's overseer looks at.
//! - [`Cluster`]: the state under the replicated log.
//!
//! It deliberately does not schedule, and knows no time: that is the overseer's.

mod attempts;
mod cluster;
mod command;
mod index;
mod jobs;
mod nodes;
mod parts;
mod read;
mod settings;
#[cfg(test)]
mod tests;
mod weighed;

pub use cluster::Cluster;
pub use command::{
    Command, Configured, Dataset, Decision, Failure, JobStatus, Lack, Question, Ruling, Setting, Submitted,
};
pub use parts::{Attempt, Committed, Ended, Job, Node, Office, Output, Phase, Progress, Standing, Task};

use serde::{Deserialize, Serialize};
use squall_io::vocab::batch;

use crate::Bugs;
use crate::codec::{encode, hash};
use crate::job::{AttemptId, Epoch, JobId, Submission, TaskId};

use index::Index;
use weighed::Weighed;

/// Longest name of a worker or controller in bytes.
const NAME_MAX: usize = 128;

/// The whole state; encoded it is the snapshot. Planted bugs are no part of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", from = "Frozen")]
pub struct State {
    applied: u64,
    office: Option<Office>,
    nodes: Weighed<String, Node>,
    submissions: Weighed<Submission, JobId>,
    jobs: Weighed<JobId, Job>,
    /// Of jobs that have not ended.
    tasks: Weighed<TaskId, Task>,
    datasets: Weighed<String, Dataset>,
    settings: Weighed<String, Setting>,
    #[serde(skip)]
    index: Index,
    #[serde(skip)]
    bugs: Bugs,
}

/// A snapshot's content.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Frozen {
    applied: u64,
    office: Option<Office>,
    nodes: Weighed<String, Node>,
    submissions: Weighed<Submission, JobId>,
    jobs: Weighed<JobId, Job>,
    tasks: Weighed<TaskId, Task>,
    datasets: Weighed<String, Dataset>,
    settings: Weighed<String, Setting>,
}

impl From<Frozen> for State {
    fn from(frozen: Frozen) -> Self {
        let Frozen { applied, office, nodes, submissions, jobs, tasks, datasets, settings } = frozen;
        let index = Index::of(&jobs, &tasks);
        let bugs = Bugs::none();
        Self { applied, office, nodes, submissions, jobs, tasks, datasets, settings, index, bugs }
    }
}

/// The entry that is being applied.
struct Entry {
    index: u64,
    term: u64,
    /// What there is to tell of it.
    words: Vec<batch::Event>,
}

impl State {
    /// Before the first entry.
    pub fn new(bugs: Bugs) -> Self {
        Self { bugs, ..Self::default() }
    }

    /// The same state, of a member with these bugs.
    #[must_use]
    pub fn with_bugs(self, bugs: Bugs) -> Self {
        Self { bugs, ..self }
    }

    /// Applies an entry: gives its answer, encoded, and the words that tell of it.
    pub fn apply(&mut self, index: u64, term: u64, command: &Command) -> (Vec<u8>, Vec<batch::Event>) {
        let mut entry = Entry { index, term, words: Vec::new() };
        let answer = match command {
            Command::Submit { submission, spec } => encode(&self.submit(&mut entry, submission, spec)),
            Command::Decide(decisions) => {
                let rule = |(place, decision)| self.decide(&mut entry, place, decision);
                encode(&(0..).zip(decisions).map(rule).collect::<Vec<Ruling>>())
            }
            Command::Configure { name, value, if_version } => {
                encode(&self.configure(name, value, *if_version))
            }
        };
        self.applied = index;
        self.settle();
        (answer, entry.words)
    }

    /// Answers a question, encoded.
    pub fn answer(&self, question: &Question) -> Vec<u8> {
        match question {
            Question::Status { job } => encode(&self.status(*job)),
            Question::Get { dataset } => encode(&self.datasets.get(dataset)),
            Question::Setting { name } => encode(&self.settings.get(name)),
        }
    }

    /// A number that differs where states differ.
    pub fn digest(&self) -> u64 {
        let sums = [
            self.applied,
            self.nodes.sum(),
            self.submissions.sum(),
            self.jobs.sum(),
            self.tasks.sum(),
            self.datasets.sum(),
            self.settings.sum(),
        ];
        let sums = sums.map(u64::to_le_bytes).concat();
        hash(&[&sums, &encode(&self.office)])
    }

    fn settle(&mut self) {
        self.nodes.settle();
        self.submissions.settle();
        self.jobs.settle();
        self.tasks.settle();
        self.datasets.settle();
        self.settings.settle();
    }

    fn decide(&mut self, entry: &mut Entry, place: u64, decision: &Decision) -> Ruling {
        // A place beyond has no id to give; an overseer never goes that far.
        if place >= AttemptId::PER_ENTRY {
            return Ruling::Void;
        }
        let id = AttemptId::new(entry.index, place);
        match decision {
            Decision::TakeOffice { controller } => self.take_office(entry, controller),
            Decision::Register { node, incarnation, slots, kept } => {
                let new = Node {
                    incarnation: *incarnation,
                    epoch: Epoch(id.0),
                    slots: *slots,
                    standing: Standing::Up,
                };
                self.register(entry, node, new, kept)
            }
            Decision::NodeDead { node, epoch } => self.node_dead(entry, node, *epoch),
            Decision::Assign { task, node, epoch } => {
                self.assign(entry, *task, Attempt { id, node: node.clone(), epoch: *epoch })
            }
            Decision::EndAttempt { attempt, epoch, failure } => {
                self.end_attempt(entry, *attempt, *epoch, failure)
            }
            Decision::Commit { attempt, epoch, manifest } => self.commit(entry, *attempt, *epoch, manifest),
            Decision::Publish { job } => self.publish(entry, *job),
            Decision::EndJob { job } => self.end_published(entry, *job),
        }
    }
}

/// Whether a text can name a node; it comes from a message.
fn is_name(text: &str) -> bool {
    let is_plain = |letter: char| !letter.is_control() && !letter.is_whitespace();
    (1..=NAME_MAX).contains(&text.len()) && text.chars().all(is_plain)
}
