//! The forked child: it limits itself, runs once on a fresh thread, and says the reply.

use std::convert::Infallible;
use std::hint::black_box;
use std::io::{self, PipeWriter, Write};
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::Limits;
use crate::death::{EXIT_PANICKED, EXIT_SETUP};
use crate::sys;
use crate::wire::{self, MAX_PAYLOAD};

/// What the child gets from the worker.
pub(crate) struct Ends<'a> {
    /// Where the reply goes.
    pub(crate) reply: PipeWriter,
    /// Where standard output and error go.
    pub(crate) output: PipeWriter,
    /// `/dev/null`.
    pub(crate) nothing: BorrowedFd<'a>,
    /// The worker's own pipes, to be let go.
    pub(crate) workers_own: [BorrowedFd<'a>; 2],
    /// The worker's process id.
    pub(crate) worker: u32,
    /// Bytes of memory that the worker holds.
    pub(crate) held: u64,
}

/// Memory beyond the run's own that a thread costs: guard page, signal stack, thread-locals.
const THREAD_COST: u64 = 1 << 20;

/// Runs once, replies, and ends the process. Never returns, not even by a panic: above it on the
/// stack is the worker's loop, of which there must be one.
pub(crate) fn run_and_exit<F>(run: &F, payload: &[u8], limits: &Limits, ends: Ends<'_>) -> !
where
    F: Fn(&[u8]) -> Vec<u8> + Sync,
{
    let done = catch_unwind(AssertUnwindSafe(|| {
        let reply_to = prepare(limits, ends)?;
        on_fresh_thread(limits, || {
            say(reply_to, &run(payload))?;
            // From here, not by way of the waiting thread: one switch and the freeing of a stack less.
            sys::exit_now(0)
        })
    }));
    sys::exit_now(match done {
        Ok(Err(error)) => {
            // The exit code says enough if even this cannot be written.
            let _ = writeln!(io::stderr(), "the run could not be set up, or could not reply: {error}");
            EXIT_SETUP
        }
        // The panic hook has already told the captured output of it.
        Ok(Ok(Panicked)) | Err(_) => EXIT_PANICKED,
    })
}

/// Starts and ends a thread in the worker, before it forks for the first time: what the C library
/// makes and looks up for the first thread (an arena of the allocator, symbols) then exists in every
/// child, instead of being made in each.
pub(crate) fn warm_up() -> io::Result<()> {
    let thread = thread::Builder::new().stack_size(WARM_UP_STACK).spawn(|| drop(black_box(vec![0_u8; 1])))?;
    thread.join().map_err(|_panic| io::Error::other("a thread that does nothing panicked"))
}

/// Bytes of stack of the warm-up thread: little, since the C library keeps it.
const WARM_UP_STACK: usize = 64 << 10;

/// Cuts the child off from the worker's descriptors and sets its limits.
fn prepare(limits: &Limits, ends: Ends<'_>) -> io::Result<PipeWriter> {
    sys::redirect(io::stderr(), &ends.output)?;
    sys::redirect(io::stdout(), &ends.output)?;
    sys::redirect(io::stdin(), ends.nothing)?;
    for pipe in ends.workers_own {
        // Held open here, they would hide the worker's death from its caller.
        sys::redirect(pipe, ends.nothing)?;
    }
    sys::die_with_forker(ends.worker)?;
    let more = limits.memory.saturating_add(limits.stack).saturating_add(THREAD_COST);
    sys::limit_memory(ends.held.saturating_add(more))?;
    Ok(ends.reply)
}

struct Panicked;

/// Fresh, so that thread-locals (the keys of `RandomState` among them) begin as in every other run.
fn on_fresh_thread(
    limits: &Limits,
    body: impl FnOnce() -> io::Result<Infallible> + Send,
) -> io::Result<Panicked> {
    let stack = usize::try_from(limits.stack).unwrap_or(usize::MAX);
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("run".to_owned()).stack_size(stack);
        match builder.spawn_scoped(scope, body)?.join() {
            Ok(Err(error)) => Err(error),
            Err(_panic) => Ok(Panicked),
        }
    })
}

fn say(mut to: PipeWriter, reply: &[u8]) -> io::Result<()> {
    // `_exit` flushes nothing, and an unfinished line may still be in the buffer.
    io::stdout().flush()?;
    if reply.len() > MAX_PAYLOAD {
        return Err(io::Error::other(format!("a reply of {} bytes is too large", reply.len())));
    }
    wire::write_frame(&mut to, &[reply])
}
