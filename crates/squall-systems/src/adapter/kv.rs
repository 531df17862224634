//! The system `kv`: [`crate::kv`] under a workload of gets, puts, appends and compare-and-sets.

mod workload;

use serde::{Deserialize, Serialize};
use squall::check::{KvModel, linearizable};
use squall::history::{SimDuration, Topology};
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, NodeCtx, NodeFuture, PlantedBug, Role, RoleKind, System,
    SystemError,
};

use crate::kv::{self, Bugs, ServerConfig};

pub use workload::{KvMix, KvWorkload};

/// `system.config` of `kv`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct KvConfig {
    /// How long a backup keeps its word not to elect another primary.
    pub lease: SimDuration,
    /// How often the primary is heard.
    pub heartbeat: SimDuration,
}

impl Default for KvConfig {
    fn default() -> Self {
        let ServerConfig { lease, heartbeat, .. } = ServerConfig::new("", &[]);
        Self { lease: lease.into(), heartbeat: heartbeat.into() }
    }
}

/// The replicated key-value store.
#[derive(Clone, Debug)]
pub struct Kv {
    config: KvConfig,
    workload: KvWorkload,
    bugs: Bugs,
}

const SERVER: &str = "server";

impl Kv {
    fn server_config(&self, name: &str, servers: &[String]) -> ServerConfig {
        ServerConfig {
            lease: self.config.lease.to_std(),
            heartbeat: self.config.heartbeat.to_std(),
            bugs: self.bugs.clone(),
            ..ServerConfig::new(name, servers)
        }
    }
}

impl System for Kv {
    type Config = KvConfig;
    type Workload = KvWorkload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: SERVER, count: 3, kind: RoleKind::Server },
            Role { name: "client", count: 3, kind: RoleKind::Client },
        ]
    }

    fn new(config: KvConfig, workload: KvWorkload, bugs: BugSet) -> Result<Self, SystemError> {
        let refused = |error: kv::Error| SystemError(error.to_string());
        workload.check()?;
        let bugs = Bugs::from_names(bugs.names()).map_err(refused)?;
        let system = Self { config, workload, bugs };
        // Whether lease and heartbeat fit each other does not depend on who asks.
        system.server_config("only", &["only".to_owned()]).place().map_err(refused)?;
        Ok(system)
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let config = self.server_config(ctx.name().as_str(), &ctx.names_of(SERVER));
        Box::pin(async move { Ok(kv::server::run(config).await?) })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        let servers = ctx.node.names_of(SERVER);
        Box::pin(workload::run(ctx, servers, self.workload.clone()))
    }

    fn tolerates(&self, topology: &Topology) -> FaultBudget {
        FaultBudget::quorum(topology, SERVER)
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![linearizable(KvModel)]
    }

    fn bugs() -> &'static [PlantedBug] {
        const BUGS: [PlantedBug; kv::BUGS.len()] = super::planted(kv::BUGS);
        &BUGS
    }

    fn modules() -> &'static [&'static str] {
        &["squall_systems::kv", "squall_wire"]
    }

    fn conditions() -> &'static [&'static str] {
        &[
            "kv/lease-expired",
            "kv/log-truncated",
            "kv/quorum-lost",
            "kv/resync",
            "kv/retry-deduplicated",
            "kv/wal-truncated",
        ]
    }
}
