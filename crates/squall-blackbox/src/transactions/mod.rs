//! Transactions: which levels of isolation a history rules out, and why.
//!
//! The method is Elle's (Kingsbury & Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
//! Observations", VLDB 2020). Clients run transactions over data types that tell their own history: what
//! a read returns says which writes came before, and in which order. From that it follows which
//! transaction precedes which, and a circle of them is an anomaly with a name, which levels of isolation
//! forbid.
//!
//! The parts, in the order of the work: `history` reads the operations, `lists` and `registers` infer
//! from one key at a time, `orders` adds processes and real time, `graph` holds the edges, `cycles` looks
//! for circles, `explain` says why an edge is there, `report` tells. [`Anomaly`] and [`Consistency`] are
//! the words.
//!
//! Whatever is reported is a contradiction in every way the history may have come about: inference is
//! never a guess. The reverse holds as far as reads tell the order of the writes. It does not judge reads
//! of predicates, and it does not search: a history of registers whose contradiction needs two guesses
//! passes.

mod anomaly;
mod atoms;
mod builder;
mod components;
mod consistency;
mod cycle;
mod cycles;
mod edges;
mod explain;
mod graph;
mod history;
mod list_edges;
mod list_oddities;
mod lists;
mod options;
mod orders;
mod register_oddities;
mod registers;
mod report;
mod versions;
mod ways;

pub use anomaly::{Anomalies, Anomaly, Shape, Via};
pub use consistency::{Boundary, Consistency};

use crate::{Analysis, Budget, Findings, Operation};
use registers::Assumptions;
use report::Kind;
use versions::Sources;

/// Whether transactions that append to lists and read them keep to a level of isolation.
///
/// Operations are called `txn`; an argument is a list of micro-operations `["append", key, value]` and
/// `["r", key, null]`, the result of an `ok` is the same list with what was read in place of `null`. Keys
/// and values are any JSON; no value is appended to one key twice, or there is no answer.
///
/// Exercised once for each `ok`. A prefix of a run is judged like a whole one.
#[derive(Clone, Copy, Default, Debug)]
pub struct ListAppend {
    consistency: Consistency,
}

impl ListAppend {
    /// That they keep to this level.
    pub const fn new(consistency: Consistency) -> Self {
        Self { consistency }
    }

    /// With the options of the catalogue: `consistency`.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_options(options: &serde_json::Value) -> Result<Self, String> {
        let options = options::Options::read(options, &["consistency"])?;
        Ok(Self { consistency: options.consistency()? })
    }
}

impl Analysis for ListAppend {
    fn name(&self) -> &'static str {
        "list-append"
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        report::judge(Kind::Lists, self.consistency, operations, budget, findings);
    }
}

/// Whether transactions that write registers and read them keep to a level of isolation.
///
/// As [`ListAppend`], with micro-operations `["w", key, value]` and `["r", key, value]`; a value is
/// written to a key once, and is never the initial one. Registers tell less than lists: of the order of
/// versions no more is known than `versions` (see [`from_options`](Self::from_options)) say.
#[derive(Clone, PartialEq, Debug)]
pub struct RwRegister {
    consistency: Consistency,
    assumptions: Assumptions,
}

impl RwRegister {
    /// That they keep to this level. Registers begin as `null`, and versions are ordered by what every
    /// serialisable execution keeps to.
    pub fn new(consistency: Consistency) -> Self {
        let assumptions = Assumptions { initial: serde_json::Value::Null, sources: Sources::default() };
        Self { consistency, assumptions }
    }

    /// With the options of the catalogue: `consistency`; `initial`, the value before any write; `versions`,
    /// a list of what says which version came first, of `initial-state`, `writes-follow-reads` (both are
    /// used if there is no list), `sequential-keys` and `linearizable-keys`.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_options(options: &serde_json::Value) -> Result<Self, String> {
        let options = options::Options::read(options, &["consistency", "initial", "versions"])?;
        let initial = options.get("initial").cloned().unwrap_or_default();
        let sources = match options.names("versions")? {
            Some(names) => Sources::named(names)?,
            None => Sources::default(),
        };
        Ok(Self { consistency: options.consistency()?, assumptions: Assumptions { initial, sources } })
    }
}

impl Analysis for RwRegister {
    fn name(&self) -> &'static str {
        "rw-register"
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        let kind = Kind::Registers(&self.assumptions);
        report::judge(kind, self.consistency, operations, budget, findings);
    }
}
