//! What can be wrong with transactions: the anomalies by name, and sets of them.
//!
//! Names and meanings are those of the field: Adya, "Weak Consistency" (1999), chapters 3 and 4, for
//! `G…`; Kingsbury & Alvaro, "Elle" (VLDB 2020), for the rest. Which level of isolation
//! forbids which is the matter of `consistency`, not of this file.

/// One kind of contradiction in a history of transactions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Anomaly {
    /// A list holds one appended element twice.
    DuplicateElements,
    /// A read returned what nobody wrote.
    GarbageRead,
    /// The versions of one key, as far as they can be ordered, precede each other in a circle.
    CyclicVersions,
    /// A read returned what an aborted transaction wrote (Adya's aborted read).
    G1a,
    /// A committed write lies upon one of an aborted transaction.
    DirtyUpdate,
    /// Two reads of one list, neither a prefix of the other.
    IncompatibleOrder,
    /// A read returned what its writer overwrote in the same transaction (Adya's intermediate read).
    G1b,
    /// A transaction read what it wrote only later.
    FutureRead,
    /// A read contradicts what the same transaction read or wrote before (the axiom INT of Cerone,
    /// Bernardi & Gotsman 2015).
    Internal,
    /// Two committed transactions read the same version of a key, and both wrote it.
    LostUpdate,
    /// Transactions that precede each other in a circle.
    Cycle(Shape, Via),
}

/// What a cycle is made of: writes over writes (ww), reads of writes (wr), writes over reads (rw).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Shape {
    /// ww only (Adya's G0, write cycle).
    G0,
    /// ww and at least one wr (Adya's G1c, circular information flow). A cycle of ww with a transaction of
    /// which nobody knows whether it committed is one too: that it did is known by reads.
    G1c,
    /// Exactly one rw (Adya's G-single, read skew).
    GSingle,
    /// Several rw, no two of them in a row, so that snapshot isolation forbids it (Cerone & Gotsman
    /// 2016, theorem 10): long fork.
    GNonadjacent,
    /// Two rw in a row (Adya's G2-item): write skew.
    G2Item,
}

/// Which order besides the data takes part in a cycle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Via {
    /// None.
    Data,
    /// The order in which one process performs its transactions.
    Process,
    /// One transaction completed before another was invoked.
    Realtime,
}

impl Shape {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [Self::G0, Self::G1c, Self::GSingle, Self::GNonadjacent, Self::G2Item];
}

impl Via {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::Data, Self::Process, Self::Realtime];
}

const CYCLES: [[&str; 3]; 5] = [
    ["G0", "G0-process", "G0-realtime"],
    ["G1c", "G1c-process", "G1c-realtime"],
    ["G-single", "G-single-process", "G-single-realtime"],
    ["G-nonadjacent", "G-nonadjacent-process", "G-nonadjacent-realtime"],
    ["G2-item", "G2-item-process", "G2-item-realtime"],
];

/// Examples of one anomaly that are told. A database that is wrong is wrong many times, and more of them
/// would say no more.
pub(super) const EXAMPLES: u32 = 3;

/// How many anomalies there are.
pub(super) const COUNT: usize = 10 + 5 * 3;

impl Anomaly {
    /// Its name as Elle writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DuplicateElements => "duplicate-elements",
            Self::GarbageRead => "garbage-read",
            Self::CyclicVersions => "cyclic-versions",
            Self::G1a => "G1a",
            Self::DirtyUpdate => "dirty-update",
            Self::IncompatibleOrder => "incompatible-order",
            Self::G1b => "G1b",
            Self::FutureRead => "future-read",
            Self::Internal => "internal",
            Self::LostUpdate => "lost-update",
            Self::Cycle(shape, via) => CYCLES[shape as usize][via as usize],
        }
    }

    /// All of them, in the order in which they are reported.
    pub fn all() -> impl Iterator<Item = Self> {
        let cycles = Shape::ALL.into_iter().flat_map(|shape| Via::ALL.map(|via| Self::Cycle(shape, via)));
        [
            Self::DuplicateElements,
            Self::GarbageRead,
            Self::CyclicVersions,
            Self::G1a,
            Self::DirtyUpdate,
            Self::IncompatibleOrder,
            Self::G1b,
            Self::FutureRead,
            Self::Internal,
            Self::LostUpdate,
        ]
        .into_iter()
        .chain(cycles)
    }

    /// Its place among all, below [`COUNT`].
    pub(super) const fn place(self) -> usize {
        match self {
            Self::DuplicateElements => 0,
            Self::GarbageRead => 1,
            Self::CyclicVersions => 2,
            Self::G1a => 3,
            Self::DirtyUpdate => 4,
            Self::IncompatibleOrder => 5,
            Self::G1b => 6,
            Self::FutureRead => 7,
            Self::Internal => 8,
            Self::LostUpdate => 9,
            Self::Cycle(shape, via) => 10 + shape as usize * 3 + via as usize,
        }
    }
}

/// A set of anomalies.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Anomalies(u32);

impl Anomalies {
    /// With none in it.
    pub const EMPTY: Self = Self(0);

    /// With this one besides.
    #[must_use]
    pub const fn and(self, anomaly: Anomaly) -> Self {
        Self(self.0 | 1 << anomaly.place())
    }

    /// What is in this or that.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is in.
    pub const fn contains(self, anomaly: Anomaly) -> bool {
        self.0 & 1 << anomaly.place() != 0
    }

    /// Whether both have one in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all of these are in the other.
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// One after the other, in the order of [`Anomaly::all`].
    pub fn iter(self) -> impl Iterator<Item = Anomaly> {
        Anomaly::all().filter(move |&anomaly| self.contains(anomaly))
    }
}

impl FromIterator<Anomaly> for Anomalies {
    fn from_iter<I: IntoIterator<Item = Anomaly>>(anomalies: I) -> Self {
        anomalies.into_iter().fold(Self::EMPTY, Self::and)
    }
}
