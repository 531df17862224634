//! Plan to YAML: a plan file is a scenario file that leaves nothing to draw.
//!
//! The law: reading what this writes and planning it with the plan's seed gives the plan back. What
//! a scenario cannot say (labels that differ within a role, say) no plan of a scenario holds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use squall_history::{
    Availability, Bandwidth, ClockProfile, DiskProfile, Expect, InvariantChoice, LatencyBounds, Limits,
    LinkProfile, NetworkProfile, NodeName, Plan, Restart, SimDuration, SimTime, StopOn, Topology,
};

use crate::network;

mod fault;
mod kept;
mod text;

pub use kept::{FaultIds, KeptHead, to_scenario};

pub(crate) use text::quoted;
use text::{flow, sequence};

/// A plan as a scenario file, with a comment at its top.
pub fn to_yaml(plan: &Plan, header_comment: &str) -> String {
    let mut out = String::new();
    comment(&mut out, header_comment);
    put(&mut out, "version: 1");
    put(&mut out, &format!("name: {}", quoted(&plan.scenario)));
    if !plan.description.is_empty() {
        put(&mut out, &format!("description: {}", quoted(&plan.description)));
    }
    put(&mut out, &format!("engine: {}", quoted(&plan.engine)));
    if plan.skip_unsupported {
        put(&mut out, "skip-unsupported: true");
    }
    put(&mut out, "system:");
    put(&mut out, &format!("  name: {}", quoted(&plan.system.name)));
    put(&mut out, &format!("  config: {}", flow(&plan.system.config)));
    if !plan.system.bugs.is_empty() {
        put(&mut out, &format!("  bugs: {}", sequence(plan.system.bugs.iter().map(|bug| quoted(bug)))));
    }
    topology(&mut out, &plan.topology);
    network(&mut out, plan);
    clock(&mut out, plan.clock);
    disk(&mut out, plan.disk);
    put(&mut out, &format!("workload: {}", flow(&plan.workload)));
    put(&mut out, &format!("duration: {}", plan.duration));
    put(&mut out, &format!("seeds: [{}]", plan.seed));
    bound(&mut out, plan);
    expect(&mut out, &plan.expect);
    limits(&mut out, &plan.limits);
    out
}

fn put(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        put(out, format!("# {}", line.trim_end()).trim_end());
    }
}

/// An instant, as the span since the start.
fn time(at: SimTime) -> SimDuration {
    at.since_start()
}

fn topology(out: &mut String, topology: &Topology) {
    put(out, "topology:");
    if !topology.zones.is_empty() {
        put(out, &format!("  zones: {}", sequence(topology.zones.iter().map(|zone| quoted(zone)))));
    }
    // Else roles that lost all their nodes would come back with their default count.
    put(out, "  missing-roles: none");
    let roles = topology.roles();
    if !roles.is_empty() {
        put(out, "  roles:");
    }
    for role in roles {
        put(out, &format!("    {}: {}", quoted(role), role_value(topology, role)));
    }
}

fn role_value(topology: &Topology, role: &str) -> String {
    let numbers: Vec<u32> = topology.role(role).map(|node| node.number).collect();
    let whole = numbers.iter().zip(1..).all(|(number, k)| *number == k);
    let first = topology.role(role).next().expect("a role is listed by its nodes");
    let supervised = topology.restart.get(role);
    if whole && first.zone.is_none() && first.labels.is_empty() && supervised.is_none() {
        return numbers.len().to_string();
    }
    let mut parts = vec![if whole {
        format!("count: {}", numbers.len())
    } else {
        format!("numbers: {}", sequence(numbers.iter().map(u32::to_string)))
    }];
    let zone = |number: u32| topology.zones.get((number as usize).checked_sub(1)? % topology.zones.len());
    if topology.role(role).all(|node| node.zone.is_some() && node.zone.as_ref() == zone(node.number)) {
        parts.push("spread: zones".to_owned());
    } else if let Some(any) = &first.zone {
        parts.push(format!(
            "zones: {}",
            sequence(role_zones(topology, role, any).iter().map(|zone| quoted(zone)))
        ));
    }
    if !first.labels.is_empty() {
        parts.push(format!("labels: {}", mapping(&first.labels)));
    }
    if let Some(Restart { after, on }) = supervised {
        let on = sequence(on.iter().map(|on| on.name().to_owned()));
        parts.push(format!("restart: {{ after: {}, on: {on} }}", range(*after)));
    }
    format!("{{ {} }}", parts.join(", "))
}

