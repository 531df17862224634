//! What a system under test should not do: one function for each deed, and the ways of touching the
//! world outside that must not show in a result.

use std::convert::Infallible;
use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use squall::NodeResult;
use squall_io::{task, time};

/// What the system does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deed {
    /// It behaves.
    Nothing,
    /// A task panics.
    Panic,
    /// The process aborts.
    Abort,
    /// A recursion without end.
    Overflow,
    /// Allocates without end.
    Allocate,
    /// A poll does not return.
    Spin,
    /// Two tasks wake each other at one instant.
    PingPong,
    /// The server returns an error.
    Error,
    /// Does very much, each time a nanosecond later.
    Busy,
    /// Calls tokio's own `spawn`.
    TokioSpawn,
    /// Exits the process.
    Exit,
    /// A thread of its own wakes a task.
    Thread,
    /// The order of a hash map, the clocks and a static counter decide what is answered.
    World,
    /// The process id decides what is answered.
    ProcessId,
}

/// Does it. What does not end the run waits for ever.
pub(crate) async fn commit(deed: Deed) -> NodeResult {
    match deed {
        Deed::Panic => drop(task::spawn(async { panic!("the deed of a task") })),
        Deed::Abort => std::process::abort(),
        Deed::Overflow => drop(black_box(descend(1))),
        Deed::Allocate => allocate(),
        Deed::Spin => drop(task::spawn(async { spin() })),
        Deed::PingPong => ping_pong(),
        Deed::Error => return Err("the deed of a server".into()),
        Deed::Busy => loop {
            time::sleep(Duration::from_nanos(1)).await;
        },
        Deed::TokioSpawn => drop(tokio::spawn(async {})),
        Deed::Exit => std::process::exit(3),
        Deed::Thread => woken_by_a_thread().await,
        Deed::Nothing | Deed::World | Deed::ProcessId => {}
    }
    std::future::pending().await
}

/// What a client is answered.
pub(crate) fn answer(deed: Deed) -> Value {
    match deed {
        Deed::World => json!([hash_order(), clocks(), counter()]),
        Deed::ProcessId => json!(std::process::id()),
        _ => Value::Null,
    }
}

/// Recursion that no optimiser turns into a loop, and that ends long after any stack.
fn descend(depth: u64) -> u64 {
    let frame = black_box([depth; 128]);
    if depth == u64::MAX { 0 } else { descend(depth + 1) + frame[0] }
}

fn allocate() {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; 1 << 20]);
        black_box(&hoard);
    }
}

fn spin() -> Infallible {
    loop {
        std::hint::spin_loop();
    }
}

fn ping_pong() {
    for _ in 0..2 {
        task::spawn(async {
            loop {
                task::yield_now().await;
            }
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "what a system under test should not do")]
async fn woken_by_a_thread() {
    let mut woken = false;
    poll_fn(|cx| {
        if woken {
            return Poll::Ready(());
        }
        woken = true;
        let waker = cx.waker().clone();
        std::thread::spawn(move || waker.wake()).join().expect("waking does not panic");
        Poll::Pending
    })
    .await;
}

#[expect(clippy::disallowed_types, reason = "what a system under test may do: its order must repeat")]
fn hash_order() -> Vec<u32> {
    let map: std::collections::HashMap<u32, ()> = (0..16).map(|key| (key, ())).collect();
    let _ = RandomState::new().hash_one(1);
    map.into_keys().collect()
}

#[expect(clippy::disallowed_methods, reason = "what a system under test may do: virtual time must show")]
fn clocks() -> (String, String) {
    let since_epoch = std::time::SystemTime::UNIX_EPOCH.elapsed();
    (format!("{:?}", std::time::Instant::now()), format!("{since_epoch:?}"))
}

/// Would count runs, if they shared a process.
fn counter() -> u64 {
    static ANSWERS: AtomicU64 = AtomicU64::new(0);
    ANSWERS.fetch_add(1, Ordering::Relaxed)
}
