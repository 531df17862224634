//! The section `topology`: zones, and how many nodes play each role.

use std::collections::BTreeMap;

use squall_history::{NodeName, NodeSpec, Restart, Topology};

use crate::catalogue::RoleEntry;
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range::{self, Address, Ranged};
use crate::restart;
use crate::scope::Scope;
use crate::selector;
use crate::tree::{Entry, Kind, Node, Scalar};

/// Most nodes of a topology.
const NODES_MAX: u32 = 10_000;

const TOPOLOGY: Keys = Keys { of: "`topology`", known: &["zones", "roles", "missing-roles"], planned: &[] };
const ROLE: Keys =
    Keys { of: "a role", known: &["count", "numbers", "spread", "zones", "labels", "restart"], planned: &[] };

/// The nodes of a scenario; counts may still be ranges.
#[derive(Clone, Debug, Default)]
pub(crate) struct TopologyPlan {
    pub(crate) zones: Vec<String>,
    roles: Vec<Role>,
}

#[derive(Clone, Debug)]
struct Role {
    name: String,
    numbers: Numbers,
    /// Dealt out by number; empty for none.
    zones: Vec<String>,
    labels: BTreeMap<String, String>,
    restart: Option<Restart>,
}

#[derive(Clone, Debug)]
enum Numbers {
    Count(Ranged<u32>),
    /// With holes, as shrinking leaves them.
    These(Vec<u32>),
}

/// What becomes of roles that are not listed.
#[derive(Clone, Copy)]
enum MissingRoles {
    Default,
    None,
}

/// Reads the section; absent roles get the system's default.
pub(crate) fn read(node: Option<&Node>, scope: &Scope<'_>, report: &mut Report) -> TopologyPlan {
    let fields = node.and_then(|node| Fields::open(node, TOPOLOGY, report));
    let mut plan = TopologyPlan::default();
    let mut missing = MissingRoles::Default;
    if let Some(fields) = fields {
        plan.zones = fields.get("zones").map(|node| zones(node, None, report)).unwrap_or_default();
        let words = [("default", MissingRoles::Default), ("none", MissingRoles::None)];
        if let Some(node) = fields.get("missing-roles") {
            missing = fields::word(node, "treatment of missing roles", &words, report).unwrap_or(missing);
        }
        let roles = fields.get("roles");
        match roles.map(|node| &node.kind) {
            Some(Kind::Map(entries)) => {
                for entry in entries {
                    let role = role(entry, &plan.zones, scope, report);
                    plan.roles.extend(role);
                }
            }
            Some(_) => {
                fields::wrong_type(roles.expect("its kind was matched"), "`roles`", "a mapping", report)
            }
            None => {}
        }
    }
    if let (MissingRoles::Default, Some(system)) = (missing, scope.system) {
        add_defaults(&mut plan, &system.roles);
    }
    check_size(&plan, node, scope, report);
    plan
}

fn add_defaults(plan: &mut TopologyPlan, roles: &[RoleEntry]) {
    for role in roles {
        if !plan.roles.iter().any(|known| known.name == role.name) {
            plan.roles.push(Role {
                name: role.name.clone(),
                numbers: Numbers::Count(Ranged::fixed(role.default_count)),
                zones: Vec::new(),
                labels: BTreeMap::new(),
                restart: None,
            });
        }
    }
}

fn check_size(plan: &TopologyPlan, node: Option<&Node>, scope: &Scope<'_>, report: &mut Report) {
    let place = node.map_or(0..0, Node::head);
    let most = |role: &Role| match &role.numbers {
        Numbers::Count(count) => u64::from(count.high),
        Numbers::These(numbers) => numbers.iter().copied().max().unwrap_or_default().into(),
    };
    let nodes: u64 = plan.roles.iter().map(most).sum();
    if nodes > u64::from(NODES_MAX) {
        let error = report.error(Code::OutOfBounds, place, format!("the topology has {nodes} nodes"));
        error.label(format!("at most {NODES_MAX} are accepted"));
    } else if nodes == 0 && scope.system.is_some() {
        report.error(Code::Topology, place, "the topology has no node").label("nothing would run");
    }
}

/// A list of zones, each once; those of a role must be among the topology's.
fn zones(node: &Node, known: Option<&[String]>, report: &mut Report) -> Vec<String> {
    let mut zones: Vec<String> = Vec::new();
    for (name, item) in fields::texts(node, "a zone", report).unwrap_or_default() {
        match known {
            None if zones.iter().any(|zone| zone == name) => {
                report
                    .error(Code::Topology, item.span.clone(), format!("zone `{name}` is listed twice"))
                    .label("listed before");
            }
            _ => {
                Scope { zones: known, ..Scope::UNCHECKED }.check_zone(item, name, report);
                zones.push(name.to_owned());
            }
        }
    }
    zones
}

