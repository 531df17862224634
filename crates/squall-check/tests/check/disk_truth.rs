//! What the simulator tells of its disks against what losses of power leave of them: by drawn
//! operations on the model alone, and by hand through a whole simulation.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use squall_check::truth::DiskTruth;
use squall_history::vocab::Custom;
use squall_history::*;
use squall_sim::disk::fault::Target;
use squall_sim::disk::model::{Disk, Inode, SyncPoint};
use squall_sim::disk::truth::{Touched, Truth};
use squall_sim::disk::{self, Astray, Open, Ticket, wait};
use squall_sim::{Journaling, Ran, Sim, SimConfig, SimLimits};

const CASES: u32 = 800;
const PATHS: [&str; 6] = ["a", "b", "d/a", "d/b", "e/f/a", "e/f/b"];
const DIRECTORIES: [&str; 4] = ["", "d", "e", "e/f"];
const NODE: &str = "server-1";
const RW: Open = Open { write: true, create: false, create_new: false, truncate: false };

#[derive(Clone, Debug)]
enum Step {
    Open {
        path: usize,
        truncate: bool,
    },
    Write {
        path: usize,
        offset: u64,
        length: usize,
    },
    SetLen {
        path: usize,
        length: u64,
    },
    Remove(usize),
    Rename(usize, usize),
    MoveDirectory,
    BeginSync(usize),
    FinishSync,
    /// The one that began, or one of this path at once.
    FailSync(Option<usize>),
    Rot {
        seed: u64,
        sectors: u32,
    },
    /// A write begins that a loss of power may tear.
    BeginWrite {
        path: usize,
        offset: u64,
        length: usize,
    },
    /// It takes effect, or is given up.
    EndWrite {
        given_up: bool,
    },
    /// As a sync of this path at once, but with half a chance each write lands elsewhere.
    SyncAstray {
        path: usize,
        seed: u64,
    },
    SyncDirectory(usize),
    SyncAll,
    LosePower(u64),
    Check,
}

fn step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    prop_oneof![
        4 => (path(), any::<bool>()).prop_map(|(path, truncate)| Step::Open { path, truncate }),
        8 => (path(), 0_u64..1_200, 1_usize..1_500)
            .prop_map(|(path, offset, length)| Step::Write { path, offset, length }),
        2 => (path(), 0_u64..2_000).prop_map(|(path, length)| Step::SetLen { path, length }),
        1 => path().prop_map(Step::Remove),
        3 => (path(), path()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => Just(Step::MoveDirectory),
        6 => path().prop_map(Step::BeginSync),
        6 => Just(Step::FinishSync),
        2 => Just(Step::FailSync(None)),
        4 => path().prop_map(|path| Step::FailSync(Some(path))),
        2 => (any::<u64>(), 1_u32..4).prop_map(|(seed, sectors)| Step::Rot { seed, sectors }),
        2 => (path(), 0_u64..1_200, 1_usize..1_500)
            .prop_map(|(path, offset, length)| Step::BeginWrite { path, offset, length }),
        1 => any::<bool>().prop_map(|given_up| Step::EndWrite { given_up }),
        2 => (path(), any::<u64>()).prop_map(|(path, seed)| Step::SyncAstray { path, seed }),
        5 => (0..DIRECTORIES.len()).prop_map(Step::SyncDirectory),
        4 => Just(Step::SyncAll),
        1 => any::<u64>().prop_map(Step::LosePower),
        3 => Just(Step::Check),
    ]
}

/// A disk, and who listens to what is told of it.
struct Stage {
    disk: Disk,
    truth: Truth,
    reader: DiskTruth,
    syncing: Option<(Inode, SyncPoint)>,
    /// Fills each write with bytes of its own.
    fill: u8,
    /// Bytes that read as they lie on the medium, but not as they were written.
    rotten: BTreeSet<(Inode, u64)>,
    /// Bytes that a write may have missed, or hit in error, with what they held anyway.
    excused: BTreeSet<(Inode, u64)>,
    under_way: Option<(Option<Ticket>, Inode, u64, Vec<u8>)>,
}

