//! The process side as a whole: what becomes of runs that reply, die and hang, and of the processes
//! when one of them is killed.
//!
//! A worker must be single-threaded when it forks and must own its standard output, which the usual
//! test harness does not allow; so `main` is our own. Called with `worker` it is a worker, with
//! `caller` a process that calls one and is to be killed; else it runs the tests, those whose name
//! contains the first argument that is not a flag.

#![expect(clippy::unwrap_used, reason = "these are tests, though clippy cannot see it without the harness")]

mod runs;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::catch_unwind;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use squall_seal::{Death, DeathKind, Ended, Limits, Request, SealError, Worker, WorkerCommand};

const TESTS: [(&str, fn()); 23] = [
    ("the_cpu_time_of_runs_is_told", the_cpu_time_of_runs_is_told),
    ("replies_come_back", replies_come_back),
    ("a_thousand_calls", a_thousand_calls),
    ("a_large_reply_and_a_large_request", a_large_reply_and_a_large_request),
    ("every_run_starts_from_the_same_memory", every_run_starts_from_the_same_memory),
    ("a_panic_is_an_exit_that_tells_of_it", a_panic_is_an_exit_that_tells_of_it),
    ("an_abort_is_named", an_abort_is_named),
    ("a_stack_overflow_is_named", a_stack_overflow_is_named),
    ("the_stack_is_as_large_as_asked", the_stack_is_as_large_as_asked),
    ("endless_allocation_is_named", endless_allocation_is_named),
    ("memory_within_the_limit_is_given", memory_within_the_limit_is_given),
    ("a_silent_loop_is_stuck_at_its_place", a_silent_loop_is_stuck_at_its_place),
    ("progress_for_ever_is_a_timeout", progress_for_ever_is_a_timeout),
    ("a_signal_is_named", a_signal_is_named),
    ("an_exit_without_reply_is_named", an_exit_without_reply_is_named),
    ("the_tail_of_the_output_is_kept", the_tail_of_the_output_is_kept),
    ("a_worker_outlives_the_thread_that_started_it", a_worker_outlives_the_thread_that_started_it),
    ("a_worker_that_dies_is_an_error", a_worker_that_dies_is_an_error),
    ("a_program_that_is_no_worker_is_an_error", a_program_that_is_no_worker_is_an_error),
    ("a_killed_caller_leaves_nothing_behind", a_killed_caller_leaves_nothing_behind),
    (
        "a_worker_that_is_nobodys_child_ends_with_its_caller",
        a_worker_that_is_nobodys_child_ends_with_its_caller,
    ),
    ("a_killed_worker_leaves_nothing_behind", a_killed_worker_leaves_nothing_behind),
    ("sealed_runs_repeat", sealed_runs_repeat),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("worker") => squall_seal::worker_main(runs::run),
        Some("worker-with-a-thread") => thread::scope(|scope| {
            scope.spawn(|| {
                loop {
                    thread::park();
                }
            });
            squall_seal::worker_main(runs::run)
        }),
        Some("caller") => {
            let how = if args[2] == "by-shell" { through_a_shell() } else { command() };
            let ended = Worker::spawn(&how).unwrap().call(&request(&format!("hold {}", args[1])));
            panic!("the caller should have been killed, but its run ended: {ended:?}");
        }
        _ => run_tests(args.iter().find(|arg| !arg.starts_with('-'))),
    }
}

