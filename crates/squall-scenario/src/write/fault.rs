//! Faults as entries of a plan file.

use squall_history::{
    Action, Bandwidth, BudgetRule, Chance, Cut, Direction, DiskFault, DiskTrouble, DnsTrouble, Filter,
    HookAct, HookWhen, Injection, LinkFault, LinkSelector, LinkTrouble, Mode, NodeFault, NodeTrouble,
    Partition, PlannedFault, Rot, Selector, Sequence, SimTime, Step,
};

use super::text::{quoted, sequence};
use super::{mapping, range, time};
use crate::budget;

/// One fault on one line.
pub(super) fn entry(fault: &PlannedFault) -> String {
    let mut parts = vec![format!("id: {}", quoted(&fault.id.0)), format!("at: {}", time(fault.at))];
    parts.extend(fault.lasts.map(|lasts| format!("for: {lasts}")));
    parts.extend(budget(fault.budget));
    parts.push(format!("{}: {}", fault.action.keyword(), action(&fault.action)));
    braces(parts)
}

fn budget(rule: BudgetRule) -> Option<String> {
    let word = budget::WORDS.iter().find(|(_, it)| *it == rule).map(|(word, _)| *word)?;
    rule.may_refuse().then(|| format!("budget: {word}"))
}

/// One fault on one line, as people write it: its id is left to be given.
pub(super) fn plain_entry(fault: &PlannedFault) -> String {
    let mut parts = vec![format!("at: {}", time(fault.at))];
    parts.extend(fault.lasts.map(|lasts| format!("for: {lasts}")));
    parts.push(format!("{}: {}", fault.action.keyword(), action(&fault.action)));
    braces(parts)
}

/// A sequence on one line, as people write it.
pub(super) fn plain_sequence(sequence: &Sequence) -> String {
    let mut parts = Vec::new();
    parts.extend((sequence.at > SimTime::ZERO).then(|| format!("at: {}", time(sequence.at))));
    parts.push(format!("steps: {}", plain_steps(&sequence.steps)));
    braces(parts)
}

fn plain_steps(steps: &[Step]) -> String {
    sequence(steps.iter().map(plain_step))
}

fn plain_step(step: &Step) -> String {
    match step {
        Step::Fault(fault) => {
            let mut parts: Vec<String> =
                fault.lasts.map(|lasts| format!("for: {lasts}")).into_iter().collect();
            parts.push(format!("{}: {}", fault.action.keyword(), action(&fault.action)));
            braces(parts)
        }
        Step::WaitFor { event, timeout: None } => format!("{{ wait-for: {} }}", quoted(event)),
        Step::Parallel(members) => format!("{{ parallel: {} }}", plain_steps(members)),
        Step::Steps(members) => format!("{{ steps: {} }}", plain_steps(members)),
        Step::Wait(_) | Step::WaitFor { .. } => self::step(step),
    }
}

/// A sequence on one line.
pub(super) fn sequence_entry(sequence: &Sequence) -> String {
    let mut parts = vec![format!("at: {}", time(sequence.at))];
    parts.extend(budget(sequence.budget));
    parts.push(format!("steps: {}", steps(&sequence.steps)));
    braces(parts)
}

fn steps(steps: &[Step]) -> String {
    sequence(steps.iter().map(step))
}

fn step(step: &Step) -> String {
    match step {
        Step::Fault(fault) => {
            let mut parts = vec![format!("id: {}", quoted(&fault.id.0))];
            parts.extend(fault.lasts.map(|lasts| format!("for: {lasts}")));
            parts.push(format!("{}: {}", fault.action.keyword(), action(&fault.action)));
            braces(parts)
        }
        Step::Wait(span) => format!("{{ wait: {span} }}"),
        Step::WaitFor { event, timeout } => {
            let timeout = timeout.map(|timeout| format!(", timeout: {timeout}")).unwrap_or_default();
            format!("{{ wait-for: {{ event: {}{timeout} }} }}", quoted(event))
        }
        Step::Parallel(members) => format!("{{ parallel: {} }}", steps(members)),
        Step::Steps(members) => format!("{{ steps: {} }}", steps(members)),
    }
}

