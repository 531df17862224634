//! Fewer faults, and fewer strikes of those that strike at listed places.

use squall_history::{Action, HookWhen, NodeFault, NodeTrouble, Plan};

use super::Scene;
use super::changes::{each_action, with_faults, without_parts};

/// None at all: then the system fails by itself, and nothing else matters.
pub(super) fn none(scene: &Scene<'_>) -> Vec<Plan> {
    if scene.plan.faults.is_empty() { Vec::new() } else { vec![with_faults(scene.plan, Vec::new())] }
}

/// Without ever smaller parts of them.
pub(super) fn fewer(scene: &Scene<'_>) -> Vec<Plan> {
    let faults = &scene.plan.faults;
    let last = if faults.len() == 1 { vec![Vec::new()] } else { Vec::new() };
    let lists = without_parts(faults).into_iter().chain(last);
    lists.map(|faults| with_faults(scene.plan, faults)).collect()
}

/// Hooks that strike at fewer of the places they struck at, and at a point by its name in place of a
/// pattern.
pub(super) fn fewer_injections(scene: &Scene<'_>) -> Vec<Plan> {
    each_action(scene.plan, |action| {
        let Action::Node(NodeFault { target, trouble: NodeTrouble::Hook(hook) }) = action else {
            return Vec::new();
        };
        let HookWhen::Listed(places) = &hook.when else { return Vec::new() };
        let of = |hook| Action::Node(NodeFault { target: target.clone(), trouble: NodeTrouble::Hook(hook) });
        let mut hooks = Vec::new();
        for places in without_parts(places) {
            let mut fewer = hook.clone();
            fewer.when = HookWhen::Listed(places);
            hooks.push(fewer);
        }
        if let [first, rest @ ..] = &places[..]
            && rest.iter().all(|place| place.site == first.site)
            && hook.point != first.site
        {
            let mut named = hook.clone();
            named.point.clone_from(&first.site);
            hooks.push(named);
        }
        hooks.into_iter().map(of).collect()
    })
}
