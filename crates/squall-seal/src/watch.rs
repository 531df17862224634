//! The watchdog: from the moment after the fork it reads what the child says, looks at the clock
//! and at the progress word, and names how the run ended. It does not fork and does not answer.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::progress::Board;
use crate::sys::{self, Pid, Wait};
use crate::tail::Tail;
use crate::wall::{self, Deadline};
use crate::wire;
use crate::{Death, DeathKind, Ended, Limits};

/// What the watch came to.
pub(crate) enum Watched {
    /// The run ended, and its process took this much CPU time.
    Ended(Ended, Duration),
    /// The worker's own caller is gone, and so nobody wants to know.
    CallerGone,
}

/// The reading ends of a child's pipes.
pub(crate) struct Pipes {
    /// The frame with the reply.
    pub(crate) reply: PipeReader,
    /// Standard output and error.
    pub(crate) output: PipeReader,
}

/// Watches `child` until the run has ended, and leaves no process behind. `caller` hangs up when the
/// worker's caller is gone.
pub(crate) fn watch(
    child: Pid,
    pipes: Pipes,
    board: Board,
    limits: &Limits,
    caller: BorrowedFd<'_>,
) -> io::Result<Watched> {
    let (mut reply, mut output) = (Reply::new(pipes.reply), Output::new(pipes.output));
    let seen = look_on(&child, &mut reply, &mut output, Clocks::start(limits, board), caller);
    // One that has ended keeps its status; one that has replied has nothing left to do; and
    // whatever went wrong with the watching, the child must not outlive it.
    child.kill();
    let (status, cpu) = child.reap()?;
    let killed_for = match seen? {
        Seen::CallerGone => return Ok(Watched::CallerGone),
        Seen::Reply | Seen::End => None,
        Seen::Overdue(kind) => Some(kind),
    };
    // It may have replied after the last look, and a run that has replied did not die.
    if reply.read_rest()? {
        return Ok(Watched::Ended(Ended::Replied(reply.bytes), cpu));
    }
    output.read_rest()?;
    let output = output.tail.bytes();
    let kind = killed_for.unwrap_or_else(|| DeathKind::of(status, output));
    let stderr = String::from_utf8_lossy(output).into_owned();
    Ok(Watched::Ended(Ended::Died(Death { kind, place: board.place(), stderr }), cpu))
}

/// The longest time between two looks at the clocks: how late a limit may be noticed.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The same once the child has closed its reply, and only its end is awaited.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// Bytes taken from a child's output at once, so that one that never stops printing does not keep the
/// watchdog from its clocks.
const CHUNK: u64 = 64 << 10;

enum Seen {
    Reply,
    End,
    Overdue(DeathKind),
    CallerGone,
}

fn look_on(
    child: &Pid,
    reply: &mut Reply,
    output: &mut Output,
    mut clocks: Clocks,
    caller: BorrowedFd<'_>,
) -> io::Result<Seen> {
    sys::set_nonblocking(&reply.pipe)?;
    sys::set_nonblocking(&output.pipe)?;
    loop {
        let pause = if reply.open { clocks.pause() } else { LOOK_AGAIN };
        let mut waits = [Wait::read(reply.fd()), Wait::read(output.fd()), Wait::hangup(caller)];
        sys::poll(&mut waits, Some(pause))?;
        let [said, printed, caller_gone] = waits.map(|wait| wait.ready());
        if caller_gone {
            return Ok(Seen::CallerGone);
        }
        if printed {
            output.read()?;
        }
        if said {
            // A large reply takes its time to pass, during which nobody ticks.
            clocks.moved();
            if reply.read()? {
                return Ok(Seen::Reply);
            }
        } else if !printed && child.has_ended() {
            // Asked only in silence: a large reply takes many reads, and a system call each.
            return Ok(Seen::End);
        }
        if let Some(kind) = clocks.overdue() {
            return Ok(Seen::Overdue(kind));
        }
    }
}

/// The two wall limits.
struct Clocks {
    board: Board,
    wall: Deadline,
    stuck: Duration,
    word: u64,
    changed: Instant,
}

impl Clocks {
    fn start(limits: &Limits, board: Board) -> Self {
        let wall = Deadline::after(limits.wall);
        Self { board, wall, stuck: limits.stuck, word: board.word(), changed: wall::now() }
    }

    fn moved(&mut self) {
        self.changed = wall::now();
    }

    /// Which limit is reached, if one is.
    fn overdue(&mut self) -> Option<DeathKind> {
        if self.wall.passed() {
            return Some(DeathKind::Timeout);
        }
        let word = self.board.word();
        if word != self.word {
            self.word = word;
            self.moved();
        }
        (wall::now().duration_since(self.changed) >= self.stuck).then_some(DeathKind::Stuck)
    }

