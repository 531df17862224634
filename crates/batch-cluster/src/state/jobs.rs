//! What happens to jobs as wholes: submitted, published, ended.

use squall_io::vocab::batch::{Cause, Event, Outcome};

use crate::Bug;
use crate::job::{JobId, JobSpec, Stage, Submission, TaskId};

use super::{Dataset, Entry, Job, JobStatus, Output, Phase, Ruling, State, Submitted, Task};

impl State {
    /// Accepts a job, once however often it is submitted.
    pub(super) fn submit(&mut self, entry: &mut Entry, submission: &Submission, spec: &JobSpec) -> Submitted {
        // planted bug
        let looks = !self.bugs.has(Bug::SubmitNotIdempotent);
        if let Some(job) = self.submissions.get(submission).filter(|_| looks) {
            return Submitted::Accepted { job: *job };
        }
        if let Some(why) = spec.problem() {
            return Submitted::Refused { why: why.to_owned() };
        }
        let job = JobId(entry.index);
        self.submissions.insert(submission.clone(), job);
        let new = Job { spec: spec.clone(), phase: Phase::Running, maps_done: 0, reduces_done: 0 };
        self.jobs.insert(job, new);
        self.index.open.insert(job);
        for (stage, tasks) in [(Stage::Map, spec.maps), (Stage::Reduce, spec.reduces)] {
            for number in 0..tasks {
                self.tasks.insert(TaskId { job, stage, number }, Task::default());
            }
        }
        entry.words.push(Event::Submitted {
            index: entry.index,
            job: job.0,
            client: submission.client.clone(),
            seq: submission.seq,
            dataset: spec.dataset.clone(),
            retries: spec.retries,
        });
        Submitted::Accepted { job }
    }

    pub(super) fn status(&self, job: JobId) -> JobStatus {
        let Some(job) = self.jobs.get(&job) else { return JobStatus::Unknown };
        match &job.phase {
            Phase::Running | Phase::Published { .. } => JobStatus::Running {
                done: job.maps_done + job.reduces_done,
                tasks: job.spec.maps + job.spec.reduces,
            },
            Phase::Succeeded { version } => JobStatus::Succeeded { version: *version },
            Phase::Failed { why } => JobStatus::Failed { why: why.clone() },
        }
    }

    /// The dataset becomes visible, whole, and the job ends: one step.
    pub(super) fn publish(&mut self, entry: &mut Entry, id: JobId) -> Ruling {
        let Some(job) = self.jobs.get(&id).filter(|job| job.is_complete()) else { return Ruling::Void };
        let dataset = job.spec.dataset.clone();
        let version = self.datasets.get(&dataset).map_or(1, |before| before.version + 1);
        let (attempts, parts) = self.parts_of(id);
        entry.words.push(Event::Published {
            index: entry.index,
            job: id.0,
            dataset: dataset.clone(),
            version,
            attempts,
        });
        self.datasets.insert(dataset, Dataset { version, job: id, parts });
        // planted bug
        if self.bugs.has(Bug::RerunAfterSuccess) {
            self.set_phase(id, Phase::Published { version });
        } else {
            self.end_job(entry, id, Phase::Succeeded { version });
        }
        Ruling::Done
    }

    /// Part of a planted bug: the second of two steps.
    pub(super) fn end_published(&mut self, entry: &mut Entry, id: JobId) -> Ruling {
        let Some(Phase::Published { version }) = self.jobs.get(&id).map(|job| job.phase.clone()) else {
            return Ruling::Void;
        };
        self.end_job(entry, id, Phase::Succeeded { version });
        Ruling::Done
    }

    /// A job ends for ever; what was known of its tasks goes.
    pub(super) fn end_job(&mut self, entry: &mut Entry, id: JobId, phase: Phase) {
        assert!(self.index.open.remove(&id), "a job ends once");
        for task in self.task_ids(id) {
            self.end(entry, task, Cause::Dropped);
            let ended = self.tasks.remove(&task);
            if let Some(committed) = ended.as_ref().and_then(Task::committed) {
                self.index.committed.remove(&committed.attempt.id);
            }
        }
        let outcome = match phase {
            Phase::Failed { .. } => Outcome::Failed,
            _ => Outcome::Succeeded,
        };
        self.set_phase(id, phase);
        entry.words.push(Event::JobEnded { index: entry.index, job: id.0, outcome });
    }

    /// Part of a planted bug: what has not ended begins from the start.
    pub(super) fn run_again(&mut self, entry: &mut Entry) {
        for id in self.index.open.clone() {
            self.set_phase(id, Phase::Running);
            for task in self.task_ids(id) {
                self.end(entry, task, Cause::Dropped);
                self.lose(entry, task);
            }
        }
    }

    fn set_phase(&mut self, id: JobId, phase: Phase) {
        self.jobs.get_mut(&id).expect("a job that is open is known").phase = phase;
    }

    fn task_ids(&self, job: JobId) -> Vec<TaskId> {
        self.tasks_of(job).map(|(task, _)| task).collect()
    }

    /// Attempts and parts of the committed reduces, by number.
    fn parts_of(&self, job: JobId) -> (Vec<u64>, Vec<String>) {
        let committed = self.stage_of(job, Stage::Reduce).filter_map(|(_, task)| task.committed());
        let part = |output: &Output| match output {
            Output::Reduce { part } => part.clone(),
            Output::Map { .. } => String::new(),
        };
        committed.map(|committed| (committed.attempt.id.0, part(&committed.output))).unzip()
    }
}
