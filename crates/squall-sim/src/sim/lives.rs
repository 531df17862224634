//! The lives of nodes, as a harness ends, interrupts and asks about them. That they start stands with the
//! run loop.

use std::net::Ipv4Addr;

use squall_history::{Body, Boot, NodeEvent, NodeName, Record};

use super::{Sim, index};
use crate::caller::{self, Caller};
use crate::effects::Effects;
use crate::neutral;
use crate::task::{self, JoinError};
use crate::world::{self, World};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    Kill = 1,
    PowerLoss = 2,
    /// It ended by itself, as it was asked to.
    Exit = 5,
}

impl Sim {
    /// The address of a node.
    ///
    /// # Panics
    /// If it is unknown.
    pub fn address_of(&self, node: &NodeName) -> Ipv4Addr {
        let node = index(node);
        world::with(|world| world.nodes.get(node).address)
    }

    /// Whether a node's software runs (standing still counts as running).
    pub fn is_up(&self, node: &NodeName) -> bool {
        self.is_up_at(index(node))
    }

    pub(super) fn is_up_at(&self, node: u32) -> bool {
        world::with(|world| world.nodes.get(node).up)
    }

    /// Asks a node's software to stop ([`StopWait`](crate::StopWait), [`is_stopping`](crate::is_stopping)); what that did
    /// at once. When its root task returns the process is over; [`kill`](Self::kill) what is left after
    /// the time of grace, and it says how the stop went.
    pub fn ask_to_stop(&mut self, node: &NodeName) -> Effects {
        if neutral::is_neutral("stop") {
            return Effects::default();
        }
        let node = index(node);
        let mut effects = Effects::default();
        world::with(|world| {
            if world.nodes.get(node).up && !world.stops.is_asked(node) {
                world.trace.fold(6);
                world.trace.fold(world.nodes.get(node).identity.0);
                world.record_node(node, NodeEvent::Stopping);
                effects.add("waits-ended", world.stop_ask(node));
            }
        });
        effects
    }

    /// Whether a node's software waits for its disks: operations have begun and have not taken effect.
    /// Such moments are the ones to crash it in (as TigerBeetle's simulator prefers to).
    pub fn has_io_in_flight(&self, node: &NodeName) -> bool {
        let node = index(node);
        world::with(|world| {
            let state = world.nodes.get(node);
            state.up && world.disks.is_in_flight(node, state.boot)
        })
    }

    /// Kills a node's process. The operating system lives: peers see FIN or RST, connection
    /// requests are refused, the page cache stays. Of a node that was asked to stop and did, it tells
    /// what that did.
    pub fn kill(&mut self, node: &NodeName) -> Effects {
        // A node that nobody asked to stop is not killed for not stopping either.
        if neutral::is_neutral("kill") || neutral::is_neutral("stop") {
            return Effects::default();
        }
        let node = index(node);
        let asked = world::with(|world| world.stops.is_asked(node).then(|| world.stops.forget(node)));
        let mut effects = self.stop(node, Stop::Kill);
        match asked {
            None => {}
            Some(None) => effects.add("killed-after-grace", 1),
            Some(Some(before)) => {
                effects.merge(&before);
                effects.add("ended-in-grace", 1);
            }
        }
        effects
    }

    /// Kills a node's process and empties its disks. [`start`](Self::start) it again for a machine that
    /// was replaced under its old name.
    pub fn wipe(&mut self, node: &NodeName) -> Effects {
        if neutral::is_neutral("wipe") {
            return Effects::default();
        }
        let node = index(node);
        let mut effects = self.stop(node, Stop::Kill);
        world::with(|world| {
            world.trace.fold(7);
            world.record_node(node, NodeEvent::Wiped);
            world.disk_wipe(node, &mut effects);
        });
        effects
    }

