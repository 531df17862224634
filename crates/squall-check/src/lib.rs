//! Judging: invariants watch each record as it comes, checkers examine a finished history, and
//! together they give a verdict.
//!
//! Nothing here runs a system. Oracles see a history and its header and nothing else, so a stored
//! history is judged again to the same verdict.
//!
//! A system brings its oracles ready made, or as functions:
//!
//! ```
//! use squall_check::{Checker, Invariant, KvModel, invariant_fn, linearizable};
//! use squall_history::{Body, NodeEvent};
//!
//! fn checkers() -> Vec<Box<dyn Checker>> {
//!     vec![linearizable(KvModel)]
//! }
//!
//! fn invariants() -> Vec<Box<dyn Invariant>> {
//!     vec![invariant_fn("nobody-loses-power", (), |(), record, findings| {
//!         if let Body::Node(event) = &record.body {
//!             findings.exercised();
//!             if *event == NodeEvent::PowerLost {
//!                 findings.violated(record.at, "a node lost its power");
//!             }
//!         }
//!     })]
//! }
//! # assert_eq!((checkers()[0].name(), invariants()[0].name()), ("linearizable", "nobody-loses-power"));
//! ```
//!
//! [`judge_history`] judges a stored history by them; [`Judge`] a run while it goes on.

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
pub use black_box::{BlackBox, black_box, linearizable};
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
