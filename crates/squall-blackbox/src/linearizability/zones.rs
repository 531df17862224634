//! Registers whose written values are all different, judged without a search.
//!
//! Gibbons & Korach, "Testing shared memories" (1997), section 4: where each value is written once,
//! every read says which write it saw. A write and its reads are a *cluster*; they must stand next to
//! each other in any legal order. Between the first completion and the last invocation of a cluster
//! lies its *zone*: forward if the completion comes first (then the register certainly had the value
//! all that time), backward if not (then all of the cluster may happen at one moment of it). There is a
//! legal order if and only if
//!
//! - no value is read that was not written, or before its write was invoked,
//! - no two forward zones overlap,
//! - no backward zone lies within a forward one.
//!
//! The initial value is a cluster whose write completed before everything. A write without an answer
//! that nobody read may be left out; one that was read happened, and completes at the end of all
//! time. What is said of a violation comes from the search, which is fast on such histories; the clusters
//! that contradict each other are added.

use super::{RegisterCall, ValueId};

/// An operation on a register, with the places of its invocation and of its completion.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed {
    pub(super) invoked: usize,
    pub(super) returned: Option<usize>,
    pub(super) call: RegisterCall,
}

/// Why there is no legal order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Conflict {
    /// This value was read but never written.
    NeverWritten(ValueId),
    /// A read of this value completed before its write was invoked.
    ReadBeforeWrite(ValueId),
    /// The register must have had both values at one moment.
    BothAtOnce(ValueId, ValueId),
    /// All that concerns the first value lies within a time in which the register had the second.
    Within(ValueId, ValueId),
}

impl Conflict {
    /// The values concerned.
    pub(super) fn values(self) -> [Option<ValueId>; 2] {
        match self {
            Self::NeverWritten(value) | Self::ReadBeforeWrite(value) => [Some(value), None],
            Self::BothAtOnce(first, second) | Self::Within(first, second) => [Some(first), Some(second)],
        }
    }
}

/// The rooms of one judgement, kept for the next.
#[derive(Default)]
pub(super) struct Zones {
    clusters: Vec<Cluster>,
    forward: Vec<Zone>,
    backward: Vec<Zone>,
}

/// A value's write and reads. Places are counted from 1 here: at 0 the register was made.
#[derive(Clone, Copy)]
struct Cluster {
    /// [`ABSENT`] if it was not written.
    write_invoked: u32,
    write_returned: u32,
    /// [`ABSENT`] if it was not read.
    first_read_returned: u32,
    last_read_invoked: u32,
}

#[derive(Clone, Copy)]
struct Zone {
    from: u32,
    to: u32,
    value: ValueId,
}

const ABSENT: u32 = u32::MAX;

/// Where a write returns that never did; after all other places.
const NEVER: u32 = u32::MAX - 1;

const EMPTY: Cluster = Cluster {
    write_invoked: ABSENT,
    write_returned: NEVER,
    first_read_returned: ABSENT,
    last_read_invoked: 0,
};

impl Zones {
    /// Judges the operations on one register that begins as `null`; there are `values` different
    /// ones. `None` if the algorithm does not apply.
    pub(super) fn judge(
        &mut self,
        values: usize,
        operations: impl Iterator<Item = Option<Timed>>,
    ) -> Option<Result<(), Conflict>> {
        self.clusters.clear();
        self.clusters.resize(values, EMPTY);
        let first = &mut self.clusters[ValueId::NULL.0 as usize];
        (first.write_invoked, first.write_returned) = (0, 0);
        for operation in operations {
            self.add(operation?)?;
        }
        Some(self.form_zones().and_then(|()| self.compare()))
    }

    /// Puts an operation into its cluster.
    fn add(&mut self, Timed { invoked, returned, call }: Timed) -> Option<()> {
        let place = |place: usize| u32::try_from(place + 1).ok().filter(|place| *place < NEVER);
        let invoked = place(invoked)?;
        match call {
            RegisterCall::Write(value) => {
                let cluster = &mut self.clusters[value.0 as usize];
                if cluster.write_invoked != ABSENT {
                    return None;
                }
                cluster.write_invoked = invoked;
                cluster.write_returned = returned.map_or(Some(NEVER), place)?;
            }
            // A read without an answer forces nothing.
            RegisterCall::Read(None) => {}
            RegisterCall::Read(Some(value)) => {
                let cluster = &mut self.clusters[value.0 as usize];
                let returned = returned.map_or(Some(NEVER), place)?;
                cluster.first_read_returned = cluster.first_read_returned.min(returned);
                cluster.last_read_invoked = cluster.last_read_invoked.max(invoked);
            }
        }
        Some(())
    }

    fn form_zones(&mut self) -> Result<(), Conflict> {
        self.forward.clear();
        self.backward.clear();
        for (value, cluster) in (0..).map(ValueId).zip(&self.clusters) {
            let is_read = cluster.first_read_returned != ABSENT;
            if !is_read && (cluster.write_invoked == ABSENT || cluster.write_returned == NEVER) {
                continue;
            }
            if cluster.write_invoked == ABSENT {
                return Err(Conflict::NeverWritten(value));
            }
            if cluster.first_read_returned < cluster.write_invoked {
                return Err(Conflict::ReadBeforeWrite(value));
            }
            let first_end = cluster.write_returned.min(cluster.first_read_returned);
            let last_begin = cluster.write_invoked.max(cluster.last_read_invoked);
            if first_end < last_begin {
                self.forward.push(Zone { from: first_end, to: last_begin, value });
            } else {
                self.backward.push(Zone { from: last_begin, to: first_end, value });
            }
        }
        Ok(())
    }

    fn compare(&mut self) -> Result<(), Conflict> {
        self.forward.sort_unstable_by_key(|zone| zone.from);
        for pair in self.forward.windows(2) {
            if pair[1].from < pair[0].to {
                return Err(Conflict::BothAtOnce(pair[0].value, pair[1].value));
            }
        }
        for inner in &self.backward {
            let before = self.forward.partition_point(|outer| outer.from < inner.from);
            // Forward zones do not overlap, so only the last that began before can hold it.
            let outer = before.checked_sub(1).map(|last| self.forward[last]);
            if let Some(outer) = outer.filter(|outer| inner.to < outer.to) {
                return Err(Conflict::Within(inner.value, outer.value));
            }
        }
        Ok(())
    }
}
