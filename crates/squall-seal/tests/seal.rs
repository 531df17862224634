//! What a sealed thread sees, and what the others go on seeing.

#![cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(madsim)
))]
#![expect(clippy::disallowed_methods, reason = "the wall clocks are what is tested")]
#![expect(clippy::unwrap_used, reason = "what the tests have in common stands outside of them")]

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::panic::catch_unwind;
use std::ptr::null_mut;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use squall_seal::seal::{self, Call, Guard, Hooks};

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
    static FILLED: Cell<u64> = const { Cell::new(0) };
    static ATTEMPTS: RefCell<Vec<(Call, String)>> = const { RefCell::new(Vec::new()) };
}

/// The wall clock's advance over the monotonic one, so that they cannot be taken for each other.
const EPOCH_NS: u64 = 1_000_000_000_000_000_000;

const HOOKS: Hooks = Hooks {
    entropy: |bytes| {
        FILLED.set(FILLED.get() + bytes.len() as u64);
        bytes.fill(0xa5);
    },
    monotonic_ns: || NOW.get(),
    realtime_ns: || EPOCH_NS + NOW.get(),
    refuses: |_| false,
};

/// Runs `f` on a fresh thread, sealed.
fn sealed<R: Send>(f: impl FnOnce(Guard) -> R + Send) -> R {
    thread::scope(|scope| {
        scope
            .spawn(|| {
                NOW.set(0);
                f(seal::on_this_thread(HOOKS))
            })
            .join()
            .unwrap()
    })
}

fn unix_now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn wall_is_real() -> bool {
    // The hooks show 2001; this was written in 2026.
    unix_now() > Duration::from_secs(1_700_000_000)
}

fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

fn hash_of_seven() -> u64 {
    RandomState::new().hash_one(7)
}

#[test]
fn the_clocks_are_the_hooks() {
    sealed(|_guard| {
        let start = Instant::now();
        assert_eq!(start.elapsed(), Duration::ZERO, "time passed by itself");
        NOW.set(7_000_000_123);
        assert_eq!(start.elapsed(), Duration::from_nanos(7_000_000_123));
        assert_eq!(unix_now(), Duration::from_nanos(EPOCH_NS + 7_000_000_123));
    });
}

#[test]
fn the_older_clocks_are_the_hooks() {
    sealed(|_guard| {
        NOW.set(7_654_321_000);
        let (mut seconds, mut now) = (0, libc::timeval { tv_sec: 0, tv_usec: 0 });
        // SAFETY: both write to the locals alone.
        unsafe {
            assert_eq!(libc::time(&mut seconds), 1_000_000_007);
            assert_eq!(libc::time(null_mut()), 1_000_000_007);
            assert_eq!(libc::gettimeofday(&mut now, null_mut()), 0);
        }
        assert_eq!((seconds, now.tv_sec, now.tv_usec), (1_000_000_007, 1_000_000_007, 654_321));
    });
}

#[test]
fn every_clock_is_virtual() {
    sealed(|_guard| {
        NOW.set(5);
        // 0 to 11 without 10, which is unused: REALTIME, …, PROCESS_CPUTIME_ID, …, TAI.
        for clock in (0..=11).filter(|&clock| clock != 10) {
            let mut now = libc::timespec { tv_sec: -1, tv_nsec: -1 };
            // SAFETY: writes to the local alone.
            assert_eq!(unsafe { libc::clock_gettime(clock, &mut now) }, 0, "clock {clock}");
            assert_eq!(now.tv_nsec, 5, "clock {clock}");
        }
    });
}

#[test]
fn entropy_is_the_hook() {
    sealed(|_guard| {
        assert_eq!(random_bytes(), [0xa5; 32]);
        let mut bytes = [0_u8; 16];
        // SAFETY: writes to the local alone.
        assert_eq!(unsafe { libc::getentropy(bytes.as_mut_ptr().cast(), 16) }, 0);
        assert_eq!(bytes, [0xa5; 16]);
        assert_eq!(FILLED.get(), 48);
    });
}