    fn pause(&self) -> Duration {
        // A quarter of a short stuck limit: late by a quarter at most.
        LOOK_EVERY.min(self.stuck / 4).min(self.wall.left().unwrap_or(LOOK_EVERY))
    }
}

/// The reply as it comes in.
struct Reply {
    pipe: PipeReader,
    open: bool,
    header: [u8; 8],
    header_bytes: usize,
    /// What the header says; zero before it is whole.
    length: usize,
    bytes: Vec<u8>,
}

impl Reply {
    fn new(pipe: PipeReader) -> Self {
        Self { pipe, open: true, header: [0; 8], header_bytes: 0, length: 0, bytes: Vec::new() }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.open.then(|| self.pipe.as_fd())
    }

    /// Reads what is there; whether the reply is now whole.
    fn read(&mut self) -> io::Result<bool> {
        let missing = self.header.len() - self.header_bytes;
        if missing > 0 {
            match self.pipe.read(&mut self.header[self.header_bytes..]) {
                Ok(0) => self.open = false,
                Ok(length) => self.header_bytes += length,
                Err(error) if is_for_now(&error) => {}
                Err(error) => return Err(error),
            }
            if self.header_bytes < self.header.len() {
                return Ok(false);
            }
            self.length = wire::frame_length(self.header)?;
            self.bytes.reserve_exact(self.length);
        }
        let missing = self.length - self.bytes.len();
        self.open &= read_up_to(missing as u64, &mut self.pipe, &mut self.bytes)?;
        Ok(self.whole())
    }

    fn whole(&self) -> bool {
        self.header_bytes == self.header.len() && self.bytes.len() == self.length
    }

    /// Reads what is left after the child's end; whether the reply is whole.
    fn read_rest(&mut self) -> io::Result<bool> {
        Ok(self.whole() || self.read()?)
    }
}

/// What the child prints, the tail of it.
struct Output {
    pipe: PipeReader,
    open: bool,
    tail: Tail,
}

impl Output {
    fn new(pipe: PipeReader) -> Self {
        Self { pipe, open: true, tail: Tail::default() }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.open.then(|| self.pipe.as_fd())
    }

    /// Reads what is there, but no more than [`CHUNK`].
    fn read(&mut self) -> io::Result<()> {
        let mut chunk = Vec::new();
        self.open = read_up_to(CHUNK, &mut self.pipe, &mut chunk)?;
        self.tail.push(&chunk);
        Ok(())
    }

    /// Reads what is left after the child's end.
    fn read_rest(&mut self) -> io::Result<()> {
        // Twice what a pipe holds by default, but not for ever: processes that the run started may
        // still write to it.
        self.read()?;
        self.read()
    }
}

/// Appends what is there, up to `most` bytes; false at the end of the pipe.
fn read_up_to(most: u64, pipe: &mut PipeReader, to: &mut Vec<u8>) -> io::Result<bool> {
    // What was read before an error is kept: so `read_to_end` promises.
    match pipe.take(most).read_to_end(to) {
        Ok(length) => Ok(length as u64 == most),
        Err(error) if is_for_now(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

fn is_for_now(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{PipeWriter, Write};

    /// A pipe as `look_on` would read it.
    fn pipe() -> (Reply, PipeWriter) {
        let (reader, writer) = io::pipe().unwrap();
        sys::set_nonblocking(&reader).unwrap();
        (Reply::new(reader), writer)
    }

    #[test]
    fn a_reply_is_put_together_however_it_is_cut() {
        let mut frame = Vec::new();
        wire::write_frame(&mut frame, &[b"the reply"]).unwrap();
        for cut in 1..frame.len() {
            let (mut reply, mut writer) = pipe();
            writer.write_all(&frame[..cut]).unwrap();
            assert!(!reply.read().unwrap(), "whole after {cut} bytes");
            writer.write_all(&frame[cut..]).unwrap();
            assert!(reply.read().unwrap());
            assert_eq!(reply.bytes, b"the reply");
        }
    }

    #[test]
    fn a_reply_cut_short_is_none() {
        let (mut reply, mut writer) = pipe();
        writer.write_all(&9_u64.to_le_bytes()).unwrap();
        writer.write_all(b"the repl").unwrap();
        drop(writer);
        assert!(!reply.read_rest().unwrap());
        assert!(!reply.open);
    }

    #[test]
    fn an_empty_reply_is_whole() {
        let (mut reply, mut writer) = pipe();
        writer.write_all(&0_u64.to_le_bytes()).unwrap();
        assert!(reply.read().unwrap());
    }
}
