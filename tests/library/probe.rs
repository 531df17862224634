//! `probe`: servers that say what their configuration says and answer what they are asked over a
//! stream, clients that ask and record. It makes faults visible and has no logic of its own.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use squall::history::Boot;
use squall::history::vocab::raft;
use squall::io::net::{TcpListener, TcpStream};
use squall::io::{observe, task, time};
use squall::{
    BugSet, ClientCtx, FaultBudget, NodeCtx, NodeFuture, NodeResult, Role, RoleKind, SimDuration, System,
    SystemError, Topology,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PORT: u16 = 80;
/// Between two questions of a client.
const PACE: Duration = Duration::from_millis(20);
/// How long a client waits for an answer or a connection.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);

/// What the servers do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct ProbeConfig {
    /// Who says that it became leader, and when.
    leaders: Vec<Reign>,
    /// Who ends by itself in every incarnation, and how.
    ends: Vec<End>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    node: String,
    after: SimDuration,
    how: How,
    /// Incarnations that do.
    boots: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum How {
    Panic,
    Exit,
    Error,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reign {
    node: String,
    at: SimDuration,
}

/// The system. Clients ask the server `server-1`.
#[derive(Clone, Debug)]
pub(crate) struct Probe(ProbeConfig);

impl System for Probe {
    type Config = ProbeConfig;
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![
            Role { name: "server", count: 5, kind: RoleKind::Server },
            Role { name: "client", count: 1, kind: RoleKind::Client },
        ]
    }

    fn new(config: ProbeConfig, (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self(config))
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let mut reigns = self.0.leaders.clone();
        // Times count from the start of the run: a later incarnation has nothing to say.
        reigns.retain(|reign| ctx.boot == Boot(1) && reign.node == ctx.name().as_str());
        let mut ends = self.0.ends.clone();
        ends.retain(|end| ctx.boot.0 <= end.boots && end.node == ctx.name().as_str());
        Box::pin(serve(reigns, ends))
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        Box::pin(ask(ctx))
    }

    fn tolerates(&self, topology: &Topology) -> FaultBudget {
        FaultBudget::quorum(topology, "server")
    }
}

async fn serve(reigns: Vec<Reign>, ends: Vec<End>) -> NodeResult {
    for (term, reign) in (1..).zip(reigns) {
        drop(task::spawn(async move {
            time::sleep(reign.at.to_std()).await;
            observe(raft::Event::BecameLeader { term });
        }));
    }
    let Some(end) = ends.first().cloned() else { return listen().await };
    drop(task::spawn(listen()));
    time::sleep(end.after.to_std()).await;
    match end.how {
        How::Panic => panic!("as configured"),
        How::Exit => Ok(()),
        How::Error => Err("as configured".into()),
    }
}

async fn listen() -> NodeResult {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        drop(task::spawn(answer(stream)));
    }
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let word = stream.read_u32().await?;
        stream.write_u32(word).await?;
    }
}

/// Connects, asks until an answer does not come, and starts over.
async fn ask(ctx: ClientCtx) -> NodeResult {
    loop {
        time::sleep(PACE).await;
        let dial = ctx.invoke("connect", None, Value::Null);
        let mut stream = match time::timeout(PATIENCE, TcpStream::connect(("server-1", PORT))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                dial.fail(&error.kind().to_string());
                continue;
            }
            Err(_) => {
                dial.fail("no answer");
                continue;
            }
        };
        dial.ok(Value::Null);
        for word in 0_u32.. {
            let question = ctx.invoke("echo", None, word.into());
            match time::timeout(PATIENCE, exchange(&mut stream, word)).await {
                Ok(Ok(echo)) => question.ok(echo.into()),
                Ok(Err(error)) => {
                    question.info(&error.kind().to_string());
                    break;
                }
                Err(_) => {
                    question.info("no answer");
                    break;
                }
            }
            time::sleep(PACE).await;
        }
    }
}

async fn exchange(stream: &mut TcpStream, word: u32) -> io::Result<u32> {
    stream.write_u32(word).await?;
    stream.read_u32().await
}
