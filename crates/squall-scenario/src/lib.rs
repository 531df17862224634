//! Scenarios: YAML text to a checked [`Scenario`], a scenario and a seed to a
//! [`Plan`](squall_history::Plan), and a plan back to YAML.
//!
//! ```text
//! text ──yaml──→ tree ──typed readers──→ Scenario ──seed──→ Plan ──to_yaml──→ text
//! ```
//! The first arrow knows the YAML library and no schema; the second knows the schema, looks every
//! name up in the [`Catalogue`] and reports all errors at once, each at its line and column; the
//! third draws, by address, and cannot fail. Nothing here runs a system or reads a file.

mod action;
mod any_range;
mod budget;
pub mod build;
pub mod catalogue;
pub mod codes;
pub mod diagnostic;
mod disk_fault;
mod expect;
mod faults;
mod fields;
mod mix;
mod names;
mod network;
mod overrides;
mod plan;
mod range;
mod read;
mod restart;
mod scenario;
mod scope;
mod section;
mod selector;
mod surroundings;
mod topology;
mod tree;
mod write;
mod yaml;

pub use catalogue::{Catalogue, OracleEntry, RoleEntry, SectionCheck, SectionError, SystemEntry};
pub use codes::{Code, explain};
pub use diagnostic::{Colour, Diagnostic, Diagnostics, Severity, Source};
pub use overrides::{OverrideError, Overrides};
pub use plan::SwarmDraw;
pub use range::{BYTES_HINT, bytes};
pub use read::parse;
pub use scenario::{DEFAULT_ENGINE, Scenario};
pub use surroundings::Seeds;
pub use write::{FaultIds, KeptHead, to_scenario, to_yaml};
