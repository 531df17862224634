//! What the rules in force do to an operation: how much longer it takes, whether it fails, what becomes
//! of a sync, what rots.

use std::collections::BTreeMap;
use std::io;
use std::task::Waker;

use squall_history::{DiskOp, DiskTrouble, Domain, Identity, Rot, SimDuration, SimTime};

use super::fault::{DiskRuleId, Target, covers};
use super::model::SyncPoint;
use super::room::Room;
use super::truth::Touched;
use super::{At, Handle, named};
use crate::caller;
use crate::world::World;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

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

    /// A file's sync comes to its end, and what it brings to the medium may go astray.
    pub(super) fn disk_sync(&mut self, at: At, file: Handle, point: SyncPoint) {
        let is_kind = |trouble: &DiskTrouble| matches!(trouble, DiskTrouble::Misdirected { .. });
        let rules = match self.disks.rules.is_empty() {
            true => Vec::new(),
            false => self.disks.concerning(at, Target::File(file), is_kind),
        };
        if rules.is_empty() {
            return self.disks.disk_mut(at).sync(file.inode, point);
        }
        let mut astray = BTreeMap::new();
        for write in self.disks.disk(at).writes_to_sync(file.inode, point) {
            for &id in &rules {
                let draw = self.disk_rule_draw(id, at);
                let DiskTrouble::Misdirected { percent } = self.disks.rule(id).trouble else {
                    unreachable!("asked for those that misdirect")
                };
                if draw.chance(percent) {
                    let path = self.disks.rule(id).path.clone();
                    astray.entry(write).or_insert((id, draw, path));
                }
            }
        }
        let is_covered = |write: u64, file: &str| {
            let glob = astray[&write].2.as_deref();
            glob.is_none_or(|glob| covers(glob, &named(at.disk, file.to_owned())))
        };
        let draw = |write| astray.get(&write).map(|(_, draw, _)| *draw);
        let landed = self.disks.disk_mut(at).sync_astray(file.inode, point, is_covered, draw);
        for it in landed {
            self.trace.fold(it.sector);
            self.disks.count(astray[&it.write].0, "writes-misdirected", 1);
        }
        // Another file may be touched than the one that was synced.
        self.disk_tell(at, Touched::Anything);
    }

    /// When it is the turn of an operation that moves so many bytes and begins now: by each rule that
    /// throttles the disk, its bytes come after those that were asked for before.
    pub(super) fn disk_turns(
        &mut self,
        at: At,
        target: Target<'_>,
        bytes: u64,
    ) -> Vec<(DiskRuleId, SimTime)> {
        if self.disks.rules.is_empty() || bytes == 0 {
            return Vec::new();
        }
        let is_throttle = |trouble: &DiskTrouble| matches!(trouble, DiskTrouble::Throttle { .. });
        let mut turns = Vec::new();
        for id in self.disks.concerning(at, target, is_throttle) {
            let rule = self.disks.rule(id);
            let DiskTrouble::Throttle { rate } = rule.trouble else { unreachable!("asked for throttles") };
            let span = (u128::from(bytes) * NANOS_PER_SECOND).div_ceil(u128::from(rate.max(1)));
            let busy = rule.busy.entry(at).or_default();
            *busy = (*busy).max(caller::now()) + SimDuration(u64::try_from(span).unwrap_or(u64::MAX));
            turns.push((id, *busy));
        }
        turns.iter().for_each(|(_, until)| self.trace.fold(until.0));
        turns
    }

    /// Whether an operation waits for its turn no longer, since the rule has ended. Else `waker` will
    /// be woken when it does.
    pub(super) fn disk_turn_is_void(
        &mut self,
        id: DiskRuleId,
        place: &mut Option<u64>,
        waker: &Waker,
    ) -> bool {
        if !self.disks.rules.is_in_force(id) {
            return true;
        }
        if place.is_none() {
            self.disks.count(id, "operations-throttled", 1);
        }
        if let Some(old) = self.disks.rules.hold(place, waker) {
            self.discard(old);
        }
        false
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
        if place.is_none() {
            self.disks.count(id, "operations-stalled", 1);
        }
        if let Some(old) = self.disks.rules.hold(place, waker) {
            self.discard(old);
        }
        false
    }

    /// An operation that was held is given up.
    pub(super) fn disk_give_up(&mut self, place: u64) {
        if let Some(waker) = self.disks.rules.held.remove(&place) {
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
