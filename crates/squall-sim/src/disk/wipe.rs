//! What becomes of a disk that is replaced by an empty one.

use std::collections::BTreeSet;

use super::model::{Disk, Inode, ROOT};
use crate::effects::Effects;
use crate::world::World;

impl World {
    /// Empties a node's disks: all of its files, what was durable included, are gone. Faults of the
    /// disks that are in force go on.
    pub(crate) fn disk_wipe(&mut self, node: u32, effects: &mut Effects) {
        for at in self.disks.of_node(node) {
            let old = self.disks.disk_mut(at);
            let (files, bytes) = old.holds();
            // Operations are numbered on: no draw of the old disk comes again.
            *old = Disk { operations: old.operations + 1, ..Disk::default() };
            self.trace.fold(files);
            self.trace.fold(bytes);
            effects.add("files-lost", files);
            effects.add("bytes-lost", bytes);
        }
        self.disk_tell_all(node);
    }
}

impl Disk {
    /// How many files there are, and the sum of their lengths.
    fn holds(&self) -> (u64, u64) {
        let (mut files, mut directories) = (BTreeSet::new(), vec![ROOT]);
        while let Some(directory) = directories.pop() {
            let names = self.cache.names(directory).expect("only directories are pushed");
            let (below, here): (Vec<Inode>, Vec<Inode>) =
                names.values().partition(|inode| self.cache.names(**inode).is_some());
            directories.extend(below);
            files.extend(here);
        }
        (files.len() as u64, files.iter().map(|file| self.len(*file)).sum())
    }
}
