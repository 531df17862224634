//! Rules that a harness lays on disks, and what they did.
//!
//! A rule concerns the disks of some nodes, on them what its glob covers (directories too: `a/**` is
//! also about `a` itself), and there each operation at the moment it takes effect. Whether an
//! operation is hit is drawn in the domain `Disk`; identity: the rule, the node and the disk; n: how
//! many operations the rule has met on that disk. Nothing is looked up while no rule is in force. What
//! each rule does to an operation stands in `verdict.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::task::Waker;

use squall_history::{DiskTrouble, Domain, Draw, Identity, Rot, SimTime, disk_of};

use super::model::Disk;
use super::{At, Disks, Handle, named};
use crate::effects::Effects;
use crate::world::World;

/// What an operation is about, for rules that concern a part of a disk.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// An open file: the name that it has now, or had last.
    File(Handle),
    /// A name, or a directory with its names.
    Path(&'a Path),
    /// Two names: a rename.
    Paths(&'a Path, &'a Path),
}

impl Target<'_> {
    /// The number of the disk that it lies on.
    pub(super) fn disk(&self) -> u32 {
        match self {
            Self::File(handle) => handle.disk,
            Self::Path(path) | Self::Paths(path, _) => disk_of(path).0,
        }
    }

    fn names(&self, disk: &Disk) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        match self {
            Self::File(handle) => {
                disk.path_of(handle.inode).map(|path| named(handle.disk, path)).into_iter().collect()
            }
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
pub(super) struct ActiveRule {
    pub(super) trouble: DiskTrouble,
    pub(super) path: Option<String>,
    /// Addresses its draws, so that a rule taken away leaves those of the others alone.
    identity: Identity,
    /// Whose disks it concerns.
    nodes: BTreeSet<u32>,
    /// Operations that it met.
    met: BTreeMap<At, u64>,
    /// Until when a disk that it throttles is busy with what was asked of it.
    pub(super) busy: BTreeMap<At, SimTime>,
    effects: Effects,
}

/// All rules in force, and who waits for one to end.
#[derive(Debug, Default)]
pub(super) struct Rules {
    active: BTreeMap<u32, ActiveRule>,
    laid: u32,
    pub(super) held: BTreeMap<u64, Waker>,
    holds: u64,
}

impl Rules {
    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    /// Whether a rule has not been removed.
    pub(super) fn is_in_force(&self, id: DiskRuleId) -> bool {
        self.active.contains_key(&id.0)
    }

    /// Wakes the operation `place` when a rule that holds operations ends; gives who waited there.
    pub(super) fn hold(&mut self, place: &mut Option<u64>, waker: &Waker) -> Option<Waker> {
        let place = *place.get_or_insert_with(|| {
            self.holds += 1;
            self.holds
        });
        self.held.insert(place, waker.clone())
    }
}

impl Disks {
    /// The rules of a kind that concern an operation.
    pub(super) fn concerning(
        &self,
        at: At,
        target: Target<'_>,
        is_kind: impl Fn(&DiskTrouble) -> bool,
    ) -> Vec<DiskRuleId> {
        let mut names = None;
        let here = |rule: &ActiveRule| is_kind(&rule.trouble) && rule.nodes.contains(&at.node);
        let rules = self.rules.active.iter().filter(|(_, rule)| here(rule)).filter(|(_, rule)| {
            rule.path.as_deref().is_none_or(|glob| {
                let names = names.get_or_insert_with(|| target.names(self.disk(at)));
                names.iter().any(|name| covers(glob, name))
            })
        });
        rules.map(|(id, _)| DiskRuleId(*id)).collect()
    }

    pub(super) fn rule(&mut self, id: DiskRuleId) -> &mut ActiveRule {
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
            nodes: nodes.iter().copied().collect(),
            met: BTreeMap::new(),
            busy: BTreeMap::new(),
            effects: Effects::default(),
        };
        self.fold_disk_rule(&rule);
        self.disks.rules.active.insert(id.0, rule);
        if let DiskTrouble::Corrupt(rot) = trouble {
            let disks: Vec<At> = nodes.iter().flat_map(|node| self.disks.of_node(*node)).collect();
            for at in disks {
                self.disk_rot(id, identity, *rot, path, at);
            }
        }
        id
    }

    pub(crate) fn disk_remove_rule(&mut self, id: DiskRuleId) -> Effects {
        let removed = self.disks.rules.active.remove(&id.0).expect("a rule is removed once");
        self.fold_disk_rule(&removed);
        if matches!(removed.trouble, DiskTrouble::Stall | DiskTrouble::Throttle { .. }) {
            // Whoever another rule holds as well comes back to wait.
            for waker in std::mem::take(&mut self.disks.rules.held).into_values() {
                self.wake(waker);
            }
        }
        removed.effects
    }

    fn fold_disk_rule(&mut self, rule: &ActiveRule) {
        self.trace.fold(rule.identity.0);
        words(&rule.trouble).into_iter().for_each(|word| self.trace.fold(word));
        self.trace.fold_bytes(rule.path.as_deref().unwrap_or_default().as_bytes());
        rule.nodes.iter().for_each(|node| self.trace.fold(self.nodes.get(*node).identity.0));
    }

    /// The draw of a rule for the operation that it meets now.
    pub(super) fn disk_rule_draw(&mut self, id: DiskRuleId, at: At) -> Draw {
        let identity = self.disk_identity(at).0;
        let rule = self.disks.rule(id);
        let met = rule.met.entry(at).or_default();
        *met += 1;
        self.draws.draw(Domain::Disk, rule.identity.with(identity), *met)
    }
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
        DiskTrouble::Throttle { rate } => [0x27, *rate, 0],
        DiskTrouble::Misdirected { percent } => [0x28, percent.get().into(), 0],
        DiskTrouble::TornWrite { percent } => [0x29, percent.get().into(), 0],
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
