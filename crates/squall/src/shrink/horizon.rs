//! The length of the run: no longer than up to the violation.

use squall_history::{Plan, SimDuration, SimTime};

use super::Scene;
use super::round::up;

/// What a later violation of a simpler plan may need, besides a quarter more.
const ROOM: SimDuration = SimDuration::from_secs(2);

/// At the beginning: nothing that strikes after the promise was broken, since it cannot have broken it,
/// and an end that leaves simpler plans some room. Every run of the search is shorter for it.
pub(super) fn roomy(scene: &Scene<'_>) -> Vec<Plan> {
    let broken = scene.broken.since_start();
    let room = SimDuration(broken.0 / 4) + ROOM;
    [until(scene, SimDuration(up((broken + room).0, 2))), until(scene, scene.plan.duration)]
        .into_iter()
        .flatten()
        .collect()
}

/// Digits of an end.
const DIGITS: u32 = 2;

/// An end just behind the violation, in a round number.
pub(super) fn tight(scene: &Scene<'_>) -> Vec<Plan> {
    let behind = scene.broken.since_start() + SimDuration::from_nanos(1);
    let ends = (1..=DIGITS).rev().map(|digits| SimDuration(up(behind.0, digits)));
    ends.filter(|end| *end < scene.plan.duration).filter_map(|end| until(scene, end)).collect()
}

/// `None` if it would be the plan itself.
fn until(scene: &Scene<'_>, end: SimDuration) -> Option<Plan> {
    let duration = end.min(scene.plan.duration);
    let last = scene.broken.min(SimTime::ZERO + duration);
    let mut plan = Plan { duration, ..scene.plan.clone() };
    plan.faults.retain(|fault| fault.at <= last);
    (plan != *scene.plan).then_some(plan)
}
