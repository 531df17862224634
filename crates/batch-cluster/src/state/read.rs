//! What the leader's overseer, and tests, look at.

use crate::job::{AttemptId, JobId, Stage, TaskId};
use crate::protocol::{Input, Work};

use super::{Attempt, Committed, Job, Node, Office, Output, Phase, Progress, State, Task};

impl State {
    /// The last entry applied that was a command.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// Who schedules.
    pub fn office(&self) -> Option<&Office> {
        self.office.as_ref()
    }

    /// All workers ever registered, by name.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(name, node)| (name.as_str(), node))
    }

    /// A worker.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.get(name)
    }

    /// All jobs ever accepted, by id.
    pub fn jobs(&self) -> impl Iterator<Item = (JobId, &Job)> {
        self.jobs.iter().map(|(id, job)| (*id, job))
    }

    /// A job.
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    /// The jobs that have not ended, by id.
    pub fn open_jobs(&self) -> impl Iterator<Item = (JobId, &Job)> {
        self.index.open.iter().filter_map(|id| Some((*id, self.jobs.get(id)?)))
    }

    /// The tasks of a job that has not ended: maps first, by number.
    pub fn tasks_of(&self, job: JobId) -> impl Iterator<Item = (TaskId, &Task)> {
        self.stage_of(job, Stage::Map).chain(self.stage_of(job, Stage::Reduce))
    }

    /// A task of a job that has not ended.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(&id)
    }

    /// All live attempts with their tasks, oldest first.
    pub fn attempts(&self) -> impl Iterator<Item = (TaskId, &Attempt)> {
        self.index.live.values().filter_map(|task| Some((*task, self.tasks.get(task)?.live()?)))
    }

    /// An attempt, if it is live.
    pub fn attempt(&self, id: AttemptId) -> Option<(TaskId, &Attempt)> {
        let task = self.index.live.get(&id)?;
        Some((*task, self.tasks.get(task)?.live()?))
    }

    /// What this attempt made, if it is the output of a task of a job that has not ended.
    pub fn output(&self, id: AttemptId) -> Option<&Committed> {
        self.tasks.get(self.index.committed.get(&id)?)?.committed()
    }

    /// Whether what this attempt wrote, or writes, may still be of use.
    pub fn needs(&self, id: AttemptId) -> bool {
        let is_needed = |task: &TaskId| self.jobs.get(&task.job).is_some_and(Job::needs_maps);
        self.index.live.contains_key(&id) || self.index.committed.get(&id).is_some_and(is_needed)
    }

    /// How many more attempts a worker can take.
    pub fn free_slots(&self, node: &str) -> u32 {
        let slots = self.nodes.get(node).map_or(0, |node| node.slots);
        let busy = self.attempts().filter(|(_, attempt)| attempt.node == node).count();
        slots.saturating_sub(u32::try_from(busy).unwrap_or(u32::MAX))
    }

    /// The tasks that can be assigned, by job, stage and number.
    pub fn ready(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        let stages = self.open_jobs().filter(|(_, job)| job.phase == Phase::Running).map(|(id, job)| {
            let stage = if job.maps_done < job.spec.maps { Stage::Map } else { Stage::Reduce };
            self.stage_of(id, stage)
        });
        stages.flatten().filter(|(_, task)| task.progress == Progress::Waiting)
    }

    /// What somebody who does this task has to do; for a reduce only while all maps are committed.
    pub fn work(&self, task: TaskId) -> Option<Work> {
        let spec = &self.jobs.get(&task.job)?.spec;
        match task.stage {
            Stage::Map => Some(Work::Map {
                task,
                source: spec.source.clone(),
                splits: spec.maps,
                partitions: spec.reduces,
            }),
            Stage::Reduce => {
                let maps = self.stage_of(task.job, Stage::Map);
                let inputs = maps.map(|(map, state)| input(map, state.committed()?, task.number));
                Some(Work::Reduce { task, inputs: inputs.collect::<Option<_>>()? })
            }
        }
    }

    pub(super) fn stage_of(&self, job: JobId, stage: Stage) -> impl Iterator<Item = (TaskId, &Task)> {
        let place = |number| TaskId { job, stage, number };
        self.tasks.range(place(0)..=place(u32::MAX)).map(|(id, task)| (*id, task))
    }
}

fn input(map: TaskId, committed: &Committed, partition: u32) -> Option<Input> {
    let Output::Map { segments } = &committed.output else { return None };
    let segment = *segments.get(usize::try_from(partition).ok()?)?;
    let Attempt { id, node, .. } = &committed.attempt;
    Some(Input { map: map.number, attempt: *id, node: node.clone(), segment })
}
