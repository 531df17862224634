//! The worker process: it reads a request, forks, watches the child, answers, and begins again.
//!
//! It runs nothing itself, so nothing a run does can hurt it, and every run starts from the same
//! memory.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use crate::Limits;
use crate::child::{self, Ends};
use crate::progress::Board;
use crate::sys::{self, Side, SingleThreaded};
use crate::watch::{self, Pipes, Watched};
use crate::wire::{self, HELLO};

/// Serves requests from standard input until it ends, then exits the process.
///
/// Each request is run in a forked child by `run`, which gets the payload and returns the reply. The
/// child runs it on a fresh thread, with `stdin` empty and `stdout` and `stderr` kept for the report
/// of its death. A panic that leaves `run` ends the child as
/// [`DeathKind::Exit(101)`](crate::DeathKind::Exit).
///
/// Call it from `main` of the program that [`Worker::spawn`](crate::Worker::spawn) starts, after
/// loading what all runs share and before starting any thread. What the program prints to standard
/// output *before* this call reaches the caller in place of a frame, and is reported as such.
///
/// Exit codes: 0 when the caller hangs up, 70 when the worker cannot go on; the reason is on
/// standard error.
pub fn worker_main<F>(run: F) -> !
where
    F: Fn(&[u8]) -> Vec<u8> + Sync,
{
    let code = match serve(&run) {
        Ok(()) => 0,
        Err(error) => {
            // Whoever closed standard error has the exit code.
            let _ = writeln!(io::stderr(), "squall worker {}: {error}", std::process::id());
            EXIT_SOFTWARE
        }
    };
    std::process::exit(code)
}

/// `EX_SOFTWARE` of `sysexits.h`.
const EXIT_SOFTWARE: i32 = 70;

fn serve<F>(run: &F) -> io::Result<()>
where
    F: Fn(&[u8]) -> Vec<u8> + Sync,
{
    let nothing = File::open("/dev/null")?;
    let (requests, answers) = take_over_standard_streams(&nothing)?;
    sys::end_with_parent_process()?;
    let (alone, board) = (SingleThreaded::check()?, Board::map()?);
    child::warm_up()?;
    let workers_own = [requests.as_fd(), answers.as_fd()];
    let forge = Forge { run, alone, board, nothing: nothing.as_fd(), workers_own };
    let (mut from, mut to) = (&requests, &answers);
    wire::write_frame(&mut to, &[HELLO])?;
    while let Some(frame) = wire::read_frame(&mut from)? {
        let (limits, payload) = wire::request_from_bytes(&frame)?;
        let answer = match forge.run_once(&limits, payload) {
            Ok(Watched::Ended(ended, cpu)) => Ok((ended, cpu)),
            Ok(Watched::CallerGone) => return Ok(()),
            Err(error) => Err(error.to_string()),
        };
        wire::write_answer(&mut to, &answer)?;
    }
    Ok(())
}

/// Frames come and go by private descriptors. The standard ones are made harmless: what the program
/// prints goes to standard error, what it reads is empty.
fn take_over_standard_streams(nothing: &File) -> io::Result<(File, File)> {
    let requests = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let answers = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    sys::redirect(io::stdin(), nothing)?;
    sys::redirect(io::stdout(), io::stderr())?;
    Ok((requests, answers))
}

/// Where children are made.
struct Forge<'a, F> {
    run: &'a F,
    alone: SingleThreaded,
    board: Board,
    nothing: BorrowedFd<'a>,
    /// Where requests come from, and where answers go.
    workers_own: [BorrowedFd<'a>; 2],
}

impl<F> Forge<'_, F>
where
    F: Fn(&[u8]) -> Vec<u8> + Sync,
{
    fn run_once(&self, limits: &Limits, payload: &[u8]) -> io::Result<Watched> {
        let (reply_from, reply_to) = io::pipe()?;
        let (output_from, output_to) = io::pipe()?;
        self.board.clear();
        // Text in the buffer would be printed by both processes.
        io::stdout().flush()?;
        let (worker, held) = (std::process::id(), sys::held_bytes()?);
        match sys::fork(&self.alone)? {
            Side::Child => {
                drop((reply_from, output_from));
                let Self { nothing, workers_own, .. } = *self;
                let ends = Ends { reply: reply_to, output: output_to, nothing, workers_own, worker, held };
                child::run_and_exit(self.run, payload, limits, ends)
            }
            Side::Parent(child) => {
                // Held open here, they would never end.
                drop((reply_to, output_to));
                let pipes = Pipes { reply: reply_from, output: output_from };
                watch::watch(child, pipes, self.board, limits, self.workers_own[0])
            }
        }
    }
}
