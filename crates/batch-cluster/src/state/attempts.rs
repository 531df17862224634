//! What becomes of attempts: assigned, ended, committed; and of outputs: lost.

use std::collections::BTreeMap;

use squall_io::vocab::batch::{self, Cause, Event, Refusal};

use crate::Bug;
use crate::job::{AttemptId, Consumed, Epoch, JobId, Manifest, Stage, Tally, TaskId};

use super::{Attempt, Committed, Ended, Entry, Failure, Job, Lack, Output, Phase, Progress, Ruling, State};

/// An output is taken for lost when so many different workers could not reach its holder,
const REPORTERS_MAX: usize = 2;
/// or when it could not be reached so often.
const REPORTS_MAX: u32 = 3;

/// Why a manifest is not taken.
enum Fault {
    /// It is no output of such a task: the attempt's own fault.
    Malformed(&'static str),
    /// Its input is no longer what the maps made.
    Outdated,
}

impl State {
    pub(super) fn assign(&mut self, entry: &mut Entry, id: TaskId, attempt: Attempt) -> Ruling {
        let has_slot = self.nodes.get(&attempt.node).is_some_and(|node| node.holds(attempt.epoch))
            && self.free_slots(&attempt.node) > 0;
        if !has_slot || !self.is_ready(id) {
            return Ruling::Void;
        }
        entry.words.push(Event::Assigned {
            index: entry.index,
            attempt: attempt.id.0,
            task: id.into(),
            node: attempt.node.as_str().into(),
            epoch: attempt.epoch.0,
        });
        self.index.live.insert(attempt.id, id);
        let ruling = Ruling::Assigned { attempt: attempt.id };
        self.tasks.get_mut(&id).expect("what is ready is known").progress = Progress::Live(attempt);
        ruling
    }

    fn is_ready(&self, id: TaskId) -> bool {
        let Some(job) = self.jobs.get(&id.job).filter(|job| job.phase == Phase::Running) else {
            return false;
        };
        let may_begin = id.stage == Stage::Map || job.maps_done == job.spec.maps;
        may_begin && self.tasks.get(&id).is_some_and(|task| task.progress == Progress::Waiting)
    }

    pub(super) fn end_attempt(
        &mut self,
        entry: &mut Entry,
        attempt: AttemptId,
        epoch: Epoch,
        failure: &Failure,
    ) -> Ruling {
        let live = self.attempt(attempt).filter(|(_, live)| live.epoch == epoch);
        let Some((id, node)) = live.map(|(id, live)| (id, live.node.clone())) else { return Ruling::Void };
        match failure {
            Failure::Task { why } => self.fail(entry, id, why),
            Failure::Fetch { map, lack } => {
                self.end(entry, id, Cause::FetchFailed);
                self.fetch_failed(entry, (id.job, *map), &node, *lack);
            }
            Failure::Stalled | Failure::Unknown => self.end(entry, id, Cause::Stalled),
        }
        Ruling::Done
    }

    /// A map's output could not be fetched; that may be the reporter's trouble only.
    fn fetch_failed(&mut self, entry: &mut Entry, map: (JobId, AttemptId), reporter: &str, lack: Lack) {
        let Some(id) = self.index.committed.get(&map.1).copied() else { return };
        let concerns = id.job == map.0 && id.stage == Stage::Map;
        // planted bug
        if !concerns || self.is_overlooked(map.1) {
            return;
        }
        let task = self.tasks.get_mut(&id).expect("the index names known tasks");
        let Progress::Committed(committed) = &mut task.progress else { return };
        if lack == Lack::Unreachable {
            committed.reports += 1;
            committed.reporters.insert(reporter.to_owned());
            if committed.reports < REPORTS_MAX && committed.reporters.len() < REPORTERS_MAX {
                return;
            }
        }
        if self.jobs.get(&id.job).is_some_and(Job::needs_maps) {
            self.lose(entry, id);
        }
    }

