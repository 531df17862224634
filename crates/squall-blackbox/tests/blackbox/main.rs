//! The black-box checkers, each by the smallest histories that it must find something in, by brute force,
//! and by what simulated systems of known guarantees do.

#![expect(clippy::unwrap_used, reason = "a case that is written wrongly may panic")]

mod transactions;
