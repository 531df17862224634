//! The system `hostile`: servers that live quietly for a second and then, in the seeds drawn for it,
//! do the deed; a client that performs an operation every 100 ms, so that there is something to judge.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use squall::history::Topology;
use squall::{
    BugSet, ClientCtx, FaultBudget, NodeCtx, NodeFuture, NodeResult, PlantedBug, Role, RoleKind, System,
    SystemError,
};
use squall_io::{rand, time};

use crate::deeds::{self, Deed};

/// `system.config`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// What is done.
    deed: Deed,
    /// It is done in one of this many seeds.
    one_in: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { deed: Deed::Nothing, one_in: 4 }
    }
}

/// `workload`: nothing can be said about it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Workload {}

/// The system.
pub(crate) struct Hostile {
    config: Config,
}

impl System for Hostile {
    type Config = Config;
    type Workload = Workload;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: "server", count: 2, kind: RoleKind::Server },
            Role { name: "client", count: 1, kind: RoleKind::Client },
        ]
    }

    fn new(config: Config, _workload: Workload, _bugs: BugSet) -> Result<Self, SystemError> {
        match config.one_in {
            0 => Err(SystemError("`one-in` is zero".to_owned())),
            _ => Ok(Self { config }),
        }
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let Config { deed, one_in } = self.config;
        Box::pin(async move {
            // The first server alone: which node did it is part of what must be found out.
            if ctx.node.number != 1 {
                return std::future::pending().await;
            }
            // Drawn before anything that may depend on the world outside.
            let strikes = rand::below(one_in) == 0;
            time::sleep(Duration::from_secs(1)).await;
            if strikes { deeds::commit(deed).await } else { std::future::pending().await }
        })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        let deed = self.config.deed;
        Box::pin(async move { client(&ctx, deed).await })
    }

    fn tolerates(&self, _topology: &Topology) -> FaultBudget {
        FaultBudget::default()
    }

    fn bugs() -> &'static [PlantedBug] {
        &[]
    }
}

async fn client(ctx: &ClientCtx, deed: Deed) -> NodeResult {
    loop {
        time::sleep(Duration::from_millis(100)).await;
        let operation = ctx.invoke("ask", None, Value::Null);
        operation.ok(deeds::answer(deed));
    }
}
