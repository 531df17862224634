//! What the scenarios of this binary can refer to: its systems, and what each brings.
//!
//! Whoever registers systems fills it in; this crate only looks names up. It holds no system.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// The systems of this binary by name.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// By registered name.
    pub systems: BTreeMap<String, SystemEntry>,
}

/// What a system brings that scenarios can name.
#[derive(Clone)]
pub struct SystemEntry {
    /// Its roles, in the order of its own topology.
    pub roles: Vec<RoleEntry>,
    /// Its invariants and checkers.
    pub oracles: Vec<OracleEntry>,
    /// Conditions for `sometimes`.
    pub conditions: Vec<String>,
    /// Planted bugs.
    pub bugs: Vec<String>,
    /// What the design has and the program has not yet, accepted with a warning: names (or ids) of
    /// invariants, conditions and bugs; settings by dotted path (`workload.mix.sort`).
    pub planned: Vec<String>,
    /// Judges `system.config`.
    pub check_config: SectionCheck,
    /// Judges `workload`.
    pub check_workload: SectionCheck,
}

/// Judges one of a system's own sections, ranges already replaced by drawn values.
pub type SectionCheck = Arc<dyn Fn(&Value) -> Result<(), SectionError> + Send + Sync>;

impl SystemEntry {
    /// A system with these roles and nothing else, which takes any section.
    pub fn new(roles: Vec<RoleEntry>) -> Self {
        Self {
            roles,
            oracles: Vec::new(),
            conditions: Vec::new(),
            bugs: Vec::new(),
            planned: Vec::new(),
            check_config: Arc::new(|_| Ok(())),
            check_workload: Arc::new(|_| Ok(())),
        }
    }
}

impl fmt::Debug for SystemEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemEntry")
            .field("roles", &self.roles)
            .field("oracles", &self.oracles)
            .field("conditions", &self.conditions)
            .field("bugs", &self.bugs)
            .field("planned", &self.planned)
            .finish_non_exhaustive()
    }
}

/// A role of a system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoleEntry {
    /// Its name.
    pub name: String,
    /// How many nodes play it unless the scenario says otherwise.
    pub default_count: u32,
    /// Whether its nodes are clients: no servers, so most partition shapes leave them alone.
    pub client: bool,
}

/// An invariant or checker of a system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OracleEntry {
    /// Its name, in kebab-case.
    pub name: String,
    /// Its short id (`R1`), an alias.
    pub id: Option<String>,
}

/// Why a system refuses one of its sections.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct SectionError {
    /// Keys and list positions inside the section, outermost first.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
}
