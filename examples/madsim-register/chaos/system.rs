//! What joins the registers to Squall: roles, what clients do, and what is judged.

use std::time::Duration;

use madsim_register::client::{Bugs, Client};
use madsim_register::replica;
use serde::{Deserialize, Serialize};
use squall::check::{RegisterModel, linearizable};
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, NodeCtx, NodeFuture, NodeResult, PlantedBug, Registry, Role,
    RoleKind, SimDuration, System, SystemError, Topology,
};
use tokio::time;

const REPLICA: &str = "replica";

/// The systems of this crate, by the names that scenarios use.
pub(crate) fn registry() -> Registry {
    Registry::new().add::<RegisterSystem>("register")
}

/// `system.config` of a scenario: there is nothing to configure.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {}

/// `workload` of a scenario.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Workload {
    /// Registers that are used; few, so that clients meet.
    registers: u64,
    /// Longest wait of a client between two operations.
    think: SimDuration,
}

impl Default for Workload {
    fn default() -> Self {
        Self { registers: 2, think: SimDuration::from_millis(100) }
    }
}

/// The system under test. A fresh one is made for every run.
pub(crate) struct RegisterSystem {
    workload: Workload,
    bugs: Bugs,
}

impl System for RegisterSystem {
    type Config = Config;
    type Workload = Workload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: REPLICA, count: 3, kind: RoleKind::Server },
            Role { name: "client", count: 3, kind: RoleKind::Client },
        ]
    }

    fn new(_: Config, workload: Workload, bugs: BugSet) -> Result<Self, SystemError> {
        if workload.registers == 0 {
            return Err(SystemError("`registers` is zero: there is nothing to act on".to_owned()));
        }
        Ok(Self { workload, bugs: Bugs { no_write_back: bugs.has("no-write-back") } })
    }

    fn node(&self, _: NodeCtx) -> NodeFuture {
        Box::pin(async { Ok(replica::run().await?) })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        // A later incarnation is another writer: it may not use a tag of this one again.
        let name = format!("{}.{}", ctx.name(), ctx.boot().0);
        let client = Client::new(&name, ctx.node.names_of(REPLICA), self.bugs);
        Box::pin(act(ctx, client, self.workload.clone()))
    }

    fn tolerates(&self, topology: &Topology) -> FaultBudget {
        FaultBudget::quorum(topology, REPLICA)
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![linearizable(RegisterModel)]
    }

    fn bugs() -> &'static [PlantedBug] {
        &[PlantedBug { name: "no-write-back", what: "what a read found is not handed to a majority" }]
    }
}

// What of an operation is drawn, each by a number of its own: see `ClientCtx::draw`.
const THINK: u64 = 1;
const REGISTER: u64 = 2;
const WRITES: u64 = 3;

/// A client, for as long as it lives: it reads a register, or writes something that nobody else does.
async fn act(ctx: ClientCtx, client: Client, workload: Workload) -> NodeResult {
    loop {
        let number = ctx.next_op();
        let draw = ctx.draw(number);
        let think = draw.property(THINK).between(0, workload.think.as_nanos());
        time::sleep(Duration::from_nanos(think)).await;
        let register = format!("register-{}", draw.property(REGISTER).below(workload.registers));
        // What fails is in the history; the client goes on with its next operation.
        if draw.property(WRITES).below(3) == 0 {
            let value = u64::from(ctx.node.node.number) * 1_000_000 + number;
            let write = client.write(&register, value);
            ctx.op("write").key(&register).value(value).run_with(write, |_| false).await.ok();
        } else {
            let read = client.read(&register);
            ctx.op("read").key(&register).run_with(read, |_| false).await.ok();
        }
    }
}
