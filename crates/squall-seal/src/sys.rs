//! The system calls the seal stands on, each behind a safe function, so that the rest of the
//! process side needs no `unsafe`. What is here decides nothing.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

/// A process that this one forked and has not reaped yet.
#[derive(Debug)]
pub(crate) struct Pid(libc::pid_t);

/// Which side of a fork this is.
pub(crate) enum Side {
    /// The new process.
    Child,
    /// The process that forked.
    Parent(Pid),
}

/// Proof that this process had one thread when it was asked, so that it may fork and go on in the
/// child as if nothing had happened: no other thread can hold a lock that the child then misses.
#[derive(Debug)]
pub(crate) struct SingleThreaded(());

impl SingleThreaded {
    /// Counts the threads of this process. Without `/proc` it takes the caller's word.
    pub(crate) fn check() -> io::Result<Self> {
        if cfg!(target_os = "linux") {
            let threads = std::fs::read_dir("/proc/self/task")?.count();
            if threads != 1 {
                let what = format!("a worker must have one thread when it forks, this one has {threads}");
                return Err(io::Error::other(what));
            }
        }
        Ok(Self(()))
    }
}

/// Forks. The child may run anything, since the process is single-threaded.
pub(crate) fn fork(_proof: &SingleThreaded) -> io::Result<Side> {
    // SAFETY: with a single thread no lock is held by a thread that the child does not have.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(Pid(pid))),
    }
}

impl Pid {
    /// Kills the process; no error if it has ended already.
    pub(crate) fn kill(&self) {
        // SAFETY: the process is not reaped yet (`reap` consumes), so the number is still its own.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
    }

    /// Waits for the end of the process; gives its status and the CPU time it took, user and system.
    pub(crate) fn reap(self) -> io::Result<(ExitStatus, Duration)> {
        loop {
            match self.wait() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Whether the process has ended; it still has to be reaped.
    pub(crate) fn has_ended(&self) -> bool {
        // SAFETY: an all-zero `siginfo_t` is valid, and the call writes to that local alone.
        unsafe {
            let mut what: libc::siginfo_t = std::mem::zeroed();
            let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
            libc::waitid(libc::P_PID, self.0 as libc::id_t, &mut what, flags) == 0 && what.si_pid() == self.0
        }
    }

    fn wait(&self) -> io::Result<(ExitStatus, Duration)> {
        let mut status = 0;
        // SAFETY: an all-zero `rusage` is valid, and the call writes to the two locals alone.
        let (pid, used) = unsafe {
            let mut used: libc::rusage = std::mem::zeroed();
            (libc::wait4(self.0, &mut status, 0, &mut used), used)
        };
        if pid == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok((ExitStatus::from_raw(status), span(used.ru_utime) + span(used.ru_stime)))
    }
}

/// What the kernel counted, which is never negative.
fn span(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}

/// Ends this process at once: no destructors, no exit handlers, nothing flushed.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process; has no precondition.
    unsafe { libc::_exit(code) }
}

/// Makes the descriptor `target` another name of the open file `of`, in place of what it was.
pub(crate) fn redirect(target: impl AsFd, of: impl AsFd) -> io::Result<()> {
    // SAFETY: both are borrowed, hence open, and `target` stays open: whoever owns it may go on and
    // close it.
    check(unsafe { libc::dup2(of.as_fd().as_raw_fd(), target.as_fd().as_raw_fd()) })
}

/// Makes reads and writes return `WouldBlock` instead of waiting.
pub(crate) fn set_nonblocking(fd: impl AsFd) -> io::Result<()> {
    let raw = fd.as_fd().as_raw_fd();
    // SAFETY: asks for and sets flags of a descriptor that is borrowed, hence open.
    let flags = unsafe { libc::fcntl(raw, libc::F_GETFL) };
    check(flags)?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(raw, libc::F_SETFL, flags | libc::O_NONBLOCK) })
}

/// What to wait for at a descriptor, and after [`poll`] what came.
pub(crate) struct Wait<'a> {
    fd: Option<BorrowedFd<'a>>,
    events: i16,
    came: i16,
}

impl<'a> Wait<'a> {
    /// Waits until a read would not block: bytes, or the end. `None`: for nothing.
    pub(crate) fn read(fd: Option<BorrowedFd<'a>>) -> Self {
        Self { fd, events: libc::POLLIN, came: 0 }
    }

