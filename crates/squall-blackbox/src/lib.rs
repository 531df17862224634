//! Black-box checkers: they judge a system by what its clients saw, and know nothing else of it.
//!
//! `operation` pairs invocations with completions, whoever recorded them; an [`Analysis`] reads the
//! operations and says what contradicts its promise. `recording` reads what others wrote down. Nothing here knows a simulator, a scenario or a
//! node: a history that another tool recorded is judged like one of Squall's own.

pub mod analysis;
pub mod budget;
pub mod catalogue;
pub mod error;
pub mod findings;
pub mod linearizability;
pub mod operation;
pub mod recording;

pub use analysis::{Analysis, Scope};
pub use budget::{Budget, Exhausted};
pub use catalogue::{Entry, catalogue};
pub use error::CheckError;
pub use findings::{Finding, Findings};
pub use linearizability::{KvModel, Linearizable, Model, OpView, RegisterModel, Split};
pub use operation::{Completion, Event, IllFormed, Moment, Operation, events, operations};
pub use recording::Recording;
