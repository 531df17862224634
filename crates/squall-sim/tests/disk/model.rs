//! Drawn sequences of operations, with losses of power between them, on the model and on the
//! reference.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use squall_history::{Domain, Draws, Identity, Seed};
use squall_sim::disk::Open;
use squall_sim::disk::model::{Disk, Inode, SyncPoint};

use super::reference::{Change, Id, Reference};

const PATHS: [&str; 7] = ["a", "b", "c", "d/a", "d/b", "e/a", "e/b"];
const DIRECTORIES: [&str; 3] = ["", "d", "e"];

#[derive(Clone, Debug)]
enum Step {
    Create(usize),
    Truncate(usize),
    Write { path: usize, offset: u64, length: usize },
    SetLen { path: usize, length: u64 },
    Remove(usize),
    Rename(usize, usize),
    Sync(usize),
    BeginSync(usize),
    FinishSync,
    SyncDirectory(usize),
    LosePower(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    prop_oneof![
        4 => path().prop_map(Step::Create),
        1 => path().prop_map(Step::Truncate),
        8 => (path(), 0_u64..1_200, 1_usize..1_500)
            .prop_map(|(path, offset, length)| Step::Write { path, offset, length }),
        1 => (path(), 0_u64..2_000).prop_map(|(path, length)| Step::SetLen { path, length }),
        2 => path().prop_map(Step::Remove),
        4 => (path(), path()).prop_map(|(from, to)| Step::Rename(from, to)),
        4 => path().prop_map(Step::Sync),
        2 => path().prop_map(Step::BeginSync),
        2 => Just(Step::FinishSync),
        4 => (0..DIRECTORIES.len()).prop_map(Step::SyncDirectory),
        2 => any::<u64>().prop_map(Step::LosePower),
    ]
}

struct Pair {
    disk: Disk,
    reference: Reference,
    syncing: Option<(Inode, SyncPoint, Id, u64)>,
    /// Fills each write with bytes of its own.
    fill: u8,
}

impl Pair {
    fn new() -> Self {
        let mut disk = Disk::default();
        for directory in ["d", "e"] {
            disk.create_dir_all(Path::new(directory)).unwrap();
        }
        let root = disk.directory(Path::new("")).unwrap();
        disk.sync_directory(root, disk.sync_point());
        Self { disk, reference: Reference::default(), syncing: None, fill: 0 }
    }

    fn open(&mut self, path: &str) -> Option<Inode> {
        let opened = self.disk.open(Path::new(path), Open { write: true, ..Open::default() }).ok();
        assert_eq!(opened.is_some(), self.reference.id(path).is_some(), "`{path}`");
        opened
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Create(path) => {
                let create = Open { write: true, create: true, ..Open::default() };
                self.disk.open(Path::new(PATHS[path]), create).unwrap();
                self.reference.create(PATHS[path]);
            }
            Step::Remove(path) => {
                let removed = self.disk.remove_file(Path::new(PATHS[path]));
                assert_eq!(removed.is_ok(), self.reference.id(PATHS[path]).is_some());
                if removed.is_ok() {
                    self.reference.remove(PATHS[path]);
                }
            }
            Step::Rename(from, to) => {
                let renamed = self.disk.rename(Path::new(PATHS[from]), Path::new(PATHS[to]));
                assert_eq!(renamed.is_ok(), self.reference.id(PATHS[from]).is_some());
                if renamed.is_ok() && from != to {
                    self.reference.rename(PATHS[from], PATHS[to]);
                }
            }
            Step::SyncDirectory(place) => {
                let directory = self.disk.directory(Path::new(DIRECTORIES[place])).unwrap();
                self.disk.sync_directory(directory, self.disk.sync_point());
                self.reference.sync_directory(DIRECTORIES[place]);
            }
            Step::FinishSync => {
                if let Some((inode, point, id, moment)) = self.syncing.take() {
                    self.disk.sync(inode, point);
                    self.reference.sync(id, moment);
                }
            }
            Step::LosePower(seed) => {
                let draws = Draws::new(Seed(seed));
                self.disk.power_loss(|n| draws.draw(Domain::Disk, Identity(1), n));
                self.syncing = None;
                let found = self.seen();
                return self.reference.lose_power(&found);
            }
            Step::Truncate(path) | Step::Sync(path) | Step::BeginSync(path) => {
                self.step_on_file(step, PATHS[path]);
            }
            Step::Write { path, .. } | Step::SetLen { path, .. } => self.step_on_file(step, PATHS[path]),
        }
        Ok(())
    }

    fn step_on_file(&mut self, step: &Step, path: &str) {
        let Some(inode) = self.open(path) else { return };
        let id = self.reference.id(path).unwrap();
        match *step {
            Step::Truncate(_) => {
                let empty = Open { write: true, truncate: true, ..Open::default() };
                self.disk.open(Path::new(path), empty).unwrap();
                self.reference.change(path, Change::SetLen(0));
            }
            Step::Write { offset, length, .. } => {
                self.fill = self.fill % 250 + 1;
                let bytes = vec![self.fill; length];
                self.disk.write_at(inode, &bytes, offset).unwrap();
                self.reference.change(path, Change::Write(usize::try_from(offset).unwrap(), bytes));
            }
            Step::SetLen { length, .. } => {
                self.disk.set_len(inode, length).unwrap();
                self.reference.change(path, Change::SetLen(usize::try_from(length).unwrap()));
            }
            Step::Sync(_) => {
                self.disk.sync(inode, self.disk.sync_point());
                self.reference.sync(id, u64::MAX);
            }
            _ => {
                let moment = self.reference.now();
                self.syncing = Some((inode, self.disk.sync_point(), id, moment));
            }
        }
    }

    /// Every file by its path, as programs see it.
    fn seen(&mut self) -> BTreeMap<String, Vec<u8>> {
        let mut seen = BTreeMap::new();
        for directory in DIRECTORIES {
            for name in self.disk.read_dir(Path::new(directory)).unwrap() {
                let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
                if let Ok(inode) = self.disk.open(Path::new(&path), Open::default()) {
                    let length = usize::try_from(self.disk.len(inode)).unwrap();
                    // One byte more: nothing lies behind the end.
                    let mut content = vec![0xee; length + 1];
                    assert_eq!(self.disk.read_at(inode, &mut content, 0), length);
                    content.truncate(length);
                    seen.insert(path, content);
                }
            }
        }
        seen
    }

    fn expected(&self) -> BTreeMap<String, Vec<u8>> {
        let paths = PATHS.iter().filter_map(|path| Some(((*path).to_owned(), self.reference.content(path)?)));
        paths.collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_see_what_they_did_and_power_loss_leaves_what_it_may(
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step).map_err(TestCaseError::fail)?;
            prop_assert_eq!(pair.seen(), pair.expected());
        }
    }

    #[test]
    fn power_loss_after_a_sync_of_everything_loses_nothing(
        steps in proptest::collection::vec(step(), 1..80),
        seed: u64,
    ) {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step).map_err(TestCaseError::fail)?;
        }
        for path in 0..PATHS.len() {
            pair.step(&Step::Sync(path)).map_err(TestCaseError::fail)?;
        }
        for directory in 0..DIRECTORIES.len() {
            pair.step(&Step::SyncDirectory(directory)).map_err(TestCaseError::fail)?;
        }
        let before = pair.seen();
        pair.step(&Step::LosePower(seed)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(pair.seen(), before);
    }
}
