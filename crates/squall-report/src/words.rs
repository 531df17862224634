//! Faults and nodes in words: `partition controller-1 → controller-2,3`.
//!
//! One wording for the plan, the timeline and the failure block, so that a reader recognises a
//! fault wherever it appears. Nothing here decides which nodes a selector means.

use std::collections::BTreeSet;

use squall_history::{
    Action, Direction, DiskFault, DiskTrouble, Filter, LinkSelector, Mode, NodeName, Partition, PlannedFault,
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
        Action::Kill(target) | Action::PowerLoss(target) | Action::Pause(target) => {
            format!("{keyword} {}", selector(target))
        }
        Action::Partition(Partition::Shape(shape)) => format!("{keyword} {}", shape.name()),
        Action::Partition(Partition::Cuts(cuts)) => {
            let written = cuts.iter().map(|cut| links(cut, spacing));
            format!("{keyword} {}", first_few(written, PARTS_SHOWN, "; "))
        }
        Action::Latency { link, latency, jitter } => {
            let jitter =
                if jitter.as_nanos() == 0 { String::new() } else { format!(" (jitter up to {jitter})") };
            format!("{keyword} +{latency}{jitter} on {}", links(link, spacing))
        }
        Action::Loss { link, loss } => format!("{keyword} {loss} on {}", links(link, spacing)),
        Action::Duplicate { link, duplicate } => {
            format!("{keyword} {duplicate} on {}", links(link, spacing))
        }
        Action::Reorder { link, reorder, delay } => {
            format!("{keyword} {reorder} by up to {delay} on {}", links(link, spacing))
        }
        Action::Disk(fault) => format!("{keyword} {}", disk(fault)),
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

fn links(link: &LinkSelector, spacing: Spacing) -> String {
    let arrow = match link.direction {
        Direction::To => "→",
        Direction::From => "←",
        Direction::Both => "↔",
    };
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
mod tests {
    use super::*;
    use squall_history::{DiskOp, FaultId, PartitionShape, Ppm, SimDuration, SimTime};

    fn nodes(names: &[&str]) -> Vec<NodeName> {
        names.iter().map(|name| NodeName::from(*name)).collect()
    }

    fn list(names: &[&str]) -> String {
        node_list(&nodes(names))
    }

    #[test]
    fn numbered_names_collapse() {
        assert_eq!(list(&["controller-2", "controller-3"]), "controller-2,3");
        assert_eq!(list(&["c-3", "c-1", "c-2", "c-4", "c-9"]), "c-1..4,9");
        assert_eq!(list(&["worker-1", "client-1", "worker-2"]), "worker-1,2, client-1");
        assert_eq!(list(&["a-b-7"]), "a-b-7");
        assert_eq!(list(&[]), "no node");
    }

    #[test]
    fn names_of_another_form_stay_as_they_are() {
        assert_eq!(list(&["n-01", "n-1", "alone"]), "n-01, n-1, alone");
        assert_eq!(list(&["x\u{1b}[2J"]), "x\\u{1b}[2J");
    }

    #[test]
    fn a_list_of_many_groups_is_cut() {
        assert_eq!(list(&["a", "b", "c", "d", "e", "f", "g", "h"]), "a, b, c, d, e, f, and 2 more");
    }

    fn link(direction: Direction) -> LinkSelector {
        LinkSelector {
            from: Selector::Nodes(nodes(&["controller-1"])),
            to: Some(Selector::Nodes(nodes(&["controller-2", "controller-3"]))),
            direction,
        }
    }

    fn check(action: Action, expected: &str) {
        assert_eq!(action_words(&action), expected);
    }

    #[test]
    fn every_action_has_its_words() {
        let ms = SimDuration::from_millis;
        let (to, both) = (link(Direction::To), link(Direction::Both));
        check(Action::Kill(Selector::Leader), "kill leader");
        check(Action::PowerLoss(Selector::Nodes(nodes(&["w-1"]))), "power-loss w-1");
        check(Action::Pause(Selector::Where(Filter::default())), "pause every node");
        check(Action::Partition(Partition::Shape(PartitionShape::Bridge)), "partition bridge");
        check(
            Action::Partition(Partition::Cuts(vec![to.clone(), both.clone()])),
            "partition controller-1 → controller-2,3; controller-1 ↔ controller-2,3",
        );
        check(
            Action::Latency { link: both.clone(), latency: ms(200), jitter: ms(50) },
            "latency +200ms (jitter up to 50ms) on controller-1 ↔ controller-2,3",
        );
        check(
            Action::Latency { link: to.clone(), latency: ms(200), jitter: SimDuration::ZERO },
            "latency +200ms on controller-1 → controller-2,3",
        );
        let (loss, from) = (Ppm::percent(30), LinkSelector { to: None, ..link(Direction::From) });
        check(Action::Loss { link: from, loss }, "loss 30% on controller-1 ← all others");
        check(
            Action::Duplicate { link: to.clone(), duplicate: Ppm::percent(1) },
            "duplicate 1% on controller-1 → controller-2,3",
        );
        check(
            Action::Reorder { link: to, reorder: Ppm::percent(2), delay: ms(10) },
            "reorder 2% by up to 10ms on controller-1 → controller-2,3",
        );
    }

    #[test]
    fn every_disk_fault_has_its_words() {
        let ms = SimDuration::from_millis;
        let on = |trouble, path: Option<&str>, expected| {
            let target = Selector::Nodes(nodes(&["w-1", "w-2"]));
            check(Action::Disk(DiskFault { target, path: path.map(str::to_owned), trouble }), expected);
        };
        let (ops, percent) = (vec![DiskOp::Read, DiskOp::Sync], Ppm::percent(10));
        on(
            DiskTrouble::Error { percent, ops },
            Some("ctl/**"),
            "disk error 10% of read/sync on w-1,2 (ctl/**)",
        );
        on(DiskTrouble::Full, None, "disk full on w-1,2");
        on(DiskTrouble::Slow { latency: (ms(10), ms(200)) }, None, "disk slow +10ms..200ms on w-1,2");
        on(DiskTrouble::Slow { latency: (ms(10), ms(10)) }, None, "disk slow +10ms on w-1,2");
        on(DiskTrouble::Throttle { rate: 3 << 20 }, None, "disk slow 3MiB/s on w-1,2");
        on(DiskTrouble::Throttle { rate: 1_000 }, None, "disk slow 1000B/s on w-1,2");
        on(DiskTrouble::Stall, None, "disk stall on w-1,2");
        on(DiskTrouble::TornWrite { percent }, None, "disk torn-write 10% of writes on w-1,2");
        on(DiskTrouble::Misdirected { percent }, None, "disk misdirected 10% of writes on w-1,2");
        on(DiskTrouble::LyingSync, None, "disk lying-sync on w-1,2");
        on(DiskTrouble::Corrupt(Rot::Percent(percent)), None, "disk corrupt 10% of sectors on w-1,2");
        on(DiskTrouble::Corrupt(Rot::Sectors(1)), Some("a"), "disk corrupt 1 sector on w-1,2 (a)");
    }

    #[test]
    fn selectors_that_are_still_open_say_what_they_ask_for() {
        let filter = |mode| {
            Selector::Where(Filter {
                roles: vec!["worker".to_owned(), "controller".to_owned()],
                zones: vec!["a".to_owned()],
                labels: [("tier".to_owned(), "control".to_owned())].into(),
                mode,
            })
        };
        let kill = |mode| Action::Kill(filter(mode));
        check(kill(Mode::All), "kill every worker/controller in zone a with tier=control");
        check(kill(Mode::One), "kill one worker/controller in zone a with tier=control");
        check(kill(Mode::Fixed(2)), "kill 2 × worker/controller in zone a with tier=control");
        check(
            kill(Mode::FixedPercent(Ppm::percent(34))),
            "kill 34% of worker/controller in zone a with tier=control",
        );
        check(
            kill(Mode::RandomMaxPercent(Ppm::percent(40))),
            "kill up to 40% of worker/controller in zone a with tier=control",
        );
    }

    #[test]
    fn a_fault_on_one_line_is_tight() {
        let fault = PlannedFault {
            id: FaultId("partition#1".into()),
            at: SimTime(3_900_000_000),
            lasts: None,
            obeys_budget: false,
            action: Action::Partition(Partition::Cuts(vec![link(Direction::To)])),
        };
        assert_eq!(fault_line(&fault), "3.900s partition controller-1→controller-2,3");
    }
}
