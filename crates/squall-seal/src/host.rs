//! The asking side: starts a worker process and calls it, with an end to every wait.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::sys::{self, Wait};
use crate::wall::Deadline;
use crate::wire::{self, Answer, HELLO, MAX_PAYLOAD};
use crate::{Ended, Limits, SealError};

/// How to start a worker: a program that, so called, ends up in [`worker_main`](crate::worker_main).
/// Usually it is this very program with a hidden argument.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// One run to do.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    /// What the run gets, at most 1 GiB.
    pub payload: Vec<u8>,
    /// Its bounds.
    pub limits: Limits,
}

/// A worker process. It serves one call at a time; use one worker for each thread that asks. Dropping
/// it kills the process. It ends when this process ends, however that comes about.
#[derive(Debug)]
pub struct Worker {
    program: PathBuf,
    process: Child,
    requests: File,
    answers: File,
    state: State,
    cpu: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It has not said hello.
    Starting,
    Ready,
    Lost,
}

/// How long a worker may take to load what all runs share and say hello.
const START_WITHIN: Duration = Duration::from_secs(120);
/// How long beyond a run's wall limit its answer may take: the worker kills the run at the limit, and
/// then answers at once, unless the machine is very busy.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How long a worker that closed its pipe may take to end, before it is killed.
const END_WITHIN: Duration = Duration::from_secs(1);

impl Worker {
    /// Starts a worker. Does not wait until it is ready, so that several start side by side; whether
    /// the program is a worker at all comes out at the first call.
    pub fn spawn(command: &WorkerCommand) -> Result<Self, SealError> {
        let program = command.program.clone();
        let failed = |source| SealError::Spawn { program: program.clone(), source };
        let mut process = Command::new(&command.program)
            .args(&command.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A Ctrl-C on the terminal is for whoever asks; the worker ends with it.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let requests = OwnedFd::from(process.stdin.take().expect("stdin is piped"));
        let answers = OwnedFd::from(process.stdout.take().expect("stdout is piped"));
        let (requests, answers) = (File::from(requests), File::from(answers));
        // First of all a `Worker`, which kills the process if the rest fails.
        let worker = Self {
            program: program.clone(),
            process,
            requests,
            answers,
            state: State::Starting,
            cpu: Duration::ZERO,
        };
        // This end of each pipe only: the worker's own ends are other open files and still block.
        sys::set_nonblocking(&worker.requests).map_err(failed)?;
        sys::set_nonblocking(&worker.answers).map_err(failed)?;
        Ok(worker)
    }

    /// The worker's process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The CPU time of all runs it has done, user and system, each of its own process: for comparing
    /// what searches cost. It is measured, and so differs from time to time.
    pub fn cpu(&self) -> Duration {
        self.cpu
    }

    /// Has a run done and waits for its end. However the run ends, it is `Ok`; an error is a
    /// failure of the worker, after which (but for [`SealError::Refused`] and
    /// [`SealError::TooLarge`]) the worker is gone and every further call is [`SealError::Lost`].
    pub fn call(&mut self, request: &Request) -> Result<Ended, SealError> {
        if self.state == State::Lost {
            return Err(SealError::Lost { pid: self.pid() });
        }
        let bytes = request.payload.len();
        if bytes > MAX_PAYLOAD {
            return Err(SealError::TooLarge { bytes });
        }
        match self.greet().and_then(|()| self.ask(request)) {
            Ok(Ok((ended, cpu))) => {
                self.cpu += cpu;
                Ok(ended)
            }
            Ok(Err(what)) => Err(SealError::Refused { pid: self.pid(), what }),
            Err(failure) => Err(self.lose(failure)),
        }
    }

    fn greet(&mut self) -> Result<(), Failure> {
        if self.state == State::Starting {
            let hello = self.receive(START_WITHIN)?;
            if hello != HELLO {
                let start = String::from_utf8_lossy(&hello[..hello.len().min(80)]).into_owned();
                return Err(Failure::Protocol(format!("it began with `{start}`")));
            }
            self.state = State::Ready;
        }
        Ok(())
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        let within = request.limits.wall.saturating_add(ANSWER_WITHIN);
        let head = wire::limits_to_bytes(&request.limits);
        let mut to = Timed::new(&self.requests, ANSWER_WITHIN);
        wire::write_frame(&mut to, &[&head, &request.payload])
            .map_err(|error| Failure::of(error, ANSWER_WITHIN))?;
        let frame = self.receive(within)?;
        wire::answer_from_bytes(frame).map_err(|error| Failure::of(error, within))
    }

    fn receive(&self, within: Duration) -> Result<Vec<u8>, Failure> {
        let mut from = Timed::new(&self.answers, within);
        let frame = wire::read_frame(&mut from).map_err(|error| Failure::of(error, within))?;
        frame.ok_or(Failure::HungUp)
    }

    /// Ends the worker, and says what became of it.
    fn lose(&mut self, failure: Failure) -> SealError {
        self.state = State::Lost;
        // One that hung up is about to end by itself, and its own status tells more than ours.
        let patience = if matches!(failure, Failure::HungUp) { END_WITHIN } else { Duration::ZERO };
        let status = self.end(patience);
        let (program, pid) = (self.program.clone(), self.pid());
        match failure {
            Failure::HungUp => SealError::WorkerDied { program, pid, status },
            Failure::Silent(after) => SealError::Silent { program, pid, after },
            Failure::Protocol(what) => SealError::Protocol { program, pid, what },
            Failure::Pipe(source) => SealError::Pipe { pid, source },
        }
    }

    /// Waits for the end of the process, kills it when out of patience, and gives its exit status.
    fn end(&mut self, patience: Duration) -> String {
        let deadline = Deadline::after(patience);
        loop {
            match self.process.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) if !deadline.passed() => thread::sleep(Duration::from_millis(1)),
                _ => break,
            }
        }
        // An error means that it has ended; `wait` then says how.
        let _ = self.process.kill();
        self.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

/// What went wrong, before the worker's end is looked into.
enum Failure {
    HungUp,
    Silent(Duration),
    Protocol(String),
    Pipe(io::Error),
}

impl Failure {
    fn of(error: io::Error, within: Duration) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => Self::HungUp,
            io::ErrorKind::TimedOut => Self::Silent(within),
            io::ErrorKind::InvalidData => Self::Protocol(error.to_string()),
            _ => Self::Pipe(error),
        }
    }
}

/// A pipe in non-blocking mode that blocks all the same, but not beyond a deadline.
struct Timed<'a> {
    pipe: &'a File,
    deadline: Deadline,
}

impl<'a> Timed<'a> {
    fn new(pipe: &'a File, within: Duration) -> Self {
        Self { pipe, deadline: Deadline::after(within) }
    }

    fn until_done<T>(
        &self,
        wait: impl Fn(&'a File) -> Wait<'a>,
        mut step: impl FnMut(&'a File) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match step(self.pipe) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
            if self.deadline.passed() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            sys::poll(&mut [wait(self.pipe)], self.deadline.left())?;
        }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.until_done(|pipe| Wait::read(Some(pipe.as_fd())), |mut pipe| pipe.read(bytes))
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.until_done(|pipe| Wait::write(pipe.as_fd()), |mut pipe| pipe.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_at_its_deadline() {
        let (reader, _writer) = io::pipe().unwrap();
        let pipe = File::from(OwnedFd::from(reader));
        sys::set_nonblocking(&pipe).unwrap();
        let error = Timed::new(&pipe, Duration::from_millis(5)).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
