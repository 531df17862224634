//! What the clients of `batch` do, and how their operations stand in the history.

use std::collections::{BTreeMap, VecDeque};

use batch_cluster::Error;
use batch_cluster::client::{Client, ClientConfig};
use batch_cluster::job::{JobId, JobSpec, Source};
use batch_cluster::state::{Configured, Dataset, JobStatus, Setting};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use squall::history::{Ppm, SimDuration};
use squall::{ClientCtx, Completed, NodeResult, SystemError};
use squall_io::time;

use super::rate::Rate;

/// `workload` of `batch`: jobs, dealt to the clients in turn. A client submits one, asks how far it
/// is until it ends, fetches what it published, and goes on to the next; without any left it still
/// asks until the end of the run. Each time it asks, it reads or writes a setting too, of a few that
/// all clients share.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct BatchWorkload {
    /// Jobs in all.
    pub jobs: u32,
    /// Weights of the kinds of jobs.
    pub mix: BatchMix,
    /// Records of a job's input.
    pub records: u32,
    /// Tasks of the first stage of a job.
    pub maps: u32,
    /// Tasks of the second stage of a job.
    pub reduces: u32,
    /// How often a client submits, whatever becomes of its jobs; without it, when the last one ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// How long a client waits for the end of a job before it goes on without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<SimDuration>,
    /// The share of jobs whose input does not exist: they are to fail, and nothing else with them.
    pub broken: Ppm,
    /// How many settings the clients share; 0 for none.
    pub settings: u32,
    /// The share of questions about a setting that write it, half of these only if it is as last seen.
    pub setting_writes: Ppm,
    /// How often a client asks.
    pub poll: SimDuration,
    /// How long a question is tried; then nobody knows.
    pub timeout: SimDuration,
}

/// Weights of the kinds of jobs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct BatchMix {
    /// How often each word occurs.
    pub wordcount: u32,
}

impl Default for BatchMix {
    fn default() -> Self {
        Self { wordcount: 1 }
    }
}

impl Default for BatchWorkload {
    fn default() -> Self {
        Self {
            jobs: 8,
            mix: BatchMix::default(),
            records: 600,
            maps: 4,
            reduces: 2,
            rate: None,
            deadline: None,
            broken: Ppm::percent(10),
            settings: 2,
            setting_writes: Ppm::percent(30),
            poll: SimDuration::from_millis(500),
            timeout: SimDuration::from_secs(3),
        }
    }
}

/// How often a task may fail by its own fault.
const RETRIES: u32 = 4;

impl BatchWorkload {
    pub(super) fn check(&self) -> Result<(), SystemError> {
        let wrong = |what: &str| Err(SystemError(what.to_owned()));
        if self.mix.wordcount == 0 {
            return wrong("the weights of `mix` sum to zero: there is no job to submit");
        }
        if self.poll == SimDuration::ZERO || self.timeout == SimDuration::ZERO {
            return wrong("`poll` and `timeout` must be longer than zero");
        }
        let spec = self.spec("any".to_owned(), Source::Generated { seed: 0, records: self.records });
        match spec.problem() {
            Some(why) => wrong(why),
            None => Ok(()),
        }
    }

    fn spec(&self, dataset: String, source: Source) -> JobSpec {
        JobSpec { dataset, source, maps: self.maps, reduces: self.reduces, retries: RETRIES }
    }
}

// Properties of the draw of a job.
const INPUT: u64 = 1;
const BROKEN: u64 = 2;

/// Questions about settings have draws of their own, by incarnation and count, so that how often a
/// client asked does not alter its jobs. No client submits so many.
const SETTINGS: u64 = 1 << 63;
// Properties of the draw of such a question.
const WHICH: u64 = 1;
const WRITES: u64 = 2;
const CONDITION: u64 = 3;

/// A job that a client follows.
struct Followed {
    dataset: String,
    job: JobId,
    until: Option<time::Instant>,
}

