//! What a system under test is to Squall.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use squall_check::{Checker, Invariant};
use squall_history::{Boot, NodeName, NodeSpec, Topology};

use crate::ClientCtx;

/// What a node's software returns: an error is a violation of `no-panic`, as a panic is, unless
/// the node's disk gave cause for it.
pub type NodeResult = Result<(), Box<dyn Error + Send + Sync>>;

/// The software of one incarnation of a node.
pub type NodeFuture = Pin<Box<dyn Future<Output = NodeResult> + Send>>;

/// A system refuses its configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SystemError(pub String);

/// A distributed system that can be put under chaos. A fresh value is made for every run.
pub trait System: Sized + 'static {
    /// `system.config` of a scenario.
    type Config: Default + Serialize + DeserializeOwned;
    /// `workload` of a scenario: what its clients do.
    type Workload: Default + Serialize + DeserializeOwned;

    /// Its roles, servers first.
    fn roles() -> Vec<Role>;

    /// A system for one run, with these planted bugs switched on.
    ///
    /// # Errors
    /// If the sections contradict each other.
    fn new(config: Self::Config, workload: Self::Workload, bugs: BugSet) -> Result<Self, SystemError>;

    /// The software of one incarnation of a server.
    fn node(&self, ctx: NodeCtx) -> NodeFuture;

    /// One incarnation of a client: it performs operations and records them through `ctx`. Clients
    /// are nodes and may be killed too.
    fn client(&self, ctx: ClientCtx) -> NodeFuture;

    /// Which faults it promises to survive.
    fn tolerates(&self, topology: &Topology) -> FaultBudget;

    /// Invariants that judge each record; `no-panic` is added to every system's.
    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        Vec::new()
    }

    /// Checkers that judge the finished history.
    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        Vec::new()
    }

    /// Deviations planted on purpose, to measure whether they are found.
    fn bugs() -> &'static [PlantedBug] {
        &[]
    }

    /// What it is to have and has not yet: names (or ids) of oracles, conditions and planted bugs;
    /// settings by dotted path (`workload.mix.sort`). Scenarios that name them can be checked and
    /// planned, and are refused by name where they would run.
    fn planned() -> &'static [&'static str] {
        &[]
    }

    /// The modules or crates that it is made of (`my_store::server`). What they assert and offer by the
    /// macros of `squall_io` is the system's: what is worth reaching there is a condition for
    /// `sometimes`, and a campaign names what of it no seed reached.
    fn modules() -> &'static [&'static str] {
        &[]
    }

    /// Names of its own words (`vocab/name`) that scenarios may list under `sometimes`.
    fn conditions() -> &'static [&'static str] {
        &[]
    }
}

/// A role that nodes play.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Role {
    /// Its name; nodes are named `<role>-<k>`.
    pub name: &'static str,
    /// How many nodes play it unless the scenario says otherwise.
    pub count: u32,
    /// Server or client.
    pub kind: RoleKind,
}

/// Which side of the promise a role is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RoleKind {
    /// Runs [`System::node`].
    Server,
    /// Runs [`System::client`]; named partition shapes leave it alone unless they say otherwise.
    Client,
}

/// A bug planted in a system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlantedBug {
    /// Its name, kebab-case.
    pub name: &'static str,
    /// In one line, what deviates.
    pub what: &'static str,
}

/// The planted bugs that are switched on in a run. Given to a system when it is made; never global.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BugSet(BTreeSet<String>);

impl BugSet {
    /// These bugs.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether a bug is switched on.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Which faults a system promises to survive: how many nodes of a role may be unavailable at a time.
/// A node is unavailable while it is down or stands still, and while a partition keeps it from
/// nodes of its own role. Roles that are not named may lose any number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FaultBudget {
    /// Most nodes unavailable at a time, by role.
    pub unavailable_max: BTreeMap<String, u32>,
}

impl FaultBudget {
    /// Less than half of `role` may be unavailable: a quorum is always there.
    pub fn quorum(topology: &Topology, role: &str) -> Self {
        let nodes = u32::try_from(topology.role(role).count()).expect("a topology is bounded");
        Self { unavailable_max: BTreeMap::from([(role.to_owned(), nodes.saturating_sub(1) / 2)]) }
    }
}

/// What one incarnation of a server gets.
#[derive(Clone, Debug)]
pub struct NodeCtx {
    /// Its place in the topology.
    pub node: NodeSpec,
    /// Which incarnation.
    pub boot: Boot,
    /// All nodes.
    pub topology: Arc<Topology>,
}

impl NodeCtx {
    /// Its name.
    pub fn name(&self) -> &NodeName {
        &self.node.name
    }

    /// Names of all nodes of a role, in order of number.
    pub fn names_of(&self, role: &str) -> Vec<String> {
        self.topology.role(role).map(|node| node.name.to_string()).collect()
    }
}
