//! Clients: put items into carts, and look into them.
//!
//! A write begins with a read: what the client saw is what its write supersedes. A client asks the homes of a
//! cart in turn until one answers, and writes once: what was sent and not answered may have happened.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use squall::history::SimDuration;
use squall::{ClientCtx, NodeResult, OpError};
use squall_io::{rand, time};

use crate::node::ring;
use crate::object::{Item, Object};
use crate::protocol::{Answer, PORT, Question};
use crate::rpc::{CallError, Line};

/// How long an operation is tried.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long a coordinator may take: it waits for others, and for nodes that take hints.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// `workload` of a scenario: each client performs one operation after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Workload {
    /// Carts that are used; few, so that clients meet.
    pub carts: u64,
    /// Longest wait between two operations of a client, drawn uniformly from 0.
    pub think: SimDuration,
    /// So long, from the start of the run, clients put items in; afterwards they only look.
    pub adds_until: SimDuration,
}

impl Default for Workload {
    fn default() -> Self {
        let adds_until = SimDuration::from_secs(3_600);
        Self { carts: 3, think: SimDuration::from_millis(200), adds_until }
    }
}

/// A client of one cluster.
struct Client {
    nodes: Vec<String>,
    n: usize,
}

#[derive(Debug)]
enum ClientError {
    /// Nobody took it: it did not happen.
    NotTaken,
    /// It was sent, and is not known to be where it should be.
    Unknown(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTaken => f.write_str("no node took it in time"),
            Self::Unknown(why) => f.write_str(why),
        }
    }
}

impl OpError for ClientError {
    fn never_happened(&self) -> bool {
        matches!(self, Self::NotTaken)
    }
}

/// One incarnation of a client.
pub(crate) async fn run(ctx: ClientCtx, nodes: Vec<String>, n: usize, workload: Workload) -> NodeResult {
    let client = Client { nodes, n };
    loop {
        let number = ctx.next_op();
        let draw = ctx.draw(number);
        time::sleep(Duration::from_nanos(draw.property(0).between(0, workload.think.as_nanos()))).await;
        let cart = format!("cart-{}", draw.property(1).below(workload.carts));
        // The clock of a node starts with the run, or a little off it.
        let may_add = time::now().as_nanos() < workload.adds_until.as_nanos();
        // Its outcome is in the history; nobody else asks for it.
        if may_add && draw.property(2).below(3) == 0 {
            let item = u64::from(ctx.node.node.number) * 1_000_000 + number;
            ctx.op("add").key(&cart).value(json!(item)).run(client.add(&cart, item)).await.ok();
        } else {
            let read = async { client.read(&cart).await.map(|object| object.items()) };
            ctx.op("read").key(&cart).run(read).await.ok();
        }
    }
}

impl Client {
    async fn read(&self, cart: &str) -> Result<Object, ClientError> {
        Ok(self.get(cart).await?.0)
    }

    /// Asks the homes of a cart, one after the other and beginning anywhere, until one has an answer; also
    /// gives the line to that one.
    async fn get(&self, cart: &str) -> Result<(Object, Line), ClientError> {
        let (deadline, mut homes) = (time::now() + TIMEOUT, self.homes(cart));
        while time::now() < deadline {
            let mut line = homes.next().expect("a cart has homes, and they come round");
            let get = Question::Get { key: cart.to_owned() };
            if let Ok(Answer::Cart(object)) = line.call(&get).await {
                return Ok((object, line));
            }
            time::sleep(rand::between(PAUSE / 2, PAUSE)).await;
        }
        Err(ClientError::NotTaken)
    }

    /// The home that answered the read coordinates the write, as in Dynamo (section 6.4): it lives.
    async fn add(&self, cart: &str, item: Item) -> Result<(), ClientError> {
        let (read, mut line) = self.get(cart).await?;
        let mut items = read.items();
        items.insert(item);
        match line.call(&Question::Put { key: cart.to_owned(), context: read.clock, items }).await {
            Ok(Answer::Done) => Ok(()),
            Ok(_) => Err(ClientError::Unknown("too few nodes have it for certain".to_owned())),
            Err(CallError::NoAnswer(why)) => Err(ClientError::Unknown(why.to_string())),
            Err(CallError::NotSent(_)) => Err(ClientError::NotTaken),
        }
    }

    /// The homes of a cart in turn, for ever, beginning anywhere.
    fn homes<'a>(&'a self, cart: &str) -> impl Iterator<Item = Line> + use<'a> {
        let homes: Vec<&String> = ring(&self.nodes, cart).take(self.n).collect();
        let first = usize::try_from(rand::below(self.n as u64)).expect("a few homes");
        homes.into_iter().cycle().skip(first).map(|home| Line::new(home, PORT, PATIENCE))
    }
}
