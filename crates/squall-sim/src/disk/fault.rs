//! Rules that a harness lays on disks, and what they did.
//!
//! A rule concerns the disks of some nodes, on them what its glob covers (directories too: `a/**` is
//! also about `a` itself), and there each operation at the moment it takes effect. Whether an
//! operation is hit is drawn in the domain `Disk`; identity: the rule and the node; n: how many
//! operations the rule has met on that node. Nothing is looked up while no rule is in force.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::task::Waker;

use squall_history::{DiskOp, DiskTrouble, Domain, Draw, Identity, Rot, SimDuration};

use super::model::Disk;
use super::room::Room;
use super::truth::Touched;
use super::{Disks, Handle};
use crate::effects::Effects;
use crate::world::World;

/// EIO of Linux. There is no stable `io::ErrorKind` for it; a program that looks for it looks for
/// this number.
const EIO: i32 = 5;

/// What an operation is about, for rules that concern a part of a disk.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// An open file: the names that it has now.
    File(Handle),
    /// A name, or a directory with its names.
    Path(&'a Path),
    /// Two names: a rename.
    Paths(&'a Path, &'a Path),
}

impl Target<'_> {
    fn names(&self, disk: &Disk) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match self {
            Self::File(handle) => disk.paths_of(handle.inode),
            Self::Path(path) => vec![text(path)],
            Self::Paths(from, to) => vec![text(from), text(to)],
        }
    }
}

/// Whether a glob covers a path.
pub(super) fn covers(glob: &str, path: &str) -> bool {
    let is_it = |glob: &str| fast_glob::glob_match(glob, path);
    is_it(glob) || glob.strip_suffix("/**").is_some_and(is_it) || glob == "**"
}

/// A rule on disks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskRuleId(u32);

#[derive(Debug)]
struct ActiveRule {
    trouble: DiskTrouble,
    path: Option<String>,
    /// Addresses its draws, so that a rule taken away leaves those of the others alone.
    identity: Identity,
    /// Operations that it met, by node.
    met: BTreeMap<u32, u64>,
    effects: Effects,
}

/// All rules in force, and who waits for one to end.
#[derive(Debug, Default)]
pub(super) struct Rules {
    active: BTreeMap<u32, ActiveRule>,
    laid: u32,
    stalled: BTreeMap<u64, Waker>,
    stalls: u64,
}

impl Rules {
    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }
}

/// What becomes of a sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Done,
    /// EIO.
    Fails(DiskRuleId),
    /// It says that it is done.
    Lies(DiskRuleId),
}

impl Disks {
    /// The rules of a kind that concern an operation.
    fn concerning(
        &self,
        node: u32,
        target: Target<'_>,
        is_kind: impl Fn(&DiskTrouble) -> bool,
    ) -> Vec<DiskRuleId> {
        let mut names = None;
        let here = |rule: &ActiveRule| is_kind(&rule.trouble) && rule.met.contains_key(&node);
        let rules = self.rules.active.iter().filter(|(_, rule)| here(rule)).filter(|(_, rule)| {
            rule.path.as_deref().is_none_or(|glob| {
                let names = names.get_or_insert_with(|| target.names(&self.disks[node as usize]));
                names.iter().any(|name| covers(glob, name))
            })
        });
        rules.map(|(id, _)| DiskRuleId(*id)).collect()
    }

    fn rule(&mut self, id: DiskRuleId) -> &mut ActiveRule {
        self.rules.active.get_mut(&id.0).expect("concerned by rules in force")
    }

    /// Counts what a rule did.
    pub(super) fn count(&mut self, id: DiskRuleId, effect: &'static str, count: u64) {
        self.rule(id).effects.add(effect, count);
    }
}

impl World {
    pub(crate) fn disk_add_rule(
        &mut self,
        identity: Identity,
        trouble: &DiskTrouble,
        path: Option<&str>,
        nodes: &[u32],
    ) -> DiskRuleId {
        let id = DiskRuleId(self.disks.rules.laid);
        self.disks.rules.laid += 1;
        let rule = ActiveRule {
            trouble: trouble.clone(),
            path: path.map(str::to_owned),
            identity,
            met: nodes.iter().map(|node| (*node, 0)).collect(),
            effects: Effects::default(),
        };
        self.fold_disk_rule(&rule);
        self.disks.rules.active.insert(id.0, rule);
        if let DiskTrouble::Corrupt(rot) = trouble {
            for &node in nodes {
                self.disk_rot(id, identity, *rot, path, node);
            }
        }
        id
    }

    pub(crate) fn disk_remove_rule(&mut self, id: DiskRuleId) -> Effects {
        let removed = self.disks.rules.active.remove(&id.0).expect("a rule is removed once");
        self.fold_disk_rule(&removed);
        if removed.trouble == DiskTrouble::Stall {
            // Whoever another rule holds as well comes back to wait.
            for waker in std::mem::take(&mut self.disks.rules.stalled).into_values() {
                self.wake(waker);
            }
        }
        removed.effects
    }

    fn fold_disk_rule(&mut self, rule: &ActiveRule) {
        self.trace.fold(rule.identity.0);
        words(&rule.trouble).into_iter().for_each(|word| self.trace.fold(word));
        self.trace.fold_bytes(rule.path.as_deref().unwrap_or_default().as_bytes());
        rule.met.keys().for_each(|node| self.trace.fold(self.nodes.get(*node).identity.0));
    }

    /// The draw of a rule for the operation that it meets now.
    fn disk_rule_draw(&mut self, id: DiskRuleId, node: u32) -> Draw {
        let identity = self.nodes.get(node).identity.0;
        let rule = self.disks.rule(id);
        let met = rule.met.get_mut(&node).expect("the rule concerns this node");
        *met += 1;
        self.draws.draw(Domain::Disk, rule.identity.with(identity), *met)
    }

