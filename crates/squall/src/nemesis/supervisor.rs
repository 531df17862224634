//! The supervisors of roles that have one (`restart` in the topology): they start software again that
//! ended by itself, after a wait that doubles while it keeps ending soon.
//!
//! A node that a fault keeps down is that fault's to start. Nothing is drawn.

use std::collections::BTreeMap;

use squall_history::{Body, NodeEvent, NodeName, Record, RestartOn, SimDuration, SimTime, Topology};

use crate::engine::Engine;

/// All supervisors of a run.
pub(super) struct Supervisor<'a> {
    topology: &'a Topology,
    nodes: BTreeMap<NodeName, State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    started: SimTime,
    /// The last wait, if there was one.
    waited: Option<SimDuration>,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(topology: &'a Topology) -> Self {
        Self { topology, nodes: BTreeMap::new() }
    }

    /// Takes what happened to a node: which node of the topology to start, and when.
    pub(super) fn heard(&mut self, record: &Record) -> Option<(SimTime, usize)> {
        let (Body::Node(event), Some(node)) = (&record.body, &record.node) else { return None };
        let end = match event {
            NodeEvent::Started => {
                self.nodes.entry(node.clone()).or_default().started = record.at;
                return None;
            }
            NodeEvent::Panicked { .. } => RestartOn::Panic,
            NodeEvent::Exited { .. } => RestartOn::Exit,
            _ => return None,
        };
        if !self.topology.restarts(node, end) {
            return None;
        }
        let place = self.topology.nodes.iter().position(|spec| spec.name == *node)?;
        Some((record.at + self.wait(node, record.at), place))
    }

    fn wait(&mut self, node: &NodeName, now: SimTime) -> SimDuration {
        let spec = self.topology.node(node.as_str()).expect("its role has a policy");
        let (first, longest) = self.topology.restart[&spec.role].after;
        let state = self.nodes.entry(node.clone()).or_default();
        // Software that ran for the longest wait has proved itself.
        let proved = now.saturating_since(state.started) >= longest;
        let doubled = state.waited.filter(|_| !proved).map(|last| (last + last).min(longest));
        *state.waited.insert(doubled.unwrap_or(first))
    }

    /// The wait for a node is over. `is_held`: whether a fault keeps it down.
    pub(super) fn restart(&self, engine: &mut dyn Engine, place: usize, is_held: impl Fn(&NodeName) -> bool) {
        let node = &self.topology.nodes[place].name;
        if !engine.is_up(node) && !is_held(node) {
            engine.start(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use squall_history::Restart;

    fn told(at_ms: u64, event: NodeEvent) -> Record {
        Record {
            at: SimTime(at_ms * 1_000_000),
            node: Some("n-2".into()),
            boot: None,
            body: Body::Node(event),
        }
    }

    /// When the second node is started again after each of its ends.
    fn starts(on: &[RestartOn], story: &[(u64, NodeEvent)]) -> Vec<u64> {
        let mut topology = Topology::of_roles(&[("n", 2)]);
        let after = (SimDuration::from_millis(100), SimDuration::from_millis(500));
        topology.restart.insert("n".to_owned(), Restart { after, on: on.to_vec() });
        let mut supervisor = Supervisor::new(&topology);
        let heard = story.iter().filter_map(|(at, event)| supervisor.heard(&told(*at, event.clone())));
        heard
            .map(|(at, place)| {
                assert_eq!(place, 1);
                at.0 / 1_000_000
            })
            .collect()
    }

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_after_a_good_run() {
        let panicked = || NodeEvent::Panicked { message: String::new(), location: String::new() };
        let started = NodeEvent::Started;
        let story = [
            (0, started.clone()),
            (10, panicked()),
            (110, started.clone()),
            (120, panicked()),
            (320, started.clone()),
            (330, panicked()),
            (730, started.clone()),
            (740, panicked()),
            (1_240, started.clone()),
            (1_740, panicked()),
            (1_840, started),
            (1_850, panicked()),
        ];
        assert_eq!(starts(&[RestartOn::Panic], &story), [110, 320, 730, 1_240, 1_840, 2_050]);
        assert_eq!(starts(&[RestartOn::Exit], &story), [0; 0]);
        let exits = [(5, NodeEvent::Exited { error: None }), (200, NodeEvent::Killed)];
        assert_eq!(starts(&[RestartOn::Exit], &exits), [105]);
    }
}
