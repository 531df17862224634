//! Registers on several replicas: any majority of them can be read and written.
//!
//! The algorithm is of Attiya, Bar-Noy and Dolev (*Sharing Memory Robustly in Message-Passing Systems*,
//! J. ACM 42(1), 1995) with several writers: a value has a tag, a write takes a higher one than any that a
//! majority knows, and a read hands what it found to a majority before it returns.
//!
//! What it promises: all operations on a register look as if they took effect one by one, and succeed while
//! a majority can be reached.
//!
//! It is written as for madsim: `tokio` is the crate `madsim-tokio`, which is madsim's in a build with
//! `--cfg madsim` and tokio itself in any other. Files are `squall_io::fs`; madsim simulates none.

pub mod client;
pub mod protocol;
pub mod replica;
