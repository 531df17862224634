//! Fault actions: keyword and value to [`Action`], and templates whose ranges are drawn later.
//!
//! To add an action: its keyword and keys here (or in the file of its family), its writer in
//! `write/fault.rs`, its meaning in `squall-history`, its effect in the simulator.

use squall_history::{Action, CoreSize, LinkSelector, Partition, PartitionShape, Ppm, SimDuration};

use crate::any_range::{self, HasRanges, Pick};
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::disk_fault;
use crate::fields::{self, Fields, Keys};
use crate::range::{self, Address, Quantity, Ranged};
use crate::scope::{Author, Scope};
use crate::selector::{self, From};
use crate::tree::{Entry, Kind, Node};

pub(crate) mod link;
mod node;

/// Actions of the design that are not built.
pub(crate) const PLANNED: [&str; 1] = ["admin"];

/// How long a node may take to stop where `stop` does not say: what container platforms give.
const GRACE: SimDuration = SimDuration::from_secs(10);

const CUT: Keys = Keys { of: "`partition`", known: &["from", "to", "direction"], planned: &[] };
const CUTS: Keys = Keys { of: "`partition`", known: &["cuts"], planned: &[] };

/// An action as written, whose ranges are drawn for each occurrence.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Template {
    entry: Entry,
    author: Author,
}

impl Template {
    /// Checks an action at both ends of its ranges. `None` after an error, or if it cannot be run yet.
    pub(crate) fn read(entry: &Entry, scope: &Scope<'_>, report: &mut Report) -> Option<Self> {
        let before = report.errors();
        let ranges = any_range::check(&entry.value, report);
        if report.errors() > before {
            return None;
        }
        let low = resolve(entry, Pick::Low);
        let action = read(&entry.key, &low, scope, report);
        if ranges == HasRanges::Yes {
            let high = resolve(entry, Pick::High);
            let mut again = Report::default();
            read(&entry.key, &high, scope, &mut again);
            report.merge(again);
        }
        let fine = action.is_some() && report.errors() == before;
        fine.then(|| Self { entry: entry.clone(), author: scope.author })
    }

    /// Its keyword.
    pub(crate) fn keyword(&self) -> &str {
        &self.entry.key
    }

    /// Whether it is over as soon as it is done.
    pub(crate) fn is_instant(&self) -> bool {
        let low = resolve(&self.entry, Pick::Low);
        read(&self.entry.key, &low, &self.unchecked(), &mut Report::default())
            .is_some_and(|action| action.is_instant())
    }

    fn unchecked(&self) -> Scope<'static> {
        Scope { author: self.author, ..Scope::UNCHECKED }
    }

    /// The action of one occurrence.
    pub(crate) fn draw(&self, address: &Address<'_>) -> Action {
        let value = resolve(&self.entry, Pick::Draw(&|path| address.field(path)));
        read(&self.entry.key, &value, &self.unchecked(), &mut Report::default())
            .expect("both ends of its ranges were read when the scenario was")
    }
}

/// An action's value with its ranges drawn, but for those that are drawn while it is in force.
fn resolve(entry: &Entry, pick: Pick<'_>) -> Node {
    any_range::resolve_but(&entry.value, "", pick, |path| {
        DRAWN_IN_FORCE.iter().any(|(keyword, key)| entry.key == *keyword && path == *key)
    })
}

/// Keys whose range each operation, lookup or passage draws from for itself: planning leaves them.
const DRAWN_IN_FORCE: [(&str, &str); 3] =
    [("disk", disk_fault::DRAWN_BY_OPERATIONS), ("dns", "latency"), ("hook", "delay")];

fn read(keyword: &str, value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<Action> {
    Some(match keyword {
        "kill" => Action::Kill(target(value, scope, report)?),
        "power-loss" => Action::PowerLoss(target(value, scope, report)?),
        "pause" => Action::Pause(target(value, scope, report)?),
        "wipe" => Action::Wipe(target(value, scope, report)?),
        "stop" => stop(value, scope, report)?,
        "partition" => Action::Partition(partition(value, scope, report)?),
        "core" => Action::Core(fields::word(value, "size of a core", &CoreSize::ALL, report)?),
        "disk" => Action::Disk(disk_fault::read(value, scope, report)?),
        _ if link::KEYWORDS.contains(&keyword) => Action::Link(link::read(keyword, value, scope, report)?),
        _ if node::KEYWORDS.contains(&keyword) => Action::Node(node::read(keyword, value, scope, report)?),
        _ => return None,
    })
}

/// A selector, alone or as `target` of an options map.
fn target(value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<squall_history::Selector> {
    const OPTIONS: Keys = Keys { of: "a node action", known: &["target"], planned: &[] };
    if value.get("target").is_none() {
        return selector::selector(value, scope, report);
    }
    let options = Fields::open(value, OPTIONS, report)?;
    target_of(&options, scope, report)
}

/// The `target` of an options map.
fn target_of(
    fields: &Fields<'_>,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Option<squall_history::Selector> {
    selector::selector(fields.require("target", report)?, scope, report)
}

/// Who, alone or with how long it may take.
fn stop(value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<Action> {
    const OPTIONS: Keys = Keys { of: "`stop`", known: &["target", "grace"], planned: &[] };
    if value.get("target").is_none() {
        return Some(Action::Stop { target: selector::selector(value, scope, report)?, grace: GRACE });
    }
    let options = Fields::open(value, OPTIONS, report)?;
    let target = target_of(&options, scope, report);
    let grace = quantity(&options, "grace", Some(GRACE), report);
    Some(Action::Stop { target: target?, grace: grace? })
}

fn quantity<T: Quantity>(
    fields: &Fields<'_>,
    key: &str,
    default: Option<T>,
    report: &mut Report,
) -> Option<T> {
    match (fields.get(key), default) {
        (None, Some(default)) => Some(default),
        (None, None) => {
            fields.require(key, report);
            None
        }
        (Some(node), _) => range::fixed(node, report),
    }
}

/// A range that is drawn from while the fault is in force, or one value.
fn span(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<(SimDuration, SimDuration)> {
    let range = fields.require(key, report).and_then(|node| Ranged::read(node, report))?;
    Some((range.low, range.high))
}

/// A share above nothing, whole if it is not given.
fn share(fields: &Fields<'_>, key: &str, default: Ppm, report: &mut Report) -> Option<Ppm> {
    quantity(fields, key, Some(default), report)
}

fn partition(value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<Partition> {
    match &value.kind {
        Kind::Map(_) if value.get("cuts").is_some() => {
            let fields = Fields::open(value, CUTS, report)?;
            let list = fields::list(fields.require("cuts", report)?, "`cuts`", report)?;
            if list.is_empty() && scope.author == Author::Person {
                let error = report.error(Code::EmptySelector, value.head(), "the partition cuts nothing");
                error.label("no cut is listed");
                return None;
            }
            let cuts: Vec<_> = list.iter().map(|item| cut(item, scope, report)).collect();
            Some(Partition::Cuts(cuts.into_iter().collect::<Option<_>>()?))
        }
        Kind::Map(_) => Some(Partition::Cuts(vec![cut(value, scope, report)?])),
        _ => fields::word(value, "partition shape", &PartitionShape::ALL, report).map(Partition::Shape),
    }
}

fn cut(node: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<LinkSelector> {
    let fields = Fields::open(node, CUT, report)?;
    selector::link(&fields, From::Required, scope, report)
}