fn run_tests(filter: Option<&String>) -> ExitCode {
    let mut failed = Vec::new();
    let mut out = io::stdout();
    for (name, test) in TESTS.iter().filter(|(name, _)| filter.is_none_or(|part| name.contains(part))) {
        let passed = catch_unwind(test).is_ok();
        writeln!(out, "test {name} ... {}", if passed { "ok" } else { "FAILED" }).unwrap();
        if !passed {
            failed.push(name);
        }
    }
    writeln!(out, "failed: {failed:?}").unwrap();
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn replies_come_back() {
    let mut worker = worker();
    for text in ["hello", "", "hello again"] {
        assert_eq!(reply(&mut worker, &format!("echo {text}")), text.as_bytes());
    }
}

fn the_cpu_time_of_runs_is_told() {
    let mut worker = worker();
    assert_eq!(worker.cpu(), Duration::ZERO);
    reply(&mut worker, "echo a");
    let light = worker.cpu();
    assert!(light > Duration::ZERO, "a process does not start for nothing");
    reply(&mut worker, "allocate 128");
    let heavy = worker.cpu() - light;
    assert!(heavy > light, "to touch 128 MiB took {heavy:?}, to say a word {light:?}");
    let before = worker.cpu();
    assert!(matches!(worker.call(&request("abort")).unwrap(), Ended::Died(_)));
    assert!(worker.cpu() > before, "dying takes time too");
}

fn a_thousand_calls() {
    let mut worker = worker();
    for n in 0..1_000 {
        assert_eq!(reply(&mut worker, &format!("echo {n}")), n.to_string().as_bytes());
    }
}

fn a_large_reply_and_a_large_request() {
    let mut worker = worker();
    let reply = reply(&mut worker, "large 10000000");
    assert_eq!(reply.len(), 10_000_000);
    assert!(reply.iter().enumerate().all(|(n, &byte)| byte == n as u8), "bytes lost or moved");
    let mut request = request("echo ");
    request.payload.extend_from_slice(&reply);
    assert_eq!(worker.call(&request).unwrap(), Ended::Replied(reply));
}

fn every_run_starts_from_the_same_memory() {
    let mut worker = worker();
    assert_eq!(reply(&mut worker, "count"), b"1");
    assert_eq!(reply(&mut worker, "count"), b"1", "a run left something in the worker");
}

fn a_panic_is_an_exit_that_tells_of_it() {
    let death = death("panic", limits());
    assert_eq!(death.kind, DeathKind::Exit(101));
    assert!(death.stderr.contains("nobody catches this"), "{}", death.stderr);
    assert_eq!(death.place, "about to panic");
}

fn an_abort_is_named() {
    assert_eq!(death("abort", limits()).kind, DeathKind::Abort);
}

fn a_stack_overflow_is_named() {
    assert_eq!(death("recurse 1000000000", limits()).kind, DeathKind::StackOverflow);
}

fn the_stack_is_as_large_as_asked() {
    // Each step takes at least 1 KiB.
    let mut request = request("recurse 20000");
    request.limits.stack = 128 << 20;
    assert_eq!(worker().call(&request).unwrap(), Ended::Replied(b"20000".to_vec()));
    request.limits.stack = 16 << 20;
    assert_eq!(death_of(&mut worker(), &request).kind, DeathKind::StackOverflow);
}

fn endless_allocation_is_named() {
    let death = death("allocate 1000000", Limits { memory: 256 << 20, ..limits() });
    assert_eq!(death.kind, DeathKind::OutOfMemory);
    let reached: u64 = death.place.parse().unwrap();
    assert!((200..=257).contains(&reached), "failed after {reached} MiB");
}

fn memory_within_the_limit_is_given() {
    let mut request = request("allocate 200");
    request.limits.memory = 256 << 20;
    assert_eq!(worker().call(&request).unwrap(), Ended::Replied(b"200".to_vec()));
}

fn a_silent_loop_is_stuck_at_its_place() {
    let mut worker = worker();
    let mut request = request("loop");
    request.limits.stuck = Duration::from_millis(200);
    let death = death_of(&mut worker, &request);
    assert_eq!(death.kind, DeathKind::Stuck);
    assert_eq!(death.place, "node-3, task 12");
    assert_eq!(death.to_string(), "stuck: no progress, at node-3, task 12");
    request.payload = b"abort".to_vec();
    assert_eq!(death_of(&mut worker, &request).place, "", "the place of an earlier run");
}

fn progress_for_ever_is_a_timeout() {
    let limits = Limits { wall: Duration::from_millis(300), ..limits() };
    assert_eq!(death("tick", limits).kind, DeathKind::Timeout);
}

fn a_signal_is_named() {
    assert_eq!(death("signal 9", limits()).kind, DeathKind::Signal(9));
    assert_eq!(death("signal 15", limits()).kind, DeathKind::Signal(15));
    // The worker's own signal is not handled in the child.
    assert_eq!(death("signal 12", limits()).kind, DeathKind::Signal(12));
}

fn an_exit_without_reply_is_named() {
    assert_eq!(death("exit 0", limits()).kind, DeathKind::Exit(0));
    assert_eq!(death("exit 7", limits()).kind, DeathKind::Exit(7));
}

fn the_tail_of_the_output_is_kept() {
    assert_eq!(death("print", limits()).stderr, "to stderr\nto stdout, and stdin has 0 bytes\n");
    let long = death("print-much", limits()).stderr;
    assert_eq!(long.len(), 64 << 10);
    assert!(long.ends_with("line 199999\n"), "{}", &long[long.len() - 40..]);
}

fn a_worker_outlives_the_thread_that_started_it() {
    // The kernel tells the worker of the thread's end as it would of the process's.
    let mut worker = thread::scope(|scope| {
        let started = scope.spawn(|| {
            let mut worker = worker();
            reply(&mut worker, "echo ready");
            worker
        });
        started.join().unwrap()
    });
    assert_eq!(reply(&mut worker, "echo still here"), b"still here");
}

fn a_worker_that_dies_is_an_error() {
    let mut worker = worker();
    let pid = worker.pid();
    let killed = worker.call(&request("kill-worker")).unwrap_err();
    assert!(matches!(&killed, SealError::WorkerDied { pid: named, .. } if *named == pid), "{killed:?}");
    assert!(killed.to_string().contains("signal: 9"), "{killed}");
    let later = worker.call(&request("echo")).unwrap_err();
    assert!(matches!(later, SealError::Lost { pid: named } if named == pid), "{later:?}");
}

fn a_program_that_is_no_worker_is_an_error() {
    let call = |program: &str, args: &[&str]| {
        let args = args.iter().map(OsString::from).collect();
        let command = WorkerCommand { program: program.into(), args };
        Worker::spawn(&command).and_then(|mut worker| worker.call(&request("echo"))).unwrap_err()
    };
    let missing = call("/nowhere/to/be/found", &[]);
    assert!(matches!(missing, SealError::Spawn { .. }), "{missing:?}");
    let silent = call("/bin/true", &[]);
    assert!(matches!(silent, SealError::WorkerDied { .. }), "{silent:?}");
    let talks = call("/bin/sh", &["-c", "echo some text that is no frame; exec sleep 1000"]);
    assert!(matches!(talks, SealError::Protocol { .. }), "{talks:?}");
    let threaded = call(&me(), &["worker-with-a-thread"]);
    assert!(threaded.to_string().contains("exit status: 70"), "{threaded}");
}

fn a_killed_caller_leaves_nothing_behind() {
    kill_caller("directly");
}

fn a_worker_that_is_nobodys_child_ends_with_its_caller() {
    // The shell between them lives on, so the kernel tells the worker nothing: the pipe must.
    kill_caller("by-shell");
}

fn a_killed_worker_leaves_nothing_behind() {
    let (held, holder) = holding_pipe();
    let mut worker = worker();
    let pid = i32::try_from(worker.pid()).unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || sender.send(worker.call(&request(&format!("hold {}", holder.as_raw_fd())))));
        let held = await_run(held);
        // SAFETY: the worker is our child and not reaped before its call returns.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
        let ended = receiver.recv().unwrap();
        assert!(matches!(ended, Err(SealError::WorkerDied { .. })), "{ended:?}");
        assert_released(held);
    });
}