impl Stage {
    fn new() -> Self {
        let (disk, truth, reader) = (Disk::default(), Truth::default(), DiskTruth::default());
        let (rotten, excused) = (BTreeSet::new(), BTreeSet::new());
        let mut stage =
            Self { disk, truth, reader, syncing: None, fill: 0, rotten, excused, under_way: None };
        stage.make_directories();
        stage
    }

    fn make_directories(&mut self) {
        for directory in ["d", "e/f"] {
            self.disk.create_dir_all(Path::new(directory)).unwrap();
            self.tell(Touched::Anything);
        }
    }

    fn tell(&mut self, touched: Touched) {
        for event in self.truth.tell(&self.disk, touched) {
            let body = Body::Disk(event);
            self.reader.observe(&Record { at: SimTime::ZERO, node: Some(NODE.into()), boot: None, body });
        }
    }

    fn inode(&mut self, path: usize) -> Option<Inode> {
        self.disk.open(Path::new(PATHS[path]), RW).ok()
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Open { path, truncate } => {
                let options = Open { truncate, create: true, ..RW };
                // It fails where a directory was moved away.
                let opened = self.disk.open(Path::new(PATHS[path]), options).ok();
                self.rotten.retain(|(of, _)| !truncate || Some(*of) != opened);
                self.excused.retain(|(of, _)| !truncate || Some(*of) != opened);
                self.tell(Touched::Anything);
            }
            Step::Write { path, .. } | Step::SetLen { path, .. } => {
                let Some(inode) = self.inode(path) else { return };
                match *step {
                    Step::SetLen { length, .. } => {
                        self.disk.set_len(inode, length).unwrap();
                        self.rotten.retain(|(of, byte)| *of != inode || *byte < length);
                        self.excused.retain(|(of, byte)| *of != inode || *byte < length);
                    }
                    Step::Write { offset, length, .. } => {
                        self.fill = next_fill(self.fill);
                        self.disk.write_at(inode, &vec![self.fill; length], offset).unwrap();
                        self.mend(inode, offset, length);
                    }
                    _ => unreachable!("matched above"),
                }
                self.tell(Touched::Content(inode));
            }
            Step::Remove(path) => {
                self.disk.remove_file(Path::new(PATHS[path])).ok();
                self.tell(Touched::Anything);
            }
            Step::Rename(from, to) => {
                self.disk.rename(Path::new(PATHS[from]), Path::new(PATHS[to])).ok();
                self.tell(Touched::Anything);
            }
            Step::MoveDirectory => {
                let (there, away) = (Path::new("e/f"), Path::new("e/g"));
                self.disk.rename(there, away).or_else(|_| self.disk.rename(away, there)).ok();
                self.tell(Touched::Anything);
            }
            Step::BeginSync(path) => self.syncing = self.inode(path).map(|it| (it, self.disk.sync_point())),
            Step::FinishSync => {
                let Some((inode, point)) = self.syncing.take() else { return };
                self.disk.sync(inode, point);
                self.tell(Touched::Content(inode));
            }
            Step::FailSync(path) => self.fail_sync(path),
            Step::Rot { seed, sectors } => self.rot(seed, sectors),
            Step::BeginWrite { path, offset, length } => self.begin_write(path, offset, length),
            Step::EndWrite { given_up } => self.end_write(given_up),
            Step::SyncAstray { path, seed } => self.sync_astray(path, seed),
            Step::SyncDirectory(place) => self.sync_directory(DIRECTORIES[place]),
            Step::SyncAll => {
                for path in 0..PATHS.len() {
                    self.step(&Step::BeginSync(path));
                    self.step(&Step::FinishSync);
                }
                DIRECTORIES.iter().for_each(|directory| self.sync_directory(directory));
            }
            Step::LosePower(seed) => {
                lose_power(&mut self.disk, seed);
                self.syncing = None;
                self.under_way = None;
                self.rotten.clear();
                self.excused.clear();
                self.tell(Touched::Anything);
            }
            Step::Check => {}
        }
    }

    fn fail_sync(&mut self, path: Option<usize>) {
        if let Some(path) = path {
            self.step(&Step::BeginSync(path));
        }
        let Some((inode, point)) = self.syncing.take() else { return };
        self.disk.drop_writes(inode, point);
        self.tell(Touched::Content(inode));
    }

    fn begin_write(&mut self, path: usize, offset: u64, length: usize) {
        self.end_write(true);
        let Some(inode) = self.inode(path) else { return };
        self.fill = next_fill(self.fill);
        let bytes = vec![self.fill; length];
        let ticket = self.disk.begin_write(inode, offset, &bytes);
        self.under_way = Some((ticket, inode, offset, bytes));
        self.tell(Touched::Content(inode));
    }

    fn end_write(&mut self, given_up: bool) {
        let Some((ticket, inode, offset, bytes)) = self.under_way.take() else { return };
        ticket.into_iter().for_each(|ticket| self.disk.end_write(ticket));
        if !given_up {
            self.disk.write_at(inode, &bytes, offset).unwrap();
            self.mend(inode, offset, bytes.len());
        }
        self.tell(Touched::Content(inode));
    }

    /// What is written anew is what it should be.
    fn mend(&mut self, inode: Inode, offset: u64, length: usize) {
        let written = offset..offset + length as u64;
        self.rotten.retain(|(of, byte)| *of != inode || !written.contains(byte));
        self.excused.retain(|(of, byte)| *of != inode || !written.contains(byte));
    }

    fn rot(&mut self, seed: u64, sectors: u32) {
        let draws = Draws::new(Seed(seed));
        let draw = |path: &str, sector| draws.draw(Domain::Disk, Identity::of(path), sector);
        self.spoil(|disk| _ = disk.rot(Rot::Sectors(sectors), |_| true, draw));
    }

    fn sync_astray(&mut self, path: usize, seed: u64) {
        let Some(inode) = self.inode(path) else { return };
        let draws = Draws::new(Seed(seed));
        let draw = |write| Some(draws.draw(Domain::Disk, Identity(3), write));
        let mut landed = Vec::new();
        self.spoil(|disk| {
            let point = disk.sync_point();
            landed = disk.sync_astray(
                inode,
                point,
                |_, _| true,
                |write| draw(write).filter(|draw| draw.property(9).chance(Ppm::percent(50))),
            );
        });
        for Astray { wrong: (of, wrong), meant, .. } in landed {
            self.excused.extend(wrong.map(|byte| (of, byte)));
            self.excused.extend(meant.map(|byte| (inode, byte)));
        }
    }

    /// Notes which bytes are read otherwise after something went wrong with the medium.
    fn spoil(&mut self, go_wrong: impl FnOnce(&mut Disk)) {
        let before: Vec<_> = PATHS.iter().map(|path| read(&mut self.disk, path)).collect();
        go_wrong(&mut self.disk);
        self.tell(Touched::Anything);
        for (path, before) in PATHS.iter().zip(before) {
            let Some((inode, before)) = before else { continue };
            let (_, after) = read(&mut self.disk, path).unwrap();
            let turned = (0..).zip(before.iter().zip(&after)).filter(|(_, (before, after))| before != after);
            self.rotten.extend(turned.map(|(byte, _)| (inode, byte)));
        }
    }

    fn sync_directory(&mut self, path: &str) {
        let Ok(directory) = self.disk.directory(Path::new(path)) else { return };
        self.disk.sync_directory(directory, self.disk.sync_point());
        self.tell(Touched::Anything);
    }

    /// Compares, byte by byte, what is told with what losses of power leave; counts the bytes that
    /// are certain, and those that are not.
    fn check(&mut self, certain: &Cell<u64>, doubtful: &Cell<u64>) -> Result<(), String> {
        for path in PATHS {
            let Some((inode, content)) = read(&mut self.disk, path) else {
                if self.told(path, 0) {
                    return Err(format!("`{path}` is not there, and something of it is told to be durable"));
                }
                continue;
            };
            let told: Vec<bool> = (0..content.len() as u64).map(|byte| self.told(path, byte)).collect();
            // What has rotted survives, but it is not what was written.
            let is_whole = |byte| !self.rotten.contains(&(inode, byte));
            let mut survives: Vec<bool> = (0..content.len() as u64).map(is_whole).collect();
            // What is doubtful is lost with some chance every time: it shows after a few dozen times,
            // or with bad luck after some thousand.
            for seed in 0..4_096 {
                if seed >= 48 && survives == told {
                    break;
                }
                let mut after = self.disk.clone();
                lose_power(&mut after, seed);
                let (found, kept) = read(&mut after, path).unzip();
                let kept = kept.filter(|_| found == Some(inode)).unwrap_or_default();
                for (place, survives) in survives.iter_mut().enumerate() {
                    *survives &= kept.get(place) == Some(&content[place]);
                }
            }
            let is_excused = |byte: usize| !told[byte] && self.excused.contains(&(inode, byte as u64));
            let differs = |byte: &usize| told[*byte] != survives[*byte] && !is_excused(*byte);
            if let Some(byte) = (0..told.len()).find(differs) {
                return Err(format!(
                    "byte {byte} of `{path}`: told {}, survives {}",
                    told[byte], survives[byte]
                ));
            }
            if self.told(path, told.len() as u64) {
                return Err(format!("a byte behind the end of `{path}` is told to be durable"));
            }
            let count = told.iter().filter(|certain| **certain).count() as u64;
            certain.set(certain.get() + count);
            doubtful.set(doubtful.get() + told.len() as u64 - count);
        }
        Ok(())
    }

    fn told(&self, path: &str, byte: u64) -> bool {
        self.reader.is_synced(&NODE.into(), path, byte, 1)
    }
}

