//! Mixes: fault classes by name, for who does not want to write them out.
//!
//! A mix is text of the schema itself, in a file beside this one, so that whoever wants another one
//! can start from a copy. It names no system: `servers` stands for the roles that are no clients.

use crate::diagnostic::Report;
use crate::scope::Scope;
use crate::tree::{Kind, Node, Scalar};
use crate::yaml;

/// A mix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mix {
    /// What failure studies found to matter; see `docs/campaigns/swarm.md`.
    Default,
}

/// Every one with its name in the scenario schema.
pub(crate) const ALL: [(&str, Mix); 1] = [("default", Mix::Default)];

/// What stands for all server roles in a mix.
const SERVERS: &str = "servers";

impl Mix {
    const fn text(self) -> &'static str {
        match self {
            Self::Default => include_str!("mix/default.yaml"),
        }
    }
}

/// The list of classes of a mix, for the system in scope.
pub(crate) fn tree(mix: Mix, scope: &Scope<'_>) -> Node {
    let mut list = yaml::read(mix.text(), &mut Report::default()).expect("our own text, read by a test");
    let roles = scope.system.map_or(&[][..], |system| &system.roles);
    let servers: Vec<&str> =
        roles.iter().filter(|role| !role.client).map(|role| role.name.as_str()).collect();
    name_servers(&mut list, &servers);
    list
}

fn name_servers(node: &mut Node, servers: &[&str]) {
    match &mut node.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter_mut().for_each(|item| name_servers(item, servers)),
        Kind::Map(entries) => {
            for entry in entries {
                if entry.key == "role" && entry.value.text() == Some(SERVERS) {
                    let span = entry.value.span.clone();
                    let named = servers.iter().map(|name| Node {
                        span: span.clone(),
                        kind: Kind::Scalar(Scalar {
                            text: (*name).to_owned(),
                            value: (*name).into(),
                            quoted: true,
                        }),
                    });
                    entry.value = Node { span: span.clone(), kind: Kind::List(named.collect()) };
                } else {
                    name_servers(&mut entry.value, servers);
                }
            }
        }
    }
}