/// The shortest list of zones that deals each node of the role its own.
fn role_zones(topology: &Topology, role: &str, any: &str) -> Vec<String> {
    let nodes =
        || topology.role(role).filter_map(|node| Some((node.number as usize - 1, node.zone.clone()?)));
    let longest = nodes().map(|(k, _)| k + 1).max().unwrap_or(1);
    let fits =
        |zones: &BTreeMap<usize, String>, len: usize| nodes().all(|(k, zone)| zones[&(k % len)] == zone);
    for len in 1..=longest {
        let zones: BTreeMap<usize, String> = nodes().map(|(k, zone)| (k % len, zone)).collect();
        if fits(&zones, len) {
            return (0..len).map(|k| zones.get(&k).cloned().unwrap_or_else(|| any.to_owned())).collect();
        }
    }
    unreachable!("with a place for each node every zone fits")
}

fn mapping(labels: &BTreeMap<String, String>) -> String {
    let labels = labels.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(value)));
    format!("{{ {} }}", labels.collect::<Vec<_>>().join(", "))
}

/// How links behave, as keys with their values.
fn profile(network: &NetworkProfile) -> Vec<String> {
    let NetworkProfile { latency, jitter, loss, duplicate, reorder, shape, bandwidth, mtu } = network;
    let mut parts = vec![format!("latency: {latency}"), format!("jitter: {jitter}")];
    parts.extend((!shape.is_uniform()).then(|| format!("shape: {}", shape.name())));
    parts.extend(
        [("loss", loss), ("duplicate", duplicate), ("reorder", reorder)].map(|(k, v)| format!("{k}: {v}")),
    );
    parts.extend(bandwidth.map(|Bandwidth { bytes_per_second, queue_bytes }| {
        format!("bandwidth: {{ rate: {bytes_per_second}B/s, queue: {queue_bytes}B }}")
    }));
    parts.extend((*mtu != NetworkProfile::PERFECT.mtu).then(|| format!("mtu: {mtu}B")));
    parts
}

fn network(out: &mut String, plan: &Plan) {
    let base = profile(&plan.network);
    if plan.links.is_empty() {
        return put(out, &format!("network: {{ {} }}", base.join(", ")));
    }
    put(out, &format!("network:\n  {}\n  links:", base.join("\n  ")));
    for LinkProfile { from, to, direction, profile: own, correlation } in &plan.links {
        let names = |names: &[NodeName]| sequence(names.iter().map(|name| quoted(name.as_str())));
        let mut parts = vec![format!("from: {}", names(from)), format!("to: {}", names(to))];
        parts.extend(network::direction(*direction).map(|word| format!("direction: {word}")));
        // Else what this link has not and the network has would come back.
        parts.push("profile: perfect".to_owned());
        parts.extend(profile(own));
        parts.extend((!correlation.is_zero()).then(|| format!("correlation: {correlation}")));
        put(out, &format!("    - {{ {} }}", parts.join(", ")));
    }
}

fn clock(out: &mut String, clock: ClockProfile) {
    if clock == ClockProfile::default() {
        return;
    }
    let ClockProfile { drift, skew, uncertainty } = clock;
    // A single value would mean either way.
    let (drift, skew) = (format!("{}..{}", drift.0, drift.1), format!("{}..{}", skew.0, skew.1));
    put(out, &format!("clock: {{ drift: {drift}, skew: {skew}, uncertainty: {uncertainty} }}"));
}