/// Another byte; any two, and zero, differ in two bits at least, so that one bit that turned is seen.
fn next_fill(fill: u8) -> u8 {
    (fill.saturating_add(1)..=u8::MAX).find(|byte| byte.count_ones() % 2 == 0).unwrap_or(3)
}

/// Loses power; with every other seed what is not durable is torn.
fn lose_power(disk: &mut Disk, seed: u64) {
    let draws = Draws::new(Seed(seed));
    let draw = |identity, n| draws.draw(Domain::Disk, Identity(identity), n);
    if seed.is_multiple_of(2) {
        disk.power_loss(|operation| draw(7, operation));
        return;
    }
    let mut tickets = 0;
    let under_way: Vec<(Ticket, Draw)> = disk
        .writes_under_way()
        .into_iter()
        .map(|(ticket, _)| {
            tickets += 1;
            (ticket, draw(8, tickets))
        })
        .collect();
    disk.reach_for_medium(|ticket| under_way.iter().find(|(it, _)| *it == ticket).map(|(_, draw)| *draw));
    disk.power_loss_tearing(|operation| draw(7, operation), |operation| Some(draw(9, operation)));
}

fn read(disk: &mut Disk, path: &str) -> Option<(Inode, Vec<u8>)> {
    let inode = disk.open(Path::new(path), Open::default()).ok()?;
    let mut content = vec![0; usize::try_from(disk.len(inode)).unwrap()];
    disk.read_at(inode, &mut content, 0);
    Some((inode, content))
}

