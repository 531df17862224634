//! The processor of a slow node.
//!
//! Computing takes no virtual time, except on a node that a rule makes slow: it then has one
//! processor, and each turn of a task (one poll) occupies it for [`POLL_COST`] times the factor,
//! from the moment of the poll on. Tasks that are runnable meanwhile queue, and go on in the order of
//! their drawn priorities. Nothing else changes, and nothing at all on other nodes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use squall_history::{Domain, SimDuration, SimTime};

use crate::caller;
use crate::event::Event;
use crate::node_rule::NodeRuleId;
use crate::waker::TaskKey;
use crate::world::World;

/// What one poll costs at factor 1: between what it takes to pass a message on and to parse one.
pub const POLL_COST: SimDuration = SimDuration::from_micros(10);

/// The processors of slow nodes. Empty as long as nothing is slow.
#[derive(Debug, Default)]
pub(crate) struct Cpus(BTreeMap<u32, Cpu>);

#[derive(Debug, Default)]
struct Cpu {
    /// Rules in force: factor, and how many polls each has delayed.
    rules: BTreeMap<NodeRuleId, (u32, u64)>,
    busy_until: SimTime,
    /// Runnable tasks that wait for it, by drawn priority.
    queue: BinaryHeap<Reverse<(u64, u32, u32)>>,
    /// Whether the end of its work lies in the future as an event.
    due: Due,
    /// The task that was let go last: if it finds the processor taken again, it is not counted twice.
    released: Option<TaskKey>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Due {
    #[default]
    No,
    Yes,
}

impl Cpu {
    /// The rule that decides, with its factor.
    fn governing(&mut self) -> Option<&mut (u32, u64)> {
        // The greatest factor; of equals, the rule laid last.
        self.rules.values_mut().max_by_key(|(factor, _)| *factor)
    }
}

impl Cpus {
    /// Whether every node is as fast as ever.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl World {
    /// The next task to poll, with its node if that one is slow.
    #[inline]
    pub(crate) fn next_task(&mut self) -> Option<(TaskKey, Option<u32>)> {
        loop {
            let key = self.tasks.pop_ready()?;
            if self.cpus.is_empty() {
                return Some((key, None));
            }
            let node = self.tasks.get(key).expect("a ready task is live").node;
            if !self.cpus.0.contains_key(&node) {
                return Some((key, None));
            }
            if self.cpu_admits(node, key) {
                return Some((key, Some(node)));
            }
        }
    }

    /// Whether a task may have the processor now; else it queues. It is free at the very instant at
    /// which a turn ends: who queued and who came at that instant then go by their priorities alike.
    fn cpu_admits(&mut self, node: u32, key: TaskKey) -> bool {
        let priority = self.priority(key);
        let cpu = self.cpus.0.get_mut(&node).expect("asked of slow nodes");
        let was_released = cpu.released == Some(key);
        if was_released {
            cpu.released = None;
        }
        let is_first = cpu.queue.peek().is_none_or(|Reverse((first, ..))| priority <= *first);
        if caller::now() >= cpu.busy_until && (is_first || was_released) {
            return true;
        }
        if !was_released && let Some((_, delayed)) = cpu.governing() {
            *delayed += 1;
        }
        cpu.queue.push(Reverse((priority, key.index, key.generation)));
        self.cpu_expect(node);
        false
    }

    fn priority(&self, key: TaskKey) -> u64 {
        let task = self.tasks.get(key).expect("a ready task is live");
        self.draws.draw(Domain::Schedule, task.identity, task.wakes()).bits()
    }

    /// Sees to it that whoever queues is let go when the processor is free.
    fn cpu_expect(&mut self, node: u32) {
        let Some(cpu) = self.cpus.0.get_mut(&node) else { return };
        if cpu.due == Due::No && !cpu.queue.is_empty() {
            cpu.due = Due::Yes;
            self.queue.push(cpu.busy_until.max(caller::now()), Event::Processor(node));
        }
    }

    /// A task of a slow node was polled.
    pub(crate) fn cpu_used(&mut self, node: u32) {
        let Some(cpu) = self.cpus.0.get_mut(&node) else { return };
        let factor = cpu.governing().map_or(1, |(factor, _)| *factor);
        let cost = SimDuration(POLL_COST.0.saturating_mul(factor.into()));
        cpu.busy_until = caller::now() + cost;
        self.cpu_expect(node);
    }

    /// The processor's work is done: the first of those that queue may have it.
    pub(crate) fn cpu_free(&mut self, node: u32) {
        self.trace.fold(self.nodes.get(node).identity.0);
        let Some(cpu) = self.cpus.0.get_mut(&node) else { return };
        cpu.due = Due::No;
        if caller::now() < cpu.busy_until {
            return self.cpu_expect(node);
        }
        while let Some(Reverse((priority, index, generation))) = cpu.queue.pop() {
            let key = TaskKey { index, generation };
            if self.tasks.is_ready(key) {
                cpu.released = Some(key);
                return self.tasks.push_ready(priority, key);
            }
        }
    }

    /// Lays slowness on a node.
    pub(crate) fn cpu_slow(&mut self, id: NodeRuleId, factor: u32, node: u32) {
        self.trace.fold(factor.into());
        self.cpus.0.entry(node).or_default().rules.insert(id, (factor, 0));
    }

    /// Takes it off; how many polls it delayed.
    pub(crate) fn cpu_slow_ends(&mut self, id: NodeRuleId, node: u32) -> u64 {
        let cpu = self.cpus.0.get_mut(&node).expect("slow until now");
        let (_, delayed) = cpu.rules.remove(&id).expect("a rule is removed once");
        if cpu.rules.is_empty() {
            let queue = std::mem::take(&mut cpu.queue);
            self.cpus.0.remove(&node);
            for Reverse((priority, index, generation)) in queue {
                self.tasks.push_ready(priority, TaskKey { index, generation });
            }
        }
        delayed
    }

    /// Nothing of the node runs any more, or everything stands still: nobody queues.
    pub(crate) fn cpu_clear(&mut self, node: u32) {
        if let Some(cpu) = self.cpus.0.get_mut(&node) {
            cpu.queue.clear();
        }
    }

    /// Another incarnation begins on a free processor.
    pub(crate) fn cpu_begin(&mut self, node: u32) {
        if let Some(cpu) = self.cpus.0.get_mut(&node) {
            cpu.busy_until = SimTime::ZERO;
        }
    }
}
