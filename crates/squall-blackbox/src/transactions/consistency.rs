//! Levels of isolation, and which anomalies each forbids.
//!
//! One level is weaker than another if it forbids less: the table below is the whole hierarchy.
//!
//! | level | forbids, beside what weaker ones do | source |
//! |---|---|---|
//! | `read-uncommitted` | G0; what no order of versions explains (duplicate elements, garbage, cyclic versions) | PL-1, Adya 1999, chapter 3 |
//! | `read-committed` | G1a, G1b, G1c; incompatible orders and dirty updates, which imply aborted reads; future reads, which are wr-cycles of one | PL-2, Adya 1999, chapter 3; Elle 2020 |
//! | `cursor-stability` | lost updates | PL-CS, Adya 1999, chapter 4 (its G-cursor as far as it loses updates) |
//! | `parallel-snapshot-isolation` | internal; lost updates; cycles with one rw | Cerone & Gotsman, "Analysing Snapshot Isolation" (PODC 2016), its graphs of PSI, without their session order |
//! | `snapshot-isolation` | cycles without two rw in a row | Cerone & Gotsman 2016, theorem 10, without the session order (generalised SI) |
//! | `repeatable-read` | internal; lost updates; every cycle with rw of items | PL-2.99, Adya 1999, chapter 3 |
//! | `serializable` | every cycle | PL-3, Adya 1999, chapter 3 |
//! | `strong-session-…` | the same with the order of each process | Daudjee & Salem 2004 and 2006; as Elle has it |
//! | `strong-…`, `strict-serializable` | the same with the order of real time | PL-SS, Adya 1999, chapter 4; as Elle has it |
//!
//! Reads are of items here, never of predicates, so `repeatable-read` and `serializable` forbid the
//! same. There is no level here of which only a part could be judged (read atomic, causal, …).

use serde_json::{Value, json};

use super::anomaly::{Anomalies, Anomaly, Shape, Via};

/// A level of isolation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub enum Consistency {
    /// Adya's PL-1.
    ReadUncommitted,
    /// Adya's PL-2.
    ReadCommitted,
    /// Adya's PL-CS.
    CursorStability,
    /// Cerone & Gotsman's PSI, without sessions.
    ParallelSnapshotIsolation,
    /// Generalised snapshot isolation.
    SnapshotIsolation,
    /// Adya's PL-2.99.
    RepeatableRead,
    /// Adya's PL-3.
    Serializable,
    /// PL-1, in the order of each process.
    StrongSessionReadUncommitted,
    /// PL-2, in the order of each process.
    StrongSessionReadCommitted,
    /// Snapshot isolation, in the order of each process.
    StrongSessionSnapshotIsolation,
    /// PL-3, in the order of each process.
    StrongSessionSerializable,
    /// PL-1, in the order of real time.
    StrongReadUncommitted,
    /// PL-2, in the order of real time.
    StrongReadCommitted,
    /// Snapshot isolation, in the order of real time.
    StrongSnapshotIsolation,
    /// PL-3, in the order of real time.
    #[default]
    StrictSerializable,
}

use Consistency as C;

const NAMES: [(C, &str); 15] = [
    (C::ReadUncommitted, "read-uncommitted"),
    (C::ReadCommitted, "read-committed"),
    (C::CursorStability, "cursor-stability"),
    (C::ParallelSnapshotIsolation, "parallel-snapshot-isolation"),
    (C::SnapshotIsolation, "snapshot-isolation"),
    (C::RepeatableRead, "repeatable-read"),
    (C::Serializable, "serializable"),
    (C::StrongSessionReadUncommitted, "strong-session-read-uncommitted"),
    (C::StrongSessionReadCommitted, "strong-session-read-committed"),
    (C::StrongSessionSnapshotIsolation, "strong-session-snapshot-isolation"),
    (C::StrongSessionSerializable, "strong-session-serializable"),
    (C::StrongReadUncommitted, "strong-read-uncommitted"),
    (C::StrongReadCommitted, "strong-read-committed"),
    (C::StrongSnapshotIsolation, "strong-snapshot-isolation"),
    (C::StrictSerializable, "strict-serializable"),
];

