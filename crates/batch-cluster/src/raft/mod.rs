//! Raft.

pub mod core;
pub mod message;
pub mod replica;
pub mod service;
pub mod storage;