#[test]
fn what_is_told_is_what_every_loss_of_power_leaves() {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (certain, doubtful) = (Cell::new(0), Cell::new(0));
    runner
        .run(&prop::collection::vec(step(), 1..60), |steps| {
            let mut stage = Stage::new();
            for step in steps.iter().chain([&Step::Check]) {
                stage.step(step);
                if matches!(step, Step::Check | Step::LosePower(_)) {
                    stage.check(&certain, &doubtful).map_err(TestCaseError::fail)?;
                    stage.make_directories();
                }
            }
            Ok(())
        })
        .unwrap();
    let (certain, doubtful) = (certain.get(), doubtful.get());
    assert!(certain > 100_000 && doubtful > 100_000, "{certain} certain, {doubtful} not");
}

#[test]
fn a_cut_that_is_synced_late_mends_nothing_that_was_written_after_it() {
    let mut stage = Stage::new();
    for step in [
        Step::Open { path: 0, truncate: false },
        Step::SyncAll,
        Step::SetLen { path: 0, length: 100 },
        Step::Write { path: 0, offset: 100, length: 100 },
        // The write is dropped, the cut stays to be synced, and then the file grows past both.
        Step::FailSync(Some(0)),
        Step::SyncAll,
        Step::Write { path: 0, offset: 300, length: 10 },
        Step::SyncAll,
    ] {
        stage.step(&step);
    }
    let (certain, doubtful) = (Cell::new(0), Cell::new(0));
    stage.check(&certain, &doubtful).unwrap();
    assert_eq!((certain.get(), doubtful.get()), (210, 100));
}

