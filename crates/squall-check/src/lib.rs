//! Judging: invariants watch each record as it comes, checkers examine a finished history, and
//! together they give a verdict.
//!
//! Nothing here runs a system. Oracles see a history and its header and nothing else, so a stored
//! history is judged again to the same verdict.

pub mod oracle;
pub mod result;
pub mod verdict;

pub use oracle::{Budget, Checker, Findings, Invariant, Oracle};
pub use result::{FaultCounts, Outcome, SeedResult};
pub use verdict::{Status, Verdict, Violation};
