//! Faults and nodes in words: `partition controller-1 → controller-2,3`.
//!
//! One wording for the plan, the timeline and the failure block, so that a reader recognises a
//! fault wherever it appears. Nothing here decides which nodes a selector means.

use std::collections::BTreeSet;

use squall_history::{
    Action, Bandwidth, Buggify, Chance, Direction, DiskFault, DiskTrouble, DnsTrouble, Filter, Hook, HookAct,
    HookWhen, LinkSelector, LinkTrouble, Mode, NodeName, NodeTrouble, Partition, PlannedFault, Ppm, Prefer,
    Rot, Selector,
};

use crate::text::{counted, first_few, one_line};

/// Parts of one list (groups of nodes, cuts of a partition) that are spelled out.
const PARTS_SHOWN: usize = 6;
/// From this many consecutive numbers on, a list becomes a range.
const RANGE_FROM: usize = 4;

/// One fault on one line, with its moment: `3.900s partition controller-1→controller-2,3`.
pub fn fault_line(fault: &PlannedFault) -> String {
    format!("{} {}", fault.at, describe(&fault.action, Spacing::Tight))
}

/// What a fault does, in words: `partition controller-1 → controller-2,3`.
pub fn action_words(action: &Action) -> String {
    describe(action, Spacing::Wide)
}

/// Names of nodes with their numbers collapsed: `controller-1,3`, `worker-1..12`.
pub fn node_list<'a>(names: impl IntoIterator<Item = &'a NodeName>) -> String {
    let mut groups: Vec<(String, BTreeSet<u32>)> = Vec::new();
    for name in names {
        let (role, number) = match split(name.as_str()) {
            Some((role, number)) => (role, Some(number)),
            None => (name.as_str(), None),
        };
        let role = one_line(role, 60);
        let group = match groups
            .iter()
            .position(|(known, numbers)| *known == role && numbers.is_empty() == number.is_none())
        {
            Some(place) => &mut groups[place],
            None => groups.push_mut((role, BTreeSet::new())),
        };
        group.1.extend(number);
    }
    if groups.is_empty() {
        return "no node".to_owned();
    }
    let written = groups.iter().map(|(role, numbers)| match numbers.is_empty() {
        true => role.clone(),
        false => format!("{role}-{}", number_list(numbers)),
    });
    first_few(written, PARTS_SHOWN, ", ")
}

/// Whether arrows stand between spaces.
#[derive(Clone, Copy)]
enum Spacing {
    Wide,
    Tight,
}

fn describe(action: &Action, spacing: Spacing) -> String {
    let keyword = action.keyword();
    match action {
        Action::Kill(target) | Action::PowerLoss(target) | Action::Pause(target) | Action::Wipe(target) => {
            format!("{keyword} {}", selector(target))
        }
        Action::Partition(Partition::Shape(shape)) => format!("{keyword} {}", shape.name()),
        Action::Partition(Partition::Cuts(cuts)) => {
            let written = cuts.iter().map(|cut| links(cut, spacing));
            format!("{keyword} {}", first_few(written, PARTS_SHOWN, "; "))
        }
        Action::Stop { target, grace } => format!("{keyword} {} within {grace}", selector(target)),
        Action::Link(fault) => format!("{} on {}", on_link(&fault.trouble), links(&fault.link, spacing)),
        Action::Node(fault) => format!("{} on {}", on_node(&fault.trouble), selector(&fault.target)),
        Action::Disk(fault) => format!("{keyword} {}", disk(fault)),
        Action::Core(size) => format!("{keyword} {}", size.name()),
    }
}

fn on_link(trouble: &LinkTrouble) -> String {
    let word = trouble.keyword();
    let sticky = |correlation: Ppm| match correlation.is_zero() {
        true => String::new(),
        false => format!(" ({correlation} correlated)"),
    };
    let chance = |chance: &Chance| format!("{word} {}{}", chance.percent, sticky(chance.correlation));
    match trouble {
        LinkTrouble::Latency { latency, jitter, shape, correlation } => {
            let shape = if shape.is_uniform() { String::new() } else { format!(", {}", shape.name()) };
            let jitter = match jitter.as_nanos() {
                0 => String::new(),
                _ => format!(" (jitter up to {jitter}{shape})"),
            };
            format!("{word} +{latency}{jitter}{}", sticky(*correlation))
        }
        LinkTrouble::Loss(percent) | LinkTrouble::Duplicate(percent) | LinkTrouble::Corrupt(percent) => {
            chance(percent)
        }
        LinkTrouble::Reorder { chance: percent, delay } => format!("{} by up to {delay}", chance(percent)),
        LinkTrouble::Bandwidth(Bandwidth { bytes_per_second, queue_bytes }) => {
            let (rate, queue) = (counted(*bytes_per_second, "byte"), counted(*queue_bytes, "byte"));
            format!("{word} {rate} per second, queue {queue}")
        }
        LinkTrouble::Dns(DnsTrouble::Slow { latency: (low, high) }) => format!("{word} slow +{low}..{high}"),
        LinkTrouble::Dns(trouble) => format!("{word} {}", trouble.word()),
        LinkTrouble::Hold | LinkTrouble::Reset | LinkTrouble::Refuse => word.to_owned(),
    }
}

