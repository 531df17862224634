//! The seams every oracle fits: [`Invariant`] and [`Checker`].

use squall_blackbox::{Budget, Findings, Scope};
use squall_history::{Expect, Header, History, Record, SimTime};

/// What kind of promise an oracle judges (Alpern and Schneider, "Defining Liveness", 1985).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Promise {
    /// Nothing bad happens. A correct system keeps it whatever its size, its load and its faults.
    #[default]
    Safety,
    /// Something good happens in time. Whether a correct system can keep it depends on how much of it
    /// is there, how much it has to do, and how long its faults last.
    Liveness,
}

/// What invariants and checkers have in common.
pub trait Oracle {
    /// Its name, kebab-case: `election-safety`.
    fn name(&self) -> &'static str;

    /// Its id in the catalogue of invariants, an alias for the name: `R1`.
    fn id(&self) -> Option<&'static str> {
        None
    }

    /// Capabilities of the history it cannot do without: `vocab.raft`, `truth.disk`, …
    fn needs(&self) -> &'static [&'static str] {
        &[]
    }

    /// What kind of promise it judges: liveness if it has a bound in time.
    fn promise(&self) -> Promise {
        Promise::Safety
    }
}

/// Judges each record as it comes.
pub trait Invariant: Oracle {
    /// Called once, before the first record, with what the scenario expects: bounds are its own.
    fn begin(&mut self, _header: &Header, _expect: &Expect) {}

    /// Takes the next record.
    fn observe(&mut self, record: &Record, findings: &mut Findings);

    /// Called once after the last record, at the end of the run. Not called if the run was stopped
    /// before its end: what should have happened by then may still have come.
    fn end(&mut self, _at: SimTime, _findings: &mut Findings) {}
}

/// Judges a finished history.
pub trait Checker: Oracle {
    /// How much of the run it must see. A run that ends early, at its first violation say, gives
    /// it only a prefix; where that is not enough the judge leaves it out, by name.
    fn scope(&self) -> Scope {
        Scope::Prefix
    }

    /// Examines the whole history within `budget`.
    fn check(&self, history: &History, budget: &mut Budget, findings: &mut Findings);
}
