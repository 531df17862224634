//! Which nodes there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::NodeName;

/// The nodes of a run, literal: counts are already expanded and zones dealt out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Topology {
    /// Zone names in the scenario's order; empty if it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// All nodes, ordered by role as the scenario lists them, then by number.
    pub nodes: Vec<NodeSpec>,
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
        Self { zones: Vec::new(), nodes: nodes.collect() }
    }
}
