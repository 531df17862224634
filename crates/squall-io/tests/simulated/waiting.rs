//! Nobody waits for ever for a server that stopped, whatever else happens to the network.

use proptest::prelude::*;
use squall_history::NetworkProfile;
use squall_io::net::TcpListener;
use squall_io::rand;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::mixed::{Timed, drive, fault, profile};
use super::stage::{Stage, forever, nodes, pass, say};

/// A server that reads some of what it gets, and answers some of that.
async fn careless() -> std::io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        drop(squall_io::task::spawn(async move {
            loop {
                pass(rand::below(400)).await;
                let mut bytes = [0; 4];
                let read = stream.read(&mut bytes[..1 + rand::below(4) as usize]).await;
                if !matches!(read, Ok(1..)) || stream.write_all(&bytes[..1]).await.is_err() {
                    return;
                }
            }
        }));
    }
}

/// A client without any timeout, which goes on writing; its last words, if it is not stuck.
fn last_words(seed: u64, network: NetworkProfile, stop: Stop, faults: &[Timed]) -> Vec<String> {
    let mut stage = nodes(&[("a", 1), ("b", 1)]).seed(seed).network(network).begin();
    stage.start("b-1", careless());
    stage.start("a-1", async {
        pass(rand::below(500)).await;
        let dialled = squall_io::net::TcpStream::connect(("b-1", 80)).await;
        let Ok(stream) = dialled else {
            say("refused");
            return forever().await;
        };
        let (mut read, mut write) = stream.into_split();
        let writing = async {
            while write.write_all(b"x").await.is_ok() {
                pass(300).await;
            }
        };
        let reading = async { while matches!(read.read(&mut [0; 8]).await, Ok(1..)) {} };
        squall_io::select! {
            () = writing => say("unwritable"),
            () = reading => say("ended"),
        }
        forever().await
    });
    let node = "b-1".into();
    drive(
        &mut stage,
        faults,
        &[
            (stop.at, &|stage: &mut Stage| {
                drop(if stop.loses_power { stage.power_loss(&node) } else { stage.killed("b-1") });
            }),
            (stop.at + stop.down_for, &|stage: &mut Stage| stage.start("b-1", careless())),
            // At last one that every client meets, also one that connected after the other.
            (60_000, &|stage: &mut Stage| drop(stage.killed("b-1"))),
        ],
    );
    stage.said("a-1")
}

/// A stop of the server's, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Stop {
    loses_power: bool,
    at: u64,
    down_for: u64,
}

fn stop() -> impl Strategy<Value = Stop> {
    let parts = (any::<bool>(), 0_u64..3_000, 0_u64..3_000);
    parts.prop_map(|(loses_power, at, down_for)| Stop { loses_power, at, down_for })
}

proptest! {
    // A run is short, and the moments that matter are rare.
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_waits_for_ever_for_a_server_that_stopped(
        seed: u64,
        network in profile(),
        stop in stop(),
        faults in proptest::collection::vec(fault(), 0..6),
    ) {
        let words = last_words(seed, network, stop, &faults);
        prop_assert_eq!(words.len(), 1, "{:?}", words);
    }
}
