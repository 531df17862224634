//! `eyes`: two nodes that do a little of everything all the time, and say what they see of it.
//!
//! `eye-2` answers; `eye-1` sends numbered datagrams, keeps one stream, dials, looks names up, appends to
//! files and reads them, and tells the time. Each activity is a task of its own, on a pace of its own, so
//! that a fault of one thing leaves the words about the others alone. It makes faults visible and has
//! no logic beyond that.

use std::sync::Arc;
use std::time::Duration;

use squall::io::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use squall::io::{fs, observe, stop, task, time};
use squall::{
    BugSet, ClientCtx, FaultBudget, NodeCtx, NodeFuture, NodeResult, Role, RoleKind, System, SystemError,
    Topology,
};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// Bytes of a datagram and of a record on disk.
pub(crate) const SIZE: usize = 600;

/// The system.
#[derive(Clone, Debug)]
pub(crate) struct Eyes;

impl System for Eyes {
    type Config = ();
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "eye", count: 2, kind: RoleKind::Server }]
    }

    fn new((): (), (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self)
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        if ctx.name().as_str() == "eye-2" { Box::pin(answer()) } else { Box::pin(look()) }
    }

    fn client(&self, _: ClientCtx) -> NodeFuture {
        unreachable!("there is no role of clients")
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget { unavailable_max: [("eye".to_owned(), 1)].into() }
    }
}

fn say(words: impl std::fmt::Display) {
    observe(squall::history::vocab::Custom::new("eyes", &words.to_string()));
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What a datagram or record of this number holds.
fn pattern(number: u32) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend((4..SIZE).map(|place| (place as u32 ^ number) as u8));
    bytes
}

fn number(bytes: &[u8]) -> Option<u32> {
    let number = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    (bytes == pattern(number)).then_some(number)
}

async fn answer() -> NodeResult {
    drop(task::spawn(receive()));
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        drop(task::spawn(async move {
            while let Ok(word) = stream.read_u32().await {
                if stream.write_u32(word).await.is_err() {
                    break;
                }
            }
        }));
    }
}

async fn receive() -> NodeResult {
    let socket = UdpSocket::bind(("0.0.0.0", 9)).await?;
    let mut bytes = [0; 2 * SIZE];
    loop {
        let (count, _) = socket.recv_from(&mut bytes).await?;
        match number(&bytes[..count]) {
            Some(number) => say(format_args!("datagram {number}")),
            None => say("datagram spoilt"),
        }
    }
}

async fn look() -> NodeResult {
    let token = stop::token();
    drop(task::spawn(send()));
    drop(task::spawn(keep_stream()));
    drop(task::spawn(dial()));
    drop(task::spawn(look_up()));
    drop(task::spawn(store()));
    drop(task::spawn(tell_time()));
    drop(task::spawn(cooperate()));
    token.stopped().await;
    say("asked to stop");
    Ok(())
}

/// A datagram every 20 ms, the n-th at n × 20 ms and a bit.
async fn send() -> NodeResult {
    let socket = Arc::new(UdpSocket::bind(("0.0.0.0", 9)).await?);
    for number in 0.. {
        time::sleep(ms(20)).await;
        socket.send_to(&pattern(number), ("eye-2", 9)).await?;
    }
    Ok(())
}

/// One stream, kept for ever; another only when it breaks.
async fn keep_stream() -> NodeResult {
    loop {
        time::sleep(ms(7)).await;
        let Ok(mut stream) = TcpStream::connect(("eye-2", 80)).await else { continue };
        for word in 0.. {
            let exchanged = async {
                stream.write_u32(word).await?;
                stream.read_u32().await
            };
            match exchanged.await {
                Ok(echo) if echo == word => say("echo"),
                Ok(_) => say("echo spoilt"),
                Err(error) => {
                    say(format_args!("stream {:?}", error.kind()));
                    break;
                }
            }
            time::sleep(ms(20)).await;
        }
    }
}

/// A new connection every 100 ms.
async fn dial() -> NodeResult {
    loop {
        time::sleep(ms(93)).await;
        match time::timeout(ms(50), TcpStream::connect(("eye-2", 80))).await {
            Ok(Ok(_)) => say("dial ok"),
            Ok(Err(error)) => say(format_args!("dial {:?}", error.kind())),
            Err(_) => say("dial unanswered"),
        }
    }
}

async fn look_up() -> NodeResult {
    loop {
        time::sleep(ms(91)).await;
        let begun = time::now();
        let found = lookup_host(("eye-2", 80)).await;
        let how = if found.is_ok() { "ok" } else { "failed" };
        say(format_args!("lookup {how} in {} ms", begun.elapsed().as_millis()));
    }
}

/// Records that are synced in one file and records that are not in another; both are read again.
async fn store() -> NodeResult {
    say(format_args!("found {} synced, {} loose", count("synced").await, count("loose").await));
    for number in 0.. {
        time::sleep(ms(50)).await;
        let begun = time::now();
        let stored = append("synced", number, Synced::Yes).await;
        match stored {
            Ok(()) => say(format_args!("stored in {} ms", begun.elapsed().as_millis())),
            Err(error) => say(format_args!("store {:?}", error.kind())),
        }
        _ = append("loose", number, Synced::No).await;
        let bytes = fs::read("synced").await.unwrap_or_default();
        if bytes.chunks(SIZE).any(|record| self::number(record).is_none()) {
            say("record spoilt");
        }
    }
    Ok(())
}

/// Records of a file that are whole, and a word on those that are not.
async fn count(file: &str) -> String {
    let bytes = fs::read(file).await.unwrap_or_default();
    let whole = bytes.chunks(SIZE).filter(|record| number(record).is_some()).count();
    let torn = bytes.chunks(SIZE).count() - whole;
    if torn == 0 { whole.to_string() } else { format!("{whole} and {torn} torn") }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Synced {
    Yes,
    No,
}

async fn append(name: &str, number: u32, synced: Synced) -> std::io::Result<()> {
    let is_new = !fs::try_exists(name).await?;
    let mut file = fs::OpenOptions::new().write().create().open(name).await?;
    file.seek(std::io::SeekFrom::End(0)).await?;
    file.write_all(&pattern(number)).await?;
    if synced == Synced::Yes {
        file.sync_all().await?;
    }
    if is_new {
        fs::sync_dir("").await?;
    }
    Ok(())
}

/// How late a tick is by this node's own clock, and how far its wall clock is from its own time.
async fn tell_time() -> NodeResult {
    let (start, wall_start) = (time::now(), time::wall_clock());
    loop {
        let due = time::now();
        time::sleep(ms(50)).await;
        let late = due.elapsed().saturating_sub(ms(50));
        let wall = time::wall_clock().earliest_ns as i64 - wall_start.earliest_ns as i64;
        let off = wall / 1_000_000 - start.elapsed().as_millis() as i64;
        say(format_args!("late {} ms, wall off {off} ms", late.as_millis()));
    }
}

async fn cooperate() -> NodeResult {
    loop {
        time::sleep(ms(30)).await;
        squall_io::hook!("eyes/point").await;
        if squall_io::buggify!("eyes/turn") {
            say("took a turn");
        }
    }
}
