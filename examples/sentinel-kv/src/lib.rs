//! An example system: a key-value store of the shape of Redis Sentinel.
//!
//! One primary answers clients and replicates to the other servers; sentinels watch it and appoint another
//! when it is down. What it promises hangs on one setting, `min-replicas-to-write`: README.md.

pub mod client;
pub mod disk;
pub mod protocol;
pub mod rpc;
pub mod sentinel;
pub mod server;

use serde::{Deserialize, Serialize};
use squall::check::raft::ElectionSafety;
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
    Registry::new().add::<SentinelKv>("sentinel-kv")
}

pub(crate) const FAILOVER_WITHOUT_QUORUM: &str = "failover-without-quorum";
pub(crate) const PROMOTE_ANY_REPLICA: &str = "promote-any-replica";

const SERVER: &str = "server";
const SENTINEL: &str = "sentinel";
const CLIENT: &str = "client";

/// `system.config` of a scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// How many replicas must have a write before it is answered; 0 is Redis's default.
    pub min_replicas_to_write: usize,
    /// How many sentinels must find a primary down before one of them asks for votes.
    pub quorum: usize,
    /// How long a primary may be silent before a sentinel finds it down, and how long it waits for replicas.
    pub down_after: SimDuration,
}

impl Default for Config {
    fn default() -> Self {
        Self { min_replicas_to_write: 0, quorum: 2, down_after: SimDuration::from_secs(1) }
    }
}

/// The system, as Squall sees it.
#[derive(Debug)]
pub struct SentinelKv {
    config: Config,
    workload: Workload,
    bugs: BugSet,
}

impl System for SentinelKv {
    type Config = Config;
    type Workload = Workload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: SERVER, count: 3, kind: RoleKind::Server },
            Role { name: SENTINEL, count: 3, kind: RoleKind::Server },
            Role { name: CLIENT, count: 3, kind: RoleKind::Client },
        ]
    }

    fn new(config: Config, workload: Workload, bugs: BugSet) -> Result<Self, SystemError> {
        if config.down_after < SimDuration::from_millis(100) {
            return Err(SystemError("`down-after` is below 100ms: any delay would be a failover".to_owned()));
        }
        if config.quorum == 0 || workload.keys == 0 {
            return Err(SystemError("`quorum` and `keys` must be at least 1".to_owned()));
        }
        Ok(Self { config, workload, bugs })
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let (servers, name) = (ctx.names_of(SERVER), ctx.name().to_string());
        let min_replicas = self.config.min_replicas_to_write;
        if ctx.node.role == SERVER {
            let peers = servers.into_iter().filter(|server| *server != name).collect();
            let server = server::run(peers, min_replicas, self.config.down_after.to_std());
            return Box::pin(async { Ok(stop::until_stopped(server).await.unwrap_or(Ok(()))?) });
        }
        let settings = sentinel::Settings {
            name,
            servers,
            sentinels: ctx.names_of(SENTINEL),
            min_replicas,
            quorum: self.config.quorum,
            down_after: self.config.down_after.to_std(),
            bugs: self.bugs.clone(),
        };
        Box::pin(async { Ok(stop::until_stopped(sentinel::run(settings)).await.unwrap_or(Ok(()))?) })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        let sentinels = ctx.node.names_of(SENTINEL);
        Box::pin(client::run(ctx, sentinels, self.workload.clone()))
    }

    fn tolerates(&self, topology: &Topology) -> FaultBudget {
        let mut budget = FaultBudget::quorum(topology, SERVER);
        budget.unavailable_max.extend(FaultBudget::quorum(topology, SENTINEL).unavailable_max);
        budget
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        let group = Group {
            role: SERVER.to_owned(),
            directory: String::new(),
            election_timeout_max: self.config.down_after,
        };
        vec![Box::new(ElectionSafety::new(&group))]
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![linearizable(KvModel)]
    }

    fn bugs() -> &'static [PlantedBug] {
        &[
            PlantedBug {
                name: FAILOVER_WITHOUT_QUORUM,
                what: "a sentinel that finds the primary down appoints another without asking anybody",
            },
            PlantedBug {
                name: PROMOTE_ANY_REPLICA,
                what: "a failover promotes any server that was fenced, not the one that has come furthest",
            },
        ]
    }

    fn modules() -> &'static [&'static str] {
        &["sentinel_kv"]
    }
}