    /// An attempt's output becomes the task's, if the attempt counts and so does what it read.
    pub(super) fn commit(
        &mut self,
        entry: &mut Entry,
        attempt: AttemptId,
        epoch: Epoch,
        manifest: &Manifest,
    ) -> Ruling {
        if self.index.committed.contains_key(&attempt) {
            return Ruling::Committed;
        }
        let Some((id, claimant)) = self.claim(attempt, epoch) else {
            return refuse(entry, attempt, Refusal::Fenced);
        };
        let checked = self.check(id, manifest);
        let is_live = self.index.live.contains_key(&attempt);
        match checked {
            Ok(output) => self.accept(entry, id, claimant, manifest, output),
            Err(_) if !is_live => refuse(entry, attempt, Refusal::Fenced),
            Err(Fault::Malformed(why)) => {
                self.fail(entry, id, why);
                Ruling::Void
            }
            Err(Fault::Outdated) => {
                refuse(entry, attempt, Refusal::Outdated);
                self.end(entry, id, Cause::Dropped);
                Ruling::Void
            }
        }
    }

    /// Which task an attempt may commit, under a lease that counts.
    fn claim(&self, attempt: AttemptId, epoch: Epoch) -> Option<(TaskId, Attempt)> {
        let live = self.attempt(attempt).filter(|(_, live)| {
            live.epoch == epoch && self.nodes.get(&live.node).is_some_and(|node| node.holds(epoch))
        });
        // planted bug
        let zombie = || self.zombie(attempt).filter(|_| self.bugs.has(Bug::ZombieCommit));
        live.or_else(zombie).map(|(id, claimant)| (id, claimant.clone()))
    }

    /// Part of a planted bug: the task of an attempt that is over.
    fn zombie(&self, attempt: AttemptId) -> Option<(TaskId, &Attempt)> {
        self.tasks.iter().find_map(|(id, task)| {
            let last = &task.last.as_ref()?.attempt;
            (last.id == attempt).then_some((*id, last))
        })
    }

    fn check(&self, id: TaskId, manifest: &Manifest) -> Result<Output, Fault> {
        let spec = &self.jobs.get(&id.job).ok_or(Fault::Malformed("its job is not known"))?.spec;
        let is_count = |count: u32, list: usize| usize::try_from(count) == Ok(list);
        match (id.stage, manifest) {
            (Stage::Map, Manifest::Map { segments, .. }) => {
                if is_count(spec.reduces, segments.len()) {
                    return Ok(Output::Map { segments: segments.clone() });
                }
                Err(Fault::Malformed("an output with another number of partitions"))
            }
            (Stage::Reduce, Manifest::Reduce { consumed, part, .. }) => {
                if part.len() > Manifest::PART_MAX {
                    return Err(Fault::Malformed("a part that is too long"));
                }
                if !is_count(spec.maps, consumed.len()) || !self.is_current(id.job, consumed) {
                    return Err(Fault::Outdated);
                }
                let part = String::from_utf8(part.clone());
                part.map(|part| Output::Reduce { part })
                    .map_err(|_| Fault::Malformed("a part that is no text"))
            }
            _ => Err(Fault::Malformed("an output of another stage")),
        }
    }

    /// Whether the outputs of all maps, each once and as they are now, were consumed.
    fn is_current(&self, job: JobId, consumed: &[Consumed]) -> bool {
        let consumed: BTreeMap<u32, AttemptId> =
            consumed.iter().map(|consumed| (consumed.map, consumed.attempt)).collect();
        let current = |(map, task): (TaskId, &super::Task)| {
            task.committed().is_some_and(|committed| consumed.get(&map.number) == Some(&committed.attempt.id))
        };
        self.stage_of(job, Stage::Map).all(current)
    }

    fn accept(
        &mut self,
        entry: &mut Entry,
        id: TaskId,
        attempt: Attempt,
        manifest: &Manifest,
        output: Output,
    ) -> Ruling {
        if self.index.live.remove(&attempt.id).is_none() {
            // Only a planted bug comes here, maybe with another attempt under way or committed.
            self.end(entry, id, Cause::Dropped);
            self.overwrite(id);
        }
        let task = self.tasks.get_mut(&id).expect("what can be committed is known");
        entry.words.push(committed_word(entry.index, id, &attempt, task.generation, manifest));
        self.index.committed.insert(attempt.id, id);
        task.progress = Progress::Committed(Committed {
            attempt,
            output,
            reports: 0,
            reporters: std::collections::BTreeSet::new(),
        });
        *self.done_mut(id) += 1;
        Ruling::Committed
    }

