//! The forked child: it limits itself, runs once on a fresh thread, and says the reply.

use std::any::Any;
use std::fs::File;
use std::io::{self, PipeWriter, Write};
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::Limits;
use crate::death::{EXIT_PANICKED, EXIT_SETUP};
use crate::sys;
use crate::wire::{self, MAX_PAYLOAD};

/// What the child holds of the world outside.
pub(crate) struct Ends<'a> {
    /// Where the reply goes.
    pub(crate) reply: PipeWriter,
    /// Where standard output and error go.
    pub(crate) output: PipeWriter,
    /// The worker's process id.
    pub(crate) worker: u32,
    /// The worker's own pipes, to be let go.
    pub(crate) workers_own: [BorrowedFd<'a>; 2],
}

/// Memory beyond the run's own that a thread costs: guard page, signal stack, thread-locals.
const THREAD_COST: u64 = 1 << 20;

/// Runs once, replies, and ends the process. Never returns, not even by a panic: above it on the
/// stack is the worker's loop, of which there must be one.
pub(crate) fn run_and_exit<F>(run: &F, payload: &[u8], limits: &Limits, ends: Ends<'_>) -> !
where
    F: Fn(&[u8]) -> Vec<u8> + Sync,
{
    let code = catch_unwind(AssertUnwindSafe(|| {
        let mut reply_to = prepare(limits, ends)?;
        match on_fresh_thread(run, payload, limits)? {
            Ok(reply) => say(&mut reply_to, &reply).map(|()| 0),
            // The panic hook has already told the captured output of it.
            Err(_panic) => Ok(EXIT_PANICKED),
        }
    }));
    sys::exit_now(match code {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            // The exit code says enough if even this cannot be written.
            let _ = writeln!(io::stderr(), "the run could not be set up: {error}");
            EXIT_SETUP
        }
        Err(_panic) => EXIT_PANICKED,
    })
}

/// Cuts the child off from the worker's descriptors and sets its limits.
fn prepare(limits: &Limits, ends: Ends<'_>) -> io::Result<PipeWriter> {
    sys::redirect(io::stderr(), &ends.output)?;
    sys::redirect(io::stdout(), &ends.output)?;
    let nothing = File::open("/dev/null")?;
    sys::redirect(io::stdin(), &nothing)?;
    for pipe in ends.workers_own {
        // Held open here, they would hide the worker's death from its caller.
        sys::redirect(pipe, &nothing)?;
    }
    sys::die_with_forker(ends.worker)?;
    let memory = limits.memory.saturating_add(limits.stack).saturating_add(THREAD_COST);
    sys::limit_memory(memory)?;
    Ok(ends.reply)
}

type Returned = Result<Vec<u8>, Box<dyn Any + Send>>;

/// Fresh, so that thread-locals (the keys of `RandomState` among them) begin as in every other run.
fn on_fresh_thread<F>(run: &F, payload: &[u8], limits: &Limits) -> io::Result<Returned>
where
    F: Fn(&[u8]) -> Vec<u8> + Sync,
{
    let stack = usize::try_from(limits.stack).unwrap_or(usize::MAX);
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("run".to_owned()).stack_size(stack);
        Ok(builder.spawn_scoped(scope, || run(payload))?.join())
    })
}

fn say(to: &mut PipeWriter, reply: &[u8]) -> io::Result<()> {
    // `_exit` flushes nothing, and an unfinished line may still be in the buffer.
    io::stdout().flush()?;
    if reply.len() > MAX_PAYLOAD {
        return Err(io::Error::other(format!("a reply of {} bytes is too large", reply.len())));
    }
    wire::write_frame(to, &[reply])
}