impl Consistency {
    /// All levels.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|&(level, _)| level)
    }

    /// Its name, kebab-case.
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(level, _)| *level == self);
        named.expect("every level has a name").1
    }

    /// The level of this name.
    ///
    /// # Errors
    /// If there is none; the sentence lists them.
    pub fn named(name: &str) -> Result<Self, String> {
        let found = NAMES.iter().find(|(_, known)| *known == name).map(|&(level, _)| level);
        found.ok_or_else(|| {
            let known: Vec<&str> = NAMES.iter().map(|&(_, name)| name).collect();
            format!("there is no consistency `{name}`; there are {}", known.join(", "))
        })
    }

    /// What it forbids.
    pub fn forbids(self) -> Anomalies {
        let (level, vias): (Self, &[Via]) = match self {
            C::StrongSessionReadUncommitted => (C::ReadUncommitted, &Via::ALL[..2]),
            C::StrongSessionReadCommitted => (C::ReadCommitted, &Via::ALL[..2]),
            C::StrongSessionSnapshotIsolation => (C::SnapshotIsolation, &Via::ALL[..2]),
            C::StrongSessionSerializable => (C::Serializable, &Via::ALL[..2]),
            C::StrongReadUncommitted => (C::ReadUncommitted, &Via::ALL),
            C::StrongReadCommitted => (C::ReadCommitted, &Via::ALL),
            C::StrongSnapshotIsolation => (C::SnapshotIsolation, &Via::ALL),
            C::StrictSerializable => (C::Serializable, &Via::ALL),
            level => (level, &Via::ALL[..1]),
        };
        let (single, shapes) = level.of_data();
        let cycles = shapes.iter().flat_map(|&shape| vias.iter().map(move |&via| Anomaly::Cycle(shape, via)));
        single.union(cycles.collect())
    }

    /// What a level that heeds no order but the data's forbids: anomalies, and shapes of cycles.
    fn of_data(self) -> (Anomalies, &'static [Shape]) {
        use Anomaly as A;
        let uncommitted: Anomalies =
            [A::DuplicateElements, A::GarbageRead, A::CyclicVersions].into_iter().collect();
        let committed: Anomalies =
            [A::G1a, A::G1b, A::DirtyUpdate, A::IncompatibleOrder, A::FutureRead].into_iter().collect();
        let committed = committed.union(uncommitted);
        let stable = committed.and(A::LostUpdate);
        match self {
            C::ReadUncommitted => (uncommitted, &Shape::ALL[..1]),
            C::ReadCommitted => (committed, &Shape::ALL[..2]),
            C::CursorStability => (stable, &Shape::ALL[..2]),
            C::ParallelSnapshotIsolation => (stable.and(A::Internal), &Shape::ALL[..3]),
            C::SnapshotIsolation => (stable.and(A::Internal), &Shape::ALL[..4]),
            _ => (stable.and(A::Internal), &Shape::ALL),
        }
    }
}

/// What the anomalies of a history say of the levels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Boundary {
    /// The weakest levels that do not hold.
    pub not: Vec<Consistency>,
    /// The strongest levels that may still hold, of those whose anomalies were looked for.
    pub may_be: Vec<Consistency>,
}

impl Boundary {
    /// Between what `found` rules out and what it leaves, among levels that forbid nothing but what
    /// was `sought`. Of levels that forbid the same, each is told.
    pub fn of(found: Anomalies, sought: Anomalies) -> Self {
        let judged: Vec<C> = C::all().filter(|level| level.forbids().within(sought)).collect();
        let (out, left): (Vec<C>, Vec<C>) =
            judged.into_iter().partition(|level| level.forbids().meets(found));
        let weaker = |a: C, b: C| a.forbids() != b.forbids() && a.forbids().within(b.forbids());
        let not = out.iter().copied().filter(|&level| !out.iter().any(|&other| weaker(other, level)));
        let may_be = left.iter().copied().filter(|&level| !left.iter().any(|&other| weaker(level, other)));
        Self { not: not.collect(), may_be: may_be.collect() }
    }

    /// `not read-committed; may be read-uncommitted`.
    pub fn sentence(&self) -> String {
        let names = |levels: &[C], or: &str| {
            let names: Vec<&str> = levels.iter().map(|level| level.name()).collect();
            names.join(or)
        };
        let not = names(&self.not, ", not ");
        match &*self.may_be {
            [] => format!("not {not}"),
            levels => format!("not {not}; may be {}", names(levels, " or ")),
        }
    }

    /// The same for machines.
    pub fn evidence(&self) -> Value {
        let names = |levels: &[C]| levels.iter().map(|level| level.name()).collect::<Vec<_>>();
        json!({ "not": names(&self.not), "may-be": names(&self.may_be) })
    }
}
