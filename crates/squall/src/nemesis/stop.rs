//! Graceful stops: a node is asked to stop, and killed when it takes too long.

use squall_history::NodeName;
use squall_sim::Effects;

use super::Nemesis;
use crate::engine::Engine;

impl Nemesis<'_> {
    /// Asks nodes to stop, for a fault that is being applied as number `ordinal`.
    pub(super) fn ask_to_stop(
        &mut self,
        engine: &mut dyn Engine,
        nodes: &[NodeName],
        ordinal: usize,
    ) -> Effects {
        let mut effects = Effects::default();
        for node in nodes {
            self.stopping.insert(node.clone(), ordinal);
            effects.merge(&engine.ask_to_stop(node));
        }
        effects
    }

    /// What has not stopped by now is killed; of what has, it is told how.
    pub(super) fn grace_over(&mut self, engine: &mut dyn Engine, ordinal: usize) {
        let asked = self.stopping.iter().filter(|(_, asks)| **asks == ordinal);
        for node in asked.map(|(node, _)| node.clone()).collect::<Vec<_>>() {
            self.stopping.remove(&node);
            let effects = engine.kill(&node);
            if let Some(active) = self.active.get_mut(&ordinal) {
                active.effects.merge(&effects);
            }
        }
    }
}
