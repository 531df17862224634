//! What lies around the faults as plain as it can be: the usual network, disks and clocks, no links of their
//! own, no zones or labels, no second seed.

use squall_history::{ClockProfile, DiskProfile, NetworkProfile, Plan};

use super::Scene;

/// Network, links, disks, clocks and draws without what sets them apart: all at once, then one by one.
pub(super) fn plainer(scene: &Scene<'_>) -> Vec<Plan> {
    let plan = scene.plan;
    let mut found = vec![Plan {
        network: NetworkProfile::LAN,
        links: Vec::new(),
        disk: DiskProfile::default(),
        clock: ClockProfile::default(),
        reseed: Vec::new(),
        ..plan.clone()
    }];
    found.push(Plan { links: Vec::new(), ..plan.clone() });
    for place in 0..plan.links.len() {
        let mut fewer = plan.clone();
        fewer.links.remove(place);
        found.push(fewer);
    }
    found.push(Plan { network: NetworkProfile::LAN, ..plan.clone() });
    if plan.network != NetworkProfile::LAN {
        found.push(Plan { network: NetworkProfile::PERFECT, ..plan.clone() });
    }
    found.push(Plan { disk: DiskProfile::default(), ..plan.clone() });
    found.push(Plan { clock: ClockProfile::default(), ..plan.clone() });
    found.push(Plan { reseed: Vec::new(), ..plan.clone() });
    found.retain(|other| other != plan);
    found
}

/// Nodes without zones, labels and supervisors.
pub(super) fn plainer_roles(scene: &Scene<'_>) -> Vec<Plan> {
    let plan = scene.plan;
    let mut unzoned = plan.clone();
    unzoned.topology.zones.clear();
    unzoned.topology.nodes.iter_mut().for_each(|node| node.zone = None);
    let mut unlabelled = plan.clone();
    unlabelled.topology.nodes.iter_mut().for_each(|node| node.labels.clear());
    let mut unsupervised = plan.clone();
    unsupervised.topology.restart.clear();
    let mut found = vec![unzoned, unlabelled, unsupervised];
    found.retain(|other| other != plan);
    found
}