fn role(entry: &Entry, all_zones: &[String], scope: &Scope<'_>, report: &mut Report) -> Option<Role> {
    let key = Node {
        span: entry.key_span.clone(),
        kind: Kind::Scalar(Scalar {
            text: entry.key.clone(),
            value: entry.key.as_str().into(),
            quoted: false,
        }),
    };
    scope.check_role(&key, &entry.key, report);
    let mut role = Role {
        name: entry.key.clone(),
        numbers: Numbers::Count(Ranged::fixed(0)),
        zones: Vec::new(),
        labels: BTreeMap::new(),
        restart: None,
    };
    if !matches!(entry.value.kind, Kind::Map(_)) {
        role.numbers = Numbers::Count(Ranged::read(&entry.value, report)?);
        return Some(role);
    }
    let fields = Fields::open(&entry.value, ROLE, report)?;
    if let Some(node) = fields.get("labels") {
        role.labels = selector::labels(node, report)?;
    }
    if let Some(node) = fields.get("restart") {
        role.restart = Some(restart::read(node, report)?);
    }
    if let Some(node) = fields.get("spread") {
        fields::word(node, "spread", &[("zones", ())], report)?;
        role.zones = all_zones.to_vec();
        if all_zones.is_empty() {
            let error = report.error(Code::Topology, node.span.clone(), "there are no zones to spread over");
            error.label("no zones").help("list them under `topology.zones`");
        }
    }
    if let Some(node) = fields.get("zones") {
        role.zones = zones(node, Some(all_zones), report);
    }
    role.numbers = numbers(&fields, report)?;
    Some(role)
}

fn numbers(fields: &Fields<'_>, report: &mut Report) -> Option<Numbers> {
    let Some(node) = fields.get("numbers") else {
        let count = fields.require("count", report)?;
        return Ranged::read(count, report).map(Numbers::Count);
    };
    if let Some(count) = fields.entry("count") {
        let title = "`count` and `numbers` say the same thing twice";
        report.error(Code::Topology, count.key_span.clone(), title).label("keep one of them");
    }
    let mut numbers: Vec<u32> = Vec::new();
    for item in fields::list(node, "`numbers`", report)? {
        let number: u32 = range::fixed(item, report)?;
        if number == 0 || numbers.last().is_some_and(|last| *last >= number) {
            let title = "node numbers start at 1 and rise";
            report.error(Code::Topology, item.span.clone(), title).label("out of order");
        }
        numbers.push(number);
    }
    Some(Numbers::These(numbers))
}

impl TopologyPlan {
    /// The nodes for one seed, or those of the largest counts.
    pub(crate) fn nodes(&self, count: impl Fn(&str, Ranged<u32>) -> u32) -> Topology {
        let (mut nodes, mut restart) = (Vec::new(), BTreeMap::new());
        for role in &self.roles {
            let numbers: Vec<u32> = match &role.numbers {
                Numbers::Count(range) => (1..=count(&role.name, *range)).collect(),
                Numbers::These(numbers) => numbers.clone(),
            };
            if let Some(policy) = role.restart.as_ref().filter(|_| !numbers.is_empty()) {
                restart.insert(role.name.clone(), policy.clone());
            }
            nodes.extend(numbers.into_iter().map(|number| role.node(number)));
        }
        Topology { zones: self.zones.clone(), nodes, restart }
    }

    /// The nodes for one seed. Draws `Domain::Plan`, identity `topology`, property: the role.
    pub(crate) fn draw(&self, address: &Address<'_>) -> Topology {
        self.nodes(|role, range| range.draw(address.field(role)))
    }

    /// Names of all nodes that any seed may have.
    pub(crate) fn names(&self) -> Vec<String> {
        let largest = self.nodes(|_, range| range.high.min(NODES_MAX));
        largest.nodes.iter().map(|node| node.name.to_string()).collect()
    }
}

impl Role {
    fn node(&self, number: u32) -> NodeSpec {
        let zone = match self.zones.len() {
            0 => None,
            len => self.zones.get((number as usize - 1) % len).cloned(),
        };
        NodeSpec {
            name: NodeName::of_role(&self.name, number),
            role: self.name.clone(),
            number,
            zone,
            labels: self.labels.clone(),
        }
    }
}
