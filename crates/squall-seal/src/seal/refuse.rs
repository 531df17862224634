//! The C library's functions that lead out of a simulation, defined again: threads, processes,
//! sockets, files, waits. One table, a row for each function.
//!
//! On a sealed thread each asks the hook and fails if it is refused; else, and on every other thread,
//! it calls the library's own. Nothing here knows why something is refused, or what to use instead.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::mem::transmute;
use std::ptr;
use std::sync::atomic::AtomicPtr;

use libc::{mode_t, size_t};

use super::interpose::{fail, real};
use super::{Attempt, Call, HOOKS};

/// Defines functions of the C library again: `call: name(arguments) -> type, what, failure`, where `what`
/// is the path or name it is called with (null without one) and `failure` what it returns if refused.
macro_rules! refusable {
    ($($call:ident: $name:ident($($arg:ident: $type:ty),*) -> $result:ty, $what:expr, $failure:expr;)*) => {$(
        /// See the function of this name in section 2 or 3 of the Linux manual.
        ///
        /// # Safety
        /// As the C library's own function requires.
        #[unsafe(no_mangle)]
        pub(super) unsafe extern "C" fn $name($($arg: $type),*) -> $result {
            // SAFETY: the caller's promise: a path or name is null or ends with a zero byte.
            if unsafe { refused(Call::$call, stringify!($name), $what) } {
                return $failure;
            }
            static REAL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
            const NAME: &CStr = match CStr::from_bytes_with_nul(concat!(stringify!($name), "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => panic!("it ends with its only zero byte"),
            };
            // SAFETY: the type is the one of the library's function; the arguments are passed on.
            unsafe {
                let real: unsafe extern "C" fn($($type),*) -> $result = transmute(real(&REAL, NAME));
                real($($arg),*)
            }
        }
    )*};
}

type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type Path = *const c_char;
/// Arguments and environments of processes.
type Strings = *const *mut c_char;

const NONE: Path = ptr::null();

// Functions with a variable number of arguments (`open`) are defined with all of them: on both
// architectures integers are passed in the same places, and one not given is not used.
refusable! {
    Thread: pthread_create(thread: *mut libc::pthread_t, attributes: *const libc::pthread_attr_t, start: Start,
        argument: *mut c_void) -> c_int, NONE, libc::EPERM;

    Process: fork() -> libc::pid_t, NONE, fail(libc::EPERM);
    Process: execvp(file: Path, arguments: Strings) -> c_int, file, fail(libc::EPERM);
    Process: posix_spawn(pid: *mut libc::pid_t, path: Path, actions: *const c_void, attributes: *const c_void,
        arguments: Strings, environment: Strings) -> c_int, path, libc::EPERM;
    Process: posix_spawnp(pid: *mut libc::pid_t, file: Path, actions: *const c_void, attributes: *const c_void,
        arguments: Strings, environment: Strings) -> c_int, file, libc::EPERM;

    Socket: socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int, NONE, fail(libc::EPERM);
    Socket: socketpair(domain: c_int, kind: c_int, protocol: c_int, pair: *mut c_int) -> c_int, NONE,
        fail(libc::EPERM);
    Socket: bind(socket: c_int, address: *const libc::sockaddr, length: libc::socklen_t) -> c_int, NONE,
        fail(libc::EPERM);
    Socket: connect(socket: c_int, address: *const libc::sockaddr, length: libc::socklen_t) -> c_int, NONE,
        fail(libc::EPERM);
    Socket: epoll_create1(flags: c_int) -> c_int, NONE, fail(libc::EPERM);
    Lookup: getaddrinfo(node: Path, service: Path, hints: *const libc::addrinfo, found: *mut *mut libc::addrinfo)
        -> c_int, node, { fail(libc::EPERM); libc::EAI_SYSTEM };

    File: open(path: Path, flags: c_int, mode: mode_t) -> c_int, file(path, flags), unopened(path);
    File: open64(path: Path, flags: c_int, mode: mode_t) -> c_int, file(path, flags), unopened(path);
    File: openat(folder: c_int, path: Path, flags: c_int, mode: mode_t) -> c_int, file(path, flags), unopened(path);
    File: openat64(folder: c_int, path: Path, flags: c_int, mode: mode_t) -> c_int, file(path, flags),
        unopened(path);
    File: opendir(path: Path) -> *mut libc::DIR, path, { fail(libc::EPERM); ptr::null_mut() };
    File: stat64(path: Path, to: *mut libc::stat64) -> c_int, file(path, 0), unopened(path);
    File: lstat64(path: Path, to: *mut libc::stat64) -> c_int, file(path, 0), unopened(path);
    File: statx(folder: c_int, path: Path, flags: c_int, mask: c_uint, to: *mut libc::statx) -> c_int,
        file(path, 0), unopened(path);
    File: access(path: Path, mode: c_int) -> c_int, file(path, 0), unopened(path);
    File: mkdir(path: Path, mode: mode_t) -> c_int, path, fail(libc::EPERM);
    File: rmdir(path: Path) -> c_int, path, fail(libc::EPERM);
    File: unlink(path: Path) -> c_int, path, fail(libc::EPERM);
    File: rename(from: Path, to: Path) -> c_int, from, fail(libc::EPERM);
    File: realpath(path: Path, to: *mut c_char) -> *mut c_char, file(path, 0), { unopened(path); ptr::null_mut() };

    Sleep: nanosleep(span: *const libc::timespec, left: *mut libc::timespec) -> c_int, NONE, fail(libc::EPERM);
    Sleep: clock_nanosleep(clock: libc::clockid_t, flags: c_int, span: *const libc::timespec,
        left: *mut libc::timespec) -> c_int, NONE, libc::EPERM;
    Sleep: usleep(micros: c_uint) -> c_int, NONE, fail(libc::EPERM);
    Sleep: sleep(seconds: c_uint) -> c_uint, NONE, seconds;
}

/// See `sched_getaffinity(2)`: on a sealed thread there is one processor.
///
/// # Safety
/// `mask` is valid for writes of `bytes` bytes.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn sched_getaffinity(
    pid: libc::pid_t,
    bytes: size_t,
    mask: *mut libc::cpu_set_t,
) -> c_int {
    if HOOKS.get().is_some() {
        if mask.is_null() || bytes < size_of::<u64>() {
            return fail(libc::EINVAL);
        }
        // SAFETY: the caller's promise.
        unsafe {
            mask.cast::<u8>().write_bytes(0, bytes);
            mask.cast::<u8>().write(1);
        }
        return 0;
    }
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    // SAFETY: the type is the one of `sched_getaffinity(2)`; the arguments are passed on.
    unsafe {
        let real: unsafe extern "C" fn(libc::pid_t, size_t, *mut libc::cpu_set_t) -> c_int =
            transmute(real(&REAL, c"sched_getaffinity"));
        real(pid, bytes, mask)
    }
}

