//! Partition shapes by name, laid over the servers that are there.

use squall_history::fault::Direction;
use squall_history::{Cut, LinkSelector, NodeName, PartitionShape, Selector};

use super::bind::Binder;

impl Binder<'_> {
    /// The cuts of a shape; empty if there are too few nodes for it, or no leader.
    pub(super) fn shape(&self, shape: PartitionShape) -> Vec<Cut> {
        let servers = self.shuffled(self.servers());
        let count = servers.len();
        match shape {
            PartitionShape::IsolateOne => self.isolate(servers.first()),
            PartitionShape::IsolateLeader => self.isolate(self.leader()),
            PartitionShape::Majority => split(&servers, count / 2 + 1),
            PartitionShape::MinorityThird => split(&servers, (count / 3).max(1)),
            PartitionShape::Halves => {
                let all = self.shuffled(self.all());
                split(&all, all.len() / 2)
            }
            // The last server stays in reach of both sides.
            PartitionShape::Bridge => match servers.split_last() {
                Some((_bridge, sides)) => split(sides, sides.len() / 2),
                None => Vec::new(),
            },
            PartitionShape::MajoritiesRing => ring(&servers),
        }
    }

    fn isolate(&self, node: Option<&NodeName>) -> Vec<Cut> {
        let Some(node) = node else { return Vec::new() };
        let others: Vec<NodeName> = self.all().into_iter().filter(|other| other != node).collect();
        cut(std::slice::from_ref(node), &others).into_iter().collect()
    }
}

fn cut(from: &[NodeName], to: &[NodeName]) -> Option<Cut> {
    if from.is_empty() || to.is_empty() {
        return None;
    }
    let nodes = |names: &[NodeName]| {
        let mut names = names.to_vec();
        names.sort();
        Selector::Nodes(names)
    };
    Some(LinkSelector { from: nodes(from), to: Some(nodes(to)), direction: Direction::Both })
}

fn split(nodes: &[NodeName], first: usize) -> Vec<Cut> {
    let (left, right) = nodes.split_at(first.min(nodes.len()));
    cut(left, right).into_iter().collect()
}

/// Each server keeps its nearest neighbours on the ring, a majority with itself, and loses the rest.
fn ring(servers: &[NodeName]) -> Vec<Cut> {
    let count = servers.len();
    // Neighbours on each side that make a majority together with the node itself.
    let reach = (count / 2).div_ceil(2);
    let mut cuts = Vec::new();
    for (place, server) in servers.iter().enumerate() {
        for (other_place, other) in servers.iter().enumerate().skip(place + 1) {
            let distance = (other_place - place).min(count - (other_place - place));
            if distance > reach {
                cuts.extend(cut(std::slice::from_ref(server), std::slice::from_ref(other)));
            }
        }
    }
    cuts
}
