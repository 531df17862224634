//! A fault with its targets spelled out: the literal action for the bound plan, and what to do.

use squall_history::{
    Action, Cut, DiskFault, LinkFault, LinkTrouble, NodeFault, NodeName, NodeTrouble, Partition,
    PartitionShape, PlannedFault, Selector, SimDuration,
};

use super::Nemesis;
use super::bind::{Binder, pairs};
use crate::engine::Engine;

/// A directed pair of nodes.
pub(super) type Link = (NodeName, NodeName);

/// A fault that knows whom it concerns.
pub(super) struct Bound {
    pub(super) action: Action,
    pub(super) act: Act,
}

/// What to do, to whom.
pub(super) enum Act {
    Kill(Vec<NodeName>),
    PowerLoss(Vec<NodeName>),
    Pause(Vec<NodeName>),
    /// Within so long.
    Stop(Vec<NodeName>, SimDuration),
    Wipe(Vec<NodeName>),
    Cut(Vec<Link>),
    Link(LinkTrouble, Vec<Link>),
    Node(NodeTrouble, Vec<NodeName>),
    Disk(DiskFault, Vec<NodeName>),
}

impl Nemesis<'_> {
    /// Whom a fault concerns now; an error says why nobody.
    pub(super) fn bind(&self, engine: &dyn Engine, fault: &PlannedFault) -> Result<Bound, &'static str> {
        let binder = self.binder(engine, fault);
        let running = |selector| running(engine, binder.select(selector));
        // A node that is down still has a disk, a network card and a clock.
        let any = |selector| some(binder.select(selector));
        let literal = |nodes: &Vec<NodeName>| Selector::Nodes(nodes.clone());
        Ok(match &fault.action {
            Action::Kill(selector) => {
                let nodes = running(selector)?;
                Bound { action: Action::Kill(literal(&nodes)), act: Act::Kill(nodes) }
            }
            Action::PowerLoss(selector) => {
                let nodes = any(selector)?;
                Bound { action: Action::PowerLoss(literal(&nodes)), act: Act::PowerLoss(nodes) }
            }
            Action::Pause(selector) => {
                let nodes = running(selector)?;
                Bound { action: Action::Pause(literal(&nodes)), act: Act::Pause(nodes) }
            }
            Action::Stop { target, grace } => {
                let nodes = running(target)?;
                let action = Action::Stop { target: literal(&nodes), grace: *grace };
                Bound { action, act: Act::Stop(nodes, *grace) }
            }
            Action::Wipe(selector) => {
                let nodes = any(selector)?;
                Bound { action: Action::Wipe(literal(&nodes)), act: Act::Wipe(nodes) }
            }
            Action::Partition(partition) => bind_partition(&binder, partition)?,
            Action::Link(LinkFault { link, trouble }) => {
                let link = binder.links(link).ok_or("no link matches")?;
                let links = pairs(std::slice::from_ref(&link));
                let action = Action::Link(LinkFault { link, trouble: *trouble });
                Bound { action, act: Act::Link(*trouble, links) }
            }
            Action::Node(NodeFault { target, trouble }) => {
                let nodes = any(target)?;
                let fault = NodeFault { target: literal(&nodes), trouble: trouble.clone() };
                Bound { action: Action::Node(fault), act: Act::Node(trouble.clone(), nodes) }
            }
            Action::Core(_) => return Err("a core is no single fault"),
            Action::Disk(fault) => {
                let nodes = any(&fault.target)?;
                let fault = DiskFault { target: literal(&nodes), ..fault.clone() };
                Bound { action: Action::Disk(fault.clone()), act: Act::Disk(fault, nodes) }
            }
        })
    }

    pub(super) fn binder<'b>(&'b self, engine: &'b dyn Engine, fault: &PlannedFault) -> Binder<'b> {
        Binder {
            topology: self.topology(),
            client_roles: &self.client_roles,
            leader: self.leader.as_ref(),
            draws: &self.draws,
            fault: Binder::identity(&fault.id),
            engine,
        }
    }

    /// The faults that a shape becomes whose cuts come and go one by one; `None` for any other action.
    pub(super) fn unfolded(&self, engine: &dyn Engine, fault: &PlannedFault) -> Option<Vec<PlannedFault>> {
        let Action::Partition(Partition::Shape(PartitionShape::SwizzleClog)) = fault.action else {
            return None;
        };
        Some(self.binder(engine, fault).swizzle(fault))
    }
}

fn bind_partition(binder: &Binder<'_>, partition: &Partition) -> Result<Bound, &'static str> {
    let cuts: Vec<Cut> = match partition {
        Partition::Shape(shape) => binder.shape(*shape),
        Partition::Cuts(cuts) => cuts.iter().filter_map(|cut| binder.links(cut)).collect(),
    };
    let links = pairs(&cuts);
    if links.is_empty() {
        return Err("no link matches");
    }
    Ok(Bound { action: Action::Partition(Partition::Cuts(cuts)), act: Act::Cut(links) })
}

fn some(nodes: Vec<NodeName>) -> Result<Vec<NodeName>, &'static str> {
    if nodes.is_empty() { Err("no node matches") } else { Ok(nodes) }
}

fn running(engine: &dyn Engine, nodes: Vec<NodeName>) -> Result<Vec<NodeName>, &'static str> {
    let mut nodes = some(nodes)?;
    nodes.retain(|node| engine.is_up(node));
    if nodes.is_empty() { Err("no matching node is running") } else { Ok(nodes) }
}
