//! What follows from one key's reads and writes, and who takes it: edges and oddities.
//!
//! An edge says that one transaction precedes another, and why. Whoever infers edges does not know what
//! becomes of them: the graph keeps the bare edge, an explanation looks for the reason of one.

use super::anomaly::Anomaly;
use super::atoms::Atom;
use super::history::Txn;

/// Why one transaction precedes another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Class {
    /// The second wrote over what the first wrote.
    Ww,
    /// The same, if both committed: of one of them nobody knows. That it was seen shows that it did, but
    /// only to whoever rules out that aborted writes are seen.
    WwOpen,
    /// The second read what the first wrote.
    Wr,
    /// The second wrote over what the first read.
    Rw,
    /// The process of the first performed the second afterwards.
    Process,
    /// The first completed before the second was invoked.
    Realtime,
    /// The second wrote over what the first read or wrote, if versions are in the order in which
    /// processes met them.
    RwProcess,
    /// The same, if versions are in the order in which anybody met them in real time.
    RwRealtime,
    /// From a node that stands for many edges: the edge into it says why.
    Pass,
}

impl Class {
    pub(super) const ALL: [Self; 9] = [
        Self::Ww,
        Self::WwOpen,
        Self::Wr,
        Self::Rw,
        Self::Process,
        Self::Realtime,
        Self::RwProcess,
        Self::RwRealtime,
        Self::Pass,
    ];

    /// Whether the second wrote over what the first saw.
    pub(super) fn is_rw(self) -> bool {
        matches!(self, Self::Rw | Self::RwProcess | Self::RwRealtime)
    }
}

/// A set of classes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Classes(u16);

impl Classes {
    pub(super) const ALL: Self = Self(0b1_1111_1111);

    /// These and [`Class::Pass`], without which no way leads on from a node that stands for many.
    pub(super) fn of(classes: &[Class]) -> Self {
        classes.iter().fold(Self(1 << Class::Pass as u8), |set, &class| set.and(class))
    }

    pub(super) fn and(self, class: Class) -> Self {
        Self(self.0 | 1 << class as u8)
    }

    pub(super) fn contain(self, class: Class) -> bool {
        self.0 & 1 << class as u8 != 0
    }
}

/// What an edge comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Why {
    pub(super) key: u32,
    /// What the first wrote or read; nothing if it read the initial state.
    pub(super) first: Option<Atom>,
    /// What the second wrote or read.
    pub(super) second: Option<Atom>,
}

/// A transaction, and what it wrote or read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct End {
    pub(super) txn: Txn,
    pub(super) value: Option<Atom>,
}

/// Something wrong with one key, found without any cycle.
pub(super) struct Oddity {
    pub(super) anomaly: Anomaly,
    /// Who is concerned; the first is the one that saw it.
    pub(super) txns: Vec<Txn>,
    pub(super) key: u32,
    /// One sentence, lower case, no full stop.
    pub(super) message: String,
}

/// Takes what is inferred.
pub(super) trait Sink {
    /// `from` precedes `to`. They are never the same.
    fn edge(&mut self, from: End, class: Class, to: End, key: u32);

    /// What each of `readers` read, each of `writers` wrote over, if they are not the same. The class is
    /// one of rw.
    fn all_before_all(&mut self, readers: &[End], class: Class, writers: &[End], key: u32);

    /// Whether it wants to hear of another such oddity.
    fn wants(&self, anomaly: Anomaly) -> bool;

    /// Something is wrong.
    fn odd(&mut self, oddity: Oddity);
}
