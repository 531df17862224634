//! What a system under test is refused on its simulation thread, and what it should use instead: the
//! seal knows how a call is caught, the simulator whether software of a node makes it, and neither knows
//! the ground the software should stand on.

use squall::simulated;
use squall_seal::progress;
use squall_seal::seal::{Attempt, Call};

/// Whether a call fails. If it does, the run says so at its end, and so does its death, should the
/// system hang or abort over it.
pub(super) fn refuses(attempt: &Attempt<'_>) -> bool {
    let (what, instead) = words(attempt);
    let refused = simulated::refuse(&what, instead);
    if refused {
        let node = simulated::current_node().map_or_else(String::new, |node| format!("{node}: "));
        progress::place(&format!("{node}{what}; use {instead}"));
    }
    refused
}

/// The call in the words of the system's author, and what to use in place of it.
fn words(attempt: &Attempt<'_>) -> (String, &'static str) {
    let of = String::from_utf8_lossy(attempt.what);
    let function = attempt.function;
    match attempt.call {
        Call::Thread => (format!("std::thread::spawn (`{function}`)"), "squall_io::task::spawn"),
        Call::Process => (
            format!("std::process::Command (`{function}`)"),
            "a role of the system, which is a node of its own",
        ),
        Call::Socket if function == "epoll_create1" => {
            ("a runtime of its own (`epoll_create1`)".to_owned(), "squall_io, which needs none")
        }
        Call::Socket => (format!("a real socket (`{function}`)"), "squall_io::net"),
        Call::Lookup => (format!("a real name lookup of `{of}`"), "squall_io::net::lookup_host"),
        Call::File if of.starts_with("/dev/") && of.ends_with("random") => {
            (format!("entropy of the machine (`{of}`)"), "squall_io::rand")
        }
        Call::File => (format!("a real file `{of}` (`{function}`)"), "squall_io::fs"),
        Call::Sleep => (format!("std::thread::sleep (`{function}`)"), "squall_io::time::sleep"),
        Call::Wait => (
            "a wait of the whole thread (std's Condvar, park, channels)".to_owned(),
            "tokio::sync and squall_io::task",
        ),
    }
}
