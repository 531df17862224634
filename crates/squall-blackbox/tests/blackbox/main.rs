//! The black-box checkers, each by the smallest histories that it must find something in, by brute force,
//! and by what simulated systems of known guarantees do; and what they read.
#![expect(clippy::unwrap_used, reason = "these are tests, their helpers included")]

mod linear;
mod others;
mod recording;
mod transactions;
