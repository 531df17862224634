//! Judging: invariants watch each record as it comes, checkers examine a finished history, and
//! together they give a verdict.
//!
//! Nothing here runs a system. Oracles see a history and its header and nothing else, so a stored
//! history is judged again to the same verdict.

pub mod always;
pub mod availability;
pub mod batch;
mod black_box;
pub mod campaign;
pub mod catalogue;
pub mod cause;
mod closure;
pub mod coverage;
pub mod exit;
pub mod judge;
pub mod latency;
pub mod no_panic;
pub mod oracle;
pub mod raft;
pub mod recovery;
pub mod result;
pub mod steady_state;
pub mod truth;
pub mod verdict;

pub use always::Always;
pub use availability::Availability;
pub use black_box::{BlackBox, linearizable};
pub use campaign::{NotApplicable, ScenarioJudge, ScenarioStatus, ScenarioVerdict, judge_scenario};
pub use catalogue::{OracleInfo, oracles, with_names};
pub use closure::{checker_fn, invariant_fn};
pub use exit::{ExitCode, exit_code};
pub use judge::{Judge, judge_history, liveness_oracles};
pub use latency::Latency;
pub use no_panic::NoPanic;
pub use oracle::{Checker, Invariant, Oracle, Promise};
pub use raft::{Group, raft_invariants};
pub use recovery::Recovery;
pub use result::{FaultCounts, Outcome, SeedResult};
pub use squall_blackbox as blackbox;
pub use squall_blackbox::{
    Analysis, Budget, CheckError, Finding, Findings, KvModel, Linearizable, Model, OpView, RegisterModel,
    Scope, Split,
};
pub use steady_state::SteadyState;
pub use verdict::{Status, Verdict, Violation};
