//! A stored history, judged again as its run was judged.
//!
//! Judging needs no engine, so nothing runs here: the system is made only to say by which invariants and
//! checkers it is judged.

use serde_json::Value;
use squall_check::{Budget, Judge, Verdict};
use squall_history::{Expect, History, SimTime};

use crate::{BugSet, Registry, RunError};

/// What judging needs besides a history.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What the scenario expects.
    pub expect: Expect,
    /// The system's workload section; `null` for its default.
    pub workload: Value,
    /// When the run was stopped, if a limit stopped it before its end: that is not in the history.
    pub stopped: Option<SimTime>,
    /// How much work each checker may do.
    pub budget: Budget,
}

/// Judges a finished history by the oracles of its system and by what its scenario expects. The verdict
/// is that of the run, if the terms are.
///
/// # Errors
/// If the system of the history is not registered, or refuses its sections.
pub fn rejudge(registry: &Registry, history: &History, terms: &Terms) -> Result<Verdict, RunError> {
    let header = &history.header;
    let name = &header.system;
    let kind = registry.kind(name).ok_or_else(|| RunError::System { name: name.clone() })?;
    let bugs = BugSet::new(header.bugs.iter().cloned());
    let instance = kind
        .make(&header.config, &terms.workload, bugs)
        .map_err(|source| RunError::Refused { system: name.clone(), source })?;
    let judge = Judge::new(header, &terms.expect, instance.invariants(), instance.checkers());
    let mut judge = judge.with_budget(terms.budget);
    for record in &history.records {
        // All of it is there already: nothing is to be stopped.
        let _ = judge.observe(record);
    }
    if let Some(at) = terms.stopped {
        judge.stopped(at);
    }
    Ok(judge.finish(history))
}
