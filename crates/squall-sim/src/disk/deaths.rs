//! What a node's death does to the writes that its disks have not finished, under rules that tear them
//! ([`super::torn`] tells what a torn write is).
//!
//! Which rule tears a write is drawn when the node dies: as for any rule in the domain `Disk`;
//! identity: the rule, the node and the disk; n: how many writes the rule has met there.

use std::collections::{BTreeMap, BTreeSet};

use squall_history::{DiskTrouble, Draw};

use super::fault::{DiskRuleId, Target};
use super::model::Inode;
use super::room::Room;
use super::torn::Ticket;
use super::truth::Touched;
use super::{Access, At, Handle};
use crate::world::World;

/// Which writes are torn, by what.
type Tears<W> = BTreeMap<W, (DiskRuleId, Draw)>;

impl World {
    /// The rules that tear writes to a file.
    fn disk_tearing(&self, at: At, target: Target<'_>) -> Vec<DiskRuleId> {
        if self.disks.rules.is_empty() {
            return Vec::new();
        }
        self.disks.concerning(at, target, |trouble| matches!(trouble, DiskTrouble::TornWrite { .. }))
    }

    /// A write begins: it is kept, if a death could tear it.
    pub(super) fn disk_begin_write(
        &mut self,
        at: At,
        file: Handle,
        offset: u64,
        bytes: &[u8],
    ) -> Option<Ticket> {
        if self.disk_tearing(at, Target::File(file)).is_empty() {
            return None;
        }
        let ticket = self.disks.disk_mut(at).begin_write(file.inode, offset, bytes)?;
        self.disk_tell(at, Touched::Content(file.inode));
        Some(ticket)
    }

    /// It takes effect now, or was given up.
    pub(super) fn disk_end_write(&mut self, at: At, file: Inode, ticket: Ticket) {
        self.disks.disk_mut(at).end_write(ticket);
        self.disk_tell(at, Touched::Content(file));
    }

    /// A node's process is gone, and its kernel lives: writes under way are short.
    pub(crate) fn disk_kill(&mut self, node: u32) {
        for at in self.disks.of_node(node) {
            if self.disks.rules.is_empty() {
                self.disks.disk_mut(at).tear_writes(|_| None, |_, _, _, _| 0);
                continue;
            }
            let tears = self.disk_draw_tears(at, self.disks.disk(at).writes_under_way());
            let capacity = self.disks.profile.capacity;
            let is_full = |trouble: &DiskTrouble| *trouble == DiskTrouble::Full;
            let mut full = BTreeSet::new();
            for (_, inode) in self.disks.disk(at).writes_under_way() {
                if !self.disks.concerning(at, Target::File(self.disk_handle(at, inode)), is_full).is_empty() {
                    full.insert(inode);
                }
            }
            let left = self.disks.disk_mut(at).tear_writes(
                |ticket| tears.get(&ticket).map(|(_, draw)| *draw),
                |disk, inode, offset, length| {
                    let room = match capacity {
                        _ if full.contains(&inode) => Room::NONE,
                        Some(capacity) => Room::left(capacity, disk.used()),
                        None => Room::UNBOUNDED,
                    };
                    room.for_write(disk, inode, offset, length).unwrap_or(0)
                },
            );
            for (ticket, length) in left {
                self.trace.fold(length);
                self.disks.count(tears[&ticket].0, "writes-torn", 1);
            }
        }
    }

    /// A node's power fails: which of the writes on a disk are torn.
    pub(super) fn disk_tears(&mut self, at: At) -> Tears<u64> {
        let under_way = self.disk_draw_tears(at, self.disks.disk(at).writes_under_way());
        let mut tears = self.disk_draw_tears(at, self.disks.disk(at).unsynced_writes());
        let reached =
            self.disks.disk_mut(at).reach_for_medium(|ticket| under_way.get(&ticket).map(|it| it.1));
        tears.extend(reached.into_iter().map(|(operation, ticket)| (operation, under_way[&ticket])));
        tears
    }

    fn disk_handle(&self, at: At, inode: Inode) -> Handle {
        let boot = self.nodes.get(at.node).boot;
        Handle { run: self.run, node: at.node, boot, disk: at.disk, inode, access: Access::ReadWrite }
    }

    /// Draws which of some writes are torn, each with its file. The first rule that would does it.
    fn disk_draw_tears<W: Ord>(&mut self, at: At, writes: Vec<(W, Inode)>) -> Tears<W> {
        let mut tears = Tears::new();
        if self.disks.rules.is_empty() {
            return tears;
        }
        for (write, inode) in writes {
            let file = self.disk_handle(at, inode);
            let mut torn = None;
            for id in self.disk_tearing(at, Target::File(file)) {
                let draw = self.disk_rule_draw(id, at);
                let DiskTrouble::TornWrite { percent } = self.disks.rule(id).trouble else {
                    unreachable!("asked for those that tear")
                };
                if draw.chance(percent) {
                    torn.get_or_insert((id, draw));
                }
            }
            if let Some(torn) = torn {
                tears.insert(write, torn);
            }
        }
        tears
    }
}
