//! A file system in memory that remembers what would survive a loss of power.
//!
//! Everything exists twice: as programs see it (the page cache), and as it lies on the medium.
//! Between the two stands a list of operations in order. A sync moves a file's (or a directory's)
//! operations to the medium; a loss of power moves a drawn subset of them (`crash.rs`) and
//! forgets the rest. POSIX promises no more than that: a new file's name, for one, is durable only
//! once its directory was synced.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::spoilt::Spoilt;
use super::torn::WritesUnderWay;

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Open {
    /// For writing too.
    pub write: bool,
    /// Made if it does not exist.
    pub create: bool,
    /// Made, and an error if it exists.
    pub create_new: bool,
    /// Emptied.
    pub truncate: bool,
}

/// A file or directory, whatever its names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Inode(u32);

/// Everything that was done before a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SyncPoint(pub(super) u64);

pub(super) const ROOT: Inode = Inode(0);

/// A change that has not reached the medium.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// Number of the operation on this disk.
    pub(super) operation: u64,
    pub(super) change: Change,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Write {
        inode: Inode,
        offset: u64,
        bytes: Vec<u8>,
    },
    SetLen {
        inode: Inode,
        length: u64,
    },
    Link {
        directory: Inode,
        name: String,
        inode: Inode,
    },
    Unlink {
        directory: Inode,
        name: String,
        inode: Inode,
    },
    /// `replaced`: what had the new name before.
    Rename {
        from: (Inode, String),
        to: (Inode, String),
        inode: Inode,
        replaced: Option<Inode>,
    },
}

impl Change {
    pub(super) const fn is_of_file(&self, of: Inode) -> bool {
        match self {
            Self::Write { inode, .. } | Self::SetLen { inode, .. } => inode.0 == of.0,
            Self::Link { .. } | Self::Unlink { .. } | Self::Rename { .. } => false,
        }
    }

    /// The names that it changes, each with its directory.
    pub(super) fn names(&self) -> Vec<(Inode, &str)> {
        match self {
            Self::Write { .. } | Self::SetLen { .. } => Vec::new(),
            Self::Link { directory, name, .. } | Self::Unlink { directory, name, .. } => {
                vec![(*directory, name)]
            }
            Self::Rename { from, to, .. } => vec![(from.0, &from.1), (to.0, &to.1)],
        }
    }

    /// The directories whose names it changes.
    fn directories(&self) -> Vec<Inode> {
        self.names().into_iter().map(|(directory, _)| directory).collect()
    }
}

/// What an inode holds, on the medium or in the cache.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Content {
    File(Vec<u8>),
    Directory(BTreeMap<String, Inode>),
}

/// One view of the whole file system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct View(Vec<Content>);

impl View {
    pub(super) fn file(&self, inode: Inode) -> &Vec<u8> {
        match &self.0[inode.0 as usize] {
            Content::File(bytes) => bytes,
            Content::Directory(_) => unreachable!("file operations get a file's inode"),
        }
    }

    pub(super) fn content(&self, inode: Inode) -> &Content {
        &self.0[inode.0 as usize]
    }

    pub(super) fn file_mut(&mut self, inode: Inode) -> &mut Vec<u8> {
        match &mut self.0[inode.0 as usize] {
            Content::File(bytes) => bytes,
            Content::Directory(_) => unreachable!("file operations get a file's inode"),
        }
    }

    pub(super) fn names(&self, inode: Inode) -> Option<&BTreeMap<String, Inode>> {
        match &self.0[inode.0 as usize] {
            Content::Directory(names) => Some(names),
            Content::File(_) => None,
        }
    }

    fn names_mut(&mut self, inode: Inode) -> &mut BTreeMap<String, Inode> {
        match &mut self.0[inode.0 as usize] {
            Content::Directory(names) => names,
            Content::File(_) => unreachable!("name operations get a directory's inode"),
        }
    }

