//! The store as a system for Squall: configuration, roles, what it promises and who judges it.

use serde::{Deserialize, Serialize};
use squall::check::raft::{Group, raft_invariants};
use squall::check::{KvModel, linearizable};
use squall::history::{SimDuration, Topology};
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, Invariant, NodeCtx, NodeFuture, PlantedBug, Role, RoleKind,
    System, SystemError,
};

use crate::bugs::{BUGS, Bugs};
use crate::server::{self, ServerConfig};
use crate::store::DIRECTORY;
use crate::workload::{self, KvWorkload};

/// `system.config` of a scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct KvConfig {
    /// How often the leader is heard; also how long openraft gives a follower to answer an append.
    pub heartbeat: SimDuration,
    /// Shortest election time-out; the longest, and the followers' lease, is twice that.
    pub election: SimDuration,
    /// After how many entries a snapshot is taken.
    pub snapshot_every: u64,
}

impl Default for KvConfig {
    fn default() -> Self {
        Self {
            heartbeat: SimDuration::from_millis(100),
            election: SimDuration::from_millis(500),
            snapshot_every: 100,
        }
    }
}

/// The key-value store on openraft.
#[derive(Clone, Debug)]
pub struct OpenraftKv {
    config: KvConfig,
    workload: KvWorkload,
    bugs: Bugs,
}

const SERVER: &str = "server";

impl OpenraftKv {
    fn server(&self, id: u64, servers: Vec<String>) -> ServerConfig {
        ServerConfig {
            id,
            servers,
            heartbeat: self.config.heartbeat.to_std(),
            election: self.config.election.to_std(),
            snapshot_every: self.config.snapshot_every,
            bugs: self.bugs,
        }
    }
}

impl System for OpenraftKv {
    type Config = KvConfig;
    type Workload = KvWorkload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: SERVER, count: 3, kind: RoleKind::Server },
            Role { name: "client", count: 3, kind: RoleKind::Client },
        ]
    }

    fn new(config: KvConfig, workload: KvWorkload, bugs: BugSet) -> Result<Self, SystemError> {
        if workload.keys == 0 {
            return Err(SystemError("`keys` is zero: there is nothing to act on".to_owned()));
        }
        if config.snapshot_every < 2 {
            return Err(SystemError("`snapshot-every` must be at least 2".to_owned()));
        }
        let system = Self { config, workload, bugs: bugs.into() };
        // Whether openraft takes the settings does not depend on who asks.
        system.server(1, Vec::new()).raft().map_err(|error| SystemError(error.to_string()))?;
        Ok(system)
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let config = self.server(u64::from(ctx.node.number), ctx.names_of(SERVER));
        Box::pin(async move { Ok(server::run(config).await?) })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        let servers = ctx.node.names_of(SERVER);
        Box::pin(workload::run(ctx, servers, self.workload.clone()))
    }

    fn tolerates(&self, topology: &Topology) -> FaultBudget {
        FaultBudget::quorum(topology, SERVER)
    }

    /// Those of Raft, but for `leader-exists`: it asks for pre-vote and check-quorum, and openraft 0.9 has
    /// neither.
    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        let election_timeout_max = SimDuration::from(self.config.election.to_std() * 2);
        let group = Group { role: SERVER.to_owned(), directory: DIRECTORY.to_owned(), election_timeout_max };
        let mut invariants = raft_invariants(group);
        invariants.retain(|invariant| invariant.name() != "leader-exists");
        invariants
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![linearizable(KvModel)]
    }

    fn bugs() -> &'static [PlantedBug] {
        BUGS
    }

    fn modules() -> &'static [&'static str] {
        &["openraft_kv"]
    }
}
