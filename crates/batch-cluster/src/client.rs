//! A client of the cluster: submits jobs, asks how far they are, fetches datasets, writes settings.
//!
//! A submission has a name of its own, (client, seq), beside the one that each command of the group
//! has: it is the same for every try, also for one made long after the first was given up.

use std::time::Duration;

use serde::de::DeserializeOwned;
use squall_io::{rand, time};

use crate::Error;
use crate::codec::{decode, encode};
use crate::job::{JobId, JobSpec, Submission};
use crate::raft;
use crate::state::{Command, Configured, Dataset, JobStatus, Question, Setting, Submitted};

/// The pause between two tries of a submission; a random part of it, at least half.
const PAUSE: Duration = Duration::from_millis(200);

/// What a client has to know.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// How it speaks to the controllers; `total_timeout` is that of one try, or of one question.
    pub raft: raft::ClientConfig,
    /// How long a submission is tried in all.
    pub submit_timeout: Duration,
}

impl ClientConfig {
    /// A client with the defaults: a try lasts 3 s at most, a submission 30 s. No two clients, and
    /// no two incarnations of one, may share `id`.
    pub fn new(id: &str, controllers: &[String]) -> Self {
        let raft = raft::ClientConfig {
            total_timeout: Duration::from_secs(3),
            ..raft::ClientConfig::new(id, controllers)
        };
        Self { raft, submit_timeout: Duration::from_secs(30) }
    }
}

/// A client. It has one request under way at a time.
#[derive(Debug)]
pub struct Client {
    raft: raft::Client,
    id: String,
    submit_timeout: Duration,
    submissions: u64,
}

impl Client {
    /// A client that has done nothing yet.
    ///
    /// # Panics
    /// Without controllers.
    pub fn new(config: ClientConfig) -> Self {
        let id = config.raft.id.clone();
        let submit_timeout = config.submit_timeout;
        Self { raft: raft::Client::new(config.raft), id, submit_timeout, submissions: 0 }
    }

    /// Submits a job, once, however often it has to be tried.
    ///
    /// # Errors
    /// [`Error::Refused`] if the job cannot be run; [`Error::NotExecuted`] if it certainly was not
    /// accepted and never will be; [`Error::Unknown`] if no answer came: it may be accepted, now or
    /// later, or never.
    pub async fn submit(&mut self, spec: &JobSpec) -> Result<JobId, Error> {
        self.submissions += 1;
        let submission = Submission { client: self.id.clone(), seq: self.submissions };
        let command = Command::Submit { submission, spec: spec.clone() };
        let command = encode(&command);
        let deadline = time::now() + self.submit_timeout;
        let mut maybe_accepted = false;
        loop {
            match self.raft.command(command.clone()).await {
                Ok(answer) => match understood(&answer)? {
                    Submitted::Accepted { job } => return Ok(job),
                    Submitted::Refused { why } => return Err(Error::Refused(why)),
                },
                Err(Error::NotExecuted(_)) => {}
                Err(Error::Unknown(_)) => maybe_accepted = true,
                Err(error) => return Err(error),
            }
            if (deadline - time::now()).is_zero() {
                let why = if maybe_accepted { Error::Unknown } else { Error::NotExecuted };
                return Err(why("time ran out"));
            }
            time::sleep(rand::between(PAUSE / 2, PAUSE)).await;
        }
    }

    /// How far a job is, not before the question was asked.
    ///
    /// # Errors
    /// [`Error::NotExecuted`] or [`Error::Unknown`] if no answer came in time.
    pub async fn status(&mut self, job: JobId) -> Result<JobStatus, Error> {
        self.ask(&Question::Status { job }).await
    }

    /// A published dataset in its newest version, not older than the question.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub async fn get(&mut self, dataset: &str) -> Result<Option<Dataset>, Error> {
        self.ask(&Question::Get { dataset: dataset.to_owned() }).await
    }

    /// Writes a setting; with `if_version` only if that is its version (0: it was never written).
    /// It is sent again while a try lasts, and written once.
    ///
    /// # Errors
    /// [`Error::Refused`] if it cannot be written; [`Error::NotExecuted`] if it certainly was not and
    /// never will be; [`Error::Unknown`] if no answer came.
    pub async fn configure(
        &mut self,
        name: &str,
        value: &str,
        if_version: Option<u64>,
    ) -> Result<Configured, Error> {
        let command = Command::Configure { name: name.to_owned(), value: value.to_owned(), if_version };
        match understood(&self.raft.command(encode(&command)).await?)? {
            Configured::Refused { why } => Err(Error::Refused(why)),
            answer => Ok(answer),
        }
    }

    /// A setting, not older than the question.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub async fn setting(&mut self, name: &str) -> Result<Option<Setting>, Error> {
        self.ask(&Question::Setting { name: name.to_owned() }).await
    }

    /// The controller that answered last: then it was the leader.
    pub fn leader(&self) -> Option<&str> {
        self.raft.leader()
    }

    async fn ask<T: DeserializeOwned>(&mut self, question: &Question) -> Result<T, Error> {
        let question = encode(question);
        understood(&self.raft.query(question).await?)
    }
}

fn understood<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Error> {
    decode(answer).map_err(|_| Error::Unknown("the answer makes no sense"))
}
