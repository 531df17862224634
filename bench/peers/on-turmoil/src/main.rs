//! The workloads on turmoil.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contest::{
    DATAGRAM, Done, FAN_OUT, FRAME, GOSSIP_EVERY, Job, LATENCY_MAX, LATENCY_MIN, PORT, Peers, Workload,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream, UdpSocket};

fn main() -> ExitCode {
    contest::contend(run)
}

fn run(job: Job) -> Option<Done> {
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .simulation_duration(job.simulated + Duration::from_secs(60))
        .min_message_latency(LATENCY_MIN)
        .max_message_latency(LATENCY_MAX)
        .build();
    let messages = Arc::new(AtomicU64::new(0));
    match job.workload {
        Workload::Echo | Workload::Idle => {
            for pair in 1..=job.pairs() {
                sim.host(format!("server-{pair}"), server);
                let (server, messages) = (format!("server-{pair}"), messages.clone());
                sim.host(format!("client-{pair}"), move || {
                    client(server.clone(), job.workload.pause(), messages.clone())
                });
            }
        }
        Workload::Gossip => {
            let names: Vec<_> = (1..=job.nodes).map(|node| format!("gossip-{node}")).collect();
            let address = |name: &String| SocketAddr::new(sim.lookup(name.as_str()), PORT);
            let addresses: Arc<[SocketAddr]> = names.iter().map(address).collect();
            for (own, name) in (0..).zip(names) {
                let (addresses, messages) = (addresses.clone(), messages.clone());
                sim.host(name, move || gossip(own, addresses.clone(), messages.clone()));
            }
        }
    }
    while sim.elapsed() < job.simulated {
        sim.step().expect("no host of the contest fails");
    }
    Some(Done { messages: messages.load(Ordering::Relaxed), events: None })
}

async fn server() -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        drop(tokio::spawn(async move {
            let mut frame = [0; FRAME];
            while stream.read_exact(&mut frame).await.is_ok() && stream.write_all(&frame).await.is_ok() {}
        }));
    }
}

async fn client(server: String, pause: Option<Duration>, messages: Arc<AtomicU64>) -> turmoil::Result {
    let mut stream = TcpStream::connect((server, PORT)).await?;
    let mut frame = [7; FRAME];
    loop {
        stream.write_all(&frame).await?;
        stream.read_exact(&mut frame).await?;
        messages.fetch_add(2, Ordering::Relaxed);
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
}

async fn gossip(own: u32, addresses: Arc<[SocketAddr]>, messages: Arc<AtomicU64>) -> turmoil::Result {
    let socket = Arc::new(UdpSocket::bind(("0.0.0.0", PORT)).await?);
    let receiver = socket.clone();
    drop(tokio::spawn(async move {
        let mut datagram = [0; DATAGRAM];
        while receiver.recv_from(&mut datagram).await.is_ok() {
            messages.fetch_add(1, Ordering::Relaxed);
        }
    }));
    let mut peers = Peers::of(own, u32::try_from(addresses.len()).expect("thousands at most"));
    loop {
        tokio::time::sleep(GOSSIP_EVERY).await;
        for _ in 0..FAN_OUT {
            socket.send_to(&[7; DATAGRAM], addresses[peers.next_peer()]).await?;
        }
    }
}
