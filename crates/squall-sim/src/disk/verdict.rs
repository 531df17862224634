//! What the rules in force do to an operation: how much longer it takes, whether it fails, what becomes
//! of a sync, what rots.

use std::io;
use std::task::Waker;

use squall_history::{DiskOp, DiskTrouble, Domain, Identity, Rot, SimDuration};

use super::fault::{DiskRuleId, Target, covers};
use super::room::Room;
use super::truth::Touched;
use super::{At, named};
use crate::world::World;

/// EIO of Linux. There is no stable `io::ErrorKind` for it; a program that looks for it looks for
/// this number.
const EIO: i32 = 5;

/// What becomes of a sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Done,
    /// EIO.
    Fails(DiskRuleId),
    /// It says that it is done.
    Lies(DiskRuleId),
}

impl World {
    /// How much longer an operation takes that begins now.
    pub(super) fn disk_slowness(&mut self, at: At, target: Target<'_>) -> SimDuration {
        if self.disks.rules.is_empty() {
            return SimDuration::ZERO;
        }
        let mut sum = SimDuration::ZERO;
        for id in self.disks.concerning(at, target, |trouble| matches!(trouble, DiskTrouble::Slow { .. })) {
            let draw = self.disk_rule_draw(id, at);
            let DiskTrouble::Slow { latency: (low, high) } = self.disks.rule(id).trouble else {
                unreachable!("asked for slow ones")
            };
            let more = draw.between(low.0, high.0);
            self.trace.fold(more);
            self.disks.count(id, "operations-delayed", u64::from(more > 0));
            sum = sum + SimDuration(more);
        }
        sum
    }

    /// The rule that fails an operation, if one does.
    fn disk_failing(&mut self, at: At, op: DiskOp, target: Target<'_>) -> Option<DiskRuleId> {
        let fails =
            |trouble: &DiskTrouble| matches!(trouble, DiskTrouble::Error { ops, .. } if ops.contains(&op));
        let mut failing = None;
        for id in self.disks.concerning(at, target, fails) {
            let draw = self.disk_rule_draw(id, at);
            let DiskTrouble::Error { percent, .. } = self.disks.rule(id).trouble else {
                unreachable!("asked for failing ones")
            };
            let hit = draw.chance(percent);
            self.trace.fold(u64::from(hit));
            failing = failing.or(hit.then_some(id));
        }
        if let Some(id) = failing {
            self.disks.count(id, "errors-returned", 1);
        }
        failing
    }

    /// Refuses a read or a write that a rule fails.
    pub(super) fn disk_refuse(&mut self, at: At, op: DiskOp, target: Target<'_>) -> io::Result<()> {
        if self.disks.rules.is_empty() || self.disk_failing(at, op, target).is_none() {
            return Ok(());
        }
        Err(input_output_error())
    }

    /// What becomes of a sync that ends now.
    pub(super) fn disk_sync_fate(&mut self, at: At, target: Target<'_>) -> Fate {
        if self.disks.rules.is_empty() {
            return Fate::Done;
        }
        if let Some(id) = self.disk_failing(at, DiskOp::Sync, target) {
            return Fate::Fails(id);
        }
        let lying = self.disks.concerning(at, target, |trouble| *trouble == DiskTrouble::LyingSync);
        lying.first().map_or(Fate::Done, |id| Fate::Lies(*id))
    }

    /// How much an operation may add, and the rule that says so.
    pub(super) fn disk_room(&self, at: At, target: Target<'_>) -> (Room, Option<DiskRuleId>) {
        if !self.disks.rules.is_empty() {
            let full = self.disks.concerning(at, target, |trouble| *trouble == DiskTrouble::Full);
            if let Some(id) = full.first() {
                return (Room::NONE, Some(*id));
            }
        }
        let room = |capacity: u64| Room::left(capacity, self.disks.disk(at).used());
        (self.disks.profile.capacity.map_or(Room::UNBOUNDED, room), None)
    }

    /// Holds an operation while a rule stalls it: false, and `waker` will be woken when that may
    /// have changed. `place` is the operation's own, to be given again.
    pub(super) fn disk_may_go_on(
        &mut self,
        at: At,
        target: Target<'_>,
        place: &mut Option<u64>,
        waker: &Waker,
    ) -> bool {
        if self.disks.rules.is_empty() {
            return true;
        }
        let stalling = self.disks.concerning(at, target, |trouble| *trouble == DiskTrouble::Stall);
        let Some(&id) = stalling.first() else { return true };
        let place = *place.get_or_insert_with(|| {
            self.disks.count(id, "operations-stalled", 1);
            self.disks.rules.stalls += 1;
            self.disks.rules.stalls
        });
        if let Some(old) = self.disks.rules.stalled.insert(place, waker.clone()) {
            self.discard(old);
        }
        false
    }

    /// An operation that was held is given up.
    pub(super) fn disk_give_up(&mut self, place: u64) {
        if let Some(waker) = self.disks.rules.stalled.remove(&place) {
            self.discard(waker);
        }
    }

    /// Bits turn on a node's medium: an instant, told at once.
    pub(super) fn disk_rot(&mut self, id: DiskRuleId, rule: Identity, rot: Rot, path: Option<&str>, at: At) {
        let identity = rule.with(self.nodes.get(at.node).identity.0);
        let draws = &self.draws;
        let name = |file: &str| named(at.disk, file.to_owned());
        let draw = |file: &str, sector: u64| {
            draws.draw(Domain::Disk, identity.with(Identity::of(&name(file)).0), sector)
        };
        let is_concerned = |file: &str| path.is_none_or(|glob| covers(glob, &name(file)));
        let turned = self.disks.disk_mut(at).rot(rot, is_concerned, draw);
        turned.iter().for_each(|place| self.trace.fold(*place));
        self.disks.count(id, "sectors-corrupted", turned.len() as u64);
        self.disk_tell(at, Touched::Anything);
    }
}

/// An error as the kernel gives it.
pub(super) fn input_output_error() -> io::Error {
    io::Error::from_raw_os_error(EIO)
}
