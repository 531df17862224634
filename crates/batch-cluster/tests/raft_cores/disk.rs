//! A disk in memory: what was not synced is lost, kept or torn at sectors when the power goes; what
//! was synced stays.

use std::collections::BTreeMap;

use batch_cluster::raft::storage::{FileOp, Files};

use crate::draws::Draws;

pub(crate) const SECTOR: usize = 512;

#[derive(Clone, Default, Debug)]
pub(crate) struct Medium {
    names: BTreeMap<String, usize>,
    contents: BTreeMap<usize, Vec<u8>>,
}

#[derive(Clone, Debug)]
enum Change {
    Link { name: String, inode: usize },
    Unlink { name: String },
    Rename { from: String, to: String },
    Write { inode: usize, offset: usize, bytes: Vec<u8> },
    SetLen { inode: usize, length: usize },
}

/// What is durable, what is visible, and what makes the difference.
#[derive(Clone, Default, Debug)]
pub(crate) struct ModelDisk {
    medium: Medium,
    cache: Medium,
    pending: Vec<Change>,
    inodes: usize,
}

impl Medium {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Link { name, inode } => {
                self.names.insert(name.clone(), *inode);
                self.contents.entry(*inode).or_default();
            }
            Change::Unlink { name } => {
                self.names.remove(name);
            }
            Change::Rename { from, to } => {
                if let Some(inode) = self.names.remove(from) {
                    self.names.insert(to.clone(), inode);
                }
            }
            Change::Write { inode, offset, bytes } => self.write(*inode, *offset, bytes),
            Change::SetLen { inode, length } => self.contents.entry(*inode).or_default().resize(*length, 0),
        }
    }

    fn write(&mut self, inode: usize, offset: usize, bytes: &[u8]) {
        let content = self.contents.entry(inode).or_default();
        let end = offset + bytes.len();
        content.resize(content.len().max(end), 0);
        content[offset..end].copy_from_slice(bytes);
    }

    fn files(&self) -> Files {
        let content = |inode| self.contents.get(inode).cloned().unwrap_or_default();
        self.names.iter().map(|(name, inode)| (name.clone(), content(inode))).collect()
    }
}

impl Change {
    /// The file whose sync makes it durable.
    fn inode(&self) -> Option<usize> {
        match self {
            Self::Write { inode, .. } | Self::SetLen { inode, .. } => Some(*inode),
            Self::Link { .. } | Self::Unlink { .. } | Self::Rename { .. } => None,
        }
    }

    /// The directory whose sync makes it durable.
    fn directory(&self) -> Option<&str> {
        match self {
            Self::Link { name, .. } | Self::Unlink { name } | Self::Rename { to: name, .. } => {
                Some(name.rsplit_once('/').map_or("", |(directory, _)| directory))
            }
            Self::Write { .. } | Self::SetLen { .. } => None,
        }
    }
}

impl ModelDisk {
    /// What a process sees.
    pub(crate) fn files(&self) -> Files {
        self.cache.files()
    }

    pub(crate) fn apply(&mut self, op: &FileOp) {
        match op {
            FileOp::Create { file, bytes } => {
                let inode = match self.cache.names.get(file) {
                    Some(&inode) => {
                        self.change(Change::SetLen { inode, length: 0 });
                        inode
                    }
                    None => {
                        self.inodes += 1;
                        self.change(Change::Link { name: file.clone(), inode: self.inodes });
                        self.inodes
                    }
                };
                self.change(Change::Write { inode, offset: 0, bytes: bytes.clone() });
            }
            FileOp::Write { file, offset, bytes } => {
                let inode = self.cache.names[file];
                self.change(Change::Write { inode, offset: *offset as usize, bytes: bytes.clone() });
            }
            FileOp::SetLen { file, length } => {
                let inode = self.cache.names[file];
                self.change(Change::SetLen { inode, length: *length as usize });
            }
            FileOp::Rename { from, to } => {
                assert!(self.cache.names.contains_key(from), "`{from}` is renamed and not there");
                self.change(Change::Rename { from: from.clone(), to: to.clone() });
            }
            FileOp::Remove { file } => {
                assert!(self.cache.names.contains_key(file), "`{file}` is removed and not there");
                self.change(Change::Unlink { name: file.clone() });
            }
            FileOp::Sync { file } => {
                let inode = Some(self.cache.names[file]);
                self.flush(|change| change.inode() == inode);
            }
            FileOp::SyncDir { directory } => self.flush(|change| change.directory() == Some(directory)),
        }
    }

    fn change(&mut self, change: Change) {
        self.cache.apply(&change);
        self.pending.push(change);
    }

    fn flush(&mut self, of: impl Fn(&Change) -> bool) {
        for change in self.pending.extract_if(.., |change| of(change)) {
            self.medium.apply(&change);
        }
    }

    /// Of what was not synced each change is lost, kept, or torn at sectors.
    pub(crate) fn power_loss(&mut self, draws: &mut Draws) {
        for change in std::mem::take(&mut self.pending) {
            match (&change, draws.below(3)) {
                (_, 0) => {}
                (Change::Write { inode, offset, bytes }, 1) => {
                    let end = offset + bytes.len();
                    let mut start = *offset;
                    while start < end {
                        let next = ((start / SECTOR + 1) * SECTOR).min(end);
                        if draws.percent(50) {
                            self.medium.write(*inode, start, &bytes[start - offset..next - offset]);
                        }
                        start = next;
                    }
                }
                _ => self.medium.apply(&change),
            }
        }
        self.cache = self.medium.clone();
    }

    /// Whether these bytes of a file would survive a loss of power.
    pub(crate) fn is_synced(&self, file: &str, offset: u64, length: u64) -> bool {
        let range = offset as usize..(offset + length) as usize;
        let bytes = |medium: &Medium| {
            let content = medium.contents.get(medium.names.get(file)?)?;
            Some(content.get(range.clone())?.to_vec())
        };
        bytes(&self.medium).is_some_and(|durable| bytes(&self.cache) == Some(durable))
    }

    /// How many changes are not durable.
    pub(crate) fn unsynced(&self) -> usize {
        self.pending.len()
    }
}

#[test]
fn what_is_synced_survives_and_the_rest_may_not() {
    let create = |file: &str| FileOp::Create { file: file.into(), bytes: vec![7; 2_000] };
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut disk = ModelDisk::default();
        for op in [
            create("d/a"),
            FileOp::Sync { file: "d/a".into() },
            FileOp::SyncDir { directory: "d".into() },
            create("d/b"),
            FileOp::Write { file: "d/a".into(), offset: 1_000, bytes: vec![8; 2_000] },
        ] {
            disk.apply(&op);
        }
        assert!(disk.is_synced("d/a", 0, 1_000) && !disk.is_synced("d/a", 0, 1_001));
        assert_eq!((disk.files()["d/a"].len(), disk.unsynced()), (3_000, 3));
        disk.power_loss(&mut Draws::new(seed));
        let files = disk.files();
        assert_eq!(files["d/a"][..1_000], [7; 1_000]);
        outcomes.insert((files["d/a"].clone(), files.get("d/b").cloned()));
    }
    assert!(outcomes.len() > 20, "{} outcomes", outcomes.len());
}
