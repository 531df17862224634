//! What joins the ledger to Squall: its roles, what its clients do, and what it is judged by.

use std::time::Duration;

use axum_on_turmoil::client::{Client, Error};
use axum_on_turmoil::{Bugs, service};
use serde::{Deserialize, Serialize};
use squall::check::blackbox::linearizability::models::CounterModel;
use squall::check::linearizable;
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, NodeCtx, NodeFuture, NodeResult, PlantedBug, Registry, Role,
    RoleKind, SimDuration, System, SystemError, Topology,
};

use crate::turmoil_net::{Listener, ToServer};

/// The systems of this crate, by the names that scenarios use.
pub(crate) fn registry() -> Registry {
    Registry::new().add::<LedgerSystem>("ledger")
}

/// `system.config` of a scenario: the service has nothing to configure.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {}

/// `workload` of a scenario.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Workload {
    /// Accounts that are used; few, so that clients meet.
    accounts: u64,
    /// Longest wait of a client between two operations.
    think: SimDuration,
}

impl Default for Workload {
    fn default() -> Self {
        Self { accounts: 2, think: SimDuration::from_millis(100) }
    }
}

/// The service under test. A fresh one is made for every run.
pub(crate) struct LedgerSystem {
    workload: Workload,
    bugs: Bugs,
}

impl System for LedgerSystem {
    type Config = Config;
    type Workload = Workload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: "server", count: 1, kind: RoleKind::Server },
            Role { name: "client", count: 3, kind: RoleKind::Client },
        ]
    }

    fn new(_: Config, workload: Workload, bugs: BugSet) -> Result<Self, SystemError> {
        if workload.accounts == 0 {
            return Err(SystemError("`accounts` is zero: there is nothing to act on".to_owned()));
        }
        let bugs = Bugs { lost_update: bugs.has("lost-update"), forgets_ids: bugs.has("forgets-ids") };
        Ok(Self { workload, bugs })
    }

    // What production's `main` does, on another listener.
    fn node(&self, _: NodeCtx) -> NodeFuture {
        let bugs = self.bugs;
        Box::pin(async move { Ok(service::serve(Listener::bind().await?, bugs).await?) })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        Box::pin(act(ctx, self.workload.clone()))
    }

    // It promises its answers whatever fails, and no availability: there is one server.
    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![linearizable(CounterModel)]
    }

    fn bugs() -> &'static [PlantedBug] {
        &[
            PlantedBug { name: "lost-update", what: "the books are let go while a deposit is written down" },
            PlantedBug {
                name: "forgets-ids",
                what: "a server that starts again forgets which deposits it made",
            },
        ]
    }
}

// What of an operation is drawn, each by a number of its own: see `ClientCtx::draw`.
const THINK: u64 = 1;
const ACCOUNT: u64 = 2;
const AMOUNT: u64 = 3;
const READS: u64 = 4;

/// A client, for as long as it lives: it deposits to an account, or reads it.
async fn act(ctx: ClientCtx, workload: Workload) -> NodeResult {
    let mut client = Client::new(ToServer);
    loop {
        let number = ctx.next_op();
        let draw = ctx.draw(number);
        let think = draw.property(THINK).between(0, workload.think.as_nanos());
        tokio::time::sleep(Duration::from_nanos(think)).await;
        let account = format!("account-{}", draw.property(ACCOUNT).below(workload.accounts));
        // What fails is in the history; the client goes on with its next operation.
        if draw.property(READS).below(3) == 0 {
            let read = client.read(&account);
            ctx.op("read").key(&account).run_with(read, Error::never_happened).await.ok();
        } else {
            let amount = draw.property(AMOUNT).between(1, 100);
            let id = format!("{}.{number}", ctx.name());
            let deposit = client.deposit(&account, &id, amount);
            let op = ctx.op("add-and-get").key(&account).value(amount);
            op.run_with(deposit, Error::never_happened).await.ok();
        }
    }
}
