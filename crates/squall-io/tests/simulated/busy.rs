//! A small cluster that uses everything at once: what the laws of determinism are tested on.

use std::io;
use std::sync::Arc;

use squall_io::fs;
use squall_io::net::{TcpListener, TcpStream, UdpSocket};
use squall_io::task::{JoinSet, spawn};
use squall_io::time::{interval, timeout};
use squall_io::{rand, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Setup, Stage, connect, forever, ms, nodes, pass, say};

/// Three servers and two clients on a bad network.
pub(crate) fn cluster() -> Setup {
    nodes(&[("server", 3), ("client", 2)]).network(squall_history::NetworkProfile::FLAKY)
}

/// Answers each word with its double, logs it to disk, and gossips.
pub(crate) async fn server(name: &'static str) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    let gossip = Arc::new(UdpSocket::bind(("0.0.0.0", 9)).await?);
    drop(spawn(hear(gossip.clone())));
    drop(spawn(tell(name, gossip)));
    say(format!("log {}", fs::read("log").await.map_or(0, |log| log.len())));
    loop {
        let (stream, peer) = listener.accept().await?;
        say(format!("from {}", peer.ip()));
        drop(spawn(async move {
            if let Err(error) = answer(stream).await {
                say(format!("stream: {:?}", error.kind()));
            }
        }));
    }
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut log = fs::OpenOptions::new().create().open("log").await?;
    loop {
        let word = stream.read_u32().await?;
        log.write_all(&word.to_be_bytes()).await?;
        if rand::below(4) == 0 {
            log.sync_all().await?;
        }
        stream.write_u32(word.wrapping_mul(2)).await?;
    }
}

async fn hear(gossip: Arc<UdpSocket>) {
    let mut word = [0; 8];
    while let Ok((count, _)) = gossip.recv_from(&mut word).await {
        say(format!("heard {:?}", &word[..count]));
    }
}

async fn tell(name: &'static str, gossip: Arc<UdpSocket>) {
    let mut clock = interval(ms(23));
    loop {
        clock.tick().await;
        for peer in ["server-1", "server-2", "server-3"].into_iter().filter(|peer| *peer != name) {
            let word = (rand::below(100) as u32).to_be_bytes();
            gossip.send_to(&word, (peer, 9)).await.expect("the address is known");
        }
    }
}

/// Asks a drawn server, again and again, with a drawn patience.
pub(crate) async fn client() -> io::Result<()> {
    let mut set = JoinSet::new();
    for _ in 0..3 {
        set.spawn(async {
            loop {
                let server = format!("server-{}", 1 + rand::below(3));
                let asked = select! {
                    asked = ask(&server) => asked.map_err(|error| error.kind()),
                    () = pass(200 + rand::below(200)) => Err(io::ErrorKind::TimedOut),
                };
                say(format!("{server} {asked:?}"));
                pass(rand::below(20)).await;
            }
        });
    }
    while set.join_next().await.is_some() {}
    forever().await
}

async fn ask(server: &str) -> io::Result<u32> {
    let mut stream = connect(server, 80, 5_000).await?;
    let mut sum = 0;
    for _ in 0..3 {
        stream.write_u32(rand::below(1_000) as u32).await?;
        sum += timeout(ms(1_000), stream.read_u32()).await??;
    }
    Ok(sum)
}

/// Starts every node of [`cluster`].
pub(crate) fn start(stage: &mut Stage) {
    for name in ["server-1", "server-2", "server-3"] {
        stage.start(name, server(name));
    }
    for name in ["client-1", "client-2"] {
        stage.start(name, client());
    }
}

/// The cluster under way, to be driven.
pub(crate) fn begin(setup: Setup) -> Stage {
    let mut stage = setup.begin();
    start(&mut stage);
    stage
}