    /// Part of a planted bug: makes room where another output is.
    fn overwrite(&mut self, id: TaskId) {
        let committed = self.tasks.get(&id).and_then(|task| task.committed()).map(|it| it.attempt.id);
        if let Some(before) = committed {
            self.index.committed.remove(&before);
            *self.done_mut(id) -= 1;
        }
    }

    /// The live attempt at a task, if there is one, is over.
    pub(super) fn end(&mut self, entry: &mut Entry, id: TaskId, cause: Cause) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Progress::Live(attempt) = &task.progress else { return };
        let attempt = attempt.clone();
        self.index.live.remove(&attempt.id);
        entry.words.push(Event::AttemptEnded {
            index: entry.index,
            attempt: attempt.id.0,
            task: id.into(),
            cause: cause.clone(),
            fails: task.fails,
        });
        task.progress = Progress::Waiting;
        task.last = Some(Ended { attempt, cause });
    }

    /// The live attempt at a task failed by its own fault.
    fn fail(&mut self, entry: &mut Entry, id: TaskId, why: &str) {
        self.charge(id);
        self.end(entry, id, Cause::Failed);
        self.fail_if_exhausted(entry, id, why);
    }

    pub(super) fn charge(&mut self, id: TaskId) {
        if let Some(task) = self.tasks.get_mut(&id) {
            task.fails = task.fails.saturating_add(1);
        }
    }

    /// The job fails if this task has failed as often as it may.
    pub(super) fn fail_if_exhausted(&mut self, entry: &mut Entry, id: TaskId, why: &str) {
        let retries = self.jobs.get(&id.job).map_or(u32::MAX, |job| job.spec.retries);
        if self.tasks.get(&id).is_some_and(|task| task.fails >= retries) {
            self.end_job(entry, id.job, Phase::Failed { why: why.to_owned() });
        }
    }

    /// A task's output is gone: the task is to be done again, and so is what read it.
    pub(super) fn lose(&mut self, entry: &mut Entry, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Progress::Committed(committed) = &task.progress else { return };
        let attempt = committed.attempt.id;
        task.progress = Progress::Waiting;
        task.generation += 1;
        self.index.committed.remove(&attempt);
        *self.done_mut(id) -= 1;
        entry.words.push(Event::OutputLost { index: entry.index, attempt: attempt.0, task: id.into() });
        if id.stage == Stage::Map {
            let readers: Vec<TaskId> = self.stage_of(id.job, Stage::Reduce).map(|(id, _)| id).collect();
            for reader in readers {
                self.end(entry, reader, Cause::Dropped);
            }
        }
    }

    fn done_mut(&mut self, id: TaskId) -> &mut u32 {
        let job = self.jobs.get_mut(&id.job).expect("a task's job is known");
        match id.stage {
            Stage::Map => &mut job.maps_done,
            Stage::Reduce => &mut job.reduces_done,
        }
    }
}

fn refuse(entry: &mut Entry, attempt: AttemptId, why: Refusal) -> Ruling {
    entry.words.push(Event::CommitRefused { index: entry.index, attempt: attempt.0, why });
    Ruling::Void
}

fn committed_word(index: u64, id: TaskId, attempt: &Attempt, generation: u32, manifest: &Manifest) -> Event {
    let (input, outputs, consumed) = match manifest {
        Manifest::Map { input, segments } => {
            (*input, segments.iter().map(|segment| segment.tally.into()).collect(), Vec::new())
        }
        Manifest::Reduce { consumed, output, .. } => {
            let tallies = consumed.iter().map(|consumed| consumed.tally);
            let words = consumed.iter().map(|consumed| batch::Consumed::from(*consumed)).collect();
            (sum(tallies), vec![(*output).into()], words)
        }
    };
    Event::TaskCommitted {
        index,
        attempt: attempt.id.0,
        task: id.into(),
        node: attempt.node.as_str().into(),
        epoch: attempt.epoch.0,
        generation,
        input: input.into(),
        outputs,
        consumed,
    }
}

/// The numbers come from a message, so they may be anything.
fn sum(tallies: impl Iterator<Item = Tally>) -> Tally {
    tallies.fold(Tally::default(), |sum, tally| Tally {
        records: sum.records.saturating_add(tally.records),
        digest: sum.digest.wrapping_add(tally.digest),
    })
}
