//! The workloads on madsim. Builds under `--cfg madsim` alone.

#[cfg(not(madsim))]
compile_error!(
    "build this with RUSTFLAGS=\"--cfg madsim\" in a target directory of its own: cargo xtask bench peers"
);

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contest::{
    DATAGRAM, Done, FAN_OUT, FRAME, GOSSIP_EVERY, Job, LATENCY_MAX, LATENCY_MIN, PORT, Peers, Workload,
};
use madsim::net::{TcpListener, TcpStream, UdpSocket};
use madsim::runtime::{Handle, Runtime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn main() -> ExitCode {
    contest::contend(run)
}

fn run(job: Job) -> Option<Done> {
    let mut config = madsim::Config::default();
    config.net.send_latency = LATENCY_MIN..LATENCY_MAX;
    let runtime = Runtime::with_seed_and_config(1, config);
    let messages = Arc::new(AtomicU64::new(0));
    let counted = messages.clone();
    runtime.block_on(async move {
        start(&Handle::current(), job, &counted);
        madsim::time::sleep(job.simulated).await;
    });
    Some(Done { messages: messages.load(Ordering::Relaxed), events: None })
}

fn address(node: u32) -> SocketAddr {
    let [_, _, high, low] = (node + 1).to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, high, low)), PORT)
}

fn start(handle: &Handle, job: Job, messages: &Arc<AtomicU64>) {
    for node in 0..job.nodes {
        let built = handle.create_node().name(format!("node-{node}")).ip(address(node).ip()).build();
        match job.workload {
            Workload::Echo | Workload::Idle if node < job.pairs() => drop(built.spawn(server(address(node)))),
            Workload::Echo | Workload::Idle => {
                let server = address(node - job.pairs());
                drop(built.spawn(client(server, job.workload.pause(), messages.clone())));
            }
            Workload::Gossip => drop(built.spawn(gossip(node, job.nodes, messages.clone()))),
        }
    }
}

async fn server(own: SocketAddr) -> std::io::Result<()> {
    let listener = TcpListener::bind(own).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        drop(madsim::task::spawn(async move {
            let mut frame = [0; FRAME];
            while stream.read_exact(&mut frame).await.is_ok()
                && stream.write_all(&frame).await.is_ok()
                && stream.flush().await.is_ok()
            {}
        }));
    }
}

async fn client(
    server: SocketAddr,
    pause: Option<Duration>,
    messages: Arc<AtomicU64>,
) -> std::io::Result<()> {
    let mut stream = loop {
        match TcpStream::connect(server).await {
            Ok(stream) => break stream,
            Err(_) => madsim::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let mut frame = [7; FRAME];
    loop {
        stream.write_all(&frame).await?;
        // Nothing is sent before this here.
        stream.flush().await?;
        stream.read_exact(&mut frame).await?;
        messages.fetch_add(2, Ordering::Relaxed);
        if let Some(pause) = pause {
            madsim::time::sleep(pause).await;
        }
    }
}

async fn gossip(own: u32, nodes: u32, messages: Arc<AtomicU64>) -> std::io::Result<()> {
    let socket = Arc::new(UdpSocket::bind(address(own)).await?);
    let receiver = socket.clone();
    drop(madsim::task::spawn(async move {
        let mut datagram = [0; DATAGRAM];
        while receiver.recv_from(&mut datagram).await.is_ok() {
            messages.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let mut peers = Peers::of(own, nodes);
    loop {
        madsim::time::sleep(GOSSIP_EVERY).await;
        for _ in 0..FAN_OUT {
            let peer = u32::try_from(peers.next_peer()).expect("an index of a node");
            socket.send_to(address(peer), &[7; DATAGRAM]).await?;
        }
    }
}
