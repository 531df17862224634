//! Echo and idle on moonpool-sim, which has no datagrams.
//!
//! On its world and executor directly: its runner would add chaos of its own and take no latencies.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contest::{Done, FRAME, Job, LATENCY_MAX, LATENCY_MIN, Workload};
use futures::io::{AsyncReadExt, AsyncWriteExt};
use moonpool_sim::executor::{Executor, spawn, until_stalled};
use moonpool_sim::{
    ChaosConfiguration, LatencyDistribution, NetworkConfiguration, NetworkProvider, SimNetworkProvider,
    SimTimeProvider, SimWorld, TcpListenerTrait, TimeProvider,
};

fn main() -> ExitCode {
    contest::contend(run)
}

fn run(job: Job) -> Option<Done> {
    if job.workload == Workload::Gossip {
        return None;
    }
    let link = LatencyDistribution::Uniform { start: LATENCY_MIN, end: LATENCY_MAX };
    let config = NetworkConfiguration {
        bind_latency: LatencyDistribution::default(),
        accept_latency: LatencyDistribution::default(),
        connect_latency: link.clone(),
        read_latency: LatencyDistribution::default(),
        write_latency: link,
        chaos: ChaosConfiguration::disabled(),
    };
    let mut sim = SimWorld::new_with_network_config_and_seed(config, 1);
    let messages = Arc::new(AtomicU64::new(0));
    let counted = messages.clone();
    Executor::new(1).block_on(async move {
        for pair in 1..=job.pairs() {
            let server = server(sim.network_provider(), address(pair));
            drop(spawn("server", server));
            let (network, time) = (sim.network_provider(), sim.time_provider());
            let client = client(network, time, address(pair), job.workload.pause(), counted.clone());
            drop(spawn("client", client));
        }
        until_stalled().await;
        while sim.current_time() < job.simulated {
            sim.step();
            until_stalled().await;
        }
    });
    Some(Done { messages: messages.load(Ordering::Relaxed), events: None })
}

fn address(pair: u32) -> String {
    format!("10.0.0.{pair}:7000")
}

async fn server(network: SimNetworkProvider, address: String) -> std::io::Result<()> {
    let listener = network.bind(&address).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        drop(spawn("connection", async move {
            let mut frame = [0; FRAME];
            while stream.read_exact(&mut frame).await.is_ok() && stream.write_all(&frame).await.is_ok() {}
        }));
    }
}

async fn client(
    network: SimNetworkProvider,
    time: SimTimeProvider,
    server: String,
    pause: Option<Duration>,
    messages: Arc<AtomicU64>,
) -> std::io::Result<()> {
    let mut stream = network.connect(&server).await?;
    let mut frame = [7; FRAME];
    loop {
        stream.write_all(&frame).await?;
        stream.read_exact(&mut frame).await?;
        messages.fetch_add(2, Ordering::Relaxed);
        if let Some(pause) = pause {
            let _ = time.sleep(pause).await;
        }
    }
}