/// A range that operations draw from.
fn range((low, high): (SimDuration, SimDuration)) -> String {
    if low == high { low.to_string() } else { format!("{low}..{high}") }
}

fn disk(out: &mut String, disk: DiskProfile) {
    let capacity = disk.capacity.map(|bytes| format!(", capacity: {bytes}B")).unwrap_or_default();
    let (latency, fsync) = (range(disk.latency), range(disk.fsync));
    put(out, &format!("disk: {{ latency: {latency}, fsync: {fsync}{capacity} }}"));
}

/// What only plan files hold, and the faults.
fn bound(out: &mut String, plan: &Plan) {
    let lists = [
        (
            "faults",
            plan.faults
                .iter()
                .map(fault::entry)
                .chain(plan.sequences.iter().map(fault::sequence_entry))
                .collect::<Vec<_>>(),
        ),
        (
            "reseed",
            plan.reseed.iter().map(|r| format!("{{ at: {}, seed: {} }}", time(r.at), r.seed)).collect(),
        ),
        (
            "vetoes",
            plan.vetoes
                .iter()
                .map(|veto| {
                    let (id, why) = (quoted(&veto.id.0), quoted(&veto.why));
                    format!("{{ id: {id}, at: {}, why: {why} }}", time(veto.at))
                })
                .collect(),
        ),
    ];
    for (key, items) in lists {
        if !items.is_empty() {
            put(out, &format!("{key}:"));
        }
        for item in items {
            put(out, &format!("  - {item}"));
        }
    }
}

fn expect(out: &mut String, expect: &Expect) {
    put(out, "expect:");
    if let Some(within) = expect.steady_state {
        put(out, &format!("  steady-state: {{ within: {within} }}"));
    }
    let names = |names: &[String]| sequence(names.iter().map(|name| quoted(name)));
    let invariants = match &expect.invariants {
        InvariantChoice::All => "all".to_owned(),
        InvariantChoice::Named(list) => names(list),
    };
    put(out, &format!("  invariants: {invariants}"));
    if let Some(within) = expect.recovery {
        put(out, &format!("  recovery: {{ within: {within} }}"));
    }
    if let Some(Availability { min, window, except }) = &expect.availability {
        let except = if except.is_empty() { String::new() } else { format!(", except: {}", names(except)) };
        put(out, &format!("  availability: {{ min: {min}, window: {window}{except} }}"));
    }
    if let Some(LatencyBounds { p50, p99, max }) = expect.latency {
        let bounds = [("p50", p50), ("p99", p99), ("max", max)];
        let bounds = bounds.iter().filter_map(|(name, bound)| Some(format!("{name}: {}", (*bound)?)));
        put(out, &format!("  latency: {{ {} }}", bounds.collect::<Vec<_>>().join(", ")));
    }
    if !expect.sometimes.is_empty() {
        put(out, &format!("  sometimes: {}", names(&expect.sometimes)));
    }
    if let Some(known) = &expect.known_failure {
        let mut value = format!("invariant: {}", names(&known.invariants));
        if let Some(issue) = &known.issue {
            let _ = write!(value, ", issue: {}", quoted(issue));
        }
        put(out, &format!("  known-failure: {{ {value}, strict: {} }}", known.strict));
    }
}

fn limits(out: &mut String, limits: &Limits) {
    let stop_on = match limits.stop_on {
        StopOn::FirstViolation => "first-violation",
        StopOn::End => "end",
    };
    let mut parts = Vec::new();
    parts.extend(limits.events.map(|events| format!("events: {events}")));
    parts.extend(limits.wall.map(|wall| format!("wall: {wall}")));
    parts.extend(limits.memory.map(|memory| format!("memory: {memory}B")));
    parts.push(format!("stop-on: {stop_on}"));
    put(out, &format!("limits: {{ {} }}", parts.join(", ")));
}
