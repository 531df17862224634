//! Raft.

pub mod client;
pub mod config;
pub mod core;
pub mod message;
pub mod replica;
pub mod service;
pub mod shell;
pub mod storage;

pub use client::Client;
pub use config::{ClientConfig, MemberConfig};
pub use replica::StateMachine;
pub use shell::{Handle, Member, Status};
