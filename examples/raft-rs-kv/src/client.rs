//! Clients: ask the server that leads, as far as they know.
//!
//! What was sent and not answered is never sent again: it may have happened.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use squall::history::{Draw, SimDuration};
use squall::{ClientCtx, NodeResult, OpError};
use squall_io::net::TcpStream;
use squall_io::{rand, time};
use squall_wire::{frame, read_frame};
use tokio::io::AsyncWriteExt;

use crate::protocol::{Inbound, Op, PORT, Reply};

/// How long an operation is tried, and how long an answer is waited for: longer than an election.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_millis(500);
/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// `workload` of a scenario: each client performs one operation after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Workload {
    /// Keys that are used; few, so that clients meet.
    pub keys: u64,
    /// Longest wait between two operations of a client, drawn uniformly from 0.
    pub think: SimDuration,
}

impl Default for Workload {
    fn default() -> Self {
        Self { keys: 3, think: SimDuration::from_millis(150) }
    }
}

struct Client {
    servers: Vec<String>,
    /// Who is asked next.
    server: usize,
    /// A connection to that server on which nothing is under way.
    connection: Option<TcpStream>,
}

#[derive(Debug)]
enum ClientError {
    /// Nobody took it: it did not happen.
    NotTaken,
    /// It was sent and not answered.
    Unknown(io::Error),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTaken => f.write_str("no leader was found in time"),
            Self::Unknown(why) => write!(f, "no answer: {why}"),
        }
    }
}

impl OpError for ClientError {
    fn never_happened(&self) -> bool {
        matches!(self, Self::NotTaken)
    }
}

/// One incarnation of a client.
pub(crate) async fn run(ctx: ClientCtx, servers: Vec<String>, workload: Workload) -> NodeResult {
    let mut client = Client { servers, server: 0, connection: None };
    loop {
        let number = ctx.next_op();
        let draw = ctx.draw(number);
        time::sleep(Duration::from_nanos(draw.property(0).between(0, workload.think.as_nanos()))).await;
        let op = draw_op(draw, workload.keys, format!("{}.{number} ", ctx.name()));
        let (f, key, argument) = match &op {
            Op::Get(key) => ("get", key, Value::Null),
            Op::Put(key, value) => ("put", key, json!(value)),
            Op::Append(key, text) => ("append", key, json!(text)),
        };
        // Its outcome is in the history; nobody else asks for it.
        ctx.op(f).key(key).value(argument).run(client.execute(op.clone())).await.ok();
    }
}

/// Half of all operations read; what is written is written by no other operation.
fn draw_op(draw: Draw, keys: u64, unique: String) -> Op {
    let key = format!("k{}", draw.property(1).below(keys));
    match draw.property(2).below(10) {
        0..5 => Op::Get(key),
        5..7 => Op::Put(key, unique),
        _ => Op::Append(key, unique),
    }
}

impl Client {
    async fn execute(&mut self, op: Op) -> Result<Option<String>, ClientError> {
        let deadline = time::now() + TIMEOUT;
        let question = frame(&Inbound::Client(op));
        while time::now() < deadline {
            let next = match self.connect().await {
                Ok(stream) => match ask(stream, &question).await.map_err(ClientError::Unknown) {
                    Ok((stream, reply)) => {
                        self.connection = Some(stream);
                        match reply {
                            Reply::Done(value) => return Ok(value),
                            Reply::NotLeader(leader) => leader,
                        }
                    }
                    Err(unknown) => {
                        self.turn_to(None);
                        return Err(unknown);
                    }
                },
                Err(_) => None,
            };
            self.turn_to(next.as_deref());
            time::sleep(rand::between(PAUSE / 2, PAUSE)).await;
        }
        Err(ClientError::NotTaken)
    }

    async fn connect(&mut self) -> io::Result<TcpStream> {
        match self.connection.take() {
            Some(stream) => Ok(stream),
            None => {
                time::timeout(CONNECT, TcpStream::connect((self.servers[self.server].as_str(), PORT))).await?
            }
        }
    }

    /// To the server of this name; without one, to the one after this.
    fn turn_to(&mut self, name: Option<&str>) {
        let named = name.and_then(|name| self.servers.iter().position(|server| server == name));
        let next = named.unwrap_or((self.server + 1) % self.servers.len());
        if next != self.server {
            self.connection = None;
        }
        self.server = next;
    }
}

/// Asks and waits. The stream comes back only with nothing under way.
async fn ask(mut stream: TcpStream, question: &[u8]) -> io::Result<(TcpStream, Reply)> {
    let exchange = async {
        stream.write_all(question).await?;
        read_frame(&mut stream).await
    };
    let reply = time::timeout(TIMEOUT, exchange).await??;
    Ok((stream, reply))
}