    /// Cuts a node's power: silence on the network, and what was not synced is lost or torn.
    pub fn power_loss(&mut self, node: &NodeName) -> Effects {
        if neutral::is_neutral("power-loss") {
            return Effects::default();
        }
        self.stop(index(node), Stop::PowerLoss)
    }

    pub(super) fn stop(&mut self, node: u32, how: Stop) -> Effects {
        let mut effects = Effects::default();
        world::with(|world| world.halt(node, how, &mut effects));
        effects.add("tasks-dropped", drop_tasks(node));
        effects
    }

    /// A node's process stands still; its kernel goes on.
    pub fn pause(&mut self, node: &NodeName) {
        if neutral::is_neutral("pause") {
            return;
        }
        let node = index(node);
        world::with(|world| {
            let state = world.nodes.get_mut(node);
            if state.up && !state.paused {
                state.paused = true;
                world.trace.fold(3);
                world.trace.fold(world.nodes.get(node).identity.0);
                world.tasks_park(node);
                world.record_node(node, NodeEvent::Paused);
            }
        });
    }

    /// A paused node goes on. What it missed comes at once.
    pub fn resume(&mut self, node: &NodeName) -> Effects {
        let node = index(node);
        let mut effects = Effects::default();
        world::with(|world| {
            let state = world.nodes.get_mut(node);
            if state.up && state.paused {
                state.paused = false;
                world.trace.fold(4);
                world.trace.fold(world.nodes.get(node).identity.0);
                world.record_node(node, NodeEvent::Resumed);
                effects.add("wakes-delayed", world.tasks_unpark(node));
            }
        });
        effects
    }

    /// What a node that stands still has missed so far.
    pub fn missed(&self, node: &NodeName) -> Effects {
        let node = index(node);
        let mut effects = Effects::default();
        effects.add("wakes-delayed", world::with(|world| world.tasks_parked(node)));
        effects
    }
}

/// Drops all tasks of a node that has stopped, as that node, on a dead ground: what their destructors
/// try to send goes nowhere. How many there were.
pub(crate) fn drop_tasks(node: u32) -> u64 {
    let (boot, bodies) = world::with(|world| (world.nodes.get(node).boot, world.tasks_take_all(node)));
    let count = bodies.len() as u64;
    for (task, body) in bodies {
        caller::as_caller(Caller { node, boot, task }, || task::drop_body(body, JoinError::Cancelled));
    }
    count
}

impl World {
    /// A node stops: all of it but its tasks, which are dropped outside the borrow.
    pub(crate) fn halt(&mut self, node: u32, how: Stop, effects: &mut Effects) {
        let state = self.nodes.get_mut(node);
        let was_up = std::mem::replace(&mut state.up, false);
        let was_powered = state.powered;
        state.paused = false;
        self.cpu_clear(node);
        self.trace.fold(how as u64);
        self.trace.fold(self.nodes.get(node).identity.0);
        match how {
            Stop::Kill | Stop::Exit => {
                self.net_kill(node, effects);
                self.disk_kill(node);
            }
            Stop::PowerLoss => {
                self.nodes.get_mut(node).powered = false;
                self.net_power_loss(node, effects);
                self.disk_power_loss(node, effects);
            }
        }
        match how {
            Stop::Kill if was_up => self.record_node(node, NodeEvent::Killed),
            Stop::PowerLoss if was_up || was_powered => self.record_node(node, NodeEvent::PowerLost),
            // That its software returned was told when it did.
            Stop::Kill | Stop::PowerLoss | Stop::Exit => {}
        }
        self.stops.forget(node);
        // After the node's own record: who judges a loss of power must know what was certain before.
        self.disk_tell_all(node);
    }

    pub(crate) fn record_node(&mut self, node: u32, event: NodeEvent) {
        let state = self.nodes.get(node);
        let record = Record {
            at: caller::now(),
            node: Some(state.name.clone()),
            boot: Some(Boot(state.boot)),
            body: Body::Node(event),
        };
        self.trace.record(record);
    }
}
