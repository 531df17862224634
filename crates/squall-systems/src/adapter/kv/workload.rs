//! What the clients of `kv` do, and how their operations stand in the history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use squall::history::{Draw, SimDuration};
use squall::{ClientCtx, Completed, NodeResult, SystemError};
use squall_io::time;

use crate::kv::{self, Answer, Client, ClientConfig, Op};

/// `workload` of `kv`: each client performs one operation after the other until the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct KvWorkload {
    /// Keys that are used; few, so that clients meet.
    pub keys: u32,
    /// The first clients, this many, only read: they stay with a primary that answers, whatever
    /// happened to it.
    pub readers: u32,
    /// Longest wait between two operations of a client, drawn uniformly from 0.
    pub think: SimDuration,
    /// How long an operation is tried; then nobody knows what became of it.
    pub timeout: SimDuration,
    /// Weights of the operations.
    pub mix: KvMix,
}

/// Weights of the operations; zero leaves one out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct KvMix {
    /// Reads.
    pub get: u32,
    /// Overwrites.
    pub put: u32,
    /// Additions to the end: one that is lost or applied twice shows for ever.
    pub append: u32,
    /// Compare-and-sets.
    pub cas: u32,
}

impl Default for KvMix {
    fn default() -> Self {
        Self { get: 10, put: 2, append: 6, cas: 2 }
    }
}

impl KvMix {
    const READS: Self = Self { get: 1, put: 0, append: 0, cas: 0 };
}

impl Default for KvWorkload {
    fn default() -> Self {
        Self {
            keys: 3,
            readers: 1,
            think: SimDuration::from_millis(60),
            timeout: SimDuration::from_secs(3),
            mix: KvMix::default(),
        }
    }
}

impl KvWorkload {
    pub(super) fn check(&self) -> Result<(), SystemError> {
        let KvMix { get, put, append, cas } = self.mix;
        if self.keys == 0 {
            return Err(SystemError("`keys` is zero: there is nothing to act on".to_owned()));
        }
        if self.timeout == SimDuration::ZERO {
            return Err(SystemError("`timeout` is zero: no operation could be sent".to_owned()));
        }
        match [get, put, append, cas].iter().try_fold(0_u32, |sum, &weight| sum.checked_add(weight)) {
            Some(1..) => Ok(()),
            _ => Err(SystemError("the weights of `mix` must sum to something between 1 and 2^32".to_owned())),
        }
    }
}

// Properties of an operation's draw.
const KIND: u64 = 1;
const KEY: u64 = 2;
const THINK: u64 = 3;
const STALE: u64 = 4;

/// One incarnation of a client.
pub(super) async fn run(ctx: ClientCtx, servers: Vec<String>, workload: KvWorkload) -> NodeResult {
    // A later incarnation is another client to the servers: it does not know what this one did.
    let id = format!("{}.{}", ctx.name(), ctx.boot().0);
    let config =
        ClientConfig { total_timeout: workload.timeout.to_std(), ..ClientConfig::new(&id, &servers) };
    let mut client = Client::new(config);
    let mut seen = BTreeMap::new();
    let reads_only = ctx.node.node.number <= workload.readers;
    let mix = if reads_only { KvMix::READS } else { workload.mix };
    loop {
        let number = ctx.next_op();
        let draw = ctx.draw(number);
        let think = draw.property(THINK).between(0, workload.think.as_nanos());
        time::sleep(SimDuration(think).to_std()).await;
        let op = workload.op(mix, draw, &format!("{}.{number} ", ctx.name()), &seen);
        perform(&ctx, &mut client, op, &mut seen).await;
    }
}

impl KvWorkload {
    /// The operation of a draw. `unique` is written by no other one.
    fn op(&self, mix: KvMix, draw: Draw, unique: &str, seen: &BTreeMap<String, Option<String>>) -> Op {
        let key = format!("k{}", draw.property(KEY).below(u64::from(self.keys)));
        let KvMix { get, put, append, cas } = mix;
        let total = get + put + append + cas;
        let mut at = u32::try_from(draw.property(KIND).below(u64::from(total))).expect("below a u32");
        let mut is = |weight: u32| {
            let hit = at < weight;
            at = at.saturating_sub(weight);
            hit
        };
        if is(get) {
            Op::Get { key }
        } else if is(put) {
            Op::Put { key, value: unique.to_owned() }
        } else if is(append) {
            Op::Append { key, text: unique.to_owned() }
        } else {
            // Mostly what was seen last, which may match; sometimes what cannot.
            let stale = draw.property(STALE).below(8) == 0;
            let expected =
                if stale { Some("never written".to_owned()) } else { seen.get(&key).cloned().flatten() };
            Op::Cas { key, expected, new: unique.to_owned() }
        }
    }
}

/// Performs and records one operation, in the words of
/// [`KvModel`](squall::check::KvModel).
async fn perform(ctx: &ClientCtx, client: &mut Client, op: Op, seen: &mut BTreeMap<String, Option<String>>) {
    let key = op.key().to_owned();
    let (f, argument) = match &op {
        Op::Get { .. } => ("get", Value::Null),
        Op::Put { value, .. } => ("put", json!(value)),
        Op::Append { text, .. } => ("append", json!(text)),
        Op::Cas { expected, new, .. } => ("cas", json!([expected, new])),
        Op::Delete { .. } => ("delete", Value::Null),
    };
    let outcome = ctx.op(f).key(&key).value(argument).run_as(client.execute(op), completed).await;
    if let Ok(Answer::Value(value) | Answer::NotSwapped(value)) = outcome {
        seen.insert(key, value);
    }
}

fn completed(outcome: &Result<Answer, kv::Error>) -> Completed {
    match outcome {
        Ok(Answer::Value(value)) => Completed::Ok(json!(value)),
        Ok(Answer::Done) => Completed::Ok(Value::Null),
        Ok(Answer::Swapped) => Completed::Ok(json!(true)),
        Ok(Answer::NotSwapped(_)) => Completed::Ok(json!(false)),
        Ok(Answer::TooLarge) => Completed::Fail("the value would be too long".to_owned()),
        Err(kv::Error::NotExecuted(why)) => Completed::Fail((*why).to_owned()),
        Err(error) => Completed::Info(error.to_string()),
    }
}
