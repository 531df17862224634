//! Echo on squall-sim, through squall-io.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use squall_history::{DiskProfile, NetworkProfile, NodeName, Seed, SimDuration, SimTime, Topology};
use squall_io::net::{TcpListener, TcpStream};
use squall_sim::{Journaling, Ran, Sim, SimConfig, SimLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{FRAME, PAIRS};

async fn server() -> Result<(), String> {
    let listener = TcpListener::bind(("0.0.0.0", 7)).await.map_err(|error| error.to_string())?;
    loop {
        let (mut stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
        drop(squall_io::task::spawn(async move {
            let mut frame = [0; FRAME];
            while stream.read_exact(&mut frame).await.is_ok() && stream.write_all(&frame).await.is_ok() {}
        }));
    }
}

async fn client(number: usize, messages: Arc<AtomicU64>) -> Result<(), String> {
    let server = format!("server-{number}");
    let mut stream = loop {
        match TcpStream::connect((server.as_str(), 7)).await {
            Ok(stream) => break stream,
            Err(_) => squall_io::time::sleep(Duration::from_millis(10)).await,
        }
    };
    let mut frame = [7; FRAME];
    loop {
        stream.write_all(&frame).await.map_err(|error| error.to_string())?;
        stream.read_exact(&mut frame).await.map_err(|error| error.to_string())?;
        messages.fetch_add(2, Ordering::Relaxed);
    }
}

/// Runs for `seconds` of virtual time; frames that arrived.
pub fn run(seconds: u64) -> u64 {
    let pairs = u32::try_from(PAIRS).expect("a handful");
    let topology = Topology::of_roles(&[("server", pairs), ("client", pairs)]);
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
    let messages = Arc::new(AtomicU64::new(0));
    for number in 1..=PAIRS {
        sim.start(&NodeName::from(format!("server-{number}").as_str()), Box::pin(server()));
        sim.start(
            &NodeName::from(format!("client-{number}").as_str()),
            Box::pin(client(number, messages.clone())),
        );
    }
    while sim.run_until(SimTime(seconds * 1_000_000_000)) == Ran::Recorded {
        drop(sim.take_records());
    }
    drop(sim);
    messages.load(Ordering::Relaxed)
}
