//! Selectors to nodes, at the moment a fault strikes.
//!
//! Every choice is by a drawn priority of each candidate (domain `Bind`; identity: the fault and the
//! node), the lowest first: a node that is not there changes nothing for the others.

use squall_history::fault::{Direction, Filter};
use squall_history::{
    Domain, Draw, Draws, FaultId, Identity, LinkSelector, Mode, NodeName, Prefer, Selector, Topology,
};

use crate::engine::Engine;

/// What binding depends on.
pub(super) struct Binder<'a> {
    pub(super) topology: &'a Topology,
    pub(super) client_roles: &'a [String],
    pub(super) leader: Option<&'a NodeName>,
    pub(super) draws: &'a Draws,
    pub(super) fault: Identity,
    /// Knows which nodes are busy.
    pub(super) engine: &'a dyn Engine,
}

impl<'a> Binder<'a> {
    /// The identity that a fault's draws are addressed by.
    pub(super) fn identity(id: &FaultId) -> Identity {
        Identity::of(&id.0)
    }

    fn priority(&self, node: &NodeName) -> u64 {
        self.node_draw(node).bits()
    }

    /// A draw of the fault's for a node.
    pub(super) fn node_draw(&self, node: &NodeName) -> Draw {
        let identity = self.fault.with(Identity::of(node.as_str()).0);
        self.draws.draw(Domain::Bind, identity, 0)
    }

    /// A draw of the fault's own, not of a node.
    pub(super) fn draw(&self, k: u64) -> Draw {
        self.draws.draw(Domain::Bind, self.fault, k)
    }

    /// In drawn order.
    pub(super) fn shuffled(&self, mut nodes: Vec<NodeName>) -> Vec<NodeName> {
        nodes.sort_by_cached_key(|node| (self.priority(node), node.clone()));
        nodes
    }

    /// All nodes, in the topology's order.
    pub(super) fn all(&self) -> Vec<NodeName> {
        self.topology.nodes.iter().map(|node| node.name.clone()).collect()
    }

    /// All nodes that are no clients.
    pub(super) fn servers(&self) -> Vec<NodeName> {
        let servers = self.topology.nodes.iter().filter(|node| !self.client_roles.contains(&node.role));
        servers.map(|node| node.name.clone()).collect()
    }

    /// The leader, if there was one.
    pub(super) const fn leader(&self) -> Option<&'a NodeName> {
        self.leader
    }

    /// The nodes a selector means now, in the topology's order.
    pub(super) fn select(&self, selector: &Selector) -> Vec<NodeName> {
        let chosen = match selector {
            Selector::Leader => self.leader.cloned().into_iter().collect(),
            Selector::Nodes(names) => names.clone(),
            Selector::Where(filter) => self.narrowed(filter),
        };
        let mut nodes = self.all();
        nodes.retain(|node| chosen.contains(node));
        nodes
    }

    fn narrowed(&self, filter: &Filter) -> Vec<NodeName> {
        let matching = self.topology.nodes.iter().filter(|node| filter.fits(node));
        let mut nodes = self.shuffled(matching.map(|node| node.name.clone()).collect());
        if filter.prefer == Some(Prefer::IoInFlight) {
            // Stable: those alike stay in drawn order.
            nodes.sort_by_key(|node| !self.engine.has_io_in_flight(node));
        }
        let all = u32::try_from(nodes.len()).expect("a topology is bounded");
        let count = match filter.mode {
            Mode::All => all,
            Mode::One => 1,
            Mode::Fixed(count) => count,
            Mode::FixedPercent(share) => share.of(all).max(1),
            Mode::RandomMaxPercent(share) => {
                let most = u64::from(share.of(all).max(1));
                u32::try_from(self.draw(0).between(1, most)).expect("at most all of them")
            }
        };
        nodes.truncate(count as usize);
        nodes
    }

    /// A link selector with both ends literal; `None` if an end matches nobody.
    pub(super) fn links(&self, link: &LinkSelector) -> Option<LinkSelector> {
        let from = self.select(&link.from);
        let to = match &link.to {
            // A node never matches itself; one alone on its side need not be listed on the other.
            Some(selector) => {
                let mut to = self.select(selector);
                to.retain(|node| from != std::slice::from_ref(node));
                to
            }
            None => self.all().into_iter().filter(|node| !from.contains(node)).collect(),
        };
        let meets = from.iter().any(|from| to.iter().any(|to| from != to));
        let nodes = Selector::Nodes;
        meets.then(|| LinkSelector { from: nodes(from), to: Some(nodes(to)), direction: link.direction })
    }
}

/// The directed pairs of literal link selectors, each once, in order.
pub(super) fn pairs(links: &[LinkSelector]) -> Vec<(NodeName, NodeName)> {
    let literal = |selector: &Selector| match selector {
        Selector::Nodes(names) => names.clone(),
        Selector::Leader | Selector::Where(_) => unreachable!("bound before"),
    };
    let mut pairs = Vec::new();
    for link in links {
        let to = link.to.as_ref().map(literal).expect("bound before");
        for from in literal(&link.from) {
            for to in &to {
                if from == *to {
                    continue;
                }
                if matches!(link.direction, Direction::To | Direction::Both) {
                    pairs.push((from.clone(), to.clone()));
                }
                if matches!(link.direction, Direction::From | Direction::Both) {
                    pairs.push((to.clone(), from.clone()));
                }
            }
        }
    }
    pairs.sort();
    pairs.dedup();
    pairs
}
