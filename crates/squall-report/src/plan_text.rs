//! What a seed will do, before it runs: the text of the command `plan`.
//!
//! Shows the plan as it stands. Selectors that only the run can bind (`leader`) stay open.

use std::fmt::Write as _;

use serde_json::Value;
use squall_history::{
    Availability, Bandwidth, Expect, InvariantChoice, LatencyBounds, Limits, LinkProfile, NetworkProfile,
    Plan, Step, StopOn, Topology,
};
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style as Lines};

use crate::text::{count, counted, one_line};
use crate::words::{action_words, arrow, node_list};
use crate::{Style, style::Tone};

/// Characters of a configuration section that are shown.
const CONFIG_CHARS_MAX: usize = 400;
/// Characters of what people and systems wrote that are shown on one line.
const WORDS_CHARS_MAX: usize = 200;

/// The plan in words, one topic a line, and its faults as a table.
pub fn plan_text(plan: &Plan, style: Style) -> String {
    let mut text = format!(
        "{} seed {} on {}, {} of simulated time\n",
        style.paint(Tone::Strong, &one_line(&plan.scenario, WORDS_CHARS_MAX)),
        plan.seed,
        one_line(&plan.engine, WORDS_CHARS_MAX),
        plan.duration
    );
    if !plan.description.is_empty() {
        writeln!(text, "{}", one_line(&plan.description, WORDS_CHARS_MAX)).expect("writing to a string");
    }
    text.push('\n');
    for (topic, what) in topics(plan) {
        let topic = style.paint(Tone::Quiet, &format!("{topic:<10}"));
        writeln!(text, "{topic}  {what}").expect("writing to a string");
    }
    text += &faults(plan, style);
    for (topic, what) in expectations(&plan.expect, &plan.limits) {
        let topic = style.paint(Tone::Quiet, &format!("{topic:<10}"));
        writeln!(text, "{topic}  {what}").expect("writing to a string");
    }
    text
}

/// What a seed drew of the fault classes of one swarm: those that take part, and those it leaves out.
pub fn drawn_text(entry: &str, taken: &[&str], left_out: &[&str], style: Style) -> String {
    let topic = style.paint(Tone::Quiet, &format!("{:<10}", one_line(entry, WORDS_CHARS_MAX)));
    let named = |names: &[&str]| match names.is_empty() {
        true => "nothing".to_owned(),
        false => one_line(&names.join(", "), WORDS_CHARS_MAX),
    };
    format!("{topic}  takes in {}; leaves out {}\n", named(taken), named(left_out))
}

fn topics(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut topics = vec![("system", one_line(&plan.system.name, WORDS_CHARS_MAX))];
    if !plan.system.bugs.is_empty() {
        topics.push(("bugs", one_line(&plan.system.bugs.join(", "), WORDS_CHARS_MAX)));
    }
    for (topic, section) in [("config", &plan.system.config), ("workload", &plan.workload)] {
        if let Some(section) = section_text(section) {
            topics.push((topic, section));
        }
    }
    topics.extend(topology(&plan.topology));
    topics.push(("network", network(&plan.network)));
    for LinkProfile { from, to, direction, profile, correlation } in &plan.links {
        let link = format!("{} {} {}", node_list(from), arrow(*direction), node_list(to));
        let sticks = match correlation.is_zero() {
            true => String::new(),
            false => format!(", {correlation} correlated"),
        };
        topics.push(("", format!("{link}: {}{sticks}", network(profile))));
    }
    let (latency, fsync) = (plan.disk.latency, plan.disk.fsync);
    let capacity =
        plan.disk.capacity.map(|bytes| format!(", capacity {}", counted(bytes, "byte"))).unwrap_or_default();
    let times = format!("each operation {}..{}, each sync {}..{}", latency.0, latency.1, fsync.0, fsync.1);
    topics.push(("disk", times + &capacity));
    for reseed in &plan.reseed {
        topics.push(("reseed", format!("from {} draws come from seed {}", reseed.at, reseed.seed)));
    }
    topics
}

