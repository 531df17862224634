//! Faults that concern fewer nodes: fewer of a list, fewer cuts, fewer ends of links, one direction.

use squall_history::{
    Action, Direction, DiskFault, DiskTrouble, LinkFault, LinkSelector, NodeFault, NodeName, Partition, Plan,
    Selector,
};

use super::Scene;
use super::changes::{each_action, without_parts};

/// Each fault with less to strike at.
pub(super) fn fewer(scene: &Scene<'_>) -> Vec<Plan> {
    each_action(scene.plan, actions)
}

fn actions(action: &Action) -> Vec<Action> {
    let each = |target: &Selector, make: &dyn Fn(Selector) -> Action| -> Vec<Action> {
        selectors(target).into_iter().map(make).collect()
    };
    match action {
        Action::Kill(target) => each(target, &Action::Kill),
        Action::PowerLoss(target) => each(target, &Action::PowerLoss),
        Action::Pause(target) => each(target, &Action::Pause),
        Action::Wipe(target) => each(target, &Action::Wipe),
        Action::Stop { target, grace } => each(target, &|target| Action::Stop { target, grace: *grace }),
        Action::Partition(Partition::Shape(_)) | Action::Core(_) => Vec::new(),
        Action::Partition(Partition::Cuts(cuts)) => {
            partitions(cuts).into_iter().map(|cuts| Action::Partition(Partition::Cuts(cuts))).collect()
        }
        Action::Link(LinkFault { link, trouble }) => {
            let with = |link| Action::Link(LinkFault { link, trouble: *trouble });
            links(link).into_iter().map(with).collect()
        }
        Action::Node(NodeFault { target, trouble }) => {
            each(target, &|target| Action::Node(NodeFault { target, trouble: trouble.clone() }))
        }
        Action::Disk(fault) => {
            let with = |target| Action::Disk(DiskFault { target, ..fault.clone() });
            each(&fault.target, &with).into_iter().chain(operations(fault)).collect()
        }
    }
}

fn selectors(selector: &Selector) -> Vec<Selector> {
    match selector {
        Selector::Nodes(names) => fewer_names(names).into_iter().map(Selector::Nodes).collect(),
        Selector::Leader | Selector::Where(_) => Vec::new(),
    }
}

fn fewer_names(names: &[NodeName]) -> Vec<Vec<NodeName>> {
    if names.len() > 1 { without_parts(names) } else { Vec::new() }
}

fn partitions(cuts: &[LinkSelector]) -> Vec<Vec<LinkSelector>> {
    let mut found = if cuts.len() > 1 { without_parts(cuts) } else { Vec::new() };
    for (place, cut) in cuts.iter().enumerate() {
        for smaller in links(cut) {
            let mut cuts = cuts.to_vec();
            cuts[place] = smaller;
            found.push(cuts);
        }
    }
    found
}

fn links(link: &LinkSelector) -> Vec<LinkSelector> {
    let mut found = Vec::new();
    if let Some(to) = &link.to {
        found.extend(selectors(to).into_iter().map(|to| LinkSelector { to: Some(to), ..link.clone() }));
    }
    found.extend(selectors(&link.from).into_iter().map(|from| LinkSelector { from, ..link.clone() }));
    if link.direction == Direction::Both {
        found.extend(
            [Direction::To, Direction::From].map(|direction| LinkSelector { direction, ..link.clone() }),
        );
    }
    found
}

/// A disk that fails at fewer kinds of operations.
fn operations(fault: &DiskFault) -> Vec<Action> {
    let DiskTrouble::Error { percent, ops } = &fault.trouble else { return Vec::new() };
    let with = |ops| {
        let trouble = DiskTrouble::Error { percent: *percent, ops };
        Action::Disk(DiskFault { trouble, ..fault.clone() })
    };
    if ops.len() > 1 { without_parts(ops).into_iter().map(with).collect() } else { Vec::new() }
}
