//! An example system: a replicated key-value store on the crate [`raft`], a consensus library without IO.
//!
//! It shows how such a library is driven on Squall's ground: README.md.

pub mod client;
pub mod disk;
pub mod protocol;
pub mod server;
pub mod storage;

use serde::{Deserialize, Serialize};
use squall::check::raft::{ElectionSafety, Monotonicity, StateMachineSafety};
use squall::check::{Group, KvModel, linearizable};
use squall::history::{SimDuration, Topology};
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, Invariant, NodeCtx, NodeFuture, PlantedBug, Registry, Role,
    RoleKind, System, SystemError,
};
use squall_io::stop;

pub use client::Workload;

/// The systems of this crate.
pub fn registry() -> Registry {
    Registry::new().add::<RaftRsKv>("raft-rs-kv")
}

pub(crate) const PERSIST_AFTER_SEND: &str = "persist-after-send";

const SERVER: &str = "server";
const CLIENT: &str = "client";

/// `system.config` of a scenario: there is nothing to set.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// The system, as Squall sees it.
#[derive(Debug)]
pub struct RaftRsKv {
    workload: Workload,
    bugs: BugSet,
}

impl System for RaftRsKv {
    type Config = Config;
    type Workload = Workload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: SERVER, count: 3, kind: RoleKind::Server },
            Role { name: CLIENT, count: 3, kind: RoleKind::Client },
        ]
    }

    fn new(_: Config, workload: Workload, bugs: BugSet) -> Result<Self, SystemError> {
        if workload.keys == 0 {
            return Err(SystemError("`keys` is zero: there is nothing to act on".to_owned()));
        }
        Ok(Self { workload, bugs })
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let servers = ctx.names_of(SERVER);
        let place = servers.iter().position(|name| *name == *ctx.name().as_str());
        let server = server::run(place.expect("a server is one of them"), servers, self.bugs.clone());
        Box::pin(async { Ok(stop::until_stopped(server).await.unwrap_or(Ok(()))?) })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        let servers = ctx.node.names_of(SERVER);
        Box::pin(client::run(ctx, servers, self.workload.clone()))
    }

    fn tolerates(&self, topology: &Topology) -> FaultBudget {
        FaultBudget::quorum(topology, SERVER)
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        let group = Group {
            role: SERVER.to_owned(),
            directory: String::new(),
            election_timeout_max: SimDuration::from_secs(1),
        };
        vec![
            Box::new(ElectionSafety::new(&group)),
            Box::new(Monotonicity::new(&group)),
            Box::new(StateMachineSafety::new(&group)),
        ]
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![linearizable(KvModel)]
    }

    fn bugs() -> &'static [PlantedBug] {
        &[PlantedBug {
            name: PERSIST_AFTER_SEND,
            what: "votes and acknowledgements leave before the disk has what they promise",
        }]
    }

    fn modules() -> &'static [&'static str] {
        &["raft_rs_kv"]
    }
}
