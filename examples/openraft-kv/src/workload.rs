//! What the clients do, and how their operations stand in the history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use squall::history::{Draw, SimDuration};
use squall::{ClientCtx, Completed, NodeResult};
use squall_io::time;

use crate::client::{Client, NoAnswer};
use crate::protocol::{Answer, Op};

/// `workload` of a scenario: each client performs one operation after the other until the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct KvWorkload {
    /// Keys that are used; few, so that clients meet.
    pub keys: u32,
    /// The first clients, this many, only read.
    pub readers: u32,
    /// Longest wait between two operations of a client, drawn uniformly from 0.
    pub think: SimDuration,
    /// How long an operation is tried; then nobody knows what became of it.
    pub timeout: SimDuration,
}

impl Default for KvWorkload {
    fn default() -> Self {
        Self {
            keys: 3,
            readers: 1,
            think: SimDuration::from_millis(60),
            timeout: SimDuration::from_millis(3_000),
        }
    }
}

// Properties of an operation's draw.
const KIND: u64 = 1;
const KEY: u64 = 2;
const THINK: u64 = 3;

/// One incarnation of a client.
pub(crate) async fn run(ctx: ClientCtx, servers: Vec<String>, workload: KvWorkload) -> NodeResult {
    // A later incarnation is another client to the servers: it does not know what this one did.
    let id = format!("{}.{}", ctx.name(), ctx.boot().0);
    let mut client = Client::new(id, servers, workload.timeout.to_std());
    let only_reads = ctx.node.node.number <= workload.readers;
    let mut seen = BTreeMap::new();
    loop {
        let number = ctx.next_op();
        let draw = ctx.draw(number);
        let think = draw.property(THINK).between(0, workload.think.as_nanos());
        time::sleep(SimDuration(think).to_std()).await;
        let key = format!("k{}", draw.property(KEY).below(u64::from(workload.keys)));
        let unique = format!("{}.{number} ", ctx.name());
        let op = if only_reads { Op::Get { key } } else { choose(draw, key, unique, &seen) };
        perform(&ctx, &mut client, op, &mut seen).await;
    }
}

/// The operation of a draw: half of them read. `unique` is written by no other one.
fn choose(draw: Draw, key: String, unique: String, seen: &BTreeMap<String, Option<String>>) -> Op {
    match draw.property(KIND).below(20) {
        0..10 => Op::Get { key },
        10..12 => Op::Put { key, value: unique },
        12..18 => Op::Append { key, text: unique },
        // What was seen last, which may match.
        _ => Op::Cas { expected: seen.get(&key).cloned().flatten(), key, new: unique },
    }
}

/// Performs and records one operation, in the words of [`KvModel`](squall::check::KvModel).
async fn perform(ctx: &ClientCtx, client: &mut Client, op: Op, seen: &mut BTreeMap<String, Option<String>>) {
    let key = op.key().to_owned();
    let (f, argument) = match &op {
        Op::Get { .. } => ("get", Value::Null),
        Op::Put { value, .. } => ("put", json!(value)),
        Op::Append { text, .. } => ("append", json!(text)),
        Op::Cas { expected, new, .. } => ("cas", json!([expected, new])),
    };
    let outcome = ctx.op(f).key(&key).value(argument).run_as(client.execute(op), completed).await;
    if let Ok(Answer::Value(value)) = outcome {
        seen.insert(key, value);
    }
}

fn completed(outcome: &Result<Answer, NoAnswer>) -> Completed {
    match outcome {
        Ok(Answer::Value(value)) => Completed::Ok(json!(value)),
        Ok(Answer::Swapped(matched)) => Completed::Ok(json!(matched)),
        Ok(Answer::Done) => Completed::Ok(Value::Null),
        Ok(Answer::Superseded) | Err(NoAnswer) => Completed::Info("no answer in time".to_owned()),
    }
}
