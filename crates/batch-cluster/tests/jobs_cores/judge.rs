//! Judges the words told: B2 to B6, and of B10 order and retries. Ids are those of the cluster's
//! invariants. It shares nothing with the state that it judges.

use std::collections::{BTreeMap, BTreeSet};

use batch_cluster::job::{JobSpec, Submission};
use squall_io::vocab::batch::{Cause, Consumed, Event, Outcome, Stage, Tally, Task};

type Wrong = Result<(), String>;

#[derive(Default)]
struct Job {
    maps: u32,
    reduces: u32,
    retries: u32,
    dataset: String,
    version: Option<u64>,
    has_ended: bool,
}

#[derive(Default)]
struct Standing {
    committed: Option<(u64, Vec<Tally>)>,
    generations: BTreeSet<u32>,
    lost: u32,
    fails: u32,
    /// Failures as workers saw them.
    real_fails: u32,
}

struct Attempt {
    task: Task,
    node: String,
    epoch: u64,
    is_fenced: bool,
}

/// How often things happened.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Counts {
    offices: u64,
    leases: u64,
    deaths: u64,
    lost: u64,
    fenced: u64,
    stalled: u64,
    fetches_failed: u64,
    succeeded: u64,
    failed: u64,
    suspended: u64,
}

#[derive(Default)]
pub(crate) struct Judge {
    expected: BTreeMap<(String, u64), (u32, u32)>,
    submissions: BTreeMap<(String, u64), u64>,
    jobs: BTreeMap<u64, Job>,
    tasks: BTreeMap<Task, Standing>,
    attempts: BTreeMap<u64, Attempt>,
    /// The lease of each worker, while it counts.
    leases: BTreeMap<String, u64>,
    epochs: BTreeSet<u64>,
    versions: BTreeMap<String, u64>,
    pub(crate) counts: Counts,
}

impl Judge {
    pub(crate) fn expect(&mut self, submission: &Submission, spec: &JobSpec) {
        self.expected.insert((submission.client.clone(), submission.seq), (spec.maps, spec.reduces));
    }

    pub(crate) fn told(&mut self, event: &Event) -> Wrong {
        match event {
            Event::OfficeTaken { .. } => {
                self.counts.offices += 1;
                Ok(())
            }
            Event::Registered { node, epoch, .. } => {
                self.counts.leases += 1;
                self.fence(node.as_str());
                self.leases.insert(node.as_str().to_owned(), *epoch);
                self.epochs.insert(*epoch);
                Ok(())
            }
            Event::NodeDead { node, epoch, .. } => {
                self.counts.deaths += 1;
                self.fence(node.as_str());
                let lease = self.leases.remove(node.as_str());
                holds("B4", lease == Some(*epoch), || format!("{node} died under {epoch}, not {lease:?}"))
            }
            Event::Submitted { job, client, seq, dataset, retries, .. } => {
                self.submitted(*job, (client.clone(), *seq), dataset, *retries)
            }
            Event::Assigned { attempt, task, node, epoch, .. } => {
                self.assigned(*attempt, *task, node.as_str(), *epoch)
            }
            Event::AttemptEnded { attempt, task, cause, fails, .. } => {
                self.ended(*attempt, *task, cause, *fails)
            }
            Event::TaskCommitted { attempt, task, generation, input, outputs, consumed, .. } => {
                self.committed(*attempt, *task, *generation)?;
                self.conserved(*task, *input, consumed)?;
                let standing = self.tasks.entry(*task).or_default();
                standing.committed = Some((*attempt, outputs.clone()));
                Ok(())
            }
            Event::CommitRefused { .. } => {
                self.counts.fenced += 1;
                Ok(())
            }
            Event::OutputLost { attempt, task, .. } => {
                self.counts.lost += 1;
                let standing = self.tasks.entry(*task).or_default();
                standing.lost += 1;
                let was = standing.committed.take().map(|(attempt, _)| attempt);
                holds("B3", was == Some(*attempt), || format!("{attempt} lost, but {was:?} was committed"))
            }
            Event::Published { job, dataset, version, attempts, .. } => {
                self.published(*job, dataset, *version, attempts)
            }
            Event::JobEnded { job, outcome, .. } => self.job_ended(*job, outcome),
            Event::AttemptStarted { .. } | Event::AttemptFailed { .. } | Event::Suspended { .. } => Ok(()),
        }
    }

