//! The disk model against a naive reference, and by hand where a rule of file systems is at stake.
#![expect(clippy::unwrap_used, reason = "what the tests have in common stands outside of them")]

mod by_hand;
mod model;
mod reference;
