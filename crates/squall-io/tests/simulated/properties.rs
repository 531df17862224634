//! Properties of streams and datagrams under any mix of faults that end.

use proptest::prelude::*;
use squall_history::{Digest, NetworkProfile, Ppm};
use squall_io::net::{TcpListener, UdpSocket};
use squall_io::rand;
use squall_sim::Rule;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::mixed::{Fault, Timed, drive, fault, profile};
use super::stage::{forever, nodes, pass, pattern, say};

/// Sends `bytes` in drawn pieces at drawn moments, then ends the direction.
async fn send(mut write: squall_io::net::OwnedWriteHalf, bytes: usize) -> std::io::Result<()> {
    let data = pattern(0, bytes);
    let mut sent = 0;
    while sent < bytes {
        let piece = (1 + rand::below(9_000) as usize).min(bytes - sent);
        write.write_all(&data[sent..sent + piece]).await?;
        sent += piece;
        pass(rand::below(60)).await;
    }
    write.shutdown().await
}

/// Reads to the end in drawn pieces at drawn moments; each must be what was written there.
async fn receive(mut read: squall_io::net::OwnedReadHalf) -> std::io::Result<()> {
    let mut received = 0;
    loop {
        let mut piece = vec![0; 1 + rand::below(9_000) as usize];
        let count = read.read(&mut piece).await?;
        if count == 0 {
            say(format!("all {received}"));
            return Ok(());
        }
        assert_eq!(piece[..count], pattern(received, count), "altered at {received}");
        received += count;
        pass(rand::below(60)).await;
    }
}

/// A stream that carries `bytes` both ways under the faults; what each side said at its end.
fn stream(seed: u64, network: NetworkProfile, bytes: [usize; 2], faults: &[Timed]) -> (Vec<String>, Digest) {
    let mut stage = nodes(&[("a", 1), ("b", 1)]).seed(seed).network(network).begin();
    let [there, back] = bytes;
    stage.start("b-1", async move {
        let (stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        let (read, write) = stream.into_split();
        let sending = squall_io::task::spawn(send(write, back));
        receive(read).await?;
        sending.await.unwrap()?;
        forever().await
    });
    stage.start("a-1", async move {
        pass(1).await;
        let stream = squall_io::net::TcpStream::connect(("b-1", 80)).await?;
        let (read, write) = stream.into_split();
        let sending = squall_io::task::spawn(send(write, there));
        receive(read).await?;
        sending.await.unwrap()?;
        forever().await
    });
    drive(&mut stage, faults, &[]);
    let said = [stage.said("a-1"), stage.said("b-1")].concat();
    (said, stage.end().digest)
}

/// Each datagram is so much longer than the one before: the last ones travel in fragments.
const LONGER: usize = 17;

/// Distinct datagrams sent both ways under the faults: how many were sent, and what came.
fn datagrams(seed: u64, network: NetworkProfile, faults: &[Timed]) -> Vec<(String, u64, String)> {
    let mut stage = nodes(&[("a", 1), ("b", 1)]).seed(seed).network(network).begin();
    for (node, peer) in [("a-1", "b-1"), ("b-1", "a-1")] {
        stage.start(node, async move {
            let socket = std::sync::Arc::new(UdpSocket::bind(("0.0.0.0", 9)).await?);
            let receiver = socket.clone();
            drop(squall_io::task::spawn(async move {
                let mut payload = [0; 8_000];
                while let Ok((count, _)) = receiver.recv_from(&mut payload).await {
                    let number = usize::from(u16::from_be_bytes([payload[0], payload[1]]));
                    assert_eq!(count, 2 + LONGER * number, "the length is altered");
                    assert_eq!(payload[2..count], pattern(number, LONGER * number), "the content is altered");
                    say(number);
                }
            }));
            for number in 0..200_u16 {
                let mut payload = number.to_be_bytes().to_vec();
                payload.extend(pattern(number.into(), LONGER * usize::from(number)));
                socket.send_to(&payload, (peer, 9)).await?;
                pass(rand::below(40)).await;
            }
            forever().await
        });
    }
    drive(&mut stage, faults, &[]);
    stage.notes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_delivers_exactly_what_was_written(
        seed: u64,
        network in profile(),
        bytes in [0_usize..150_000, 0_usize..30_000],
        faults in proptest::collection::vec(fault(), 0..8),
    ) {
        let expected = [format!("all {}", bytes[1]), format!("all {}", bytes[0])];
        let (said, digest) = stream(seed, network, bytes, &faults);
        prop_assert_eq!(said, expected);
        prop_assert_eq!(stream(seed, network, bytes, &faults).1, digest, "another run of the same");
    }

    #[test]
    fn datagrams_are_never_invented_nor_altered(
        seed: u64,
        network in profile(),
        faults in proptest::collection::vec(fault(), 0..8),
    ) {
        // Content and length are checked where they arrive; here how often each came.
        let doubles = network.duplicate > Ppm::ZERO
            || faults.iter().any(|(.., fault)| matches!(fault, Fault::Rule(_, Rule::Duplicate(_), _)));
        let mut counts = std::collections::BTreeMap::<(String, String), usize>::new();
        for (node, _, number) in datagrams(seed, network, &faults) {
            *counts.entry((node, number)).or_default() += 1;
        }
        for (which, count) in counts {
            prop_assert!(count <= if doubles { 2 } else { 1 }, "{which:?} came {count} times");
        }
    }
}