    /// How much longer an operation takes that begins now.
    pub(super) fn disk_slowness(&mut self, node: u32, target: Target<'_>) -> SimDuration {
        if self.disks.rules.is_empty() {
            return SimDuration::ZERO;
        }
        let mut sum = SimDuration::ZERO;
        for id in self.disks.concerning(node, target, |trouble| matches!(trouble, DiskTrouble::Slow { .. })) {
            let draw = self.disk_rule_draw(id, node);
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
    fn disk_failing(&mut self, node: u32, op: DiskOp, target: Target<'_>) -> Option<DiskRuleId> {
        let fails =
            |trouble: &DiskTrouble| matches!(trouble, DiskTrouble::Error { ops, .. } if ops.contains(&op));
        let mut failing = None;
        for id in self.disks.concerning(node, target, fails) {
            let draw = self.disk_rule_draw(id, node);
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
    pub(super) fn disk_refuse(&mut self, node: u32, op: DiskOp, target: Target<'_>) -> io::Result<()> {
        if self.disks.rules.is_empty() || self.disk_failing(node, op, target).is_none() {
            return Ok(());
        }
        Err(input_output_error())
    }

    /// What becomes of a sync that ends now.
    pub(super) fn disk_sync_fate(&mut self, node: u32, target: Target<'_>) -> Fate {
        if self.disks.rules.is_empty() {
            return Fate::Done;
        }
        if let Some(id) = self.disk_failing(node, DiskOp::Sync, target) {
            return Fate::Fails(id);
        }
        let lying = self.disks.concerning(node, target, |trouble| *trouble == DiskTrouble::LyingSync);
        lying.first().map_or(Fate::Done, |id| Fate::Lies(*id))
    }

    /// How much an operation may add, and the rule that says so.
    pub(super) fn disk_room(&self, node: u32, target: Target<'_>) -> (Room, Option<DiskRuleId>) {
        if !self.disks.rules.is_empty() {
            let full = self.disks.concerning(node, target, |trouble| *trouble == DiskTrouble::Full);
            if let Some(id) = full.first() {
                return (Room::NONE, Some(*id));
            }
        }
        let room = |capacity: u64| Room::left(capacity, self.disks.disks[node as usize].used());
        (self.disks.profile.capacity.map_or(Room::UNBOUNDED, room), None)
    }

    /// Holds an operation while a rule stalls it: false, and `waker` will be woken when that may
    /// have changed. `place` is the operation's own, to be given again.
    pub(super) fn disk_may_go_on(
        &mut self,
        node: u32,
        target: Target<'_>,
        place: &mut Option<u64>,
        waker: &Waker,
    ) -> bool {
        if self.disks.rules.is_empty() {
            return true;
        }
        let stalling = self.disks.concerning(node, target, |trouble| *trouble == DiskTrouble::Stall);
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
    fn disk_rot(&mut self, id: DiskRuleId, rule: Identity, rot: Rot, path: Option<&str>, node: u32) {
        let identity = rule.with(self.nodes.get(node).identity.0);
        let draws = &self.draws;
        let draw =
            |file: &str, sector: u64| draws.draw(Domain::Disk, identity.with(Identity::of(file).0), sector);
        let is_concerned = |file: &str| path.is_none_or(|glob| covers(glob, file));
        let turned = self.disks.disks[node as usize].rot(rot, is_concerned, draw);
        turned.iter().for_each(|place| self.trace.fold(*place));
        self.disks.count(id, "sectors-corrupted", turned.len() as u64);
        self.disk_tell(node, Touched::Anything);
    }
}

/// An error as the kernel gives it.
pub(super) fn input_output_error() -> io::Error {
    io::Error::from_raw_os_error(EIO)
}

/// A rule's kind and numbers, for the digest.
fn words(trouble: &DiskTrouble) -> [u64; 3] {
    match trouble {
        DiskTrouble::Error { percent, ops } => {
            let ops = ops.iter().fold(0, |bits, op| bits | 1 << *op as u64);
            [0x21, percent.get().into(), ops]
        }
        DiskTrouble::Full => [0x22, 0, 0],
        DiskTrouble::Slow { latency: (low, high) } => [0x23, low.0, high.0],
        DiskTrouble::Stall => [0x24, 0, 0],
        DiskTrouble::LyingSync => [0x25, 0, 0],
        DiskTrouble::Corrupt(Rot::Percent(share)) => [0x26, share.get().into(), 0],
        DiskTrouble::Corrupt(Rot::Sectors(count)) => [0x26, (*count).into(), 1],
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_glob_covers_what_it_matches_and_the_directory_it_is_about() {
        for (glob, path, expected) in [
            ("ctl/**", "ctl/wal/1", true),
            ("ctl/**", "ctl/log", true),
            ("ctl/**", "ctl", true),
            ("ctl/**", "control", false),
            ("ctl/**", "a/ctl/log", false),
            ("**", "", true),
            ("**", "a/b", true),
            ("*", "a/b", false),
            ("*.log", "a.log", true),
            ("**/*.log", "a/b/c.log", true),
            ("**/*.log", "c.log", true),
            ("wrk/disk*/blocks/**", "wrk/disk2/blocks/a/b", true),
            ("{a,b}/[0-9]?", "b/1x", true),
            ("log", "log", true),
            ("log", "log2", false),
        ] {
            assert_eq!(covers(glob, path), expected, "{glob} {path}");
        }
    }
}
