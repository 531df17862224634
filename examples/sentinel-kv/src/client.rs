//! Clients: ask a sentinel who is the primary, then the primary.
//!
//! What was sent and not answered is never sent again: it may have happened.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use squall::history::{Draw, SimDuration};
use squall::{ClientCtx, NodeResult, OpError};
use squall_io::{rand, time};

use crate::protocol::{FromSentinel, FromServer, Op, SENTINEL_PORT, SERVER_PORT, ToSentinel, ToServer};
use crate::rpc::{CallError, Line, PATIENCE};

/// How long an operation is tried.
const TIMEOUT: Duration = Duration::from_secs(3);
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
        Self { keys: 3, think: SimDuration::from_millis(100) }
    }
}

/// A client that knows a primary, or looks for one.
struct Client {
    sentinels: Vec<String>,
    /// Which sentinel is asked next.
    next: usize,
    primary: Option<Line>,
}

#[derive(Debug)]
enum ClientError {
    /// No primary took it: it did not happen.
    NoPrimary,
    /// It was sent and not answered.
    Unknown(CallError),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPrimary => f.write_str("no primary was found in time"),
            Self::Unknown(why) => why.fmt(f),
        }
    }
}

impl OpError for ClientError {
    fn never_happened(&self) -> bool {
        matches!(self, Self::NoPrimary)
    }
}

/// One incarnation of a client.
pub(crate) async fn run(ctx: ClientCtx, sentinels: Vec<String>, workload: Workload) -> NodeResult {
    let mut client = Client { sentinels, next: 0, primary: None };
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
        let question = ToServer::Client(op);
        while time::now() < deadline {
            if self.primary.is_none() {
                self.primary = self.find_primary().await;
            }
            if let Some(primary) = &mut self.primary {
                match primary.call(&question).await {
                    Ok(FromServer::Value(value)) => return Ok(value),
                    Ok(FromServer::Done) => return Ok(None),
                    Ok(_) | Err(CallError::NotSent(_)) => self.primary = None,
                    Err(why) => {
                        self.primary = None;
                        return Err(ClientError::Unknown(why));
                    }
                }
            }
            time::sleep(rand::between(PAUSE / 2, PAUSE)).await;
        }
        Err(ClientError::NoPrimary)
    }

    async fn find_primary(&mut self) -> Option<Line> {
        self.next = (self.next + 1) % self.sentinels.len();
        let answer = Line::new(&self.sentinels[self.next], SENTINEL_PORT, PATIENCE)
            .call(&ToSentinel::WhoIsPrimary)
            .await;
        match answer {
            Ok(FromSentinel::Primary(config)) if config.epoch > 0 => {
                Some(Line::new(&config.primary, SERVER_PORT, TIMEOUT))
            }
            _ => None,
        }
    }
}
