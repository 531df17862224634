//! Partition shapes by name, laid over the servers that are there.

use squall_history::fault::Direction;
use squall_history::{
    Action, Cut, FaultId, LinkSelector, NodeName, Partition, PartitionShape, PlannedFault, Selector,
    SimDuration,
};

use super::bind::Binder;

/// How long a swizzle that never ends takes to cut off whom it cuts off.
const UNFOLDING: SimDuration = SimDuration::from_secs(15);

impl Binder<'_> {
    /// The cuts of a shape; empty if there are too few nodes for it, or no leader.
    pub(super) fn shape(&self, shape: PartitionShape) -> Vec<Cut> {
        let servers = self.shuffled(self.servers());
        let count = servers.len();
        match shape {
            PartitionShape::IsolateOne => self.isolate(servers.first()),
            PartitionShape::IsolateLeader => self.isolate(self.leader()),
            PartitionShape::Majority => self.split(&servers, count / 2 + 1),
            PartitionShape::MinorityThird => self.split(&servers, (count / 3).max(1)),
            PartitionShape::Halves => {
                let all = self.shuffled(self.all());
                self.split(&all, all.len() / 2)
            }
            // The last server stays in reach of both sides.
            PartitionShape::Bridge => match servers.split_last() {
                Some((_bridge, sides)) => self.split(sides, sides.len() / 2),
                None => Vec::new(),
            },
            PartitionShape::MajoritiesRing => self.ring(&servers),
            // Its cuts come and go one by one: see `swizzle`.
            PartitionShape::SwizzleClog => Vec::new(),
        }
    }

    /// FoundationDB's swizzle: a drawn part of the servers is cut off, each at a drawn moment of the
    /// first third, and comes back at a drawn moment of the last. A fault without end takes 15 s for
    /// the first third, and nobody comes back.
    pub(super) fn swizzle(&self, whole: &PlannedFault) -> Vec<PlannedFault> {
        let mut servers = self.shuffled(self.servers());
        let some = self.draw(0).between(1, servers.len().max(1) as u64);
        servers.truncate(usize::try_from(some).expect("at most all of them"));
        let third = whole.lasts.map_or(UNFOLDING, |lasts| SimDuration(lasts.0 / 3));
        let part = |server: &NodeName| {
            let draw = self.node_draw(server);
            let begins = draw.property(1).between(0, third.0);
            let ends = |lasts: SimDuration| lasts.0 - draw.property(2).between(0, third.0);
            let cuts = self.isolate(Some(server));
            (!cuts.is_empty()).then(|| PlannedFault {
                id: FaultId(format!("{}#{server}", whole.id).into()),
                at: whole.at + SimDuration(begins),
                lasts: whole.lasts.map(|lasts| SimDuration(ends(lasts) - begins)),
                budget: whole.budget,
                action: Action::Partition(Partition::Cuts(cuts)),
            })
        };
        servers.iter().filter_map(part).collect()
    }

    fn isolate(&self, node: Option<&NodeName>) -> Vec<Cut> {
        let Some(node) = node else { return Vec::new() };
        let others: Vec<NodeName> = self.all().into_iter().filter(|other| other != node).collect();
        self.cut(std::slice::from_ref(node), &others).into_iter().collect()
    }

    /// Names stand in the topology's order, as those of every bound selector: binding a bound plan
    /// again gives the same plan and the same history.
    fn cut(&self, from: &[NodeName], to: &[NodeName]) -> Option<Cut> {
        if from.is_empty() || to.is_empty() {
            return None;
        }
        let nodes = |names: &[NodeName]| Selector::Nodes(self.select(&Selector::Nodes(names.to_vec())));
        Some(LinkSelector { from: nodes(from), to: Some(nodes(to)), direction: Direction::Both })
    }

    fn split(&self, nodes: &[NodeName], first: usize) -> Vec<Cut> {
        let (left, right) = nodes.split_at(first.min(nodes.len()));
        self.cut(left, right).into_iter().collect()
    }

    /// Each server keeps its nearest neighbours on the ring, a majority with itself, and loses the
    /// rest.
    fn ring(&self, servers: &[NodeName]) -> Vec<Cut> {
        let count = servers.len();
        // Neighbours on each side that make a majority together with the node itself.
        let reach = (count / 2).div_ceil(2);
        let mut cuts = Vec::new();
        for (place, server) in servers.iter().enumerate() {
            for (other_place, other) in servers.iter().enumerate().skip(place + 1) {
                let distance = (other_place - place).min(count - (other_place - place));
                if distance > reach {
                    cuts.extend(self.cut(std::slice::from_ref(server), std::slice::from_ref(other)));
                }
            }
        }
        cuts
    }
}
