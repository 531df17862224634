//! The workloads on squall-sim, through squall-io, as a user would write them.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use contest::{
    DATAGRAM, Done, FAN_OUT, FRAME, GOSSIP_EVERY, Job, LATENCY_MAX, LATENCY_MIN, PORT, Peers, Workload,
};
use squall_history::{DiskProfile, NetworkProfile, NodeName, Seed, SimDuration, SimTime, Topology};
use squall_io::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use squall_io::{task, time};
use squall_sim::{Journaling, Ran, Sim, SimConfig, SimLimits, Software};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn main() -> ExitCode {
    contest::contend(run)
}

fn run(job: Job) -> Option<Done> {
    let roles = match job.workload {
        Workload::Echo | Workload::Idle => vec![("server", job.pairs()), ("client", job.pairs())],
        Workload::Gossip => vec![("gossip", job.nodes)],
    };
    let topology = Topology::of_roles(&roles);
    let mut sim = Sim::new(&SimConfig {
        seed: Seed(1),
        topology: &topology,
        network: NetworkProfile {
            latency: nanos(LATENCY_MIN),
            jitter: nanos(LATENCY_MAX - LATENCY_MIN),
            ..NetworkProfile::PERFECT
        },
        disk: DiskProfile::default(),
        limits: SimLimits { events: u64::MAX, ..SimLimits::default() },
        journaling: Journaling::Off,
    });
    let messages = Arc::new(AtomicU64::new(0));
    start(&mut sim, job, &messages);
    while sim.run_until(SimTime(nanos(job.simulated).0)) == Ran::Recorded {
        drop(sim.take_records());
    }
    let events = sim.events();
    drop(sim);
    Some(Done { messages: messages.load(Ordering::Relaxed), events: Some(events) })
}

fn nanos(span: Duration) -> SimDuration {
    SimDuration(u64::try_from(span.as_nanos()).expect("centuries"))
}

fn start(sim: &mut Sim, job: Job, messages: &Arc<AtomicU64>) {
    let mut start = |name: String, software: Software| sim.start(&NodeName::from(name.as_str()), software);
    match job.workload {
        Workload::Echo | Workload::Idle => {
            for pair in 1..=job.pairs() {
                start(format!("server-{pair}"), Box::pin(server()));
                let client = client(format!("server-{pair}"), job.workload.pause(), messages.clone());
                start(format!("client-{pair}"), Box::pin(client));
            }
        }
        Workload::Gossip => {
            let addresses = Arc::new(OnceLock::new());
            for node in 0..job.nodes {
                let gossip = gossip(node, job.nodes, addresses.clone(), messages.clone());
                start(format!("gossip-{}", node + 1), Box::pin(gossip));
            }
        }
    }
}

async fn server() -> Result<(), String> {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await.map_err(|error| error.to_string())?;
    loop {
        let (mut stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
        drop(task::spawn(async move {
            let mut frame = [0; FRAME];
            while stream.read_exact(&mut frame).await.is_ok() && stream.write_all(&frame).await.is_ok() {}
        }));
    }
}

async fn client(server: String, pause: Option<Duration>, messages: Arc<AtomicU64>) -> Result<(), String> {
    let mut stream = loop {
        match TcpStream::connect((server.as_str(), PORT)).await {
            Ok(stream) => break stream,
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    };
    let mut frame = [7; FRAME];
    loop {
        stream.write_all(&frame).await.map_err(|error| error.to_string())?;
        stream.read_exact(&mut frame).await.map_err(|error| error.to_string())?;
        messages.fetch_add(2, Ordering::Relaxed);
        if let Some(pause) = pause {
            time::sleep(pause).await;
        }
    }
}

/// Where every node listens, looked up by the first that needs it.
type Addresses = Arc<OnceLock<Vec<SocketAddr>>>;

async fn gossip(own: u32, nodes: u32, addresses: Addresses, messages: Arc<AtomicU64>) -> Result<(), String> {
    let socket = UdpSocket::bind(("0.0.0.0", PORT)).await.map_err(|error| error.to_string())?;
    let socket = Arc::new(socket);
    let receiver = socket.clone();
    drop(task::spawn(async move {
        let mut datagram = [0; DATAGRAM];
        while receiver.recv_from(&mut datagram).await.is_ok() {
            messages.fetch_add(1, Ordering::Relaxed);
        }
    }));
    if addresses.get().is_none() {
        let mut all = Vec::new();
        for node in 1..=nodes {
            let address = lookup_host((format!("gossip-{node}").as_str(), PORT)).await;
            all.push(address.map_err(|error| error.to_string())?);
        }
        let _ = addresses.set(all);
    }
    let addresses = addresses.get().expect("set above, at the latest");
    let mut peers = Peers::of(own, nodes);
    loop {
        time::sleep(GOSSIP_EVERY).await;
        for _ in 0..FAN_OUT {
            let sent = socket.send_to(&[7; DATAGRAM], addresses[peers.next_peer()]).await;
            sent.map_err(|error| error.to_string())?;
        }
    }
}