/// Whether a call of this thread is to fail.
///
/// # Safety
/// `what` is null or ends with a zero byte.
pub(super) unsafe fn refused(call: Call, function: &'static str, what: Path) -> bool {
    let Some(hooks) = HOOKS.get() else { return false };
    if ptr::eq(what, HARMLESS.as_ptr()) {
        return false;
    }
    if ptr::eq(what, ABSENT.as_ptr()) {
        return true;
    }
    // SAFETY: the caller's promise.
    let what = if what.is_null() { b"" } else { unsafe { CStr::from_ptr(what) }.to_bytes() };
    (hooks.refuses)(&Attempt { call, function, what })
}

/// In place of the path of a file that may be opened, and of one that must not be seen.
static HARMLESS: [c_char; 2] = [b'+' as c_char, 0];
static ABSENT: [c_char; 2] = [b'-' as c_char, 0];

/// The path, or one of the two above in its place.
fn file(path: Path, flags: c_int) -> Path {
    if HOOKS.get().is_none() || path.is_null() {
        return HARMLESS.as_ptr();
    }
    // SAFETY: the promise of whoever called the library: a path ends with a zero byte.
    let name = unsafe { CStr::from_ptr(path) }.to_bytes();
    let reads = flags & (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC) == libc::O_RDONLY;
    if name == b"/dev/null" || name.is_empty() || reads && is_for_backtraces(name) {
        HARMLESS.as_ptr()
    } else if is_of_the_machine(name) {
        ABSENT.as_ptr()
    } else {
        path
    }
}

/// What a file that is not to be opened says: that it is not there, if it tells of the machine, so that
/// whoever asks falls back to what they would do anywhere.
fn unopened(path: Path) -> c_int {
    // SAFETY: the promise of whoever called the library; a null path is harmless, and not refused.
    let name = unsafe { CStr::from_ptr(path) }.to_bytes();
    fail(if is_of_the_machine(name) { libc::ENOENT } else { libc::EPERM })
}

/// This program, its libraries and their debug information: the same for every run of one binary.
fn is_for_backtraces(name: &[u8]) -> bool {
    let is_library = name.windows(3).any(|part| part == b".so") && name.starts_with(b"/");
    name == b"/proc/self/maps"
        || name == b"/proc/self/exe"
        || name.starts_with(b"/usr/lib/debug")
        || is_library
        || is_this_program(name)
}

fn is_this_program(name: &[u8]) -> bool {
    let mut own = [0_u8; 4_096];
    // SAFETY: the buffer is as long as said.
    let length = unsafe { libc::readlink(c"/proc/self/exe".as_ptr(), own.as_mut_ptr().cast(), own.len()) };
    // A beginning will do: debug information may lie beside it, with an ending more.
    usize::try_from(length).is_ok_and(|length| length > 0 && name.starts_with(&own[..length]))
}

/// How many processors there are, how many of them this process may use, and in which time zone it is:
/// programs that find none of it take one processor and UTC.
fn is_of_the_machine(name: &[u8]) -> bool {
    let starts = [
        &b"/proc/self/cgroup"[..],
        b"/proc/self/mountinfo",
        b"/sys/fs/cgroup",
        b"/sys/devices/system/cpu",
        b"/etc/localtime",
        b"/etc/timezone",
        b"/etc/config/system",
        b"/usr/share/zoneinfo",
    ];
    starts.iter().any(|start| name.starts_with(start))
}
