//! The C library's functions for entropy and time, defined again, and the one that makes any system
//! call. The linker prefers these to the library's own, in every crate of the binary.
//!
//! Each does one of two things: on a sealed thread it answers from the hooks, with the library's
//! rules for arguments and `errno`; else it calls the library's function, found once with `dlsym`
//! (which, unlike the raw system call, keeps the fast path through the vDSO). Nothing here
//! allocates, locks or panics.

use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::mem::transmute;
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{clockid_t, size_t, ssize_t, time_t, timespec, timeval};

use super::refuse::refused;
use super::{Call, HOOKS, Hooks};

/// See `getrandom(2)`.
///
/// # Safety
/// `buffer` is valid for writes of `length` bytes.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    if let Some(hooks) = HOOKS.get() {
        let both = libc::GRND_RANDOM | libc::GRND_INSECURE;
        if flags & !(libc::GRND_NONBLOCK | both) != 0 || flags & both == both {
            return fail(libc::EINVAL) as ssize_t;
        }
        let length = length.min(MOST_AT_ONCE);
        // SAFETY: the caller's promise.
        return if unsafe { fill(hooks, buffer, length) } { length as ssize_t } else { -1 };
    }
    // SAFETY: the type is the one of `getrandom(2)`; the arguments are passed on.
    unsafe {
        let real: unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t =
            transmute(real(&GETRANDOM, c"getrandom"));
        real(buffer, length, flags)
    }
}

/// See `getentropy(3)`.
///
/// # Safety
/// `buffer` is valid for writes of `length` bytes.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn getentropy(buffer: *mut c_void, length: size_t) -> c_int {
    if let Some(hooks) = HOOKS.get() {
        if length > 256 {
            return fail(libc::EIO);
        }
        // SAFETY: the caller's promise.
        return if unsafe { fill(hooks, buffer, length) } { 0 } else { -1 };
    }
    // SAFETY: the type is the one of `getentropy(3)`; the arguments are passed on.
    unsafe {
        let real: unsafe extern "C" fn(*mut c_void, size_t) -> c_int =
            transmute(real(&GETENTROPY, c"getentropy"));
        real(buffer, length)
    }
}

/// See `clock_gettime(2)`.
///
/// # Safety
/// `time` is valid for a write.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    if let Some(hooks) = HOOKS.get() {
        let Some(ns) = reading(hooks, clock) else { return fail(libc::EINVAL) };
        let now = timespec { tv_sec: seconds(ns), tv_nsec: (ns % NS_PER_S) as c_long };
        // SAFETY: the caller's promise.
        return unsafe { give(time, now) };
    }
    // SAFETY: the type is the one of `clock_gettime(2)`; the arguments are passed on.
    unsafe {
        let real: unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int =
            transmute(real(&CLOCK_GETTIME, c"clock_gettime"));
        real(clock, time)
    }
}

/// See `gettimeofday(2)`. A sealed thread's time zone is UTC.
///
/// # Safety
/// `time` and `zone` are null or valid for a write, `zone` of two `int`s.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gettimeofday(time: *mut timeval, zone: *mut c_void) -> c_int {
    if let Some(hooks) = HOOKS.get() {
        let ns = (hooks.realtime_ns)();
        let now = timeval { tv_sec: seconds(ns), tv_usec: (ns % NS_PER_S / 1_000) as libc::suseconds_t };
        // SAFETY: the caller's promise, for both.
        unsafe {
            if !time.is_null() {
                time.write(now);
            }
            if !zone.is_null() {
                zone.cast::<[c_int; 2]>().write([0, 0]);
            }
        }
        return 0;
    }
    // SAFETY: the type is the one of `gettimeofday(2)`; the arguments are passed on.
    unsafe {
        let real: unsafe extern "C" fn(*mut timeval, *mut c_void) -> c_int =
            transmute(real(&GETTIMEOFDAY, c"gettimeofday"));
        real(time, zone)
    }
}

/// See `time(2)`.
///
/// # Safety
/// `result` is null or valid for a write.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn time(result: *mut time_t) -> time_t {
    if let Some(hooks) = HOOKS.get() {
        let now = seconds((hooks.realtime_ns)());
        if !result.is_null() {
            // SAFETY: the caller's promise.
            unsafe { result.write(now) };
        }
        return now;
    }
    // SAFETY: the type is the one of `time(2)`; the argument is passed on.
    unsafe {
        let real: unsafe extern "C" fn(*mut time_t) -> time_t = transmute(real(&TIME, c"time"));
        real(result)
    }
}