/// One incarnation of a client.
struct Person {
    ctx: ClientCtx,
    client: Client,
    workload: BatchWorkload,
    /// Jobs still to be submitted.
    left: u32,
    submitted: u32,
    open: VecDeque<Followed>,
    /// The last dataset that it saw published, and its job.
    last: Option<(String, JobId)>,
    polls: u64,
    /// The last version seen of each setting.
    versions: BTreeMap<String, u64>,
}

/// Runs one incarnation of a client.
pub(super) async fn run(ctx: ClientCtx, controllers: Vec<String>, workload: BatchWorkload) -> NodeResult {
    // A later incarnation is another client to the cluster: it does not know what this one did.
    let id = format!("{}.{}", ctx.name(), ctx.boot().0);
    let mut config = ClientConfig::new(&id, &controllers);
    config.raft.total_timeout = workload.timeout.to_std();
    let clients = u32::try_from(ctx.node.topology.role(super::CLIENT).count()).expect("bounded");
    let before = ctx.node.node.number - 1;
    let left = workload.jobs / clients + u32::from(before < workload.jobs % clients);
    let person = Person {
        client: Client::new(config),
        ctx,
        workload,
        left,
        submitted: 0,
        open: VecDeque::new(),
        last: None,
        polls: 0,
        versions: BTreeMap::new(),
    };
    person.act().await
}

impl Person {
    async fn act(mut self) -> NodeResult {
        let poll = self.workload.poll.to_std();
        let mut next_submission = time::now();
        loop {
            let is_time = match self.workload.rate {
                Some(_) => time::now() >= next_submission,
                None => self.open.is_empty(),
            };
            if self.left > 0 && is_time {
                if let Some(rate) = self.workload.rate {
                    next_submission = next_submission + rate.interval().to_std();
                }
                self.left -= 1;
                self.submit().await;
            } else {
                self.look().await;
                self.look_at_setting().await;
                let wait = match self.workload.rate {
                    Some(_) if self.left > 0 => poll.min(next_submission - time::now()),
                    _ => poll,
                };
                time::sleep(wait).await;
            }
        }
    }

    async fn submit(&mut self) {
        self.submitted += 1;
        let draw = self.ctx.draw(self.ctx.next_op());
        let dataset = format!("{}.{}/{}", self.ctx.name(), self.ctx.boot().0, self.submitted);
        let broken = draw.property(BROKEN).below(1_000_000) < u64::from(self.workload.broken.get());
        let source = match broken {
            true => Source::File { name: "nowhere.txt".to_owned(), bytes: 1 },
            false => Source::Generated { seed: draw.property(INPUT).bits(), records: self.workload.records },
        };
        let spec = self.workload.spec(dataset.clone(), source);
        let value = serde_json::to_value(&spec).expect("a specification has a JSON form");
        let op = self.ctx.op("submit").key(&dataset).value(value);
        let submitted = op.run_as(self.client.submit(&spec), answered(|job| json!({ "job": job }))).await;
        if let Ok(job) = submitted {
            let until = self.workload.deadline.map(|deadline| time::now() + deadline.to_std());
            self.open.push_back(Followed { dataset, job, until });
        }
    }

    /// Asks after the job that was asked after least lately; without one, after the last result.
    async fn look(&mut self) {
        self.polls += 1;
        if let Some(followed) = self.open.pop_front() {
            return self.follow(followed).await;
        }
        match self.last.clone() {
            Some((dataset, _)) if self.polls.is_multiple_of(2) => self.get(&dataset).await,
            Some((dataset, job)) => _ = self.status(&dataset, job).await,
            // A read that no job is needed for.
            None => self.get("none").await,
        }
    }

    async fn follow(&mut self, followed: Followed) {
        let status = self.status(&followed.dataset, followed.job).await;
        match status {
            Some(JobStatus::Succeeded { .. }) => {
                self.get(&followed.dataset).await;
                self.last = Some((followed.dataset, followed.job));
            }
            Some(JobStatus::Failed { .. } | JobStatus::Unknown) => {
                self.last.get_or_insert((followed.dataset, followed.job));
            }
            Some(JobStatus::Running { .. }) | None => {
                if followed.until.is_none_or(|until| time::now() < until) {
                    self.open.push_back(followed);
                }
            }
        }
    }

