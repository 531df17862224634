//! Plan to a scenario that people keep: what a plan file says for Squall's sake is left out, and so is what
//! everybody knows, the defaults.
//!
//! Other than a plan file it is a scenario for several seeds, so it need not give the plan back: ids of
//! faults may be left to be given anew, and with them what is drawn for them. Whoever writes it down runs
//! it first.

use squall_history::{DiskProfile, Limits, NetworkProfile, Plan, Seed};

use super::text::{flow, quoted, sequence};
use super::{bound, clock, comment, disk, expect, fault, limits, network, put, role_value};
use crate::DEFAULT_ENGINE;

/// What a scenario says that a plan does not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptHead {
    /// Lines at the top.
    pub comment: String,
    /// Its name.
    pub name: String,
    /// What happens in it, in a line.
    pub description: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The seeds it runs with.
    pub seeds: Vec<Seed>,
    /// A line behind `bugs`, if the plan has any.
    pub about_bugs: String,
    /// Roles of the system that the plan has no node of.
    pub empty_roles: Vec<String>,
    /// Whether faults keep their ids.
    pub ids: FaultIds,
}

/// Whether faults keep their ids, by which their draws are addressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultIds {
    /// Written out.
    Kept,
    /// Given anew, by what the faults do.
    Anew,
}

/// A plan as a scenario for people.
pub fn to_scenario(plan: &Plan, head: &KeptHead) -> String {
    let mut out = String::new();
    comment(&mut out, &head.comment);
    put(&mut out, "version: 1");
    put(&mut out, &format!("name: {}", quoted(&head.name)));
    put(&mut out, &format!("description: {}", quoted(&head.description)));
    put(&mut out, &format!("tags: {}", sequence(head.tags.iter().map(|tag| quoted(tag)))));
    if plan.engine != DEFAULT_ENGINE {
        put(&mut out, &format!("engine: {}", quoted(&plan.engine)));
    }
    if plan.skip_unsupported {
        put(&mut out, "skip-unsupported: true");
    }
    system(&mut out, plan, &head.about_bugs);
    topology(&mut out, plan, &head.empty_roles);
    if plan.network != NetworkProfile::default() || !plan.links.is_empty() {
        network(&mut out, plan);
    }
    clock(&mut out, plan.clock);
    if plan.disk != DiskProfile::default() {
        disk(&mut out, plan.disk);
    }
    if !is_empty(&plan.workload) {
        put(&mut out, &format!("workload: {}", flow(&plan.workload)));
    }
    put(&mut out, &format!("duration: {}", plan.duration));
    put(&mut out, &format!("seeds: {}", sequence(head.seeds.iter().map(ToString::to_string))));
    match head.ids {
        FaultIds::Kept => bound(&mut out, plan),
        FaultIds::Anew => faults(&mut out, plan),
    }
    expect(&mut out, &plan.expect);
    if plan.limits != Limits::default() {
        limits(&mut out, &plan.limits);
    }
    out
}

fn is_empty(section: &serde_json::Value) -> bool {
    section.is_null() || section.as_object().is_some_and(serde_json::Map::is_empty)
}

fn system(out: &mut String, plan: &Plan, about_bugs: &str) {
    let system = &plan.system;
    if is_empty(&system.config) && system.bugs.is_empty() {
        return put(out, &format!("system: {}", quoted(&system.name)));
    }
    put(out, "system:");
    put(out, &format!("  name: {}", quoted(&system.name)));
    if !is_empty(&system.config) {
        put(out, &format!("  config: {}", flow(&system.config)));
    }
    if !system.bugs.is_empty() {
        let bugs = sequence(system.bugs.iter().map(|bug| quoted(bug)));
        put(out, &format!("  bugs: {bugs}  # {about_bugs}"));
    }
}

fn topology(out: &mut String, plan: &Plan, empty_roles: &[String]) {
    let topology = &plan.topology;
    put(out, "topology:");
    if !topology.zones.is_empty() {
        put(out, &format!("  zones: {}", sequence(topology.zones.iter().map(|zone| quoted(zone)))));
    }
    put(out, "  roles:");
    for role in topology.roles() {
        put(out, &format!("    {}: {}", quoted(role), role_value(topology, role)));
    }
    for role in empty_roles {
        put(out, &format!("    {}: 0", quoted(role)));
    }
}

fn faults(out: &mut String, plan: &Plan) {
    if !plan.faults.is_empty() || !plan.sequences.is_empty() {
        put(out, "faults:");
    }
    for fault in &plan.faults {
        put(out, &format!("  - {}", fault::plain_entry(fault)));
    }
    for sequence in &plan.sequences {
        put(out, &format!("  - {}", fault::plain_sequence(sequence)));
    }
}
