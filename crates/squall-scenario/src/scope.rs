//! The names that a scenario may use: what its system brings and what its topology makes.
//!
//! Without a known system, or when a checked scenario is planned, nothing is looked up.

use crate::catalogue::SystemEntry;
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields;
use crate::names::did_you_mean;
use crate::tree::Node;

/// Who wrote an entry: an empty list of nodes is a mistake of a person, but a fact in a bound plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Author {
    Person,
    Squall,
}

/// The names in scope. `None` where nothing is known, and so nothing is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) system: Option<&'a SystemEntry>,
    pub(crate) zones: Option<&'a [String]>,
    pub(crate) nodes: Option<&'a [String]>,
    pub(crate) author: Author,
}

impl Scope<'_> {
    /// Looks nothing up: for entries that have been checked.
    pub(crate) const UNCHECKED: Self =
        Self { system: None, zones: None, nodes: None, author: Author::Squall };

    pub(crate) fn check_role(&self, node: &Node, name: &str, report: &mut Report) {
        let Some(system) = self.system else { return };
        if !system.roles.iter().any(|role| role.name == name) {
            let known = system.roles.iter().map(|role| role.name.as_str());
            fields::unknown(node, Code::UnknownRole, "role", known, report);
        }
    }

    pub(crate) fn check_zone(&self, node: &Node, name: &str, report: &mut Report) {
        let Some(zones) = self.zones else { return };
        if !zones.iter().any(|zone| zone == name) {
            fields::unknown(node, Code::UnknownZone, "zone", zones.iter().map(String::as_str), report);
        }
    }

    pub(crate) fn check_node(&self, node: &Node, name: &str, report: &mut Report) {
        let Some(nodes) = self.nodes else { return };
        if nodes.iter().any(|known| known == name) {
            return;
        }
        let title = format!("unknown node `{}`", fields::shown(name));
        let error = report.error(Code::UnknownNode, node.span.clone(), title).label("no such node");
        if let Some(help) = did_you_mean(name, nodes.iter().map(String::as_str).chain(["leader"])) {
            error.help(help);
        }
        let roles = self.system.map_or(&[][..], |system| &system.roles);
        if roles.iter().any(|role| role.name == name) {
            error.help(format!("`{name}` is a role: write `{{ role: {name} }}`"));
        }
    }

    /// The name of an invariant or checker, given by name or id.
    pub(crate) fn oracle(&self, node: &Node, name: &str, report: &mut Report) -> String {
        let Some(system) = self.system else { return name.to_owned() };
        let called = |id: &Option<String>| id.as_deref() == Some(name);
        if let Some(oracle) = system.oracles.iter().find(|oracle| oracle.name == name || called(&oracle.id)) {
            return oracle.name.clone();
        }
        if !self.is_planned("invariant", node, name, report) {
            let known = system.oracles.iter().map(|oracle| oracle.name.as_str());
            fields::unknown(node, Code::UnknownInvariant, "invariant", known, report);
        }
        name.to_owned()
    }

    pub(crate) fn check_condition(&self, node: &Node, name: &str, report: &mut Report) {
        let Some(system) = self.system else { return };
        let known = system.conditions.iter().any(|condition| condition == name);
        if !known && !self.is_planned("condition", node, name, report) {
            let known = system.conditions.iter().map(String::as_str);
            fields::unknown(node, Code::UnknownCondition, "condition", known, report);
        }
    }

    pub(crate) fn check_bug(&self, node: &Node, name: &str, report: &mut Report) {
        let Some(system) = self.system else { return };
        let known = system.bugs.iter().any(|bug| bug == name);
        if !known && !self.is_planned("planted bug", node, name, report) {
            let known = system.bugs.iter().map(String::as_str);
            fields::unknown(node, Code::UnknownBug, "planted bug", known, report);
        }
    }

    fn is_planned(&self, what: &str, node: &Node, name: &str, report: &mut Report) -> bool {
        let planned = self.system.is_some_and(|system| system.planned.iter().any(|planned| planned == name));
        if planned {
            report.not_supported(node.span.clone(), format!("{what} `{name}`"));
        }
        planned
    }
}