/// Says where the software has come to.
fn mark(word: &str) {
    squall_sim::observe(Body::Custom(Custom::new("test", word)));
}

async fn sync(file: &disk::Handle) {
    let point = disk::begin_sync(file).unwrap();
    wait::sync(Target::File(*file)).await;
    disk::finish_sync(file, point).unwrap();
}

async fn sync_dir(path: &str) {
    let point = disk::begin_sync_dir(Path::new(path)).unwrap();
    wait::sync(Target::Path(Path::new(path))).await;
    disk::finish_sync_dir(Path::new(path), point).unwrap();
}

/// A file written beside its name, renamed, changed in place, cut, extended.
async fn first_boot() -> Result<(), String> {
    disk::create_dir_all(Path::new("d")).unwrap();
    sync_dir("").await;
    let file = disk::open(Path::new("d/tmp"), Open { create: true, ..RW }).unwrap();
    disk::write_at(&file, &[1; 100], 0).unwrap();
    mark("written");
    sync(&file).await;
    mark("synced");
    disk::rename(Path::new("d/tmp"), Path::new("d/x")).unwrap();
    mark("renamed");
    sync_dir("d").await;
    mark("named");
    disk::write_at(&file, &[2; 20], 40).unwrap();
    mark("rewritten");
    let point = disk::begin_sync(&file).unwrap();
    disk::write_at(&file, &[3; 10], 0).unwrap();
    disk::finish_sync(&file, point).unwrap();
    mark("synced-behind");
    sync(&file).await;
    mark("synced-again");
    disk::set_len(&file, 80).unwrap();
    mark("cut");
    disk::set_len(&file, 100).unwrap();
    mark("extended");
    sync(&file).await;
    disk::write_at(&file, &[4; 5], 0).unwrap();
    mark("last-write");
    std::future::pending().await
}

/// After a kill the page cache is there, and as little durable as before.
async fn second_boot() -> Result<(), String> {
    mark("restarted");
    let file = disk::open(Path::new("d/x"), RW).unwrap();
    sync(&file).await;
    mark("synced-after-kill");
    disk::write_at(&file, &[5; 50], 50).unwrap();
    mark("before-power-loss");
    std::future::pending().await
}

async fn third_boot() -> Result<(), String> {
    mark("after-power-loss");
    disk::remove_file(Path::new("d/x")).unwrap();
    mark("removed");
    std::future::pending().await
}