    async fn status(&mut self, dataset: &str, job: JobId) -> Option<JobStatus> {
        let op = self.ctx.op("status").key(dataset).value(json!({ "job": job }));
        op.run_as(self.client.status(job), answered(status_words)).await.ok()
    }

    async fn get(&mut self, dataset: &str) {
        let text = answered(|found: &Option<Dataset>| found.as_ref().map_or(Value::Null, dataset_text));
        self.ctx.op("get").key(dataset).run_as(self.client.get(dataset), text).await.ok();
    }

    /// Reads or writes a setting.
    async fn look_at_setting(&mut self) {
        if self.workload.settings == 0 {
            return;
        }
        let draw = self.ctx.draw(SETTINGS | u64::from(self.ctx.boot().0) << 32 | self.polls);
        let name = format!("s{}", draw.property(WHICH).below(u64::from(self.workload.settings)));
        let writes = draw.property(WRITES).below(1_000_000) < u64::from(self.workload.setting_writes.get());
        if !writes {
            return self.read_setting(name).await;
        }
        let value = format!("{}.{}/{}", self.ctx.name(), self.ctx.boot().0, self.polls);
        let if_version = match draw.property(CONDITION).below(2) {
            0 => None,
            _ => Some(self.versions.get(&name).copied().unwrap_or(0)),
        };
        self.write_setting(name, value, if_version).await;
    }

    async fn read_setting(&mut self, name: String) {
        let key = setting_key(&name);
        let words = answered(|found: &Option<Setting>| found.as_ref().map_or(Value::Null, setting_words));
        let found = self.ctx.op("config-read").key(&key).run_as(self.client.setting(&name), words).await;
        if let Ok(Some(setting)) = found {
            self.versions.insert(name, setting.version);
        }
    }

    async fn write_setting(&mut self, name: String, value: String, if_version: Option<u64>) {
        let key = setting_key(&name);
        let argument = json!({ "value": value, "if-version": if_version });
        let write = self.client.configure(&name, &value, if_version);
        let op = self.ctx.op("config-write").key(&key).value(argument);
        match op.run_as(write, answered(configured_words)).await {
            Ok(Configured::Written { version } | Configured::Conflict { version }) => {
                self.versions.insert(name, version);
            }
            Ok(Configured::Refused { .. }) | Err(_) => {}
        }
    }
}

/// Settings and datasets are different objects, also where they have one name.
fn setting_key(name: &str) -> String {
    format!("config:{name}")
}

/// How an operation ended, where `words` tells of its result.
fn answered<T>(words: impl FnOnce(&T) -> Value) -> impl FnOnce(&Result<T, Error>) -> Completed {
    |outcome| match outcome {
        Ok(result) => Completed::Ok(words(result)),
        Err(Error::NotExecuted(why)) => Completed::Fail((*why).to_owned()),
        Err(Error::Refused(why)) => Completed::Fail(why.clone()),
        Err(error) => Completed::Info(error.to_string()),
    }
}

fn setting_words(setting: &Setting) -> Value {
    json!({ "version": setting.version, "value": setting.value })
}

fn configured_words(configured: &Configured) -> Value {
    match configured {
        Configured::Written { version } => json!({ "version": version }),
        Configured::Conflict { version } => json!({ "conflict": version }),
        // The client makes an error of it.
        Configured::Refused { why } => json!({ "refused": why }),
    }
}

fn status_words(status: &JobStatus) -> Value {
    match status {
        JobStatus::Unknown => json!({ "state": "unknown" }),
        JobStatus::Running { done, tasks } => json!({ "state": "running", "done": done, "tasks": tasks }),
        JobStatus::Succeeded { version } => json!({ "state": "succeeded", "version": version }),
        JobStatus::Failed { why } => json!({ "state": "failed", "why": why }),
    }
}

/// A dataset as the checker reads it: the text of its parts as it came, one after the other. A client
/// reads it often, and one string costs the history less than a number for each word.
fn dataset_text(dataset: &Dataset) -> Value {
    json!({ "version": dataset.version, "job": dataset.job, "text": dataset.parts.concat() })
}
