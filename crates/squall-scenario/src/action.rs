//! Fault actions: keyword and value to [`Action`], and templates whose ranges are drawn later.
//!
//! To add an action: its keyword and keys here, its writer in `write/fault.rs`, its meaning in
//! `squall-history`, its effect in the simulator.

use squall_history::{Action, LinkSelector, Partition, PartitionShape, Ppm, SimDuration};

use crate::any_range::{self, HasRanges, Pick};
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::disk_fault;
use crate::fields::{self, Fields, Keys};
use crate::range::{self, Address, Quantity};
use crate::scope::{Author, Scope};
use crate::selector::{self, From};
use crate::tree::{Entry, Kind, Node};

/// Actions of the design that are not built.
pub(crate) const PLANNED: [&str; 13] = [
    "stop",
    "slow",
    "wipe",
    "corrupt",
    "bandwidth",
    "hold",
    "reset",
    "refuse",
    "dns",
    "clock",
    "buggify",
    "hook",
    "admin",
];

/// Held back for up to this long where `reorder` does not say: longer than a local round trip.
const REORDER_DELAY: SimDuration = SimDuration::from_millis(10);

const LATENCY: Keys = Keys {
    of: "`latency`",
    known: &["from", "to", "direction", "latency", "jitter"],
    planned: &["correlation"],
};
const LOSS: Keys =
    Keys { of: "`loss`", known: &["from", "to", "direction", "loss"], planned: &["correlation"] };
const DUPLICATE: Keys =
    Keys { of: "`duplicate`", known: &["from", "to", "direction", "duplicate"], planned: &["correlation"] };
const REORDER: Keys = Keys {
    of: "`reorder`",
    known: &["from", "to", "direction", "reorder", "delay"],
    planned: &["correlation"],
};
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
        self.entry.key == "disk" && disk_fault::is_instant(&self.entry.value)
    }

    /// The action of one occurrence.
    pub(crate) fn draw(&self, address: &Address<'_>) -> Action {
        let value = resolve(&self.entry, Pick::Draw(&|path| address.field(path)));
        let scope = Scope { author: self.author, ..Scope::UNCHECKED };
        read(&self.entry.key, &value, &scope, &mut Report::default())
            .expect("both ends of its ranges were read when the scenario was")
    }
}

/// An action's value with its ranges drawn, but for those that are drawn while it is in force.
fn resolve(entry: &Entry, pick: Pick<'_>) -> Node {
    any_range::resolve_but(&entry.value, "", pick, |path| {
        entry.key == "disk" && path == disk_fault::DRAWN_BY_OPERATIONS
    })
}

fn read(keyword: &str, value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<Action> {
    Some(match keyword {
        "kill" => Action::Kill(target(value, scope, report)?),
        "power-loss" => Action::PowerLoss(target(value, scope, report)?),
        "pause" => Action::Pause(target(value, scope, report)?),
        "partition" => Action::Partition(partition(value, scope, report)?),
        "latency" => {
            let fields = Fields::open(value, LATENCY, report)?;
            let link = selector::link(&fields, From::Optional, scope, report);
            let latency = quantity(&fields, "latency", None, report);
            let jitter = quantity(&fields, "jitter", Some(SimDuration::ZERO), report);
            Action::Latency { link: link?, latency: latency?, jitter: jitter? }
        }
        "loss" => {
            let (link, loss) = chance(value, LOSS, "loss", scope, report)?;
            Action::Loss { link, loss }
        }
        "duplicate" => {
            let (link, duplicate) = chance(value, DUPLICATE, "duplicate", scope, report)?;
            Action::Duplicate { link, duplicate }
        }
        "reorder" => {
            let (link, reorder) = chance(value, REORDER, "reorder", scope, report)?;
            let delay =
                value.get("delay").map_or(Some(REORDER_DELAY), |entry| range::fixed(&entry.value, report));
            Action::Reorder { link, reorder, delay: delay? }
        }
        "disk" => Action::Disk(disk_fault::read(value, scope, report)?),
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
    selector::selector(options.require("target", report)?, scope, report)
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

fn chance(
    value: &Node,
    keys: Keys,
    key: &str,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Option<(LinkSelector, Ppm)> {
    let fields = Fields::open(value, keys, report)?;
    let link = selector::link(&fields, From::Optional, scope, report);
    let chance = quantity(&fields, key, None, report);
    Some((link?, chance?))
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
        _ if value.text() == Some("swizzle-clog") => {
            report.not_supported(value.span.clone(), "partition `swizzle-clog`");
            None
        }
        _ => fields::word(value, "partition shape", &PartitionShape::ALL, report).map(Partition::Shape),
    }
}

fn cut(node: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<LinkSelector> {
    let fields = Fields::open(node, CUT, report)?;
    selector::link(&fields, From::Required, scope, report)
}
