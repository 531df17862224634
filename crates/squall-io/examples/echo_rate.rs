//! Messages per second of the echo benchmark on the simulator: 5 servers, 5 clients, 64-byte frames
//! over streams, 1–5 ms latency. `cargo run --profile chaos -p squall-io --features sim --example
//! echo_rate`.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints wall time")]

use std::time::{Duration, Instant};

use squall_history::{DiskProfile, NetworkProfile, NodeName, Seed, SimDuration, SimTime, Topology};
use squall_io::net::{TcpListener, TcpStream};
use squall_sim::{Journaling, Ran, Sim, SimConfig, SimLimits, Software};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const FRAME: usize = 64;

async fn server() -> Result<(), String> {
    let listener = TcpListener::bind(("0.0.0.0", 7)).await.map_err(|error| error.to_string())?;
    loop {
        let (mut stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
        let echo = squall_io::task::spawn(async move {
            let mut frame = [0; FRAME];
            while stream.read_exact(&mut frame).await.is_ok() && stream.write_all(&frame).await.is_ok() {}
        });
        drop(echo);
    }
}

async fn client(number: u32) -> Result<(), String> {
    let mut stream = loop {
        match TcpStream::connect((format!("server-{number}").as_str(), 7)).await {
            Ok(stream) => break stream,
            Err(_) => squall_io::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let mut frame = [7; FRAME];
    loop {
        stream.write_all(&frame).await.map_err(|error| error.to_string())?;
        stream.read_exact(&mut frame).await.map_err(|error| error.to_string())?;
    }
}

fn main() {
    let seconds: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(600);
    let topology = Topology::of_roles(&[("server", 5), ("client", 5)]);
    let network = NetworkProfile {
        latency: SimDuration::from_millis(1),
        jitter: SimDuration::from_millis(4),
        ..NetworkProfile::PERFECT
    };
    let mut sim = Sim::new(&SimConfig {
        seed: Seed(1),
        topology: &topology,
        network,
        disk: DiskProfile::default(),
        limits: SimLimits { events: u64::MAX, ..SimLimits::default() },
        journaling: Journaling::Off,
    });
    for number in 1..=5 {
        let software: Software = Box::pin(server());
        sim.start(&NodeName::of_role("server", number), software);
        let software: Software = Box::pin(client(number));
        sim.start(&NodeName::of_role("client", number), software);
    }
    let began = Instant::now();
    while sim.run_until(SimTime(seconds * 1_000_000_000)) == Ran::Recorded {
        drop(sim.take_records());
    }
    let wall = began.elapsed();
    let ended = sim.end();
    // Each segment is one event and wakes one task: two events a message, but for the handshakes.
    let messages = ended.events / 2;
    let rate = messages as f64 / wall.as_secs_f64();
    println!("{messages} messages in {wall:.2?}: {:.2} M/s, digest {}", rate / 1e6, ended.digest);
}
