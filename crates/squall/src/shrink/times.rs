//! Sooner, shorter, rounder: when faults begin and how long they last.

use squall_check::Promise;
use squall_history::{Plan, PlannedFault, SimDuration, SimTime};

use super::Scene;
use super::changes::{each_fault, with_faults};
use super::round::{GRAINS, digits, nearest, rounder_times, simpler_span};

/// All faults sooner, then the gaps between them shorter: a run that is over soon is read soon.
pub(super) fn sooner(scene: &Scene<'_>) -> Vec<Plan> {
    let faults = &scene.plan.faults;
    let mut plans = Vec::new();
    for (place, fault) in faults.iter().enumerate() {
        let before = place.checked_sub(1).map_or(SimTime::ZERO, |before| faults[before].at);
        for shift in shifts(fault.at - before) {
            let mut sooner = faults.clone();
            for fault in &mut sooner[place..] {
                fault.at = SimTime(fault.at.0 - shift.0);
            }
            plans.push(with_faults(scene.plan, sooner));
        }
    }
    plans
}

/// How much of a gap may go, the most first: in whole steps, so that round times stay round.
fn shifts(gap: SimDuration) -> Vec<SimDuration> {
    let step = if gap >= SimDuration::from_secs(2) { GRAINS[0] } else { GRAINS[1] };
    let mut found = Vec::new();
    for part in [8, 4, 2] {
        let shift = (gap.0 - gap.0 / part) / step.0 * step.0;
        if shift > 0 && !found.contains(&SimDuration(shift)) {
            found.push(SimDuration(shift));
        }
    }
    found
}

/// Round times: all of them at once, then one by one; durations shorter or not there at all.
pub(super) fn rounder(scene: &Scene<'_>) -> Vec<Plan> {
    let mut plans = together(scene.plan);
    plans.extend(each_fault(scene.plan, |fault| lasting(fault, scene)));
    plans.extend(each_fault(scene.plan, |fault| beginning(fault, scene.plan)));
    plans
}

fn together(plan: &Plan) -> Vec<Plan> {
    let on = |grain: SimDuration| {
        let mut faults = plan.faults.clone();
        for fault in &mut faults {
            fault.at = nearest(fault.at, grain);
            fault.lasts =
                fault.lasts.map(|lasts| SimDuration(nearest(SimTime(lasts.0), grain).0.max(grain.0)));
        }
        faults
    };
    let all = GRAINS.into_iter().map(on).filter(|faults| cost(faults) < cost(&plan.faults));
    all.map(|faults| with_faults(plan, faults)).collect()
}

/// Digits that a reader meets.
fn cost(faults: &[PlannedFault]) -> u32 {
    let of = |fault: &PlannedFault| digits(fault.at.0) + fault.lasts.map_or(0, |lasts| digits(lasts.0));
    faults.iter().map(of).sum()
}

fn lasting(fault: &PlannedFault, scene: &Scene<'_>) -> Vec<PlannedFault> {
    let Some(lasts) = fault.lasts else { return Vec::new() };
    // An end behind the violation says nothing. One before it may be needed for a promise with a bound
    // even where nothing is wrong.
    let may_stay = fault.at + lasts >= scene.broken || scene.promise == Promise::Safety;
    let for_ever = may_stay.then_some(None);
    let spans = simpler_span(lasts).into_iter().map(Some);
    for_ever.into_iter().chain(spans).map(|lasts| PlannedFault { lasts, ..fault.clone() }).collect()
}

/// Digits from which on a time is not round, and may as well be that of another fault.
const CROOKED: u32 = 3;

fn beginning(fault: &PlannedFault, plan: &Plan) -> Vec<PlannedFault> {
    let others = plan.faults.iter().map(|other| other.at);
    let same = others.filter(|at| *at != fault.at && digits(fault.at.0) >= CROOKED);
    let times = rounder_times(fault.at).into_iter().chain(same);
    times.map(|at| PlannedFault { at, ..fault.clone() }).collect()
}
