//! Selectors: which nodes, and which links between them.

use std::collections::BTreeMap;

use squall_history::{Direction, Filter, LinkSelector, Mode, NodeName, Ppm, Prefer, Selector};

use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range;
use crate::scope::{Author, Scope};
use crate::tree::{Kind, Node};

const FILTER: Keys =
    Keys { of: "a selector", known: &["role", "zone", "label", "mode", "value", "prefer"], planned: &[] };

const DIRECTIONS: [(&str, Direction); 3] =
    [("to", Direction::To), ("from", Direction::From), ("both", Direction::Both)];

/// Reads a node name, `leader`, a list of node names, or a filter.
pub(crate) fn selector(node: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<Selector> {
    match &node.kind {
        Kind::Map(entries) if entries.is_empty() => {
            empty(node, report);
            None
        }
        Kind::Map(_) => filter(node, scope, report).map(Selector::Where),
        Kind::List(_) => nodes(node, scope, report),
        Kind::Scalar(_) => match fields::text(node, "the selector", report)? {
            "leader" => Some(Selector::Leader),
            name => {
                scope.check_node(node, name, report);
                Some(Selector::Nodes(vec![NodeName::from(name)]))
            }
        },
    }
}

fn nodes(node: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<Selector> {
    let names = fields::texts(node, "a node name", report)?;
    if names.is_empty() && scope.author == Author::Person {
        empty(node, report);
        return None;
    }
    for (name, item) in &names {
        scope.check_node(item, name, report);
    }
    Some(Selector::Nodes(names.into_iter().map(|(name, _)| NodeName::from(name)).collect()))
}

fn empty(node: &Node, report: &mut Report) {
    let error = report.error(Code::EmptySelector, node.head(), "the selector names no node");
    error.label("nothing is selected").help("to mean every node write `{ mode: all }`");
}

fn filter(node: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<Filter> {
    let before = report.errors();
    let fields = Fields::open(node, FILTER, report)?;
    let mut filter = Filter::default();
    for (key, names) in [("role", &mut filter.roles), ("zone", &mut filter.zones)] {
        let Some(value) = fields.get(key) else { continue };
        let given = fields::texts(value, key, report)?;
        if given.is_empty() {
            empty(value, report);
        }
        for (name, item) in given {
            match key {
                "role" => scope.check_role(item, name, report),
                _ => scope.check_zone(item, name, report),
            }
            names.push(name.to_owned());
        }
    }
    if let Some(value) = fields.get("label") {
        filter.labels = labels(value, report)?;
    }
    filter.mode = mode(&fields, report)?;
    if let Some(node) = fields.get("prefer") {
        filter.prefer = fields::word(node, "preference", &Prefer::ALL, report);
    }
    (report.errors() == before).then_some(filter)
}

/// A mapping of texts to texts.
pub(crate) fn labels(node: &Node, report: &mut Report) -> Option<BTreeMap<String, String>> {
    let Kind::Map(entries) = &node.kind else {
        fields::wrong_type(node, "the labels", "a mapping", report);
        return None;
    };
    let mut labels = BTreeMap::new();
    for entry in entries {
        labels.insert(entry.key.clone(), fields::text(&entry.value, "the label", report)?.to_owned());
    }
    Some(labels)
}

#[derive(Clone, Copy)]
enum ModeWord {
    All,
    One,
    Fixed,
    FixedPercent,
    RandomMaxPercent,
}

const MODES: [(&str, ModeWord); 5] = [
    ("one", ModeWord::One),
    ("all", ModeWord::All),
    ("fixed", ModeWord::Fixed),
    ("fixed-percent", ModeWord::FixedPercent),
    ("random-max-percent", ModeWord::RandomMaxPercent),
];

fn mode(fields: &Fields<'_>, report: &mut Report) -> Option<Mode> {
    let mode = fields.get("mode");
    let word = mode.map_or(Some(ModeWord::All), |mode| fields::word(mode, "mode", &MODES, report))?;
    let value = fields.get("value");
    if let (ModeWord::All | ModeWord::One, Some(value)) = (word, value) {
        let error = report.error(Code::SelectorValue, value.span.clone(), "this mode takes no `value`");
        error.label("without meaning here").help("for a number of nodes write `mode: fixed`");
        return None;
    }
    Some(match word {
        ModeWord::All => Mode::All,
        ModeWord::One => Mode::One,
        ModeWord::Fixed => Mode::Fixed(range::fixed(value_of(fields, report)?, report)?),
        ModeWord::FixedPercent => Mode::FixedPercent(range::fixed::<Ppm>(value_of(fields, report)?, report)?),
        ModeWord::RandomMaxPercent => {
            Mode::RandomMaxPercent(range::fixed::<Ppm>(value_of(fields, report)?, report)?)
        }
    })
}

fn value_of<'n>(fields: &Fields<'n>, report: &mut Report) -> Option<&'n Node> {
    let value = fields.get("value");
    if value.is_none() {
        let place = fields.get("mode").map_or(fields.head(), |mode| mode.span.clone());
        report.error(Code::SelectorValue, place, "this mode needs a `value`").label("how many?");
    }
    value
}

/// Whether a link selector needs its `from`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum From {
    Required,
    /// Absent together with `to`, it means all links.
    Optional,
}

/// Reads `from`, `to` and `direction` of a network action.
pub(crate) fn link(
    fields: &Fields<'_>,
    from: From,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Option<LinkSelector> {
    let everyone = || Selector::Where(Filter::default());
    let to = fields.get("to").map(|to| selector(to, scope, report));
    let direction = fields.get("direction").map(|node| fields::word(node, "direction", &DIRECTIONS, report));
    let (from, to) = match (fields.get("from"), from) {
        (None, From::Optional) => (everyone(), Some(to.unwrap_or_else(|| Some(everyone()))?)),
        (None, From::Required) => {
            fields.require("from", report);
            return None;
        }
        (Some(node), _) => (selector(node, scope, report)?, to.map_or(Some(None), |to| to.map(Some))?),
    };
    Some(LinkSelector { from, to, direction: direction.unwrap_or(Some(Direction::Both))? })
}
