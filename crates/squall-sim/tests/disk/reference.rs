//! A naive reference of a disk: what programs see, and the set of states a loss of power may leave.
//!
//! It knows nothing of the real model's lists: for each name it keeps every file the name may stand
//! for, for each file its durable content and what was done to it since.

use std::collections::{BTreeMap, BTreeSet};

/// A file, by its number in the reference.
pub(crate) type Id = usize;

#[derive(Clone, Debug)]
pub(crate) enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write(offset, bytes) => {
                content.resize(content.len().max(offset + bytes.len()), 0);
                content[*offset..offset + bytes.len()].copy_from_slice(bytes);
            }
            Self::SetLen(length) => content.resize(*length, 0),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    durable: Vec<u8>,
    /// What was done since, with the moment of it.
    since: Vec<(u64, Change)>,
    /// Whether a change of names since may have taken its last name away.
    unlinked: bool,
}

impl File {
    pub(crate) fn content(&self) -> Vec<u8> {
        let mut content = self.durable.clone();
        self.since.iter().for_each(|(_, change)| change.apply(&mut content));
        content
    }

    /// Whether a loss of power may leave this.
    fn may_be(&self, found: &[u8]) -> bool {
        let resized = self.since.iter().any(|(_, change)| matches!(change, Change::SetLen(_)));
        let longest = self.since.iter().fold(self.durable.len(), |longest, (_, change)| match change {
            Change::Write(offset, bytes) => longest.max(offset + bytes.len()),
            Change::SetLen(length) => longest.max(*length),
        });
        let byte_may_be = |place: usize, byte: u8| {
            let old = self.durable.get(place);
            // A hole: the file was extended past a part that was lost.
            let hole = byte == 0 && (resized || old.is_none());
            let written = self.since.iter().any(|(_, change)| match change {
                Change::Write(offset, bytes) => {
                    place.checked_sub(*offset).and_then(|place| bytes.get(place)) == Some(&byte)
                }
                Change::SetLen(_) => false,
            });
            old == Some(&byte) || hole || written
        };
        found.len() <= longest
            && (resized || found.len() >= self.durable.len())
            && found.iter().enumerate().all(|(place, &byte)| byte_may_be(place, byte))
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    files: Vec<File>,
    /// What programs see.
    names: BTreeMap<String, Id>,
    /// For each name that ever was: what it may stand for after a loss of power.
    candidates: BTreeMap<String, BTreeSet<Option<Id>>>,
    moment: u64,
}

/// The directory of a path.
pub(crate) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

impl Reference {
    pub(crate) fn id(&self, path: &str) -> Option<Id> {
        self.names.get(path).copied()
    }

    pub(crate) fn content(&self, path: &str) -> Option<Vec<u8>> {
        Some(self.files[self.id(path)?].content())
    }

    pub(crate) fn now(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    fn name(&mut self, path: &str, id: Option<Id>) {
        // A name that never was is durably absent.
        self.candidates.entry(path.to_owned()).or_insert_with(|| [None].into()).insert(id);
        match id {
            Some(id) => self.names.insert(path.to_owned(), id),
            None => self.names.remove(path),
        };
    }

    pub(crate) fn create(&mut self, path: &str) {
        if self.id(path).is_none() {
            self.files.push(File::default());
            self.name(path, Some(self.files.len() - 1));
        }
    }

    pub(crate) fn change(&mut self, path: &str, change: Change) {
        let (id, now) = (self.id(path).unwrap(), self.now());
        self.files[id].since.push((now, change));
    }

    pub(crate) fn remove(&mut self, path: &str) {
        let id = self.id(path).unwrap();
        self.files[id].unlinked = true;
        self.name(path, None);
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        let id = self.id(from).unwrap();
        if let Some(replaced) = self.id(to).filter(|replaced| *replaced != id) {
            self.files[replaced].unlinked = true;
        }
        self.name(from, None);
        self.name(to, Some(id));
    }

    pub(crate) fn sync(&mut self, id: Id, until: u64) {
        let file = &mut self.files[id];
        let settled = file.since.iter().take_while(|(at, _)| *at <= until).count();
        for (_, change) in file.since.drain(..settled) {
            change.apply(&mut file.durable);
        }
    }

    /// Every name of a directory stands durably for what it stands for now.
    pub(crate) fn sync_directory(&mut self, of: &str) {
        for (path, candidates) in &mut self.candidates {
            if directory(path) == of {
                *candidates = [self.names.get(path).copied()].into();
            }
        }
    }

    /// Compares what a loss of power left with what it may leave, and goes on from there.
    pub(crate) fn lose_power(&mut self, found: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
        for (path, candidates) in &self.candidates {
            let found = found.get(path);
            let explained = candidates.iter().any(|candidate| match (candidate, found) {
                (None, None) => true,
                (Some(id), Some(found)) => self.files[*id].may_be(found),
                (None, Some(_)) | (Some(_), None) => false,
            });
            if !explained {
                return Err(format!("`{path}` is {found:?}, which none of {candidates:?} explains"));
            }
        }
        self.nothing_durable_is_gone(found)?;
        if let Some(path) = found.keys().find(|path| !self.candidates.contains_key(*path)) {
            return Err(format!("`{path}` was never there"));
        }
        *self = Self { moment: self.moment, ..Self::default() };
        for (path, content) in found {
            self.files.push(File { durable: content.clone(), ..File::default() });
            self.names.insert(path.clone(), self.files.len() - 1);
            self.candidates.insert(path.clone(), [Some(self.files.len() - 1)].into());
        }
        Ok(())
    }

    /// A file with a durable name and durable content, which nobody removed or replaced since, is
    /// still there, under the old name or one it was renamed to.
    fn nothing_durable_is_gone(&self, found: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
        for (id, file) in self.files.iter().enumerate() {
            let named: Vec<&String> = self
                .candidates
                .iter()
                .filter(|(_, candidates)| candidates.contains(&Some(id)))
                .map(|(path, _)| path)
                .collect();
            let anchored = self.candidates.values().any(|candidates| *candidates == [Some(id)].into());
            if !anchored || file.unlinked || !file.since.is_empty() {
                continue;
            }
            if !named.iter().any(|path| found.get(*path) == Some(&file.durable)) {
                return Err(format!("file {id}, durable as {named:?}, is gone"));
            }
        }
        Ok(())
    }
}