    /// Waits until a write would not block.
    pub(crate) fn write(fd: BorrowedFd<'a>) -> Self {
        Self { fd: Some(fd), events: libc::POLLOUT, came: 0 }
    }

    /// Waits until the other side is gone.
    pub(crate) fn hangup(fd: BorrowedFd<'a>) -> Self {
        Self { fd: Some(fd), events: 0, came: 0 }
    }

    /// Whether anything came.
    pub(crate) fn ready(&self) -> bool {
        self.came != 0
    }
}

/// Waits until one of `waits` is ready, `timeout` has passed (`None`: never) or a signal came.
pub(crate) fn poll<const N: usize>(waits: &mut [Wait<'_>; N], timeout: Option<Duration>) -> io::Result<()> {
    let mut fds = std::array::from_fn::<_, N, _>(|n| libc::pollfd {
        // The kernel passes over negative descriptors.
        fd: waits[n].fd.map_or(-1, |fd| fd.as_raw_fd()),
        events: waits[n].events,
        revents: 0,
    });
    // Rounded up, so that a wait for less than a millisecond is not a busy loop.
    let millis =
        timeout.map_or(-1, |span| i32::try_from(span.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX));
    // SAFETY: the array is as long as said and lives through the call; its descriptors are borrowed.
    let result = check(unsafe { libc::poll(fds.as_mut_ptr(), N as libc::nfds_t, millis) });
    match result {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
        // On a signal nothing is ready; the caller looks at its clocks and comes again.
        _ => waits.iter_mut().zip(fds).for_each(|(wait, fd)| wait.came = fd.revents),
    }
    Ok(())
}

/// No core files, and at most `bytes` of what [`held_bytes`] counts (Linux).
pub(crate) fn limit_memory(bytes: u64) -> io::Result<()> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads the local alone.
    check(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) })?;
    if cfg!(target_os = "linux") {
        let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
        // SAFETY: reads the local alone.
        check(unsafe { libc::setrlimit(libc::RLIMIT_DATA, &limit) })?;
    }
    Ok(())
}

/// The private writable memory of this process, in bytes: field 6 of `/proc/self/statm`, in pages. It
/// includes the main stack, which `RLIMIT_DATA` does not count: some 100 KiB. Zero off Linux.
pub(crate) fn held_bytes() -> io::Result<u64> {
    if !cfg!(target_os = "linux") {
        return Ok(0);
    }
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().nth(5).and_then(|field| field.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other("/proc/self/statm is not as expected"))?;
    // SAFETY: asks for a constant.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Ok(pages * u64::try_from(page).map_err(|_| io::Error::last_os_error())?)
}

/// The parent's process id.
pub(crate) fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// The signal by which a worker hears that the thread which started it has ended.
const PARENT_THREAD_ENDED: i32 = libc::SIGUSR2;

static PARENT: AtomicI32 = AtomicI32::new(0);

/// Ends this process when its parent process ends (Linux).
///
/// The kernel tells of the end of the parent's *thread*, which is no reason to end as long as the
/// parent process lives: a worker may be started by one thread and used by another. So the signal
/// is handled, and the handler looks.
pub(crate) fn end_with_parent_process() -> io::Result<()> {
    PARENT.store(parent() as i32, Ordering::Relaxed);
    #[cfg(target_os = "linux")]
    {
        let handler = on_parent_thread_ended as extern "C" fn(i32) as libc::sighandler_t;
        // SAFETY: the handler calls async-signal-safe functions only; `signal` restarts system calls.
        let before = unsafe { libc::signal(PARENT_THREAD_ENDED, handler) };
        if before == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: sets an attribute of this process; reads no memory.
        check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, PARENT_THREAD_ENDED) })?;
    }
    Ok(())
}

/// Kills this process when the single-threaded process `parent`, which forked it, ends (Linux).
pub(crate) fn die_with_forker(forker: u32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: sets attributes of this process; reads no memory.
        check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
        // SAFETY: back to the default action; what the worker handles is not the run's business.
        unsafe { libc::signal(PARENT_THREAD_ENDED, libc::SIG_DFL) };
    }
    // It may have ended before the kernel was asked.
    if parent() == forker { Ok(()) } else { Err(io::Error::other("the worker is gone")) }
}

extern "C" fn on_parent_thread_ended(_signal: i32) {
    // SAFETY: `getppid` and `_exit` are async-signal-safe and have no precondition.
    unsafe {
        if libc::getppid() != PARENT.load(Ordering::Relaxed) {
            libc::_exit(0);
        }
    }
}

fn check(result: i32) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
