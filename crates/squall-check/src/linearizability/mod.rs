//! Linearizability.
pub(crate) const NAME: &str = "linearizable";
