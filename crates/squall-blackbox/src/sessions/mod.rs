//! The session guarantees: what one client sees fits together, whatever others see (Terry, Demers,
//! Petersen, Spreitzer, Theimer & Welch, "Session guarantees for weakly consistent replicated data", PDIS
//! 1994, section 3).
//!
//! A session is a process. Each key is a register:
//!
//! | `f` | argument | result |
//! |---|---|---|
//! | `write` | the value | nothing; the version, if versions come from results |
//! | `read` | – | the value (`null`: never written); the version or `[version, …]`, if they come from results |
//!
//! The guarantees speak of an order of the writes of a key, which clients do not see. A [`WriteOrder`] says
//! what is known of it. Each guarantee says of pairs of versions which is not the older one; it is
//! violated if no order of the writes has it so: if versions and what is said of them have a cycle.
//! Finding one takes time linear in what is said.

mod constraints;
mod cycles;
mod reading;

use serde::Deserialize;

use constraints::constraints;
use reading::Sessions;

use crate::anomalies::Anomalies;
use crate::answer::answer;
use crate::entry::read_options;
use crate::{Analysis, Budget, Entry, Findings, Operation};

const OPTIONS: &str = "order: sessions, real-time, values, results or none";

pub(crate) const ENTRIES: [Entry; 4] = [
    Entry {
        name: "monotonic-reads",
        meaning: "what a process reads of a key is never older than what it read of it before",
        options: OPTIONS,
        build: |options| Session::read(Guarantee::MonotonicReads, options),
    },
    Entry {
        name: "read-your-writes",
        meaning: "what a process reads of a key is never older than what it wrote there before",
        options: OPTIONS,
        build: |options| Session::read(Guarantee::ReadYourWrites, options),
    },
    Entry {
        name: "monotonic-writes",
        meaning: "who has seen a write of a process sees all that the process wrote before it",
        options: OPTIONS,
        build: |options| Session::read(Guarantee::MonotonicWrites, options),
    },
    Entry {
        name: "writes-follow-reads",
        meaning: "who has seen a write of a process sees all that the process had read before it",
        options: OPTIONS,
        build: |options| Session::read(Guarantee::WritesFollowReads, options),
    },
];

/// One of the four guarantees.
///
/// | guarantee, and its anomaly | what it says |
/// |---|---|
/// | `monotonic-reads` | a process that reads *u* of a key and later *v*: *v* is not older than *u* |
/// | `read-your-writes` | a process that reads *v* of a key, and whose latest write there was acknowledged and is *u*: *v* is not older than *u* |
/// | `monotonic-writes` | a process writes *u* to a key and later *w* to any key: *u* is older than *w* if it is the same key; whoever reads *w* and later *v* of the first key: *v* is not older than *u* |
/// | `writes-follow-reads` | the same of a process that *reads* *u* of a key and later writes *w* |
///
/// A second anomaly, `unexpected`, is a read of a value that nobody wrote, or only afterwards; it is told
/// where versions are values.
///
/// The last two need somebody who sees, and are judged on the assumption that a session's later read sees
/// what its earlier read saw. What the reads of each key alone contradict is a matter of
/// `monotonic-reads`, and only told there. They go one step: from the write that was seen to what its
/// writer wrote or read before, not on from there. Where versions are not numbers, they must differ: a
/// value written twice to a key leaves the history without an answer.
///
/// Exercised once for each pair of which the guarantee says something.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    guarantee: Guarantee,
    order: WriteOrder,
}

/// What sessions are promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guarantee {
    /// Reads do not go back.
    MonotonicReads,
    /// A session sees what it wrote.
    ReadYourWrites,
    /// Writes of a session are seen in order.
    MonotonicWrites,
    /// A write is seen with what its session had read before it.
    WritesFollowReads,
}

/// What is known of the order in which the writes of a key took effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteOrder {
    /// Writes of one process are in the order in which it made them.
    #[default]
    Sessions,
    /// A write that was acknowledged before another began is the older one, whoever made them: right for
    /// a system with one primary for each key, wrong for one that lets the last timestamp win.
    RealTime,
    /// Values are integers, and the larger is the newer.
    Values,
    /// Results are integers, or lists that begin with one, and the larger is the newer. What a write
    /// without a result became is not known.
    Results,
    /// Nothing, but that what was never written is older than what was.
    None,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Options {
    order: WriteOrder,
}

impl Guarantee {
    /// Its name, which is the name of its anomaly.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MonotonicReads => "monotonic-reads",
            Self::ReadYourWrites => "read-your-writes",
            Self::MonotonicWrites => "monotonic-writes",
            Self::WritesFollowReads => "writes-follow-reads",
        }
    }
}

impl Session {
    /// The guarantee, with this known of the writes.
    pub const fn new(guarantee: Guarantee, order: WriteOrder) -> Self {
        Self { guarantee, order }
    }

    fn read(guarantee: Guarantee, options: &serde_json::Value) -> Result<Box<dyn Analysis>, String> {
        let Options { order } = read_options(options)?;
        Ok(Box::new(Self::new(guarantee, order)))
    }
}

impl Analysis for Session {
    fn name(&self) -> &'static str {
        self.guarantee.name()
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&[self.guarantee.name(), "unexpected"]);
            let sessions = Sessions::of((self.name(), self.order), operations, (&mut anomalies, budget))?;
            let constraints = constraints(self.guarantee, &sessions, budget)?;
            let own = constraints.iter().filter(|one| one.guarantee == self.guarantee).count();
            findings.exercised += own as u64;
            match self.order {
                WriteOrder::Values | WriteOrder::Results => {
                    cycles::by_rank(self.guarantee, &sessions, &constraints, &mut anomalies);
                }
                _ => cycles::by_search((*self).into(), &sessions, &constraints, (&mut anomalies, budget))?,
            }
            anomalies.report(findings);
            Ok(())
        });
    }
}

impl From<Session> for (Guarantee, WriteOrder) {
    fn from(session: Session) -> Self {
        (session.guarantee, session.order)
    }
}