/// A section of the system's own; nothing if it is empty.
fn section_text(section: &Value) -> Option<String> {
    let empty = section.is_null() || section.as_object().is_some_and(serde_json::Map::is_empty);
    (!empty).then(|| one_line(&section.to_string(), CONFIG_CHARS_MAX))
}

fn topology(topology: &Topology) -> Vec<(&'static str, String)> {
    let roles: Vec<String> = topology
        .roles()
        .iter()
        .map(|role| {
            format!("{} {}", count(topology.role(role).count() as u64), one_line(role, WORDS_CHARS_MAX))
        })
        .collect();
    let nodes = counted(topology.nodes.len() as u64, "node");
    let mut lines = vec![("topology", format!("{nodes}: {}", roles.join(", ")))];
    for zone in &topology.zones {
        let inside = topology.nodes.iter().filter(|node| node.zone.as_ref() == Some(zone));
        let names = node_list(inside.map(|node| &node.name));
        lines.push(("", format!("zone {}: {names}", one_line(zone, WORDS_CHARS_MAX))));
    }
    lines
}

fn network(network: &NetworkProfile) -> String {
    let mut text = format!("latency {}", network.latency);
    if network.jitter.as_nanos() > 0 {
        write!(text, " and up to {} more", network.jitter).expect("writing to a string");
    }
    let chances = [("loss", network.loss), ("duplicate", network.duplicate), ("reorder", network.reorder)];
    for (name, chance) in chances {
        if chance.get() > 0 {
            write!(text, ", {name} {chance}").expect("writing to a string");
        }
    }
    if chances.iter().all(|(_, chance)| chance.get() == 0) {
        text += ", nothing is lost";
    }
    if !network.shape.is_uniform() {
        write!(text, ", {}", network.shape.name()).expect("writing to a string");
    }
    if let Some(Bandwidth { bytes_per_second, queue_bytes }) = network.bandwidth {
        let (rate, queue) = (counted(bytes_per_second, "byte"), counted(queue_bytes, "byte"));
        write!(text, ", {rate} a second with a queue of {queue}").expect("writing to a string");
    }
    if network.mtu != NetworkProfile::PERFECT.mtu {
        write!(text, ", packets of {}", counted(network.mtu.into(), "byte")).expect("writing to a string");
    }
    text
}

fn faults(plan: &Plan, style: Style) -> String {
    let topic = style.paint(Tone::Quiet, &format!("{:<10}", "faults"));
    let in_steps = plan.sequences.iter().flat_map(|sequence| &sequence.steps).flat_map(Step::faults).count();
    let mut text = format!("{topic}  {}\n", plan.faults.len() + in_steps);
    if !plan.faults.is_empty() {
        text += &fault_table(plan);
    }
    for sequence in &plan.sequences {
        let budget = if sequence.budget.may_refuse() { "  (if the budget allows)" } else { "" };
        writeln!(text, "  from {}, in steps{budget}", sequence.at).expect("writing to a string");
        steps(&mut text, &sequence.steps, 2);
    }
    for veto in &plan.vetoes {
        writeln!(
            text,
            "  vetoed    {}  {}  {}",
            veto.at,
            one_line(&veto.id.0, WORDS_CHARS_MAX),
            one_line(&veto.why, WORDS_CHARS_MAX)
        )
        .expect("writing to a string");
    }
    text
}

/// A line for each step, nested ones further in.
fn steps(text: &mut String, list: &[Step], depth: usize) {
    for step in list {
        let line = match step {
            Step::Fault(fault) => {
                let lasts = fault.lasts.map(|lasts| format!("for {lasts}: ")).unwrap_or_default();
                format!(
                    "{lasts}{}  [{}]",
                    action_words(&fault.action),
                    one_line(&fault.id.0, WORDS_CHARS_MAX)
                )
            }
            Step::Wait(span) => format!("wait {span}"),
            Step::WaitFor { event, timeout } => {
                let timeout = timeout.map(|timeout| format!(", at most {timeout}")).unwrap_or_default();
                format!("wait for {}{timeout}", one_line(event, WORDS_CHARS_MAX))
            }
            Step::Parallel(_) => "at once:".to_owned(),
            Step::Steps(_) => "one after the other:".to_owned(),
        };
        writeln!(text, "{:indent$}- {line}", "", indent = depth * 2).expect("writing to a string");
        if let Step::Parallel(members) | Step::Steps(members) = step {
            steps(text, members, depth + 1);
        }
    }
}

