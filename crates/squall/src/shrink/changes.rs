//! Plans that differ from a plan in one place: what all passes are made of.

use squall_history::{Action, Plan, PlannedFault};

/// The plan with other faults.
pub(super) fn with_faults(plan: &Plan, faults: Vec<PlannedFault>) -> Plan {
    Plan { faults, ..plan.clone() }
}

/// For each fault in turn, the plan with each of its replacements.
pub(super) fn each_fault(
    plan: &Plan,
    replacements: impl Fn(&PlannedFault) -> Vec<PlannedFault>,
) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (place, fault) in plan.faults.iter().enumerate() {
        for replacement in replacements(fault) {
            let mut faults = plan.faults.clone();
            faults[place] = replacement;
            plans.push(with_faults(plan, faults));
        }
    }
    plans
}

/// For each fault in turn, the plan with each replacement of what it does.
pub(super) fn each_action(plan: &Plan, replacements: impl Fn(&Action) -> Vec<Action>) -> Vec<Plan> {
    each_fault(plan, |fault| {
        let with = |action| PlannedFault { action, ..fault.clone() };
        replacements(&fault.action).into_iter().map(with).collect()
    })
}

/// The list without each of its parts, for parts of ever smaller size: halves first, single items last
/// (the complements of ddmin). Nothing of a list of one.
pub(super) fn without_parts<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut lists = Vec::new();
    let mut size = items.len() / 2;
    while size > 0 {
        for start in (0..items.len()).step_by(size) {
            let end = (start + size).min(items.len());
            lists.push([&items[..start], &items[end..]].concat());
        }
        // From halves to thirds rather than to quarters where three items are left.
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    lists
}
