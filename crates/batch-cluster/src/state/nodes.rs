//! What decisions about workers and the office do.

use std::collections::BTreeSet;

use squall_io::vocab::batch::{Cause, Event};

use crate::Bug;
use crate::job::{AttemptId, Epoch, Stage, TaskId};

use super::{Entry, Node, Office, Ruling, Standing, State, is_name};

impl State {
    pub(super) fn take_office(&mut self, entry: &mut Entry, controller: &str) -> Ruling {
        if !is_name(controller) {
            return Ruling::Void;
        }
        let term = entry.term;
        self.office = Some(Office { term, controller: controller.to_owned() });
        entry.words.push(Event::OfficeTaken { index: entry.index, term, controller: controller.into() });
        // planted bug
        if self.bugs.has(Bug::RerunAfterSuccess) {
            self.run_again(entry);
        }
        // planted bug
        if self.bugs.has(Bug::DoubleHandling) {
            self.charge_dead_again(entry);
        }
        Ruling::Done
    }

    /// Grants a lease, and fences what was done under earlier ones.
    pub(super) fn register(
        &mut self,
        entry: &mut Entry,
        name: &str,
        new: Node,
        kept: &[AttemptId],
    ) -> Ruling {
        if !is_name(name) {
            return Ruling::Void;
        }
        let present = self.nodes.get(name).filter(|node| node.standing == Standing::Up);
        // planted bug
        let present = present.filter(|_| self.bugs.has(Bug::EpochNotBumped)).map(|node| node.epoch);
        let epoch = present.unwrap_or(new.epoch);
        let (index, incarnation) = (entry.index, new.incarnation.0);
        entry.words.push(Event::Registered { index, node: name.into(), epoch: epoch.0, incarnation });
        self.nodes.insert(name.to_owned(), Node { epoch, ..new });
        if present.is_none() {
            self.end_all_of(entry, name);
            self.lose_all_of(entry, name, &kept.iter().copied().collect());
        }
        Ruling::Registered { epoch }
    }

    pub(super) fn node_dead(&mut self, entry: &mut Entry, name: &String, epoch: Epoch) -> Ruling {
        let Some(node) = self.nodes.get(name).filter(|node| node.holds(epoch)) else { return Ruling::Void };
        let dead = Node { standing: Standing::Dead, ..node.clone() };
        self.nodes.insert(name.clone(), dead);
        let node = name.as_str().into();
        entry.words.push(Event::NodeDead { index: entry.index, node, epoch: epoch.0 });
        // planted bug
        let charged = if self.bugs.has(Bug::DoubleHandling) { self.live_of(name) } else { Vec::new() };
        for task in &charged {
            self.charge(*task);
        }
        self.end_all_of(entry, name);
        self.lose_all_of(entry, name, &BTreeSet::new());
        for task in charged {
            self.fail_if_exhausted(entry, task, "its worker died");
        }
        Ruling::Done
    }

    fn live_of(&self, node: &str) -> Vec<TaskId> {
        self.attempts().filter(|(_, attempt)| attempt.node == node).map(|(task, _)| task).collect()
    }

    fn end_all_of(&mut self, entry: &mut Entry, node: &str) {
        for task in self.live_of(node) {
            self.end(entry, task, Cause::NodeLost);
        }
    }

    /// The outputs of maps that lie on a worker are gone, but for those that were kept or that nobody
    /// needs.
    fn lose_all_of(&mut self, entry: &mut Entry, node: &str, kept: &BTreeSet<AttemptId>) {
        let is_lost = |(attempt, task): &(&AttemptId, &TaskId)| {
            let committed = self.tasks.get(*task).and_then(|task| task.committed());
            let is_there = committed.is_some_and(|committed| committed.attempt.node == node);
            // planted bug
            let overlooked = self.is_overlooked(**attempt);
            let is_at_stake = task.stage == Stage::Map && self.needs(**attempt);
            is_at_stake && is_there && !kept.contains(*attempt) && !overlooked
        };
        let lost: Vec<TaskId> = self.index.committed.iter().filter(is_lost).map(|(_, task)| *task).collect();
        for task in lost {
            self.lose(entry, task);
        }
    }

    /// Whether this output was made under another lease than the one its worker has now, and that is
    /// taken for a reason to let it be: a planted bug.
    pub(super) fn is_overlooked(&self, output: AttemptId) -> bool {
        let up = |node: &&Node| node.standing == Standing::Up;
        let current = |node: &str| self.nodes.get(node).filter(up).map(|node| node.epoch);
        self.bugs.has(Bug::DeadOutputKept)
            && self
                .output(output)
                .is_some_and(|committed| current(&committed.attempt.node) != Some(committed.attempt.epoch))
    }

    /// Part of a planted bug: what died with a worker is charged once more.
    fn charge_dead_again(&mut self, entry: &mut Entry) {
        let died = |(id, task): (&TaskId, &super::Task)| {
            let last = task.last.as_ref().filter(|last| last.cause == Cause::NodeLost)?;
            let node = self.nodes.get(&last.attempt.node)?;
            (task.committed().is_none() && node.standing == Standing::Dead).then_some(*id)
        };
        let died: Vec<TaskId> = self.tasks.iter().filter_map(died).collect();
        for task in died {
            self.charge(task);
            self.fail_if_exhausted(entry, task, "its worker died");
        }
    }
}
