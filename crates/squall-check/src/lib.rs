//! Judging: invariants watch each record as it comes, checkers examine a finished history, and
//! together they give a verdict.
//!
//! Nothing here runs a system. Oracles see a history and its header and nothing else, so a stored
//! history is judged again to the same verdict.

pub mod always;
pub mod batch;
pub mod campaign;
pub mod catalogue;
pub mod error;
pub mod exit;
pub mod judge;
pub mod linearizability;
pub mod no_panic;
pub mod oracle;
pub mod raft;
pub mod recovery;
pub mod result;
pub mod steady_state;
pub mod truth;
pub mod verdict;

pub use always::Always;
pub use campaign::{NotApplicable, ScenarioJudge, ScenarioStatus, ScenarioVerdict, judge_scenario};
pub use catalogue::{OracleInfo, oracles, with_names};
pub use error::CheckError;
pub use exit::{ExitCode, exit_code};
pub use judge::{Judge, judge_history};
pub use linearizability::{KvModel, Linearizable, Model, OpView, RegisterModel, Split, linearizable};
pub use no_panic::NoPanic;
pub use oracle::{Budget, Checker, Finding, Findings, Invariant, Oracle, Scope};
pub use raft::{Group, raft_invariants};
pub use recovery::Recovery;
pub use result::{FaultCounts, Outcome, SeedResult};
pub use steady_state::SteadyState;
pub use verdict::{Status, Verdict, Violation};
