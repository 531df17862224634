//! Graceful stops: a node is asked to stop, and killed when it takes too long.

use squall_history::{NodeName, SimTime};

use super::steps::NEXT_INSTANT;
use super::{Moment, Nemesis};
use crate::Engine;

impl Nemesis<'_> {
    /// Asks nodes to stop, for a fault that is being applied as number `ordinal`.
    pub(super) fn ask_to_stop(&mut self, engine: &mut dyn Engine, nodes: &[NodeName], ordinal: usize) {
        for node in nodes {
            self.stopping.insert(node.clone(), ordinal);
            engine.ask_to_stop(node);
        }
    }

    /// Software that was asked to stop has ended: its process goes at the next instant.
    pub(super) fn heard_exit(&mut self, node: &NodeName, at: SimTime) {
        if self.stopping.contains_key(node) {
            let place = self.topology().nodes.iter().position(|spec| spec.name == *node);
            let place = place.expect("the engine names nodes of the topology");
            self.moments.insert((at + NEXT_INSTANT, Moment::Gone(place)));
        }
    }

    /// The process of a node that ended by itself goes.
    pub(super) fn gone(&mut self, engine: &mut dyn Engine, place: usize) {
        let node = self.topology().nodes[place].name.clone();
        if let Some(ordinal) = self.stopping.remove(&node) {
            self.take_down(engine, &node, ordinal, "stopped-by-itself");
        }
    }

    /// What has not stopped by now is killed.
    pub(super) fn grace_over(&mut self, engine: &mut dyn Engine, ordinal: usize) {
        let late = self.stopping.iter().filter(|(_, asks)| **asks == ordinal);
        for node in late.map(|(node, _)| node.clone()).collect::<Vec<_>>() {
            self.stopping.remove(&node);
            self.take_down(engine, &node, ordinal, "killed-after-grace");
        }
    }

    fn take_down(&mut self, engine: &mut dyn Engine, node: &NodeName, ordinal: usize, effect: &'static str) {
        if !engine.is_up(node) {
            return;
        }
        let effects = engine.kill(node);
        if let Some(active) = self.active.get_mut(&ordinal) {
            active.effects.merge(&effects);
            active.effects.add(effect, 1);
        }
    }
}