fn action(action: &Action) -> String {
    match action {
        Action::Kill(target) | Action::PowerLoss(target) | Action::Pause(target) | Action::Wipe(target) => {
            selector(target)
        }
        Action::Stop { target, grace } => {
            braces(vec![format!("target: {}", selector(target)), format!("grace: {grace}")])
        }
        Action::Partition(Partition::Shape(shape)) => shape.name().to_owned(),
        Action::Partition(Partition::Cuts(cuts)) => match &cuts[..] {
            [cut] => braces(link(cut)),
            cuts => format!("{{ cuts: {} }}", sequence(cuts.iter().map(|cut: &Cut| braces(link(cut))))),
        },
        Action::Link(fault) => on_links(fault),
        Action::Node(fault) => node(fault),
        Action::Disk(fault) => disk(fault),
        Action::Core(size) => size.name().to_owned(),
    }
}

fn on_links(fault: &LinkFault) -> String {
    let chance = |key: &'static str, chance: &Chance| {
        let mut values = vec![(key, chance.percent.to_string())];
        if !chance.correlation.is_zero() {
            values.push(("correlation", chance.correlation.to_string()));
        }
        values
    };
    let values = match &fault.trouble {
        LinkTrouble::Latency { latency, jitter, shape, correlation } => {
            let mut values = vec![("latency", latency.to_string()), ("jitter", jitter.to_string())];
            if !shape.is_uniform() {
                values.push(("shape", shape.name().to_owned()));
            }
            if !correlation.is_zero() {
                values.push(("correlation", correlation.to_string()));
            }
            values
        }
        LinkTrouble::Loss(percent) => chance("loss", percent),
        LinkTrouble::Duplicate(percent) => chance("duplicate", percent),
        LinkTrouble::Corrupt(percent) => chance("corrupt", percent),
        LinkTrouble::Reorder { chance: percent, delay } => {
            let mut values = chance("reorder", percent);
            values.push(("delay", delay.to_string()));
            values
        }
        LinkTrouble::Bandwidth(Bandwidth { bytes_per_second, queue_bytes }) => {
            vec![("rate", format!("{bytes_per_second}B/s")), ("queue", format!("{queue_bytes}B"))]
        }
        LinkTrouble::Dns(trouble) => {
            let mut values = vec![("fault", trouble.word().to_owned())];
            if let DnsTrouble::Slow { latency } = trouble {
                values.push(("latency", range(*latency)));
            }
            values
        }
        LinkTrouble::Hold | LinkTrouble::Reset | LinkTrouble::Refuse => Vec::new(),
    };
    with(&fault.link, &values)
}

fn node(fault: &NodeFault) -> String {
    let mut parts = vec![format!("target: {}", selector(&fault.target))];
    match &fault.trouble {
        NodeTrouble::Slow { factor } => parts.push(format!("factor: {factor}")),
        NodeTrouble::Clock(clock) => {
            parts.extend(clock.skew.map(|skew| format!("skew: {skew}")));
            parts.extend(clock.drift.map(|drift| format!("drift: {drift}")));
            parts.extend(clock.jump.map(|jump| format!("jump: {jump}")));
            parts.extend(clock.freeze.then(|| "freeze: true".to_owned()));
        }
        NodeTrouble::Buggify(buggify) => {
            if !buggify.sites.is_empty() {
                parts.push(format!("sites: {}", sequence(buggify.sites.iter().map(|site| quoted(site)))));
            }
            parts.push(format!("enable: {}, fire: {}", buggify.enable, buggify.fire));
        }
        NodeTrouble::Hook(hook) => {
            parts.push(format!("point: {}", quoted(&hook.point)));
            parts.push(match &hook.when {
                HookWhen::Nth(nth) => format!("nth: {nth}"),
                HookWhen::Percent(percent) => format!("percent: {percent}"),
                HookWhen::Listed(places) => format!("injections: {}", sequence(places.iter().map(injection))),
            });
            parts.push(match hook.act {
                HookAct::Kill { restart } => format!("crash: kill, restart: {restart}"),
                HookAct::PowerLoss { restart } => format!("crash: power-loss, restart: {restart}"),
                HookAct::Delay { delay } => format!("delay: {}", range(delay)),
            });
        }
    }
    braces(parts)
}

fn injection(at: &Injection) -> String {
    let (site, node) = (quoted(&at.site), quoted(at.node.as_str()));
    format!("{{ site: {site}, node: {node}, nth: {} }}", at.nth)
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
        DiskTrouble::Throttle { rate } => parts.push(format!("rate: {rate}B/s")),
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
    parts.extend(filter.prefer.map(|prefer| format!("prefer: {}", prefer.name())));
    braces(parts)
}
