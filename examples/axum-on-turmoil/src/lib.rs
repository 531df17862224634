//! A ledger: accounts that clients deposit to, over HTTP. One server, a journal on disk, clients that try
//! again until they have an answer.
//!
//! What it promises: a deposit that was answered is never lost, one that was sent again counts once, and
//! all operations on an account look as if they took effect one by one.
//!
//! It is written for production, on axum, hyper and tokio as they are. What it listens on and how its
//! client connects are parameters: `tokio::net` in production, `turmoil::net` under chaos. Its files are
//! `squall_io::fs`, which in production are tokio's.

pub mod client;
mod journal;
mod ledger;
pub mod service;

pub use ledger::Bugs;

/// Where the service listens.
pub const PORT: u16 = 8080;