fn fault_table(plan: &Plan) -> String {
    let mut rows = Builder::new();
    rows.push_record(["at", "for", "fault", "does"]);
    for fault in &plan.faults {
        let lasts = fault.lasts.map_or_else(|| "the rest".to_owned(), |lasts| lasts.to_string());
        let budget = if fault.budget.may_refuse() { "  (if the budget allows)" } else { "" };
        rows.push_record([
            fault.at.to_string(),
            lasts,
            one_line(&fault.id.0, WORDS_CHARS_MAX),
            action_words(&fault.action) + budget,
        ]);
    }
    let mut table = rows.build();
    table.with(Lines::blank()).with(Padding::new(2, 0, 0, 0)).modify(Columns::new(..2), Alignment::right());
    trim_lines(&table.to_string())
}

/// Without the spaces that a table leaves at the ends of its lines.
fn trim_lines(table: &str) -> String {
    let mut text = String::with_capacity(table.len());
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn expectations(expect: &Expect, limits: &Limits) -> Vec<(&'static str, String)> {
    let mut lines = vec![(
        "expect",
        match &expect.invariants {
            InvariantChoice::All => "all invariants that apply".to_owned(),
            InvariantChoice::Named(names) => {
                format!("invariants {}", one_line(&names.join(", "), WORDS_CHARS_MAX))
            }
        },
    )];
    if let Some(within) = expect.steady_state {
        lines.push(("", format!("steady state within {within} of the start")));
    }
    if let Some(within) = expect.recovery {
        lines.push(("", format!("recovery within {within} of the last fault's end")));
    }
    if let Some(Availability { min, window, except }) = &expect.availability {
        let except = match except.is_empty() {
            true => String::new(),
            false => format!(" outside {}", one_line(&except.join(", "), WORDS_CHARS_MAX)),
        };
        lines.push(("", format!("{min} of operations `ok` in every {window}{except}")));
    }
    if let Some(LatencyBounds { p50, p99, max }) = expect.latency {
        let bounds = [("p50", p50), ("p99", p99), ("max", max)];
        let bounds = bounds.iter().filter_map(|(name, bound)| Some(format!("{name} {}", (*bound)?)));
        lines.push(("", format!("latency at most {}", bounds.collect::<Vec<_>>().join(", "))));
    }
    if !expect.sometimes.is_empty() {
        let names = one_line(&expect.sometimes.join(", "), WORDS_CHARS_MAX);
        lines.push(("", format!("in some seed: {names}")));
    }
    if let Some(known) = &expect.known_failure {
        let issue = known.issue.as_ref().map_or_else(String::new, |issue| format!(" ({issue})"));
        let strict = if known.strict { ", its absence is a failure" } else { "" };
        let names = known.invariants.join(" or ");
        lines.push(("", one_line(&format!("known failure of {names}{issue}{strict}"), WORDS_CHARS_MAX)));
    }
    lines.push(("limits", limits_text(limits)));
    lines
}

fn limits_text(limits: &Limits) -> String {
    let mut parts = Vec::new();
    parts.extend(limits.events.map(|events| counted(events, "event")));
    parts.extend(limits.wall.map(|wall| format!("{wall} of wall time")));
    parts.extend(limits.memory.map(|bytes| format!("{} bytes of memory", count(bytes))));
    parts.push(match limits.stop_on {
        StopOn::FirstViolation => "stops at the first violation".to_owned(),
        StopOn::End => "runs to its end".to_owned(),
    });
    parts.join(", ")
}
