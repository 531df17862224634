//! Faults as entries of a plan file.

use squall_history::{
    Action, Cut, Direction, DiskFault, DiskTrouble, Filter, LinkSelector, Mode, Partition, PlannedFault, Rot,
    Selector,
};

use super::text::{quoted, sequence};
use super::{mapping, range, time};

/// One fault on one line.
pub(super) fn entry(fault: &PlannedFault) -> String {
    let mut parts = vec![format!("id: {}", quoted(&fault.id.0)), format!("at: {}", time(fault.at))];
    parts.extend(fault.lasts.map(|lasts| format!("for: {lasts}")));
    if fault.obeys_budget {
        parts.push("obeys-budget: true".to_owned());
    }
    parts.push(format!("{}: {}", fault.action.keyword(), action(&fault.action)));
    format!("{{ {} }}", parts.join(", "))
}

fn action(action: &Action) -> String {
    match action {
        Action::Kill(target) | Action::PowerLoss(target) | Action::Pause(target) => selector(target),
        Action::Partition(Partition::Shape(shape)) => shape.name().to_owned(),
        Action::Partition(Partition::Cuts(cuts)) => match &cuts[..] {
            [cut] => braces(link(cut)),
            cuts => format!("{{ cuts: {} }}", sequence(cuts.iter().map(|cut: &Cut| braces(link(cut))))),
        },
        Action::Latency { link: at, latency, jitter } => {
            with(at, &[("latency", latency.to_string()), ("jitter", jitter.to_string())])
        }
        Action::Loss { link: at, loss } => with(at, &[("loss", loss.to_string())]),
        Action::Duplicate { link: at, duplicate } => with(at, &[("duplicate", duplicate.to_string())]),
        Action::Reorder { link: at, reorder, delay } => {
            with(at, &[("reorder", reorder.to_string()), ("delay", delay.to_string())])
        }
        Action::Disk(fault) => disk(fault),
    }
}

fn disk(fault: &DiskFault) -> String {
    let mut parts =
        vec![format!("target: {}", selector(&fault.target)), format!("fault: {}", fault.trouble.word())];
    parts.extend(fault.path.as_deref().map(|path| format!("path: {}", quoted(path))));
    match &fault.trouble {
        DiskTrouble::Error { percent, ops } => {
            let ops = sequence(ops.iter().map(|op| op.name().to_owned()));
            parts.push(format!("percent: {percent}, ops: {ops}"));
        }
        DiskTrouble::Slow { latency } => parts.push(format!("latency: {}", range(*latency))),
        DiskTrouble::Throttle { rate } => parts.push(format!("rate: {rate}B")),
        DiskTrouble::TornWrite { percent } | DiskTrouble::Misdirected { percent } => {
            parts.push(format!("percent: {percent}"))
        }
        DiskTrouble::Corrupt(Rot::Percent(share)) => parts.push(format!("percent: {share}")),
        DiskTrouble::Corrupt(Rot::Sectors(count)) => parts.push(format!("sectors: {count}")),
        DiskTrouble::Full | DiskTrouble::Stall | DiskTrouble::LyingSync => {}
    }
    braces(parts)
}

fn braces(parts: Vec<String>) -> String {
    format!("{{ {} }}", parts.join(", "))
}

fn with(at: &LinkSelector, values: &[(&str, String)]) -> String {
    let mut parts = link(at);
    parts.extend(values.iter().map(|(key, value)| format!("{key}: {value}")));
    braces(parts)
}

fn link(link: &LinkSelector) -> Vec<String> {
    let mut parts = vec![format!("from: {}", selector(&link.from))];
    parts.extend(link.to.as_ref().map(|to| format!("to: {}", selector(to))));
    match link.direction {
        Direction::To => parts.push("direction: to".to_owned()),
        Direction::From => parts.push("direction: from".to_owned()),
        Direction::Both => {}
    }
    parts
}

fn selector(selector: &Selector) -> String {
    match selector {
        Selector::Leader => "leader".to_owned(),
        Selector::Nodes(nodes) => match &nodes[..] {
            [node] => quoted(node.as_str()),
            nodes => sequence(nodes.iter().map(|node| quoted(node.as_str()))),
        },
        Selector::Where(filter) => self::filter(filter),
    }
}

fn filter(filter: &Filter) -> String {
    let names = |names: &[String]| match names {
        [name] => quoted(name),
        names => sequence(names.iter().map(|name| quoted(name))),
    };
    let mut parts = Vec::new();
    if !filter.roles.is_empty() {
        parts.push(format!("role: {}", names(&filter.roles)));
    }
    if !filter.zones.is_empty() {
        parts.push(format!("zone: {}", names(&filter.zones)));
    }
    if !filter.labels.is_empty() {
        parts.push(format!("label: {}", mapping(&filter.labels)));
    }
    match filter.mode {
        // An empty selector would be refused as a mistake.
        Mode::All if parts.is_empty() => parts.push("mode: all".to_owned()),
        Mode::All => {}
        Mode::One => parts.push("mode: one".to_owned()),
        Mode::Fixed(count) => parts.push(format!("mode: fixed, value: {count}")),
        Mode::FixedPercent(share) => parts.push(format!("mode: fixed-percent, value: {share}")),
        Mode::RandomMaxPercent(share) => parts.push(format!("mode: random-max-percent, value: {share}")),
    }
    braces(parts)
}
