//! Which links are cut or degraded by faults in force, read from `truth.fault` records. A node that
//! waits for its disk answers as late as one behind a slow link.

use std::collections::{BTreeMap, BTreeSet};

use squall_history::{
    Action, Body, Direction, DiskFault, DiskTrouble, FaultEvent, FaultId, LinkFault, LinkSelector,
    LinkTrouble, NodeFault, NodeName, Partition, Record, Selector,
};

/// A directed pair of nodes.
type Link = (NodeName, NodeName);

/// What faults in force do to links. It knows of faults alone: a node that is down is not reached
/// either.
#[derive(Clone, Debug, Default)]
pub struct LinkTruth {
    active: BTreeMap<FaultId, Effect>,
}

/// What a fault does to links.
#[derive(Clone, Debug)]
enum Effect {
    /// Every packet is lost.
    Cut(BTreeSet<Link>),
    /// Packets are late, lost, doubled or out of order now and then.
    Degraded(BTreeSet<Link>),
    /// These nodes answer late: their disks, processors or clocks are not what they should be.
    Nodes(BTreeSet<NodeName>),
    /// Its targets are not spelled out: any link may be concerned.
    Unclear,
}

impl LinkTruth {
    /// Takes the next record of a history.
    pub fn observe(&mut self, record: &Record) {
        match &record.body {
            Body::Fault(FaultEvent::Applied { id, action, .. }) => {
                if let Some(effect) = Effect::of(action) {
                    self.active.insert(id.clone(), effect);
                }
            }
            Body::Fault(FaultEvent::Ended { id }) => _ = self.active.remove(id),
            _ => {}
        }
    }

    /// Whether packets from one node to another are all lost.
    pub fn is_cut(&self, from: &NodeName, to: &NodeName) -> bool {
        // One lookup needs owned names; a cut has few links.
        let is_it = |link: &Link| link.0 == *from && link.1 == *to;
        self.active.values().any(|effect| matches!(effect, Effect::Cut(links) if links.iter().any(is_it)))
    }

    /// Whether a fault other than a cut is at work on links among these nodes, or on their disks.
    pub fn is_degraded_among(&self, nodes: &BTreeSet<NodeName>) -> bool {
        self.active.values().any(|effect| match effect {
            Effect::Cut(_) => false,
            Effect::Degraded(links) => links.iter().any(|link| is_among(link, nodes)),
            Effect::Nodes(slow) => !slow.is_disjoint(nodes),
            Effect::Unclear => true,
        })
    }

    /// Whether a record begins or ends a fault on links among these nodes, or on their disks. To be asked before the
    /// record is observed.
    pub fn changes_among(&self, record: &Record, nodes: &BTreeSet<NodeName>) -> bool {
        let concerns = |effect: &Effect| match effect {
            Effect::Cut(links) | Effect::Degraded(links) => links.iter().any(|link| is_among(link, nodes)),
            Effect::Nodes(slow) => !slow.is_disjoint(nodes),
            Effect::Unclear => true,
        };
        match &record.body {
            Body::Fault(FaultEvent::Applied { action, .. }) => {
                Effect::of(action).as_ref().is_some_and(concerns)
            }
            Body::Fault(FaultEvent::Ended { id }) => self.active.get(id).is_some_and(concerns),
            _ => false,
        }
    }
}

impl Effect {
    /// What an action does to links, or as if to them; `None` if it does nothing of the kind.
    fn of(action: &Action) -> Option<Self> {
        let degraded = |link| links(std::slice::from_ref(link)).map_or(Self::Unclear, Self::Degraded);
        match action {
            Action::Kill(_)
            | Action::PowerLoss(_)
            | Action::Pause(_)
            | Action::Stop { .. }
            | Action::Wipe(_)
            | Action::Core(_) => None,
            Action::Disk(DiskFault { target, trouble, .. }) => match (trouble, target) {
                // These are as fast as any other.
                (
                    DiskTrouble::LyingSync
                    | DiskTrouble::Corrupt(_)
                    | DiskTrouble::Misdirected { .. }
                    | DiskTrouble::TornWrite { .. },
                    _,
                ) => None,
                (_, Selector::Nodes(nodes)) => Some(Self::Nodes(nodes.iter().cloned().collect())),
                _ => Some(Self::Unclear),
            },
            Action::Partition(Partition::Cuts(cuts)) => Some(links(cuts).map_or(Self::Unclear, Self::Cut)),
            Action::Partition(Partition::Shape(_)) => Some(Self::Unclear),
            // What is held arrives when the fault is over, if at all.
            Action::Link(LinkFault { link, trouble: LinkTrouble::Hold }) => {
                Some(links(std::slice::from_ref(link)).map_or(Self::Unclear, Self::Cut))
            }
            Action::Link(fault) => Some(degraded(&fault.link)),
            // Whoever is slow or tells the time wrong keeps others waiting as well.
            Action::Node(NodeFault { target: Selector::Nodes(nodes), .. }) => {
                Some(Self::Nodes(nodes.iter().cloned().collect()))
            }
            Action::Node(_) => Some(Self::Unclear),
        }
    }
}

fn is_among((from, to): &Link, nodes: &BTreeSet<NodeName>) -> bool {
    nodes.contains(from) && nodes.contains(to)
}

/// The directed links of literal selectors; `None` if one is not literal.
fn links(selectors: &[LinkSelector]) -> Option<BTreeSet<Link>> {
    let mut links = BTreeSet::new();
    for LinkSelector { from, to, direction } in selectors {
        let (Selector::Nodes(from), Some(Selector::Nodes(to))) = (from, to) else { return None };
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (from, to)));
        for (from, to) in pairs.filter(|(from, to)| from != to) {
            if matches!(direction, Direction::To | Direction::Both) {
                links.insert((from.clone(), to.clone()));
            }
            if matches!(direction, Direction::From | Direction::Both) {
                links.insert((to.clone(), from.clone()));
            }
        }
    }
    Some(links)
}
