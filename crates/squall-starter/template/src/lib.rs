//! A small key-value store: one server, any number of clients, JSON lines over TCP, a log on disk.
//!
//! What it promises: an answered write survives whatever happens to the server, and all operations
//! look as if they took effect one by one, each between its request and its answer.
//!
//! It stands on `squall_io`, with tokio's names: the same code runs in production and simulated, and
//! does not know which.

pub mod client;
pub mod protocol;
pub mod server;
mod store;
