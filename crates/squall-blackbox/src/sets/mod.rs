//! A set to which elements are added and which is read as a whole.
//!
//! | `f` | argument | result |
//! |---|---|---|
//! | `add` | the element | nothing (is not looked at) |
//! | `read` | – | an array of the elements |
//!
//! [`SetAtEnd`] compares the last read with what was acknowledged before it, as Jepsen's `set` does.
//! [`SetFull`] follows every element through all reads, as Jepsen's `set-full` does. Each key is a
//! set of its own. Elements are never taken away. Neither compares elements with each other: that
//! two reads see two concurrent elements in different orders is a matter of `long-fork`.

mod at_end;
mod full;
mod members;

pub use at_end::SetAtEnd;
pub use full::{SetFull, Visibility};

pub(crate) use at_end::ENTRY as SET;
pub(crate) use full::ENTRY as SET_FULL;
