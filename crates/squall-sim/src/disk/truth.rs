//! What a disk holds for certain, and telling it when it changes.
//!
//! Certain is what every loss of power would leave as it is read now. A byte is, if it lies on the
//! medium, is not spoilt, no write under way could be torn over it (`torn.rs`), and no change that
//! could be lost or kept touches it; a name is, if no such change touches
//! it, and so on up to the root. (A change that is kept by chance takes effect without those before
//! it, so each that touches a byte or a name leaves it in doubt.) Whether anybody listens is decided
//! in the parent module.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use squall_history::DiskEvent;

use super::model::{Change, Disk, Inode, ROOT};

/// What was told of one disk.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Files whose names are certain.
    names: BTreeMap<Inode, String>,
    /// What was told last of each file of which something is certain.
    told: BTreeMap<String, Vec<Range<u64>>>,
    version: (u64, usize, usize, u64),
}

/// What an operation may have changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Touched {
    /// Nothing.
    Nothing,
    /// One file's content, or how much of it is on the medium.
    Content(Inode),
    /// Anything: names, or all at once.
    Anything,
}

impl Truth {
    /// What has changed by an operation on the disk, to be told.
    pub fn tell(&mut self, disk: &Disk, touched: Touched) -> Vec<DiskEvent> {
        let version = disk.version();
        // Whatever changes one of the two views is a new operation, or one less to be settled, or rot.
        if std::mem::replace(&mut self.version, version) == version {
            return Vec::new();
        }
        let mut events = Vec::new();
        match touched {
            Touched::Nothing => {}
            Touched::Content(inode) => {
                if let Some(file) = self.names.get(&inode).cloned() {
                    events.extend(self.tell_file(file, disk.certain_bytes(inode)));
                }
            }
            Touched::Anything => {
                self.names = disk.certain_names();
                let named: BTreeSet<&String> = self.names.values().collect();
                let gone: Vec<String> =
                    self.told.keys().filter(|file| !named.contains(file)).cloned().collect();
                events.extend(gone.into_iter().filter_map(|file| self.tell_file(file, Vec::new())));
                for (inode, file) in self.names.clone() {
                    events.extend(self.tell_file(file, disk.certain_bytes(inode)));
                }
            }
        }
        events
    }

    /// The word for a file, if it is news.
    fn tell_file(&mut self, file: String, ranges: Vec<Range<u64>>) -> Option<DiskEvent> {
        let known = self.told.get(&file).map_or(&[][..], Vec::as_slice);
        if known == ranges {
            return None;
        }
        if ranges.is_empty() {
            self.told.remove(&file);
        } else {
            self.told.insert(file.clone(), ranges.clone());
        }
        Some(DiskEvent::Holds { file, ranges })
    }
}

impl Disk {
    /// Which bytes of a file are certain, its names apart.
    fn certain_bytes(&self, inode: Inode) -> Vec<Range<u64>> {
        self.untouched(inode, self.spoilt.of(inode).chain(self.under_way.of(inode)).collect())
    }

    /// Which bytes of a file are read as they lie on the medium.
    pub(super) fn settled_bytes(&self, inode: Inode) -> Vec<Range<u64>> {
        self.untouched(inode, self.spoilt.of(inode).collect())
    }

    /// Which bytes of a file no change waits to be settled for.
    pub(super) fn clean_bytes(&self, inode: Inode) -> Vec<Range<u64>> {
        self.untouched(inode, Vec::new())
    }

    /// The bytes on the medium that no pending change touches and that are not `doubtful`.
    fn untouched(&self, inode: Inode, mut doubtful: Vec<Range<u64>>) -> Vec<Range<u64>> {
        let mut end = self.medium.file(inode).len() as u64;
        for pending in &self.pending {
            match &pending.change {
                Change::Write { inode: of, offset, bytes } if *of == inode => {
                    doubtful.push(*offset..*offset + bytes.len() as u64);
                }
                Change::SetLen { inode: of, length } if *of == inode => end = end.min(*length),
                _ => {}
            }
        }
        assert!(end <= self.len(inode), "what is certain can be read");
        doubtful.sort_unstable_by_key(|range| range.start);
        let mut certain = Vec::new();
        let mut from = 0;
        for range in doubtful {
            if from < range.start.min(end) {
                certain.push(from..range.start.min(end));
            }
            from = from.max(range.end);
        }
        if from < end {
            certain.push(from..end);
        }
        certain
    }

    /// Every file whose name is certain, with its path.
    fn certain_names(&self) -> BTreeMap<Inode, String> {
        let pending = self.pending.iter().flat_map(|pending| pending.change.names());
        let doubtful: BTreeSet<(Inode, &str)> = pending.collect();
        let mut files = BTreeMap::new();
        let mut directories = vec![(ROOT, String::new())];
        while let Some((directory, path)) = directories.pop() {
            let (Some(medium), Some(cache)) = (self.medium.names(directory), self.cache.names(directory))
            else {
                continue;
            };
            for (name, inode) in cache {
                let certain = !doubtful.contains(&(directory, name.as_str()));
                assert!(
                    !certain || medium.get(name) == Some(inode),
                    "only what is pending makes a difference"
                );
                let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                if certain && self.cache.names(*inode).is_some() {
                    directories.push((*inode, path));
                } else if certain {
                    files.insert(*inode, path);
                }
            }
        }
        files
    }
}
