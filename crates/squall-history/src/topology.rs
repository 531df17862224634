//! Which nodes there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{NodeName, SimDuration};

/// The nodes of a run, literal: counts are already expanded and zones dealt out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Topology {
    /// Zone names in the scenario's order; empty if it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// All nodes, ordered by role as the scenario lists them, then by number.
    pub nodes: Vec<NodeSpec>,
    /// Roles with a supervisor, which starts software again that ended by itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub restart: BTreeMap<String, Restart>,
}

/// When a role's supervisor starts the software of a node again.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Restart {
    /// First and longest wait: it doubles with each start that follows soon on the last.
    pub after: (SimDuration, SimDuration),
    /// What ends of software it answers; in order, none twice.
    pub on: Vec<RestartOn>,
}

impl Restart {
    /// Whether this kind of end is answered.
    pub fn answers(&self, on: RestartOn) -> bool {
        self.on.contains(&on)
    }
}

/// How software ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartOn {
    /// A task of it panicked: the process is taken to be dead.
    Panic,
    /// It returned, with an error or without.
    Exit,
}

impl RestartOn {
    /// Every one with its name in the scenario schema, in order.
    pub const ALL: [(&'static str, Self); 2] = [("panic", Self::Panic), ("exit", Self::Exit)];

    /// Its name in the scenario schema.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Exit => "exit",
        }
    }
}

/// One node of a topology.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodeSpec {
    /// `<role>-<number>`.
    pub name: NodeName,
    /// The role it plays: one of its system's.
    pub role: String,
    /// Its number within the role, from 1. Shrunk plans may have holes.
    pub number: u32,
    /// The zone it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Labels given by the scenario.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

impl Topology {
    /// The nodes of one role, in order of number.
    pub fn role<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a NodeSpec> {
        self.nodes.iter().filter(move |node| node.role == role)
    }

    /// Whether a supervisor answers this kind of end of a node's software.
    pub fn restarts(&self, node: &NodeName, on: RestartOn) -> bool {
        let policy = self.node(node.as_str()).and_then(|spec| self.restart.get(&spec.role));
        policy.is_some_and(|policy| policy.answers(on))
    }

    /// The node of that name.
    pub fn node(&self, name: &str) -> Option<&NodeSpec> {
        self.nodes.iter().find(|node| node.name.as_str() == name)
    }

    /// Role names in order of first appearance.
    pub fn roles(&self) -> Vec<&str> {
        let mut roles: Vec<&str> = Vec::new();
        for node in &self.nodes {
            if !roles.contains(&node.role.as_str()) {
                roles.push(&node.role);
            }
        }
        roles
    }

    /// A topology of `count` nodes for each role, without zones.
    pub fn of_roles(roles: &[(&str, u32)]) -> Self {
        let nodes = roles.iter().flat_map(|&(role, count)| {
            (1..=count).map(move |number| NodeSpec {
                name: NodeName::of_role(role, number),
                role: role.to_owned(),
                number,
                zone: None,
                labels: BTreeMap::new(),
            })
        });
        Self { nodes: nodes.collect(), ..Self::default() }
    }
}