    pub(super) fn write(&mut self, inode: Inode, offset: u64, bytes: &[u8]) {
        let file = self.file_mut(inode);
        let start = usize::try_from(offset).expect("a file fits into memory");
        if file.len() < start + bytes.len() {
            file.resize(start + bytes.len(), 0);
        }
        file[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// Applies a change. False for one of names that no longer fits, because its own precondition
    /// was lost: it does nothing.
    pub(super) fn apply(&mut self, change: &Change) -> bool {
        match change {
            Change::Write { inode, offset, bytes } => self.write(*inode, *offset, bytes),
            Change::SetLen { inode, length } => {
                self.file_mut(*inode).resize(usize::try_from(*length).expect("fits into memory"), 0);
            }
            Change::Link { directory, name, inode } => {
                // The name was free; if it is not, whatever freed it was lost.
                let names = self.names_mut(*directory);
                let fits = !names.contains_key(name);
                if fits {
                    names.insert(name.clone(), *inode);
                }
                return fits;
            }
            Change::Unlink { directory, name, inode } => return self.unlink(*directory, name, *inode),
            Change::Rename { from, to, inode, replaced } => {
                let there = self.names_mut(to.0).get(&to.1).copied();
                let fits = (there.is_none() || there == *replaced) && self.unlink(from.0, &from.1, *inode);
                if fits {
                    self.names_mut(to.0).insert(to.1.clone(), *inode);
                }
                return fits;
            }
        }
        true
    }

    fn unlink(&mut self, directory: Inode, name: &str, inode: Inode) -> bool {
        let names = self.names_mut(directory);
        names.get(name) == Some(&inode) && names.remove(name).is_some()
    }
}

/// Longest file. Files lie in memory, holes too, and twice: a stray offset must be an error of the
/// node, not the end of the process.
pub const FILE_MAX: u64 = 1 << 30;

fn fits(length: u64) -> io::Result<()> {
    if length > FILE_MAX { Err(ErrorKind::FileTooLarge.into()) } else { Ok(()) }
}

/// One disk.
#[derive(Clone, Debug)]
pub struct Disk {
    pub(super) cache: View,
    pub(super) medium: View,
    pub(super) pending: Vec<Pending>,
    pub(super) spoilt: Spoilt,
    pub(super) under_way: WritesUnderWay,
    /// The last names of files that were removed; they may still be open.
    pub(super) removed: BTreeMap<Inode, String>,
    pub(super) operations: u64,
}

impl Default for Disk {
    /// An empty disk.
    fn default() -> Self {
        let empty = View(vec![Content::Directory(BTreeMap::new())]);
        Self {
            cache: empty.clone(),
            medium: empty,
            pending: Vec::new(),
            spoilt: Spoilt::default(),
            under_way: WritesUnderWay::default(),
            removed: BTreeMap::new(),
            operations: 0,
        }
    }
}

impl Disk {
    fn change(&mut self, change: Change) {
        self.cache.apply(&change);
        self.operations += 1;
        self.pending.push(Pending { operation: self.operations, change });
    }

    fn create(&mut self, content: Content) -> Inode {
        let inode = Inode(u32::try_from(self.cache.0.len()).expect("fewer files than memory for them"));
        // An inode nobody has a name for is invisible, so making it durable at once changes nothing.
        let empty = match &content {
            Content::File(_) => Content::File(Vec::new()),
            Content::Directory(_) => Content::Directory(BTreeMap::new()),
        };
        self.medium.0.push(empty);
        self.cache.0.push(content);
        inode
    }

    fn walk(&self, path: &Path) -> io::Result<Inode> {
        path.iter().try_fold(ROOT, |at, name| {
            let names = self.cache.names(at).ok_or(ErrorKind::NotADirectory)?;
            let name = name.to_str().ok_or(ErrorKind::InvalidInput)?;
            names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
        })
    }

    /// The directory at `path`.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`.
    pub fn directory(&self, path: &Path) -> io::Result<Inode> {
        let inode = self.walk(path)?;
        self.cache.names(inode).map(|_| inode).ok_or_else(|| ErrorKind::NotADirectory.into())
    }

    /// The directory that holds `path`, and its last name.
    fn parent(&self, path: &Path) -> io::Result<(Inode, String)> {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(ErrorKind::InvalidInput)?;
        Ok((self.directory(path.parent().unwrap_or(Path::new("")))?, name.to_owned()))
    }

    /// Opens a file.
    ///
    /// # Errors
    /// `NotFound`, `AlreadyExists`, `IsADirectory`, `NotADirectory`.
    pub fn open(&mut self, path: &Path, options: Open) -> io::Result<Inode> {
        let (directory, name) = self.parent(path)?;
        let found = self.cache.names(directory).and_then(|names| names.get(&name)).copied();
        match found {
            Some(_) if options.create_new => Err(ErrorKind::AlreadyExists.into()),
            Some(inode) if self.cache.names(inode).is_some() => Err(ErrorKind::IsADirectory.into()),
            Some(inode) => {
                if options.truncate && !self.cache.file(inode).is_empty() {
                    self.change(Change::SetLen { inode, length: 0 });
                }
                Ok(inode)
            }
            None if options.create || options.create_new => {
                let inode = self.create(Content::File(Vec::new()));
                self.change(Change::Link { directory, name, inode });
                Ok(inode)
            }
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Reads at an offset; zero bytes at the end.
    pub fn read_at(&self, inode: Inode, into: &mut [u8], offset: u64) -> usize {
        let file = self.cache.file(inode);
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(file.len());
        let count = into.len().min(file.len() - start);
        into[..count].copy_from_slice(&file[start..start + count]);
        count
    }

    /// Writes at an offset.
    ///
    /// # Errors
    /// `FileTooLarge` beyond [`FILE_MAX`].
    pub fn write_at(&mut self, inode: Inode, bytes: &[u8], offset: u64) -> io::Result<()> {
        if !bytes.is_empty() {
            fits(offset.saturating_add(bytes.len() as u64))?;
            self.change(Change::Write { inode, offset, bytes: bytes.to_vec() });
        }
        Ok(())
    }

    /// Cuts or extends a file.
    ///
    /// # Errors
    /// `FileTooLarge` beyond [`FILE_MAX`].
    pub fn set_len(&mut self, inode: Inode, length: u64) -> io::Result<()> {
        fits(length)?;
        self.change(Change::SetLen { inode, length });
        Ok(())
    }

    /// A file's length.
    pub fn len(&self, inode: Inode) -> u64 {
        self.cache.file(inode).len() as u64
    }

    /// This moment.
    pub const fn sync_point(&self) -> SyncPoint {
        SyncPoint(self.operations)
    }

    /// Another one whenever the disk has changed, on the medium or in the cache.
    pub(super) const fn version(&self) -> (u64, usize, usize, u64) {
        (self.operations, self.pending.len(), self.spoilt.count, self.under_way.count)
    }

    /// Makes what was done to a file's content before `point` durable.
    pub fn sync(&mut self, inode: Inode, point: SyncPoint) {
        self.settle(point, |change| change.is_of_file(inode));
    }

    /// Makes what was done to a directory's names before `point` durable.
    pub fn sync_directory(&mut self, directory: Inode, point: SyncPoint) {
        // A rename is one step of the file system's own journal: what it moves from another
        // directory must be there, so that one's names settle with it, and so on.
        let mut settling = vec![directory];
        loop {
            let before = settling.len();
            for pending in self.pending.iter().filter(|pending| pending.operation <= point.0) {
                let touched = pending.change.directories();
                if touched.iter().any(|touched| settling.contains(touched)) {
                    let new = touched.into_iter().filter(|touched| !settling.contains(touched));
                    let new: Vec<Inode> = new.collect();
                    settling.extend(new);
                }
            }
            if settling.len() == before {
                break;
            }
        }
        self.settle(point, |change| change.directories().iter().any(|of| settling.contains(of)));
    }

    /// Moves a change that was taken from the list to the medium.
    pub(super) fn settle_one(&mut self, pending: &Pending) {
        self.medium.apply(&pending.change);
        self.spoilt.settled(pending);
    }

    fn settle(&mut self, point: SyncPoint, concerns: impl Fn(&Change) -> bool) {
        let (medium, spoilt) = (&mut self.medium, &mut self.spoilt);
        self.pending.retain(|pending| {
            let settles = pending.operation <= point.0 && concerns(&pending.change);
            if settles {
                medium.apply(&pending.change);
                spoilt.settled(pending);
            }
            !settles
        });
    }

    /// Gives a file or directory another name; a file (or empty directory) of that name is replaced.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`, `IsADirectory`, `DirectoryNotEmpty`, `InvalidInput` for a
    /// directory moved into itself.
    pub fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.walk(from)?;
        let (from, to_path, to) = (self.parent(from)?, to, self.parent(to)?);
        let replaced = self.walk(to_path).ok();
        if let Some(replaced) = replaced {
            match (self.cache.names(inode).is_some(), self.cache.names(replaced)) {
                _ if replaced == inode => return Ok(()),
                (false, None) => {}
                (false, Some(_)) => return Err(ErrorKind::IsADirectory.into()),
                (true, None) => return Err(ErrorKind::NotADirectory.into()),
                (true, Some(names)) if names.is_empty() => {}
                (true, Some(_)) => return Err(ErrorKind::DirectoryNotEmpty.into()),
            }
        }
        let into_itself =
            to_path.ancestors().skip(1).any(|above| self.walk(above).is_ok_and(|it| it == inode));
        if into_itself {
            return Err(ErrorKind::InvalidInput.into());
        }
        if let Some(replaced) = replaced {
            self.removed.insert(replaced, to_path.to_string_lossy().into_owned());
        }
        self.change(Change::Rename { from, to, inode, replaced });
        Ok(())
    }

    /// Removes a file.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`.
    pub fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        let inode = self.walk(path)?;
        if self.cache.names(inode).is_some() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let (directory, name) = self.parent(path)?;
        self.removed.insert(inode, path.to_string_lossy().into_owned());
        self.change(Change::Unlink { directory, name, inode });
        Ok(())
    }

    /// Makes a directory and those above it.
    ///
    /// # Errors
    /// `NotADirectory`.
    pub fn create_dir_all(&mut self, path: &Path) -> io::Result<()> {
        let mut directory = ROOT;
        for name in path.iter() {
            let name = name.to_str().ok_or(ErrorKind::InvalidInput)?;
            let names = self.cache.names(directory).ok_or(ErrorKind::NotADirectory)?;
            directory = match names.get(name) {
                Some(&inode) => inode,
                None => {
                    let inode = self.create(Content::Directory(BTreeMap::new()));
                    self.change(Change::Link { directory, name: name.to_owned(), inode });
                    inode
                }
            };
        }
        self.cache.names(directory).map(|_| ()).ok_or_else(|| ErrorKind::NotADirectory.into())
    }

    /// Names in a directory, sorted.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory`.
    pub fn read_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let directory = self.directory(path)?;
        Ok(self.cache.names(directory).expect("just checked").keys().cloned().collect())
    }

    /// Whether there is something of this name.
    pub fn exists(&self, path: &Path) -> bool {
        self.walk(path).is_ok()
    }
}
