//! Traffic from a to b, met by the two programs alone: numbered datagrams, and a stream.

use std::time::Duration;

use squall_io::net::{TcpListener, UdpSocket};
use squall_io::time::{now, timeout};
use squall_sim::{Effects, RuleId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Setup, Stage, connect, forever, ms, nodes, outcome, pass, pattern, say};

pub(crate) const THERE: (&str, &str) = ("a-1", "b-1");
pub(crate) const BACK: (&str, &str) = ("b-1", "a-1");

pub(crate) fn pair() -> Setup {
    nodes(&[("a", 1), ("b", 1)])
}

/// A datagram that came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Came {
    pub(crate) number: u32,
    pub(crate) took_us: u64,
    /// Bits that were not those that were sent.
    pub(crate) flipped: u32,
}

/// How many datagrams, of how many bytes, at which distance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volley {
    pub(crate) count: u32,
    pub(crate) bytes: usize,
    pub(crate) gap_ms: u64,
}

/// The datagram of that number: the number three times, so that one flipped bit does not hide it.
fn payload(number: u32, bytes: usize) -> Vec<u8> {
    let mut payload = number.to_be_bytes().repeat(3);
    payload.extend(pattern(number as usize, bytes - payload.len()));
    payload
}

fn number_of(payload: &[u8]) -> u32 {
    let copy = |k: usize| u32::from_be_bytes(payload[4 * k..4 * k + 4].try_into().unwrap());
    if copy(0) == copy(1) { copy(0) } else { copy(2) }
}

fn differing(one: &[u8], other: &[u8]) -> u32 {
    one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum()
}

/// Sends them under what `lay` lays; which came, in order of arrival, and what the rule counted.
pub(crate) fn volley(
    setup: Setup,
    volley: Volley,
    lay: impl FnOnce(&mut Stage) -> Option<RuleId>,
) -> (Vec<Came>, Effects) {
    let Volley { count, bytes, gap_ms } = volley;
    let mut stage = setup.begin();
    stage.start("b-1", async move {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        let mut buffer = vec![0; 70_000];
        loop {
            let (length, _) = socket.recv_from(&mut buffer).await?;
            assert_eq!(length, bytes, "the length is altered");
            let number = number_of(&buffer);
            let flipped = differing(&buffer[..length], &payload(number, bytes));
            let took = now().as_nanos() / 1_000 - u64::from(number) * gap_ms * 1_000;
            say(format!("{number} {took} {flipped}"));
        }
    });
    stage.start("a-1", async move {
        let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
        for number in 0..count {
            socket.send_to(&payload(number, bytes), ("b-1", 9)).await?;
            pass(gap_ms).await;
        }
        Ok(())
    });
    let rule = lay(&mut stage);
    stage.run(u64::from(count) * gap_ms + 60_000);
    let effects = rule.map(|rule| stage.remove_rule(rule)).unwrap_or_default();
    let came = stage.said("b-1").into_iter().map(|said| {
        let words: Vec<u64> = said.split(' ').map(|word| word.parse().unwrap()).collect();
        let [number, took_us, flipped] = words[..] else { panic!("{said}") };
        Came { number: number.try_into().unwrap(), took_us, flipped: flipped.try_into().unwrap() }
    });
    (came.collect(), effects)
}

/// A stream that came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Streamed {
    pub(crate) bytes: usize,
    pub(crate) flipped: u32,
    /// From its first byte's sending.
    pub(crate) took_ms: u64,
    /// The longest time between two pieces.
    pub(crate) silence_ms: u64,
}

/// Streams so many bytes as fast as they go, under what `lay` lays before.
pub(crate) fn stream(
    setup: Setup,
    bytes: usize,
    lay: impl FnOnce(&mut Stage) -> Option<RuleId>,
) -> (Streamed, Effects) {
    let mut stage = setup.begin();
    stage.start("b-1", async move {
        let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        let (mut all, mut last, mut silence) = (Vec::new(), now(), ms(0));
        loop {
            let mut piece = vec![0; 4_096];
            let count = stream.read(&mut piece).await?;
            silence = silence.max(now() - last);
            last = now();
            if count == 0 {
                break;
            }
            all.extend_from_slice(&piece[..count]);
        }
        let flipped = differing(&all, &pattern(0, bytes));
        let took = now().as_nanos() / 1_000_000 - 100;
        say(format!("{} {flipped} {took} {}", all.len(), silence.as_millis()));
        forever().await
    });
    stage.start("a-1", async move {
        pass(50).await;
        let mut stream = connect("b-1", 80, 60_000).await?;
        squall_io::time::sleep(ms(100).saturating_sub(Duration::from_nanos(now().as_nanos()))).await;
        stream.write_all(&pattern(0, bytes)).await?;
        stream.shutdown().await?;
        forever().await
    });
    let rule = lay(&mut stage);
    stage.run(3_600_000);
    let effects = rule.map(|rule| stage.remove_rule(rule)).unwrap_or_default();
    let said = stage.said("b-1");
    let [said] = &said[..] else { panic!("the stream hangs: {said:?}") };
    let words: Vec<u64> = said.split(' ').map(|word| word.parse().unwrap()).collect();
    let [bytes, flipped, took_ms, silence_ms] = words[..] else { panic!("{said}") };
    let streamed = Streamed {
        bytes: bytes.try_into().unwrap(),
        flipped: flipped.try_into().unwrap(),
        took_ms,
        silence_ms,
    };
    (streamed, effects)
}

/// a dials b at 1.2 s with a patience of 300 ms, then with one that outlasts a fault that ends at 2 s: what
/// came of each, and the milliseconds at the end.
pub(crate) fn dialling() -> Stage {
    let mut stage = pair().begin();
    stage.start("b-1", async {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
        loop {
            listener.accept().await?;
        }
    });
    stage.start("a-1", async {
        pass(1_200).await;
        say(outcome(&connect("b-1", 80, 300).await));
        say(outcome(&connect("b-1", 80, 5_000).await));
        say(squall_io::time::now().as_nanos() / 1_000_000);
        Ok(())
    });
    stage
}

/// a writes to b from 1.2 s on until a write waits for 100 ms, says how much that was, and writes the rest of
/// 200,000 bytes; b says how many came.
pub(crate) fn filling() -> Stage {
    let mut stage = pair().begin();
    stage.start("b-1", async {
        let (mut stream, _) = TcpListener::bind(("0.0.0.0", 80)).await?.accept().await?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        say(all.len());
        Ok(())
    });
    stage.start("a-1", async {
        pass(1).await;
        let mut stream = connect("b-1", 80, 100).await?;
        pass(1_200).await;
        let mut written = 0;
        while written < 200_000
            && let Ok(count) = timeout(ms(100), stream.write(&[0; 1_000])).await
        {
            written += count?;
            pass(1).await;
        }
        say(written);
        stream.write_all(&vec![0; 200_000 - written]).await?;
        Ok(())
    });
    stage
}