fn on_node(trouble: &NodeTrouble) -> String {
    let word = trouble.keyword();
    match trouble {
        NodeTrouble::Slow { factor } => format!("{word} {factor}×"),
        NodeTrouble::Clock(clock) => {
            let mut parts = Vec::new();
            parts.extend(clock.skew.map(|skew| format!("skew {skew}")));
            parts.extend(clock.drift.map(|drift| format!("drift {drift}")));
            parts.extend(clock.jump.map(|jump| format!("jump {jump}")));
            parts.extend(clock.freeze.then(|| "freeze".to_owned()));
            format!("{word} {}", parts.join(", "))
        }
        NodeTrouble::Buggify(Buggify { sites, enable, fire }) => {
            let sites = match sites.is_empty() {
                true => "sites".to_owned(),
                false => first_few(sites.iter().map(|site| one_line(site, 60)), PARTS_SHOWN, ", "),
            };
            format!("{word} {enable} of {sites}, firing {fire}")
        }
        NodeTrouble::Hook(Hook { point, when, act }) => {
            let when = match when {
                HookWhen::Nth(nth) => format!("passage {nth}"),
                HookWhen::Percent(percent) => percent.to_string(),
                HookWhen::Listed(places) => counted(places.len() as u64, "passage"),
            };
            let act = match act {
                HookAct::Kill { restart } => format!("kill for {restart}"),
                HookAct::PowerLoss { restart } => format!("power-loss for {restart}"),
                HookAct::Delay { delay: (low, high) } => format!("delay {low}..{high}"),
            };
            format!("{word} {} ({when}): {act}", one_line(point, 60))
        }
    }
}

fn disk(fault: &DiskFault) -> String {
    let word = fault.trouble.word();
    let what = match &fault.trouble {
        DiskTrouble::Error { percent, ops } => {
            let ops: Vec<&str> = ops.iter().map(|op| op.name()).collect();
            format!("{word} {percent} of {}", ops.join("/"))
        }
        DiskTrouble::Slow { latency: (low, high) } if low == high => format!("{word} +{low}"),
        DiskTrouble::Slow { latency: (low, high) } => format!("{word} +{low}..{high}"),
        DiskTrouble::Corrupt(Rot::Percent(share)) => format!("{word} {share} of sectors"),
        DiskTrouble::Corrupt(Rot::Sectors(count)) => format!("{word} {}", counted((*count).into(), "sector")),
        DiskTrouble::Throttle { rate } => format!("{word} {}/s", size(*rate)),
        DiskTrouble::TornWrite { percent } | DiskTrouble::Misdirected { percent } => {
            format!("{word} {percent} of writes")
        }
        DiskTrouble::Full | DiskTrouble::Stall | DiskTrouble::LyingSync => word.to_owned(),
    };
    let path = fault.path.as_deref().map(|path| format!(" ({})", one_line(path, 60))).unwrap_or_default();
    format!("{what} on {}{path}", selector(&fault.target))
}

/// Bytes in the largest unit that divides them.
fn size(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", bytes / unit),
        None => format!("{bytes}B"),
    }
}

/// Which way packets go, seen from the left.
pub(crate) const fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::To => "→",
        Direction::From => "←",
        Direction::Both => "↔",
    }
}

fn links(link: &LinkSelector, spacing: Spacing) -> String {
    let arrow = arrow(link.direction);
    let to = link.to.as_ref().map_or_else(|| "all others".to_owned(), selector);
    match spacing {
        Spacing::Wide => format!("{} {arrow} {to}", selector(&link.from)),
        Spacing::Tight => format!("{}{arrow}{to}", selector(&link.from)),
    }
}

fn selector(selector: &Selector) -> String {
    match selector {
        Selector::Leader => "leader".to_owned(),
        Selector::Nodes(nodes) => node_list(nodes),
        Selector::Where(filter) => matching(filter),
    }
}

fn matching(filter: &Filter) -> String {
    let mut what = match filter.roles.is_empty() {
        true => "node".to_owned(),
        false => filter.roles.join("/"),
    };
    if !filter.zones.is_empty() {
        what += &format!(" in zone {}", filter.zones.join("/"));
    }
    for (key, value) in &filter.labels {
        what += &format!(" with {key}={value}");
    }
    if filter.prefer == Some(Prefer::IoInFlight) {
        what += ", rather with IO in flight";
    }
    let what = one_line(&what, 200);
    match filter.mode {
        Mode::All => format!("every {what}"),
        Mode::One => format!("one {what}"),
        Mode::Fixed(number) => format!("{number} × {what}"),
        Mode::FixedPercent(share) => format!("{share} of {what}"),
        Mode::RandomMaxPercent(share) => format!("up to {share} of {what}"),
    }
}

/// Role and number of a name that [`NodeName::of_role`] made.
fn split(name: &str) -> Option<(&str, u32)> {
    let (role, digits) = name.rsplit_once('-')?;
    let number: u32 = digits.parse().ok()?;
    // `n-01` and `n-1` are two nodes, so only the canonical form may be taken apart.
    (number.to_string() == digits).then_some((role, number))
}

fn number_list(numbers: &BTreeSet<u32>) -> String {
    let mut runs: Vec<Vec<u32>> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last.checked_add(1) == Some(number)) => {
                run.push(number);
            }
            _ => runs.push(vec![number]),
        }
    }
    let written = runs.iter().map(|run| match run.as_slice() {
        [first, .., last] if run.len() >= RANGE_FROM => format!("{first}..{last}"),
        _ => run.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
    });
    first_few(written, 4 * PARTS_SHOWN, ",")
}

#[cfg(test)]
mod tests;