/// See `syscall(2)`. `getrandom` 0.2, and so `rand` 0.8, asks for entropy in this way, and `std` waits so
/// for other threads. The library's own takes its arguments as they come; with integers alone, as here,
/// a function of seven arguments finds them in the same places, and those not given are not used.
///
/// # Safety
/// As the system call requires.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    if HOOKS.get().is_some() {
        // SAFETY: the caller's promise about the arguments of that system call.
        unsafe {
            match number {
                libc::SYS_getrandom => {
                    return getrandom(a as *mut c_void, b as size_t, c as c_uint) as c_long;
                }
                libc::SYS_clock_gettime => {
                    return clock_gettime(a as clockid_t, b as *mut timespec).into();
                }
                libc::SYS_futex if is_wait(b as c_int) && refused(Call::Wait, "futex", ptr::null()) => {
                    return fail(libc::EPERM).into();
                }
                _ => {}
            }
        }
    }
    // SAFETY: the type is the one of `syscall(2)`; the arguments are passed on.
    unsafe {
        let real: unsafe extern "C" fn(c_long, ...) -> c_long = transmute(real(&SYSCALL, c"syscall"));
        real(number, a, b, c, d, e, f)
    }
}

fn is_wait(operation: c_int) -> bool {
    let command = operation & !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME);
    command == libc::FUTEX_WAIT || command == libc::FUTEX_WAIT_BITSET
}

const NS_PER_S: u64 = 1_000_000_000;
/// What the kernel gives in one call at most, in bytes; callers ask again for the rest.
const MOST_AT_ONCE: usize = 33_554_431;

static GETRANDOM: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static GETENTROPY: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static CLOCK_GETTIME: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static GETTIMEOFDAY: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static TIME: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static SYSCALL: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// The library's own function of that name, which comes next after ours. Relaxed is enough: what the
/// pointer leads to was there before any thread.
pub(super) fn real(cache: &AtomicPtr<c_void>, name: &CStr) -> *mut c_void {
    let known = cache.load(Ordering::Relaxed);
    if !known.is_null() {
        return known;
    }
    let name: *const c_char = name.as_ptr();
    // SAFETY: the name ends with a zero byte.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name) };
    if found.is_null() {
        // A glibc without it does not exist from 2.25 on, and a panic here would ask for the time.
        // SAFETY: has no precondition.
        unsafe { libc::abort() };
    }
    cache.store(found, Ordering::Relaxed);
    found
}

/// What a clock shows on a sealed thread; `None` if there is no such clock. The clocks of processor
/// time are real elsewhere and differ from run to run; here they follow virtual time.
fn reading(hooks: Hooks, clock: clockid_t) -> Option<u64> {
    match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_REALTIME_ALARM | libc::CLOCK_TAI => {
            Some((hooks.realtime_ns)())
        }
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME
        | libc::CLOCK_BOOTTIME_ALARM
        | libc::CLOCK_PROCESS_CPUTIME_ID
        | libc::CLOCK_THREAD_CPUTIME_ID => Some((hooks.monotonic_ns)()),
        _ => None,
    }
}

fn seconds(ns: u64) -> time_t {
    (ns / NS_PER_S) as time_t
}

/// Fills `length` bytes from the hook; false, with `errno` set, if there is no buffer.
///
/// # Safety
/// `buffer` is null or valid for writes of `length` bytes.
unsafe fn fill(hooks: Hooks, buffer: *mut c_void, length: usize) -> bool {
    if length == 0 {
        return true;
    }
    if buffer.is_null() {
        fail(libc::EFAULT);
        return false;
    }
    // SAFETY: the caller's promise. Zeroed first, so that a hook never sees uninitialised bytes.
    let bytes = unsafe {
        buffer.cast::<u8>().write_bytes(0, length);
        slice::from_raw_parts_mut(buffer.cast::<u8>(), length)
    };
    (hooks.entropy)(bytes);
    true
}

/// Writes `value` unless the pointer is null.
///
/// # Safety
/// `to` is null or valid for a write.
unsafe fn give<T>(to: *mut T, value: T) -> c_int {
    if to.is_null() {
        return fail(libc::EFAULT);
    }
    // SAFETY: not null, and the caller's promise.
    unsafe { to.write(value) };
    0
}

pub(super) fn fail(error: c_int) -> c_int {
    // SAFETY: the location of this thread's `errno` is always valid.
    unsafe { *libc::__errno_location() = error };
    -1
}