fn simulate(listens: Option<()>) -> (Vec<Record>, Digest) {
    let mut sim = Sim::new(&SimConfig {
        seed: Seed(5),
        topology: &Topology::of_roles(&[("server", 2)]),
        network: NetworkProfile::PERFECT,
        disk: DiskProfile::default(),
        limits: SimLimits::default(),
        journaling: Journaling::Off,
    });
    if listens.is_some() {
        sim.tell_disks();
    }
    let mut records = Vec::new();
    let mut run_to = |sim: &mut Sim, seconds: u64| {
        while sim.run_until(SimTime::ZERO + SimDuration::from_secs(seconds)) == Ran::Recorded {
            records.extend(sim.take_records());
        }
        records.extend(sim.take_records());
    };
    let node = NodeName::from(NODE);
    sim.start(&node, Box::pin(first_boot()));
    run_to(&mut sim, 1);
    sim.kill(&node);
    sim.start(&node, Box::pin(second_boot()));
    run_to(&mut sim, 2);
    sim.power_loss(&node);
    sim.start(&node, Box::pin(third_boot()));
    run_to(&mut sim, 3);
    let digest = sim.digest();
    drop(sim);
    (records, digest)
}

/// At each mark: which of the bytes 0–40, 40–60, 60–80 and 80–100 of `d/x` are durable, and whether
/// anything of `d/tmp` is.
const EXPECTED: &[(&str, &str)] = &[
    ("started", "----"),
    ("written", "----"),
    ("synced", "----"),
    ("renamed", "----"),
    ("named", "DDDD"),
    ("rewritten", "D-DD"),
    ("synced-behind", "-DDD"),
    ("synced-again", "DDDD"),
    ("cut", "DDD-"),
    ("extended", "DDD-"),
    ("last-write", "-DDD"),
    ("killed", "-DDD"),
    ("started", "-DDD"),
    ("restarted", "-DDD"),
    ("synced-after-kill", "DDDD"),
    ("before-power-loss", "D---"),
    // The node's own record comes first: what the loss itself made certain is told after it.
    ("power-lost", "D---"),
    ("started", "DDDD"),
    ("after-power-loss", "DDDD"),
    ("removed", "----"),
];

#[test]
fn a_file_is_followed_through_a_simulation() {
    let (records, _) = simulate(Some(()));
    let mut truth = DiskTruth::default();
    let mut seen = Vec::new();
    let node = NodeName::from(NODE);
    for record in &records {
        truth.observe(record);
        let word = match &record.body {
            Body::Custom(word) => word.name.to_string(),
            Body::Node(event) => serde_json::to_value(event).unwrap().as_str().unwrap().to_owned(),
            _ => continue,
        };
        let durable = [(0, 40), (40, 20), (60, 20), (80, 20)]
            .map(|(offset, length)| if truth.is_synced(&node, "d/x", offset, length) { 'D' } else { '-' });
        assert!(!truth.is_synced(&node, "d/tmp", 0, 1) && !truth.is_synced(&"server-2".into(), "d/x", 0, 1));
        seen.push((word, String::from_iter(durable)));
    }
    let seen: Vec<(&str, &str)> =
        seen.iter().map(|(word, durable)| (word.as_str(), durable.as_str())).collect();
    assert_eq!(seen, EXPECTED);
}

#[test]
fn telling_changes_nothing_else() {
    let (told, digest) = simulate(Some(()));
    let (untold, silent_digest) = simulate(None);
    assert_eq!(digest, silent_digest);
    let (disks, others): (Vec<Record>, Vec<Record>) =
        told.into_iter().partition(|record| matches!(record.body, Body::Disk(_)));
    assert_eq!(others, untold);
    assert!(disks.len() > 5, "{disks:?}");
    // They survive a file.
    for record in &disks {
        let line = serde_json::to_string(record).unwrap();
        assert!(line.contains(r#""disk":{"holds":{"file":"d/x","ranges":["#), "{line}");
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), *record);
    }
}
