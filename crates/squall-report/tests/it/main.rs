//! What the crate promises to those who use it, on one small campaign.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod cause;
mod fixture;
mod folder;
mod judged;
mod render;
