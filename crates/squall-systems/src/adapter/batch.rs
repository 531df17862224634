//! The system `batch`: the batch cluster under a workload of word counts.

mod rate;
mod workload;

use std::collections::BTreeMap;

use batch_cluster::controller::{self, ControllerConfig};
use batch_cluster::job::JobSpec;
use batch_cluster::worker::{self, WorkerConfig};
use batch_cluster::{Bugs, Error, wordcount};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use squall::check::batch::{OutputEqualsOracle, batch_invariants, linearizable_control};
use squall::check::raft::{Group, raft_invariants};
use squall::history::{SimDuration, Topology};
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, Invariant, NodeCtx, NodeFuture, PlantedBug, Role, RoleKind,
    System, SystemError,
};

pub use rate::Rate;
pub use workload::{BatchMix, BatchWorkload};

/// `system.config` of `batch`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct BatchConfig {
    /// How often the leader is heard when it has nothing to say.
    pub heartbeat: SimDuration,
    /// How long a controller hears nothing before it stands for election; up to twice as long.
    pub election: SimDuration,
    /// How long a worker's lease lasts.
    pub lease: SimDuration,
    /// After how many entries of the log the state is written as a snapshot.
    pub snapshot_every: u64,
    /// How many attempts a worker takes at a time.
    pub slots: u32,
    /// How many bytes of a map's output a worker reads and sends at a time.
    pub fetch_chunk: usize,
    /// What a record costs a worker: tasks take time, as real ones do.
    pub record_cost: SimDuration,
}

impl Default for BatchConfig {
    fn default() -> Self {
        let controller = ControllerConfig::new("", &[]);
        let worker = WorkerConfig::new("", &[]);
        Self {
            heartbeat: controller.member.heartbeat.into(),
            election: controller.member.election.into(),
            lease: controller.lease.into(),
            snapshot_every: controller.member.snapshot_every,
            slots: worker.slots,
            fetch_chunk: worker.chunk,
            record_cost: SimDuration::from_millis(1),
        }
    }
}

/// The batch cluster.
#[derive(Clone, Debug)]
pub struct Batch {
    config: BatchConfig,
    workload: BatchWorkload,
    bugs: Bugs,
}

const CONTROLLER: &str = "controller";
const WORKER: &str = "worker";
const CLIENT: &str = "client";

impl Batch {
    fn controller(&self, name: &str, controllers: &[String]) -> ControllerConfig {
        let mut config = ControllerConfig::new(name, controllers).with_bugs(self.bugs.clone());
        config.member.heartbeat = self.config.heartbeat.to_std();
        config.member.election = self.config.election.to_std();
        // A successor is there after two election time-outs at the earliest.
        config.member.check_quorum = self.config.election.to_std() * 2;
        config.member.snapshot_every = self.config.snapshot_every;
        config.lease = self.config.lease.to_std();
        config
    }

    fn worker(&self, name: &str, controllers: &[String]) -> WorkerConfig {
        WorkerConfig {
            slots: self.config.slots,
            chunk: self.config.fetch_chunk,
            per_record: self.config.record_cost.to_std(),
            heartbeat: self.config.lease.to_std() / 10,
            bugs: self.bugs.clone(),
            ..WorkerConfig::new(name, controllers)
        }
    }
}

impl System for Batch {
    type Config = BatchConfig;
    type Workload = BatchWorkload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: CONTROLLER, count: 3, kind: RoleKind::Server },
            Role { name: WORKER, count: 5, kind: RoleKind::Server },
            Role { name: CLIENT, count: 2, kind: RoleKind::Client },
        ]
    }

    fn new(config: BatchConfig, workload: BatchWorkload, bugs: BugSet) -> Result<Self, SystemError> {
        let refused = |error: Error| SystemError(error.to_string());
        workload.check()?;
        let bugs = Bugs::from_names(bugs.names()).map_err(refused)?;
        if config.slots == 0 {
            return Err(SystemError("`slots` is zero: no worker would do anything".to_owned()));
        }
        if config.fetch_chunk == 0 {
            return Err(SystemError("`fetch-chunk` is zero: nothing would ever be sent".to_owned()));
        }
        if config.lease < SimDuration::from_millis(100) {
            return Err(SystemError("a `lease` must last at least 100ms".to_owned()));
        }
        let system = Self { config, workload, bugs };
        // Whether the spans fit each other does not depend on who asks.
        system.controller("only", &["only".to_owned()]).member.settings().map_err(refused)?;
        Ok(system)
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let controllers = ctx.names_of(CONTROLLER);
        let name = ctx.name().as_str();
        if ctx.node.role == CONTROLLER {
            let config = self.controller(name, &controllers);
            Box::pin(async move { Ok(controller::run(config).await?) })
        } else {
            let config = self.worker(name, &controllers);
            Box::pin(async move { Ok(worker::run(config).await?) })
        }
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        let controllers = ctx.node.names_of(CONTROLLER);
        Box::pin(workload::run(ctx, controllers, self.workload.clone()))
    }

    fn tolerates(&self, topology: &Topology) -> FaultBudget {
        let mut budget = FaultBudget::quorum(topology, CONTROLLER);
        let workers = u32::try_from(topology.role(WORKER).count()).expect("a topology is bounded");
        budget.unavailable_max.insert(WORKER.to_owned(), workers.saturating_sub(1));
        budget
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        let election_timeout_max = SimDuration::from(self.config.election.to_std() * 2);
        let directory = ControllerConfig::new("", &[]).member.directory.to_string_lossy().into_owned();
        let group = Group { role: CONTROLLER.to_owned(), directory, election_timeout_max };
        raft_invariants(group).into_iter().chain(batch_invariants()).collect()
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![Box::new(OutputEqualsOracle::new(reference)), linearizable_control()]
    }

    fn bugs() -> &'static [PlantedBug] {
        const BUGS: [PlantedBug; batch_cluster::BUGS.len()] = super::planted(batch_cluster::BUGS);
        &BUGS
    }

    fn modules() -> &'static [&'static str] {
        &["batch_cluster", "squall_wire"]
    }

    fn planned() -> &'static [&'static str] {
        &[
            "system.config.replication",
            "workload.mix.sort",
            "workload.mix.join",
            "workload.mix.kmeans",
            "workload.mix.dag",
            "workload.mix.grep-rand",
            "exclusive-lease",
            "lease-no-uncertainty",
        ]
    }
}

/// What a job should publish, by its specification as the history has it. `None` if its input
/// cannot be read, or is none that can be made again.
fn reference(spec: &Value) -> Option<BTreeMap<String, u64>> {
    let spec: JobSpec = serde_json::from_value(spec.clone()).ok()?;
    wordcount::reference(&spec.source)
}
