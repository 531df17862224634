//! An example system: a leaderless store of shopping carts, of the shape of Dynamo (DeCandia and others, SOSP
//! 2007).
//!
//! N homes for each cart, quorums of R and W, version vectors, siblings that clients unite, read repair and
//! hinted hand-off. What it promises, and what not: README.md.

pub mod client;
pub mod disk;
pub mod node;
pub mod object;
pub mod oracles;
pub mod protocol;
pub mod rpc;

use serde::{Deserialize, Serialize};
use squall::check::BlackBox;
use squall::check::blackbox::linearizability::{Linearizable, models::SetModel};
use squall::history::Topology;
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, Invariant, NodeCtx, NodeFuture, PlantedBug, Registry, Role,
    RoleKind, System, SystemError,
};
use squall_io::stop;

use crate::oracles::{AcknowledgedIsRead, NothingIsLost, ReplicasConverge};

pub use client::Workload;

/// The systems of this crate.
pub fn registry() -> Registry {
    Registry::new().add::<QuorumKv>("quorum-kv")
}

pub(crate) const LAST_WRITER_WINS: &str = "last-writer-wins";
pub(crate) const HINT_FORGOTTEN: &str = "hint-forgotten";
pub(crate) const REPAIR_OVERWRITES: &str = "repair-overwrites";

pub(crate) const NODE: &str = "node";
const CLIENT: &str = "client";

/// `system.config` of a scenario.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// How many nodes keep a cart.
    pub n: usize,
    /// How many of them answer a read.
    pub r: usize,
    /// How many of them have a write before it is answered.
    pub w: usize,
    /// What counts as one of them for a write.
    pub quorum: Quorum,
}

/// What counts as a home's answer to a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quorum {
    /// That home's own alone.
    Strict,
    /// A hint for it, on another node, as well.
    Sloppy,
}

impl Default for Config {
    fn default() -> Self {
        Self { n: 3, r: 2, w: 2, quorum: Quorum::Strict }
    }
}

/// The system, as Squall sees it.
#[derive(Debug)]
pub struct QuorumKv {
    config: Config,
    workload: Workload,
    bugs: BugSet,
}

impl System for QuorumKv {
    type Config = Config;
    type Workload = Workload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: NODE, count: 5, kind: RoleKind::Server },
            Role { name: CLIENT, count: 3, kind: RoleKind::Client },
        ]
    }

    fn new(config: Config, workload: Workload, bugs: BugSet) -> Result<Self, SystemError> {
        let Config { n, r, w, .. } = config;
        if r == 0 || w == 0 || r > n || w > n {
            return Err(SystemError(format!("r = {r} and w = {w} must be between 1 and n = {n}")));
        }
        if workload.carts == 0 {
            return Err(SystemError("`carts` is zero: there is nothing to act on".to_owned()));
        }
        Ok(Self { config, workload, bugs })
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let nodes = ctx.names_of(NODE);
        let Config { n, .. } = self.config;
        if nodes.len() < n {
            let what = format!("n = {n} homes for a cart, and only {} nodes", nodes.len());
            return Box::pin(async { Err(what.into()) });
        }
        let settings = node::Settings {
            name: ctx.name().to_string(),
            nodes,
            config: self.config,
            bugs: self.bugs.clone(),
        };
        Box::pin(async { Ok(stop::until_stopped(node::run(settings)).await.unwrap_or(Ok(()))?) })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        let nodes = ctx.node.names_of(NODE);
        Box::pin(client::run(ctx, nodes, self.config.n, self.workload.clone()))
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        // Any of the nodes that are out may be homes of the same cart.
        let Config { n, r, w, .. } = self.config;
        let out = u32::try_from(n - r.max(w)).expect("a few homes");
        FaultBudget { unavailable_max: [(NODE.to_owned(), out)].into() }
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        vec![
            Box::new(AcknowledgedIsRead::default()),
            Box::new(NothingIsLost::default()),
            Box::new(ReplicasConverge::new(self.config.n)),
        ]
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![Box::new(BlackBox::new(Linearizable::new(SetModel)))]
    }

    fn bugs() -> &'static [PlantedBug] {
        &[
            PlantedBug {
                name: LAST_WRITER_WINS,
                what: "of siblings one is kept, and what others wrote at the same time is dropped",
            },
            PlantedBug {
                name: HINT_FORGOTTEN,
                what: "a hint is forgotten when it is sent, not when it has arrived",
            },
            PlantedBug {
                name: REPAIR_OVERWRITES,
                what: "read repair overwrites what a replica holds in place of merging by version vectors",
            },
        ]
    }

    fn modules() -> &'static [&'static str] {
        &["quorum_kv"]
    }
}
