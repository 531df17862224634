//! Tests of the black-box checkers and of what they read.
#![expect(clippy::unwrap_used, reason = "these are tests, their helpers included")]

mod recording;
