//! Vocabularies: what a system tells about its inside, as typed words.
//!
//! Oracles are written over a vocabulary, not over a system: whoever speaks the words of
//! [`raft`] gets the Raft invariants and the target `leader`. What no vocabulary covers goes in as
//! [`Custom`].

pub mod batch;
mod custom;
pub mod raft;
mod word;

pub use custom::Custom;
pub use word::Word;

/// Anything that can be handed to `observe`.
pub trait Observation {
    /// As the body of a record.
    fn into_body(self) -> crate::Body;
}