fn sealed_runs_repeat() {
    if !squall_seal::seal::SUPPORTED {
        return;
    }
    let (mut one, mut other) = (worker(), worker());
    let first = reply(&mut one, "hash-order 1");
    assert_eq!(first, reply(&mut one, "hash-order 1"), "two runs of one worker differ");
    assert_eq!(first, reply(&mut other, "hash-order 1"), "two workers differ");
    assert_ne!(first, reply(&mut one, "hash-order 2"), "the seed has no effect");
}

// What the tests have in common.

fn me() -> String {
    std::env::current_exe().unwrap().to_str().unwrap().to_owned()
}

fn command() -> WorkerCommand {
    WorkerCommand { program: me().into(), args: vec!["worker".into()] }
}

/// A worker that is the child of a shell, which waits for it.
fn through_a_shell() -> WorkerCommand {
    let args = ["-c", "\"$0\" worker; exit", &me()].map(OsString::from);
    WorkerCommand { program: "/bin/sh".into(), args: args.into() }
}

fn worker() -> Worker {
    Worker::spawn(&command()).unwrap()
}

/// Far beyond what any run here needs, however busy the machine.
fn limits() -> Limits {
    Limits { wall: Duration::from_secs(120), stuck: Duration::from_secs(60), ..Limits::default() }
}

