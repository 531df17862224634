//! The seal around a simulation thread: while it is set, that thread's entropy and clocks come from
//! hooks instead of from the machine, and what leads out of the simulation can be refused.
//!
//! Code that nobody wrote for a simulator still asks the C library: `HashMap`'s keys, `Instant`,
//! `SystemTime`, the crates `getrandom` and `rand`. The library's functions are therefore defined
//! here again. On a sealed thread they ask the hooks; on every other thread they call the real ones.
//! Threads, processes, sockets, files and waits have no answer that a seed decides: for each the
//! thread's hook is asked whether it is to be refused ([`Attempt`]).
//!
//! The number of processors is one on a sealed thread: what is sized by it would differ from machine
//! to machine.
//!
//! Not caught: system calls made without the C library, the processor's own counters and random
//! numbers (`rdtsc`, `rdrand`), addresses of memory, ids of processes and threads. Do not wait on a
//! sealed thread: a wait with a deadline computes it from virtual time and then returns at once or
//! never.

use std::cell::Cell;
use std::marker::PhantomData;

/// Whether a seal has an effect in this build: Linux with a dynamic glibc on x86-64 or aarch64, and
/// not under `cfg(madsim)`, where madsim defines the same symbols. Elsewhere sealing does nothing.
pub const SUPPORTED: bool = cfg!(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(madsim)
));

// Built exactly where `SUPPORTED` says so.
#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(madsim)
))]
mod interpose;
#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(madsim)
))]
mod refuse;

/// What answers on a sealed thread.
///
/// The hooks run with the seal in force: one that asks for what it supplies calls itself. They may
/// be called from deep inside anything, an allocation or a borrowed world included, so they should
/// read a thread-local cell and no more. A panic in one aborts the process.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Fills the bytes: `getrandom`, `getentropy`.
    pub entropy: fn(&mut [u8]),
    /// Nanoseconds since some fixed moment, never decreasing: every clock that is not a wall
    /// clock, those of processor time included.
    pub monotonic_ns: fn() -> u64,
    /// Nanoseconds since 1970: the wall clocks, `gettimeofday`, `time`.
    pub realtime_ns: fn() -> u64,
    /// Whether an attempt to reach the world outside fails, with `EPERM`. Asked before each; unlike the
    /// other hooks it is never called from inside an allocation, and may allocate.
    pub refuses: fn(&Attempt<'_>) -> bool,
}

/// A way out of the simulation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// A thread is started.
    Thread,
    /// A process is started, or this one becomes another.
    Process,
    /// A socket is made, bound or connected, or an event loop for sockets is made.
    Socket,
    /// A name is looked up.
    Lookup,
    /// A file or directory is opened, asked about, made, renamed or removed. Those that a backtrace needs
    /// are none of these: this program and its libraries, `/proc/self/maps`.
    File,
    /// The thread sleeps.
    Sleep,
    /// The thread waits for another one (a futex).
    Wait,
}

/// An attempt of a sealed thread to get out.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Which way.
    pub call: Call,
    /// The function of the C library that was called.
    pub function: &'static str,
    /// The path or the name it was called with; empty if it has none.
    pub what: &'a [u8],
}

/// Keeps the thread sealed until it is dropped; what was in force before is then in force again.
#[derive(Debug)]
#[must_use = "the seal is broken when the guard is dropped"]
pub struct Guard {
    before: Option<Hooks>,
    /// It belongs to its thread.
    not_send: PhantomData<*const ()>,
}

/// Seals the calling thread. Do it first thing on a fresh thread: `std` keeps a thread's hash keys
/// once they are drawn, so keys drawn before are real ones.
pub fn on_this_thread(hooks: Hooks) -> Guard {
    swap(Some(hooks))
}

/// Whether the calling thread is sealed. True even where sealing has no effect.
pub fn is_on() -> bool {
    HOOKS.get().is_some()
}

/// Runs `f`, which is harness code, with the real world back on this thread.
pub fn outside<R>(f: impl FnOnce() -> R) -> R {
    let _unsealed = swap(None);
    f()
}

thread_local! {
    // Const and without a destructor: reading it allocates nothing and is possible to the thread's end.
    static HOOKS: Cell<Option<Hooks>> = const { Cell::new(None) };
}

fn swap(hooks: Option<Hooks>) -> Guard {
    Guard { before: HOOKS.replace(hooks), not_send: PhantomData }
}

impl Drop for Guard {
    fn drop(&mut self) {
        HOOKS.set(self.before);
    }
}
