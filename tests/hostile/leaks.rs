//! The system `leaky`: one client that asks the world outside and tells what it answered, in the ways
//! that code under test is known to ask. What comes of each is the table of `docs/determinism.md`.
//!
//! The errors that some of them get are told as answers too: a system may well ignore them.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unit_arg,
    reason = "each is a leak, told in one line"
)]

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::{pending, ready};
use std::io::Read;
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use squall::history::Topology;
use squall::{
    BugSet, ClientCtx, FaultBudget, NodeCtx, NodeFuture, NodeResult, PlantedBug, Role, RoleKind, System,
    SystemError,
};
use squall_io::time;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Leak {
    HashOrder,
    TokioSelect,
    FuturesSelect,
    SystemTime,
    Instant,
    ThreadRng,
    ThreadRng08,
    StaticCounter,
    Processors,
    StdThread,
    SpawnBlocking,
    TokioSpawn,
    TokioSleep,
    TokioRuntime,
    Command,
    File,
    FileMetadata,
    Directory,
    Urandom,
    TcpListener,
    TcpStream,
    UdpSocket,
    Lookup,
    ThreadSleep,
    WaitTimeout,
    Park,
    ProcessId,
    Address,
}

/// `system.config`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    leak: Leak,
    /// Sleeps of a microsecond before it asks: two events each.
    #[serde(default)]
    idle: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { leak: Leak::HashOrder, idle: 0 }
    }
}

/// The system.
pub(crate) struct Leaky(Config);

impl System for Leaky {
    type Config = Config;
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "client", count: 1, kind: RoleKind::Client }]
    }

    fn new(config: Config, (): (), _bugs: BugSet) -> Result<Self, SystemError> {
        Ok(Self(config))
    }

    fn node(&self, _ctx: NodeCtx) -> NodeFuture {
        unreachable!("there is no server role")
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        let config = self.0;
        Box::pin(async move { client(&ctx, config).await })
    }

    fn tolerates(&self, _topology: &Topology) -> FaultBudget {
        FaultBudget::default()
    }

    fn bugs() -> &'static [PlantedBug] {
        &[]
    }
}

async fn client(ctx: &ClientCtx, config: Config) -> NodeResult {
    for _ in 0..config.idle {
        time::sleep(Duration::from_micros(1)).await;
    }
    for _ in 0..3 {
        time::sleep(Duration::from_millis(100)).await;
        let operation = ctx.invoke("ask", None, Value::Null);
        operation.ok(ask(config.leak).await);
    }
    pending().await
}

async fn ask(leak: Leak) -> Value {
    let here = Path::new("Cargo.toml");
    match leak {
        Leak::HashOrder => {
            json!((0..16).map(|key| (key, ())).collect::<HashMap<u32, ()>>().into_keys().collect::<Vec<_>>())
        }
        Leak::TokioSelect => {
            many(|| async {
                tokio::select! { () = ready(()) => 0, () = ready(()) => 1, () = ready(()) => 2 }
            })
            .await
        }
        Leak::FuturesSelect => {
            many(|| async {
                futures::select! { () = fused() => 0, () = fused() => 1, () = fused() => 2 }
            })
            .await
        }
        Leak::SystemTime => said(SystemTime::UNIX_EPOCH.elapsed()),
        Leak::Instant => said(Instant::now()),
        Leak::ThreadRng => json!(rand::random::<u64>()),
        Leak::ThreadRng08 => json!(rand08::random::<u64>()),
        Leak::StaticCounter => json!(counter()),
        Leak::Processors => said(thread::available_parallelism()),
        Leak::StdThread => said(thread::Builder::new().spawn(|| ()).map(|_| ())),
        Leak::SpawnBlocking => said(tokio::task::spawn_blocking(|| ()).await),
        Leak::TokioSpawn => said(tokio::spawn(async {}).await),
        Leak::TokioSleep => said(tokio::time::sleep(Duration::from_millis(1)).await),
        Leak::TokioRuntime => {
            said(tokio::runtime::Builder::new_current_thread().enable_io().build().map(|_| ()))
        }
        Leak::Command => said(Command::new("date").output()),
        Leak::File => said(std::fs::write(here, "a file of the machine")),
        Leak::FileMetadata => said(here.exists()),
        Leak::Directory => said(std::fs::read_dir(".").map(Iterator::count)),
        Leak::Urandom => {
            said(std::fs::File::open("/dev/urandom").and_then(|mut file| file.read(&mut [0; 8])))
        }
        Leak::TcpListener => said(TcpListener::bind("127.0.0.1:0")),
        Leak::TcpStream => said(TcpStream::connect(("127.0.0.1", 9)).map(|_| ())),
        Leak::UdpSocket => said(UdpSocket::bind("127.0.0.1:0")),
        Leak::Lookup => said(("localhost", 80).to_socket_addrs().map(Iterator::count)),
        Leak::ThreadSleep => said(thread::sleep(Duration::from_millis(1))),
        Leak::WaitTimeout => {
            let (lock, condition) = (Mutex::new(()), Condvar::new());
            let guard = lock.lock().expect("nobody else has it");
            said(condition.wait_timeout(guard, Duration::from_millis(1)).map(|_| ()).is_ok())
        }
        Leak::Park => said(thread::park()),
        Leak::ProcessId => json!(std::process::id()),
        Leak::Address => said(std::ptr::from_ref(&*Box::new(0_u64))),
    }
}

fn fused() -> futures::future::Ready<()> {
    futures::future::ready(())
}

fn said(answer: impl Debug) -> Value {
    json!(format!("{answer:?}"))
}

/// Which of three branches was taken, sixteen times.
async fn many<F: Future<Output = u8>>(choose: impl Fn() -> F) -> Value {
    let mut chosen = Vec::new();
    for _ in 0..16 {
        chosen.push(choose().await);
    }
    json!(chosen)
}

/// Would count runs, if they shared a process.
fn counter() -> u64 {
    static ANSWERS: AtomicU64 = AtomicU64::new(0);
    ANSWERS.fetch_add(1, Ordering::Relaxed)
}