    pub(crate) fn worker_told(&mut self, node: &str, event: &Event) -> Wrong {
        match event {
            Event::AttemptStarted { attempt, task, epoch } => {
                let known = self.attempts.get(attempt);
                let is_its = known
                    .is_some_and(|known| known.task == *task && known.node == node && known.epoch == *epoch);
                holds("B4", is_its, || format!("{node} began {attempt}, which nobody gave it"))
            }
            Event::AttemptFailed { task, .. } => {
                self.tasks.entry(*task).or_default().real_fails += 1;
                Ok(())
            }
            _ => {
                self.counts.suspended += 1;
                Ok(())
            }
        }
    }

    fn fence(&mut self, node: &str) {
        self.attempts.values_mut().filter(|attempt| attempt.node == node).for_each(|attempt| {
            attempt.is_fenced = true;
        });
    }

    fn submitted(&mut self, job: u64, submission: (String, u64), dataset: &str, retries: u32) -> Wrong {
        let Some((maps, reduces)) = self.expected.get(&submission).copied() else {
            return Err(format!("B6: nobody submitted {submission:?}"));
        };
        let dataset = dataset.to_owned();
        self.jobs.insert(job, Job { maps, reduces, retries, dataset, ..Job::default() });
        let before = self.submissions.insert(submission, job);
        holds("B6", before.is_none(), || format!("{before:?} and {job} are one submission"))
    }

    fn assigned(&mut self, attempt: u64, task: Task, node: &str, epoch: u64) -> Wrong {
        let lease = self.leases.get(node).copied();
        let is_current = lease == Some(epoch);
        holds("B4", is_current, || format!("{attempt} goes to {node} under {epoch}, not {lease:?}"))?;
        self.open(task.job)?;
        if task.stage == Stage::Reduce {
            let all = self.current(task.job, Stage::Map).iter().all(Option::is_some);
            holds("B10", all, || format!("{task:?} begins before all maps are committed"))?;
        }
        let is_free = self.tasks.entry(task).or_default().committed.is_none()
            && !self.attempts.values().any(|other| other.task == task && !other.is_fenced);
        holds("B3", is_free, || format!("{task:?} is given away twice"))?;
        let node = node.to_owned();
        let new = Attempt { task, node, epoch, is_fenced: false };
        let before = self.attempts.insert(attempt, new);
        holds("B3", before.is_none(), || format!("two attempts are {attempt}"))
    }

    fn ended(&mut self, attempt: u64, task: Task, cause: &Cause, fails: u32) -> Wrong {
        let known = self.attempts.get_mut(&attempt).filter(|known| known.task == task);
        let Some(known) = known else { return Err(format!("B3: {attempt} ends and was never given away")) };
        known.is_fenced = true;
        let standing = self.tasks.entry(task).or_default();
        match cause {
            Cause::Failed => standing.fails += 1,
            Cause::Stalled => self.counts.stalled += 1,
            Cause::FetchFailed => self.counts.fetches_failed += 1,
            Cause::NodeLost | Cause::Dropped => {}
        }
        let (own, real) = (standing.fails, standing.real_fails);
        holds("B10", fails == own, || format!("{task:?} is charged {fails}, and failed {own} times"))?;
        holds("B10", own <= real, || format!("{task:?} failed {own} times, at workers {real} times"))
    }

    fn committed(&mut self, attempt: u64, task: Task, generation: u32) -> Wrong {
        self.open(task.job)?;
        let known = self.attempts.get_mut(&attempt);
        let is_over = known.as_ref().is_none_or(|known| known.is_fenced || known.task != task);
        holds("B4", !is_over, || format!("{attempt} is committed, and was over"))?;
        // Committed once: it has no second life.
        known.expect("it was found").is_fenced = true;
        let standing = self.tasks.entry(task).or_default();
        let is_new = standing.committed.is_none() && standing.generations.insert(generation);
        let is_next = generation == standing.lost;
        holds("B3", is_new && is_next, || format!("{task:?} is committed again in generation {generation}"))
    }

