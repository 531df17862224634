//! What the test's worker can be asked to do: a word, and for some an argument.

#![expect(clippy::disallowed_types, reason = "the order of a std HashMap is what is tested")]

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use squall_seal::progress;
use squall_seal::seal::{self, Hooks};

/// One run.
pub(crate) fn run(payload: &[u8]) -> Vec<u8> {
    if let Some(rest) = payload.strip_prefix(b"echo ") {
        return rest.to_vec();
    }
    let text = str::from_utf8(payload).expect("commands are text");
    let (what, arg) = text.split_once(' ').unwrap_or((text, "0"));
    let arg: u64 = arg.parse().expect("the argument is a number");
    match what {
        "count" => count().to_string().into_bytes(),
        "large" => (0..arg).map(|n| n as u8).collect(),
        "panic" => {
            progress::place("about to panic");
            panic!("nobody catches this")
        }
        "abort" => std::process::abort(),
        "recurse" => recurse(arg, [0; 1_024]).to_string().into_bytes(),
        "allocate" => allocate(arg),
        "loop" => {
            progress::place("node-3, task 12");
            for_ever(|_| {})
        }
        "tick" => for_ever(progress::tick),
        "signal" => raise(arg as i32),
        "exit" => std::process::exit(arg as i32),
        "print" => print(),
        "print-much" => print_much(),
        "hold" => hold(arg),
        "kill-worker" => kill_worker(),
        "hash-order" => hash_order(arg),
        other => panic!("no such run: {other}"),
    }
}

fn count() -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    RUNS.fetch_add(1, Ordering::Relaxed) + 1
}

fn for_ever(each: impl Fn(u64)) -> ! {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
        each(n);
    }
}

/// Goes `depth` deep, each step with a kilobyte of its own.
fn recurse(depth: u64, below: [u8; 1_024]) -> u64 {
    let mut own = black_box(below);
    own[(depth % 1_024) as usize] = 1;
    if depth == 0 { 0 } else { 1 + black_box(recurse(depth - 1, own)) }
}

/// Takes so many MiB, and says how far it came.
fn allocate(mib: u64) -> Vec<u8> {
    let mut held = Vec::new();
    for n in 0..mib {
        progress::place(&n.to_string());
        held.push(vec![1_u8; 1 << 20]);
    }
    black_box(&held).len().to_string().into_bytes()
}

fn raise(signal: i32) -> ! {
    // SAFETY: has no precondition.
    unsafe { libc::kill(libc::getpid(), signal) };
    for_ever(progress::tick)
}

fn print() -> ! {
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).expect("stdin is /dev/null");
    writeln!(std::io::stderr(), "to stderr").expect("stderr is captured");
    writeln!(std::io::stdout(), "to stdout, and stdin has {} bytes", input.len())
        .expect("stdout is captured");
    std::process::abort()
}

fn print_much() -> ! {
    for n in 0..200_000 {
        writeln!(std::io::stderr(), "line {n}").expect("stderr is captured");
    }
    std::process::abort()
}

/// Says through the inherited descriptor that it holds it, and never ends.
fn hold(fd: u64) -> ! {
    let path = format!("/proc/self/fd/{fd}");
    let mut pipe = OpenOptions::new().write(true).open(path).expect("the descriptor is inherited");
    pipe.write_all(b"!").expect("the test reads");
    for_ever(progress::tick)
}

fn kill_worker() -> ! {
    // SAFETY: the parent is the worker, which lives as long as this process.
    unsafe { libc::kill(libc::getppid(), libc::SIGKILL) };
    for_ever(progress::tick)
}

thread_local! {
    static ENTROPY: Cell<u64> = const { Cell::new(0) };
}

/// The order of a std `HashMap` on a thread whose entropy comes from `seed`.
fn hash_order(seed: u64) -> Vec<u8> {
    ENTROPY.set(seed);
    let _guard = seal::on_this_thread(Hooks {
        entropy: |bytes| {
            for byte in bytes {
                ENTROPY.set(ENTROPY.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
                *byte = (ENTROPY.get() >> 56) as u8;
            }
        },
        monotonic_ns: || 0,
        realtime_ns: || 0,
        refuses: |_| false,
    });
    let map: HashMap<u8, ()> = (0..=255).map(|key| (key, ())).collect();
    map.into_keys().collect()
}
