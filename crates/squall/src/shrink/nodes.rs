//! Fewer nodes: clients first, then the others, role by role. A role may go as a whole; whether the system
//! can do without it, the run shows.

use squall_check::Promise;
use squall_history::{
    Action, DiskFault, HookWhen, LinkFault, LinkProfile, LinkSelector, NodeFault, NodeName, NodeTrouble,
    Partition, Plan, PlannedFault, Selector,
};

use super::Scene;
use super::changes::without_parts;

/// Roles with more nodes than this lose no pairs of them: there would be too many.
const PAIRS_MAX: usize = 7;

/// The plan without some of its nodes, and without what concerned only them.
pub(super) fn fewer(scene: &Scene<'_>) -> Vec<Plan> {
    let plan = scene.plan;
    let client_roles = scene.registry.client_roles(&plan.system.name);
    let mut roles = plan.topology.roles();
    roles.sort_by_key(|role| !client_roles.contains(role));
    // What fails for want of time would fail for want of servers.
    roles.retain(|role| scene.promise == Promise::Safety || client_roles.contains(role));
    let mut plans = Vec::new();
    for role in roles {
        let names: Vec<NodeName> = plan.topology.role(role).map(|node| node.name.clone()).collect();
        plans.extend(keeping(&names).into_iter().filter_map(|kept| {
            let gone: Vec<_> = names.iter().filter(|name| !kept.contains(name)).cloned().collect();
            without(plan, &gone)
        }));
    }
    plans
}

/// What to keep of a role, the least first: nobody, one, all but ever smaller parts, all but pairs (some
/// systems insist on an odd number).
fn keeping(names: &[NodeName]) -> Vec<Vec<NodeName>> {
    let mut found = vec![Vec::new()];
    if names.len() > 2 {
        found.extend(names.iter().map(|name| vec![name.clone()]));
    }
    found.extend(without_parts(names));
    if names.len() <= PAIRS_MAX {
        for (place, one) in names.iter().enumerate() {
            for other in &names[place + 1..] {
                found.push(names.iter().filter(|name| *name != one && *name != other).cloned().collect());
            }
        }
    }
    found.retain(|kept| kept.len() < names.len());
    found
}

/// `None` if no node would be left.
fn without(plan: &Plan, gone: &[NodeName]) -> Option<Plan> {
    let mut smaller = plan.clone();
    smaller.topology.nodes.retain(|node| !gone.contains(&node.name));
    let roles: Vec<String> = smaller.topology.roles().into_iter().map(str::to_owned).collect();
    smaller.topology.restart.retain(|role, _| roles.contains(role));
    smaller.links = plan.links.iter().filter_map(|link| link_without(link, gone)).collect();
    smaller.faults = plan.faults.iter().filter_map(|fault| fault_without(fault, gone)).collect();
    (!smaller.topology.nodes.is_empty()).then_some(smaller)
}

fn link_without(link: &LinkProfile, gone: &[NodeName]) -> Option<LinkProfile> {
    let mut link = link.clone();
    link.from.retain(|name| !gone.contains(name));
    link.to.retain(|name| !gone.contains(name));
    (!link.pairs().is_empty()).then_some(link)
}

fn fault_without(fault: &PlannedFault, gone: &[NodeName]) -> Option<PlannedFault> {
    let action = match &fault.action {
        Action::Kill(target) => Action::Kill(selector(target, gone)?),
        Action::PowerLoss(target) => Action::PowerLoss(selector(target, gone)?),
        Action::Pause(target) => Action::Pause(selector(target, gone)?),
        Action::Wipe(target) => Action::Wipe(selector(target, gone)?),
        Action::Stop { target, grace } => Action::Stop { target: selector(target, gone)?, grace: *grace },
        Action::Partition(Partition::Shape(_)) | Action::Core(_) => fault.action.clone(),
        Action::Partition(Partition::Cuts(cuts)) => {
            let cuts: Vec<_> = cuts.iter().filter_map(|cut| links(cut, gone)).collect();
            if cuts.is_empty() {
                return None;
            }
            Action::Partition(Partition::Cuts(cuts))
        }
        Action::Link(LinkFault { link, trouble }) => {
            Action::Link(LinkFault { link: links(link, gone)?, trouble: *trouble })
        }
        Action::Node(NodeFault { target, trouble }) => {
            let (target, trouble) = (selector(target, gone)?, strikes(trouble, gone)?);
            Action::Node(NodeFault { target, trouble })
        }
        Action::Disk(fault) => {
            Action::Disk(DiskFault { target: selector(&fault.target, gone)?, ..fault.clone() })
        }
    };
    Some(PlannedFault { action, ..fault.clone() })
}

/// A hook that struck nobody else is gone with them.
fn strikes(trouble: &NodeTrouble, gone: &[NodeName]) -> Option<NodeTrouble> {
    let mut trouble = trouble.clone();
    if let NodeTrouble::Hook(hook) = &mut trouble
        && let HookWhen::Listed(places) = &mut hook.when
    {
        places.retain(|place| !gone.contains(&place.node));
        if places.is_empty() {
            return None;
        }
    }
    Some(trouble)
}

fn selector(selector: &Selector, gone: &[NodeName]) -> Option<Selector> {
    let Selector::Nodes(names) = selector else { return Some(selector.clone()) };
    let left: Vec<NodeName> = names.iter().filter(|name| !gone.contains(name)).cloned().collect();
    (!left.is_empty()).then_some(Selector::Nodes(left))
}

fn links(link: &LinkSelector, gone: &[NodeName]) -> Option<LinkSelector> {
    let from = selector(&link.from, gone)?;
    let to = match &link.to {
        Some(to) => Some(selector(to, gone)?),
        None => None,
    };
    // A node never matches itself, so one alone on both ends is no link.
    (to.as_ref() != Some(&from) || !is_single(&from)).then_some(LinkSelector {
        from,
        to,
        direction: link.direction,
    })
}

fn is_single(selector: &Selector) -> bool {
    matches!(selector, Selector::Nodes(names) if names.len() == 1)
}