    /// B2: what reduces consume is what the current attempts at the maps wrote for them.
    fn conserved(&self, task: Task, input: Tally, consumed: &[Consumed]) -> Wrong {
        if task.stage == Stage::Map {
            return Ok(());
        }
        let mut sum = Tally::default();
        for (number, written) in (0..).zip(self.current(task.job, Stage::Map)) {
            let tally = written.map(|(attempt, outputs)| (*attempt, outputs[task.number as usize]));
            let read = consumed.iter().find(|consumed| consumed.map == number);
            let read = read.map(|consumed| (consumed.attempt, consumed.tally));
            holds("B2", read == tally && tally.is_some(), || {
                format!("{task:?} read {read:?} of map {number}, which wrote {tally:?}")
            })?;
            let (_, tally) = tally.expect("just seen");
            sum.records += tally.records;
            sum.digest = sum.digest.wrapping_add(tally.digest);
        }
        holds("B2", sum == input, || format!("{task:?} read {input:?}, not {sum:?}"))
    }

    fn published(&mut self, id: u64, dataset: &str, version: u64, attempts: &[u64]) -> Wrong {
        self.open(id)?;
        let committed: Vec<Option<u64>> = self
            .current(id, Stage::Reduce)
            .into_iter()
            .map(|known| known.map(|(attempt, _)| *attempt))
            .collect();
        let told: Vec<Option<u64>> = attempts.iter().copied().map(Some).collect();
        holds("B3", committed == told, || format!("{id} publishes {told:?}, committed are {committed:?}"))?;
        let job = self.jobs.get_mut(&id).expect("it is open");
        let before = job.version.replace(version);
        holds("B5", before.is_none(), || format!("{id} publishes again: {before:?} and {version}"))?;
        let last = self.versions.insert(dataset.to_owned(), version).unwrap_or(0);
        let is_next = version == last + 1 && dataset == job.dataset;
        holds("B5", is_next, || format!("version {version} of {dataset} follows {last}"))
    }

    fn job_ended(&mut self, id: u64, outcome: &Outcome) -> Wrong {
        self.open(id)?;
        let retries = self.jobs[&id].retries;
        let exhausted = |(task, known): (&Task, &Standing)| task.job == id && known.fails >= retries;
        match outcome {
            Outcome::Succeeded => {
                self.counts.succeeded += 1;
                holds("B5", self.jobs[&id].version.is_some(), || format!("{id} succeeds unpublished"))?;
            }
            Outcome::Failed => {
                self.counts.failed += 1;
                let is_true = self.tasks.iter().any(exhausted);
                holds("B10", is_true, || format!("{id} fails, and no task failed {retries} times"))?;
            }
        }
        self.jobs.get_mut(&id).expect("it is open").has_ended = true;
        Ok(())
    }

    /// What ended stays as it is (B5), and what is worked on was accepted (B6).
    fn open(&self, job: u64) -> Wrong {
        let known = self.jobs.get(&job);
        holds("B6", known.is_some(), || format!("{job} was never accepted"))?;
        holds("B5", known.is_some_and(|known| !known.has_ended), || format!("{job} goes on after its end"))
    }

    /// The current outputs of a stage, by task.
    fn current(&self, job: u64, stage: Stage) -> Vec<Option<&(u64, Vec<Tally>)>> {
        let tasks = match stage {
            Stage::Map => self.jobs[&job].maps,
            Stage::Reduce => self.jobs[&job].reduces,
        };
        let of = |number| self.tasks.get(&Task { job, stage, number })?.committed.as_ref();
        (0..tasks).map(of).collect()
    }
}

impl Counts {
    fn all(&mut self) -> [(&'static str, &mut u64); 10] {
        [
            ("offices", &mut self.offices),
            ("leases", &mut self.leases),
            ("deaths", &mut self.deaths),
            ("lost outputs", &mut self.lost),
            ("refused commits", &mut self.fenced),
            ("stalled attempts", &mut self.stalled),
            ("failed fetches", &mut self.fetches_failed),
            ("jobs that succeeded", &mut self.succeeded),
            ("jobs that failed", &mut self.failed),
            ("leases that ran out at the worker", &mut self.suspended),
        ]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let mut other = *other;
        for ((_, sum), (_, more)) in self.all().into_iter().zip(other.all()) {
            *sum += *more;
        }
    }

    /// In so many runs everything happened at least a few times, and most jobs succeeded.
    pub(crate) fn assert_at_least(mut self, runs: u64) {
        for (what, count) in self.all() {
            assert!(*count * 10 > runs, "{what}: {count} in {runs} runs");
        }
        assert!(self.succeeded > runs, "{self:?}");
    }
}

fn holds(id: &str, condition: bool, why: impl FnOnce() -> String) -> Wrong {
    if condition { Ok(()) } else { Err(format!("{id}: {}", why())) }
}
