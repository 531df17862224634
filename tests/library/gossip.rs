//! `gossip`: nodes that send numbered datagrams to each other at times that depend on nothing they
//! hear, so that what a fault does to one packet shows on that packet alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use squall::history::vocab::Custom;
use squall::io::net::UdpSocket;
use squall::io::{observe, rand, task, time};
use squall::{
    BugSet, ClientCtx, FaultBudget, NodeCtx, NodeFuture, NodeResult, Role, RoleKind, System, SystemError,
    Topology,
};

const PORT: u16 = 9;

/// Who takes part.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct GossipConfig {
    /// These neither speak nor are spoken to; they keep busy all the same.
    silent: Vec<String>,
}

/// The system.
#[derive(Clone, Debug)]
pub(crate) struct Gossip(GossipConfig);

impl System for Gossip {
    type Config = GossipConfig;
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "node", count: 4, kind: RoleKind::Server }]
    }

    fn new(config: GossipConfig, (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self(config))
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        let silent = |name: &String| self.0.silent.contains(name);
        let peers =
            ctx.names_of("node").into_iter().filter(|name| !silent(name) && name != ctx.name().as_str());
        if silent(&ctx.name().to_string()) {
            return Box::pin(keep_to_itself());
        }
        Box::pin(speak(peers.collect()))
    }

    fn client(&self, _: ClientCtx) -> NodeFuture {
        unreachable!("there is no client role")
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }
}

/// Tells each peer the next number at drawn times, and observes what it hears.
async fn speak(peers: Vec<String>) -> NodeResult {
    let socket = std::sync::Arc::new(UdpSocket::bind(("0.0.0.0", PORT)).await?);
    let ears = socket.clone();
    drop(task::spawn(async move {
        let mut word = [0; 4];
        while let Ok((_, from)) = ears.recv_from(&mut word).await {
            let heard = Custom::new("gossip", "heard").with("number", u32::from_be_bytes(word));
            observe(heard.with("from", from.to_string()));
        }
    }));
    for number in 0_u32.. {
        time::sleep(rand::between(Duration::from_millis(5), Duration::from_millis(40))).await;
        for peer in &peers {
            socket.send_to(&number.to_be_bytes(), (peer.as_str(), PORT)).await?;
        }
    }
    Ok(())
}

/// Tasks, timers and draws of its own, and never a word to another.
async fn keep_to_itself() -> NodeResult {
    loop {
        let nap = Duration::from_micros(rand::below(20_000));
        task::spawn(time::sleep(nap)).await.map_err(|error| error.to_string())?;
        squall::io::fs::write("own", &nap.as_nanos().to_be_bytes()).await?;
    }
}
