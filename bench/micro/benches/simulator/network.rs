//! A packet's fate, datagrams, streams.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use squall_history::{LatencyShape, Ppm, SimDuration};
use squall_io::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use squall_io::time;
use squall_sim::{Rule, Software};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stage::{begin, rule, whole};

const SPAN: Duration = Duration::from_secs(60);
const DATAGRAMS: u64 = 20_000;
const BULK: usize = 8 << 20;
const EXCHANGES: u64 = 5_000;

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("network");
    whole(&mut group, "datagrams", Throughput::Elements(DATAGRAMS), SPAN, || begin(2, datagrams));
    whole(&mut group, "datagrams under three rules", Throughput::Elements(DATAGRAMS), SPAN, || {
        let mut sim = begin(2, datagrams);
        rule(&mut sim, 2, Rule::Loss(Ppm::percent(1)));
        let ms = SimDuration::from_millis;
        rule(&mut sim, 2, Rule::Latency { latency: ms(1), jitter: ms(2), shape: LatencyShape::Uniform });
        rule(&mut sim, 2, Rule::Reorder { chance: Ppm::percent(5), delay: ms(3) });
        sim
    });
    whole(&mut group, "stream, 64-byte frames to and fro", Throughput::Elements(2 * EXCHANGES), SPAN, || {
        begin(2, echo)
    });
    whole(&mut group, "stream, bulk", Throughput::Bytes(BULK as u64), SPAN, || begin(2, bulk));
    whole(&mut group, "connect, accept and close", Throughput::Elements(1_000), SPAN, || begin(2, connects));
    group.finish();
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}

fn datagrams(place: u32) -> Software {
    Box::pin(async move {
        let socket = UdpSocket::bind(("0.0.0.0", 7)).await.map_err(text)?;
        if place == 0 {
            let peer = lookup_host(("node-2", 7)).await.map_err(text)?;
            for _ in 0..DATAGRAMS / 10 {
                for _ in 0..10 {
                    socket.send_to(&[7; 100], peer).await.map_err(text)?;
                }
                time::sleep(Duration::from_millis(10)).await;
            }
            return Ok(());
        }
        let mut buffer = [0; 128];
        loop {
            socket.recv_from(&mut buffer).await.map_err(text)?;
        }
    })
}

/// The other end's connection, once it listens.
async fn connect() -> TcpStream {
    loop {
        match TcpStream::connect(("node-2", 7)).await {
            Ok(stream) => return stream,
            Err(_) => time::sleep(Duration::from_millis(1)).await,
        }
    }
}

async fn accept() -> Result<TcpStream, String> {
    let listener = TcpListener::bind(("0.0.0.0", 7)).await.map_err(text)?;
    listener.accept().await.map(|(stream, _)| stream).map_err(text)
}

fn echo(place: u32) -> Software {
    Box::pin(async move {
        let mut frame = [7; 64];
        if place == 0 {
            let mut stream = connect().await;
            for _ in 0..EXCHANGES {
                stream.write_all(&frame).await.map_err(text)?;
                stream.read_exact(&mut frame).await.map_err(text)?;
            }
            return Ok(());
        }
        let mut stream = accept().await?;
        while stream.read_exact(&mut frame).await.is_ok() {
            stream.write_all(&frame).await.map_err(text)?;
        }
        Ok(())
    })
}

fn bulk(place: u32) -> Software {
    Box::pin(async move {
        if place == 0 {
            let mut stream = connect().await;
            stream.write_all(&vec![7; BULK]).await.map_err(text)?;
            return stream.shutdown().await.map_err(text);
        }
        let (mut stream, mut buffer, mut got) = (accept().await?, vec![0; 16 << 10], 0);
        loop {
            match stream.read(&mut buffer).await.map_err(text)? {
                0 => break,
                count => got += count,
            }
        }
        if got == BULK { Ok(()) } else { Err(format!("{got} bytes came of {BULK}")) }
    })
}

fn connects(place: u32) -> Software {
    Box::pin(async move {
        if place == 0 {
            for _ in 0..1_000 {
                drop(connect().await);
            }
            return Ok(());
        }
        let listener = TcpListener::bind(("0.0.0.0", 7)).await.map_err(text)?;
        loop {
            let (mut stream, _) = listener.accept().await.map_err(text)?;
            let _ = stream.read(&mut [0; 8]).await;
        }
    })
}