#[test]
fn hash_keys_repeat_when_sealed_and_only_then() {
    assert_eq!(sealed(|_guard| hash_of_seven()), sealed(|_guard| hash_of_seven()));
    let unsealed = || thread::scope(|scope| scope.spawn(hash_of_seven).join().unwrap());
    assert_ne!(unsealed(), unsealed());
}

#[test]
fn other_threads_stay_real() {
    sealed(|_guard| {
        assert!(!wall_is_real());
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let start = Instant::now();
                while start.elapsed() < Duration::from_millis(2) {}
                assert!(wall_is_real());
                assert!(!seal::is_on());
                assert_ne!(random_bytes(), random_bytes());
            });
            // Not `join`ed by hand: a panic there fails the scope, and a join waits without a deadline.
            other.join().unwrap();
        });
        assert!(!wall_is_real());
    });
}

#[test]
fn outside_is_real_and_does_not_leak() {
    sealed(|_guard| {
        assert!(seal::outside(wall_is_real));
        assert!(!wall_is_real());
        assert!(catch_unwind(|| seal::outside(|| panic!("in harness code"))).is_err());
        assert!(!wall_is_real(), "a panic outside left the seal broken");
    });
}

#[test]
fn a_guard_gives_back_what_was_before() {
    sealed(|guard| {
        let inner = seal::on_this_thread(Hooks { realtime_ns: || 42, ..HOOKS });
        assert_eq!(unix_now(), Duration::from_nanos(42));
        drop(inner);
        assert_eq!(unix_now(), Duration::from_nanos(EPOCH_NS));
        drop(guard);
        assert!(wall_is_real());
    });
}

/// What a call says, and the errno if it says -1.
fn said(result: i64) -> Result<i64, i32> {
    if result == -1 { Err(std::io::Error::last_os_error().raw_os_error().unwrap()) } else { Ok(result) }
}

/// Calls with wrong arguments, which must be refused in the same way by the real functions and ours.
fn refusals() -> Vec<Result<i64, i32>> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let mut bytes = [0_u8; 300];
    let buffer = bytes.as_mut_ptr().cast();
    // SAFETY: buffers are as long as said, or refused before they are written.
    unsafe {
        vec![
            said(libc::clock_gettime(99, &mut now).into()),
            said(libc::clock_gettime(10, &mut now).into()),
            said(libc::getrandom(buffer, 300, 0x80) as i64),
            said(libc::getrandom(buffer, 300, libc::GRND_RANDOM | libc::GRND_INSECURE) as i64),
            said(libc::getrandom(buffer, 0, 0) as i64),
            said(libc::getrandom(null_mut(), 8, 0) as i64),
            said(libc::getentropy(buffer, 257).into()),
            said(libc::getrandom(buffer, 300, libc::GRND_NONBLOCK) as i64),
        ]
    }
}

#[test]
fn errors_are_those_of_the_real_functions() {
    let real = refusals();
    assert_eq!(real[0], Err(libc::EINVAL), "an unknown clock is refused");
    assert_eq!(sealed(|_guard| refusals()), real);
}

/// Hooks that refuse whatever is attempted, and count it.
const STRICT: Hooks = Hooks {
    refuses: |attempt| {
        ATTEMPTS.with_borrow_mut(|attempts| {
            attempts.push((attempt.call, String::from_utf8_lossy(attempt.what).into_owned()));
        });
        true
    },
    ..HOOKS
};

/// Runs `f` on a fresh thread that is let out nowhere; what it attempted.
fn confined(f: impl FnOnce() + Send) -> Vec<(Call, String)> {
    sealed(|guard| {
        drop(guard);
        let guard = seal::on_this_thread(STRICT);
        f();
        drop(guard);
        ATTEMPTS.take()
    })
}

fn denied<T>(result: std::io::Result<T>) {
    let error = result.err().expect("it is refused");
    assert_eq!(error.raw_os_error(), Some(libc::EPERM));
}