fn request(what: &str) -> Request {
    Request { payload: what.into(), limits: limits() }
}

fn reply(worker: &mut Worker, what: &str) -> Vec<u8> {
    match worker.call(&request(what)).unwrap() {
        Ended::Replied(reply) => reply,
        Ended::Died(death) => panic!("`{what}` died: {death:?}"),
    }
}

/// The death of a run; and the worker must go on serving after it.
fn death(what: &str, limits: Limits) -> Death {
    let mut worker = worker();
    let death = death_of(&mut worker, &Request { limits, ..request(what) });
    assert_eq!(reply(&mut worker, "echo alive"), b"alive");
    death
}

fn death_of(worker: &mut Worker, request: &Request) -> Death {
    match worker.call(request).unwrap() {
        Ended::Died(death) => death,
        Ended::Replied(reply) => panic!("it replied {} bytes", reply.len()),
    }
}

/// A pipe that ends when the last process started from now on has ended: its writing end is
/// inherited. Dropping the writer leaves it to them.
fn holding_pipe() -> (PipeReader, File) {
    let (reader, writer) = io::pipe().unwrap();
    let writer = File::from(OwnedFd::from(writer));
    // SAFETY: the descriptor is open.
    assert_eq!(unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFD, 0) }, 0);
    (reader, writer)
}

/// Kills a process that calls a worker whose run holds the pipe and never ends.
fn kill_caller(how: &str) {
    let (held, holder) = holding_pipe();
    let fd = holder.as_raw_fd().to_string();
    let mut caller = Command::new(me()).args(["caller", &fd, how]).stdin(Stdio::null()).spawn().unwrap();
    drop(holder);
    let held = await_run(held);
    caller.kill().unwrap();
    caller.wait().unwrap();
    assert_released(held);
}

/// Waits until the run says that it holds the pipe.
fn await_run(mut held: PipeReader) -> PipeReader {
    let mut byte = [0];
    held.read_exact(&mut byte).unwrap();
    held
}

/// Waits until nobody holds the pipe any more.
fn assert_released(mut held: PipeReader) {
    let (sender, receiver) = mpsc::channel();
    let reader = thread::Builder::new().spawn(move || {
        let rest = held.read_to_end(&mut Vec::new());
        // Nobody listens if the test has given up.
        let _ = sender.send(rest.is_ok());
    });
    reader.unwrap();
    assert_eq!(receiver.recv_timeout(Duration::from_secs(20)), Ok(true), "a process is left behind");
}
