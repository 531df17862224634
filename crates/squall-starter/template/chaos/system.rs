//! What joins the store to Squall: its roles, what its clients do, and what it is judged by.

use std::time::Duration;

use my_kv::client::{Client, Error};
use my_kv::server::{self, Bugs};
use serde::{Deserialize, Serialize};
use squall::check::{KvModel, linearizable};
use squall::{
    BugSet, Checker, ClientCtx, FaultBudget, NodeCtx, NodeFuture, NodeResult, PlantedBug, Registry,
    Role, RoleKind, SimDuration, System, SystemError, Topology,
};
use squall_io::time;

/// The systems of this crate, by the names that scenarios use.
pub fn registry() -> Registry {
    Registry::new().add::<MyKv>("my-kv")
}

/// `system.config` of a scenario: the store has nothing to configure.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

/// `workload` of a scenario.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Workload {
    /// Keys that are used; few, so that clients meet.
    pub keys: u64,
    /// Longest wait of a client between two operations.
    pub think: SimDuration,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            keys: 2,
            think: SimDuration::from_millis(100),
        }
    }
}

/// The store under test. A fresh one is made for every run.
pub struct MyKv {
    workload: Workload,
    bugs: Bugs,
}

impl System for MyKv {
    type Config = Config;
    type Workload = Workload;

    fn roles() -> Vec<Role> {
        vec![
            Role {
                name: "server",
                count: 1,
                kind: RoleKind::Server,
            },
            Role {
                name: "client",
                count: 3,
                kind: RoleKind::Client,
            },
        ]
    }

    fn new(_: Config, workload: Workload, bugs: BugSet) -> Result<Self, SystemError> {
        if workload.keys == 0 {
            return Err(SystemError(
                "`keys` is zero: there is nothing to act on".to_owned(),
            ));
        }
        Ok(Self {
            workload,
            bugs: Bugs {
                lost_update: bugs.has("lost-update"),
            },
        })
    }

    fn node(&self, _: NodeCtx) -> NodeFuture {
        let bugs = self.bugs;
        Box::pin(async move { Ok(server::run(bugs).await?) })
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        Box::pin(act(ctx, self.workload.clone()))
    }

    // It promises its answers whatever fails, and no availability: there is one server.
    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        vec![linearizable(KvModel)]
    }

    fn bugs() -> &'static [PlantedBug] {
        &[PlantedBug {
            name: "lost-update",
            what: "the values are let go while the log is written",
        }]
    }

    fn modules() -> &'static [&'static str] {
        &["my_kv"]
    }
}

// What of an operation is drawn, each by a number of its own: see `ClientCtx::draw`.
const THINK: u64 = 1;
const KEY: u64 = 2;

/// A client, for as long as it lives: it reads a key, and sets it to something that nobody else does.
async fn act(ctx: ClientCtx, workload: Workload) -> NodeResult {
    let mut client = Client::new("server-1");
    loop {
        let number = ctx.next_op();
        let draw = ctx.draw(number);
        let think = draw.property(THINK).between(0, workload.think.as_nanos());
        time::sleep(Duration::from_nanos(think)).await;
        let key = format!("key-{}", draw.property(KEY).below(workload.keys));
        // What fails is in the history; the client goes on with its next operation.
        update(&ctx, &mut client, &key, &format!("{}:{number}", ctx.name()))
            .await
            .ok();
    }
}

async fn update(ctx: &ClientCtx, client: &mut Client, key: &str, to: &str) -> Result<(), Error> {
    let get = client.get(key);
    let from = ctx
        .op("get")
        .key(key)
        .run_with(get, Error::never_happened)
        .await?;
    let pair = vec![from.clone(), Some(to.to_owned())];
    let set = client.compare_and_set(key, from, to);
    ctx.op("cas")
        .key(key)
        .value(pair)
        .run_with(set, Error::never_happened)
        .await?;
    Ok(())
}