#[test]
fn ways_out_are_refused_and_told() {
    let attempts = confined(|| {
        denied(thread::Builder::new().spawn(|| ()));
        denied(std::process::Command::new("true").spawn());
        denied(std::net::UdpSocket::bind("127.0.0.1:0"));
        denied(std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 1)));
        denied(std::fs::File::open("/etc/passwd"));
        denied(std::fs::write("/etc/passwd", ""));
        denied(std::fs::metadata("/etc/passwd"));
        denied(std::fs::read_dir("/etc"));
        denied(std::fs::create_dir("/etc/new"));
        denied(std::fs::remove_file("/etc/passwd"));
        denied(std::fs::rename("/etc/passwd", "/etc/old"));
        assert!(catch_unwind(|| thread::sleep(Duration::from_millis(1))).is_err());
        thread::park_timeout(Duration::from_millis(1));
    });
    let what: Vec<_> = attempts.iter().map(|(call, what)| (*call, what.as_str())).collect();
    let file = (Call::File, "/etc/passwd");
    let expected = [
        (Call::Thread, ""),
        (Call::Process, "true"),
        (Call::Socket, ""),
        (Call::Lookup, "localhost"),
        file,
        file,
        file,
        (Call::File, "/etc"),
        (Call::File, "/etc/new"),
        file,
        file,
        (Call::Sleep, ""),
        (Call::Wait, ""),
    ];
    // Some attempts are made twice, in another way.
    let mut once = what.clone();
    once.dedup();
    let mut wanted = expected.to_vec();
    wanted.dedup();
    assert_eq!(once, wanted, "{what:?}");
}

#[test]
fn what_is_not_refused_is_real() {
    sealed(|_guard| {
        assert!(thread::Builder::new().spawn(|| 7).unwrap().join().unwrap() == 7);
        assert!(std::fs::read_to_string("/proc/self/maps").unwrap().len() > 100);
        assert!(std::fs::metadata("/etc").unwrap().is_dir());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(std::process::Command::new("true").status().unwrap().success());
    });
}

#[test]
fn backtraces_find_names_and_no_attempt_is_told() {
    let attempts = confined(|| {
        let trace = std::backtrace::Backtrace::force_capture().to_string();
        assert!(trace.contains("backtraces_find_names_and_no_attempt_is_told"), "{trace}");
        std::fs::File::options().write(true).open("/dev/null").unwrap();
    });
    assert_eq!(attempts, [], "a panic of a system under test would be taken for a leak");
}

#[test]
fn there_is_one_processor_on_a_sealed_thread() {
    let attempts = confined(|| assert_eq!(thread::available_parallelism().unwrap().get(), 1));
    assert_eq!(attempts, []);
}

#[test]
fn the_time_zone_of_the_machine_is_not_there_on_a_sealed_thread() {
    let attempts = confined(|| {
        for path in ["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo/UTC"] {
            let error = std::fs::File::open(path).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{path}");
            assert_eq!(
                std::fs::symlink_metadata(path).unwrap_err().kind(),
                std::io::ErrorKind::NotFound,
                "{path}"
            );
        }
    });
    assert_eq!(attempts, []);
}

#[test]
fn raw_system_calls_for_entropy_and_time_are_the_hooks() {
    sealed(|_guard| {
        NOW.set(7_000_000_123);
        let (mut bytes, mut now) = ([0_u8; 9], libc::timespec { tv_sec: 0, tv_nsec: 0 });
        // SAFETY: both write to the locals alone.
        unsafe {
            assert_eq!(libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), 9, 0), 9);
            assert_eq!(libc::syscall(libc::SYS_clock_gettime, libc::CLOCK_MONOTONIC, &mut now), 0);
        }
        assert_eq!((bytes, now.tv_sec, now.tv_nsec), ([0xa5; 9], 7, 123));
        // SAFETY: has no precondition.
        let pid = unsafe { libc::syscall(libc::SYS_getpid) };
        assert_eq!(pid, i64::from(std::process::id()), "all others are real");
    });
}
