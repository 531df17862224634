//! What a run in a process of its own costs: `cargo run --release --example fork_cost -- [CALLS]`.
//! Prints the time of a trivial call by a worker, and of the same work on a fresh thread.

#![expect(clippy::disallowed_methods, reason = "measuring wall time is the job")]

use std::hint::black_box;
use std::io::{Write, stdout};
use std::thread;
use std::time::Instant;

use squall_seal::{Ended, Request, Worker, WorkerCommand};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arg = std::env::args().nth(1);
    if arg.as_deref() == Some("worker") {
        squall_seal::worker_main(<[u8]>::to_vec);
    }
    let calls: u32 = arg.map_or(Ok(5_000), |text| text.parse())?;
    let program = std::env::current_exe()?;
    let mut worker = Worker::spawn(&WorkerCommand { program, args: vec!["worker".into()] })?;
    let request = Request { payload: b"trivial".to_vec(), ..Request::default() };
    assert!(matches!(worker.call(&request)?, Ended::Replied(_)), "the first call fails");

    let start = Instant::now();
    for _ in 0..calls {
        black_box(worker.call(&request)?);
    }
    let forked = start.elapsed() / calls;

    let start = Instant::now();
    for _ in 0..calls {
        let run = || black_box(request.payload.to_vec());
        let builder = thread::Builder::new().stack_size(64 << 20);
        thread::scope(|scope| builder.spawn_scoped(scope, run).map(|run| run.join()))?
            .expect("does not panic");
    }
    let threaded = start.elapsed() / calls;
    writeln!(stdout(), "forked: {forked:?} a call; a thread alone: {threaded:?}")?;
    Ok(())
}
