//! Echo on turmoil.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use turmoil::net::{TcpListener, TcpStream};

use crate::{FRAME, PAIRS};

async fn server() -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", 7)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        drop(tokio::spawn(async move {
            let mut frame = [0; FRAME];
            while stream.read_exact(&mut frame).await.is_ok() && stream.write_all(&frame).await.is_ok() {}
        }));
    }
}

async fn client(number: usize, seconds: u64, messages: Arc<AtomicU64>) -> turmoil::Result {
    let mut stream = TcpStream::connect((format!("server-{number}"), 7)).await?;
    let mut frame = [7; FRAME];
    let end = Duration::from_secs(seconds);
    while turmoil::sim_elapsed().is_some_and(|elapsed| elapsed < end) {
        stream.write_all(&frame).await?;
        stream.read_exact(&mut frame).await?;
        messages.fetch_add(2, Ordering::Relaxed);
    }
    Ok(())
}

/// Runs for `seconds` of virtual time; frames that arrived.
pub fn run(seconds: u64) -> u64 {
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .simulation_duration(Duration::from_secs(seconds + 60))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(5))
        .build();
    let messages = Arc::new(AtomicU64::new(0));
    for number in 1..=PAIRS {
        sim.host(format!("server-{number}"), server);
        sim.client(format!("client-{number}"), client(number, seconds, messages.clone()));
    }
    sim.run().expect("echo runs to its end");
    messages.load(Ordering::Relaxed)
}
