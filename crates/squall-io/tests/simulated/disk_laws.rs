//! Laws of the disks, over drawn sequences: what was synced survives every death and every fault that
//! breaks no promise, and without either the disks do what a naive reference does.

use std::collections::BTreeMap;
use std::io::{self, SeekFrom};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use squall_history::{DiskOp, DiskTrouble, Ppm, SimDuration};
use squall_io::fs::{self, File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::stage::{forever, nodes, outcome, pass, say};

/// On three disks; two share a directory.
const FILES: [&str; 4] = ["a", "d/b", "disk1/d/c", "disk2/e"];
const DIRECTORIES: [&str; 5] = ["", "d", "disk1", "disk1/d", "disk2"];
const CASES: u32 = 10_000;
/// What a disk holds of the files that are written over and over.
const CAPACITY: u64 = 4_000;
/// What it holds where every operation asks for more.
const TIGHT: u64 = 1_000;

/// What is known of a byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    /// It was synced since it was written last: no death changes it.
    Durable(u8),
    /// It is read so, and a sync will make it durable.
    Written(u8),
    /// A sync that failed dropped it: it is read so, and nothing makes it durable but another write.
    Dropped(u8),
}

impl Known {
    const fn byte(self) -> u8 {
        match self {
            Self::Durable(byte) | Self::Written(byte) | Self::Dropped(byte) => byte,
        }
    }
}

/// What the software knows of its files; it is not lost with the node.
#[derive(Debug, Default)]
struct Ledger {
    files: BTreeMap<&'static str, Vec<Known>>,
    /// A write that has begun and whose end was never seen.
    open: Option<(&'static str, usize, usize)>,
    durable_checked: u64,
    problem: Option<String>,
}

#[derive(Clone, Debug)]
enum Op {
    Write { file: usize, offset: usize, length: usize },
    Sync(usize),
    Pass(u64),
}

/// A boot of the node: what it does, under which faults, and how it dies.
#[derive(Clone, Debug)]
struct Life {
    ops: Vec<Op>,
    faults: Vec<(DiskTrouble, Option<&'static str>)>,
    /// Microseconds.
    lasts: u64,
    power_fails: bool,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => (0..FILES.len(), 0_usize..1_600, 1_usize..1_300)
            .prop_map(|(file, offset, length)| Op::Write { file, offset, length }),
        3 => (0..FILES.len()).prop_map(Op::Sync),
        1 => (1_u64..4).prop_map(Op::Pass),
    ]
}

/// Faults that break no promise.
fn fault() -> impl Strategy<Value = (DiskTrouble, Option<&'static str>)> {
    let percent = || prop_oneof![Just(10), Just(50), Just(100)].prop_map(Ppm::percent);
    let span = SimDuration::from_micros;
    let ops = prop_oneof![
        Just(vec![DiskOp::Sync]),
        Just(vec![DiskOp::Write]),
        Just(vec![DiskOp::Write, DiskOp::Sync])
    ];
    let trouble = prop_oneof![
        3 => (percent(), ops).prop_map(|(percent, ops)| DiskTrouble::Error { percent, ops }),
        1 => Just(DiskTrouble::Full),
        1 => (0_u64..3_000).prop_map(move |us| DiskTrouble::Slow { latency: (span(us / 2), span(us)) }),
        1 => (100_000_u64..10_000_000).prop_map(|rate| DiskTrouble::Throttle { rate }),
        1 => Just(DiskTrouble::Stall),
        3 => percent().prop_map(|percent| DiskTrouble::TornWrite { percent }),
    ];
    let path = prop_oneof![2 => Just(None), 1 => Just(Some("disk*/**")), 1 => Just(Some("d/**"))];
    (trouble, path)
}

fn life() -> impl Strategy<Value = Life> {
    let ops = proptest::collection::vec(op(), 1..10);
    (ops, proptest::collection::vec(fault(), 0..3), 1_u64..15_000, any::<bool>())
        .prop_map(|(ops, faults, lasts, power_fails)| Life { ops, faults, lasts, power_fails })
}

/// Reads every file and compares; what was in doubt is from now on what is read.
async fn check(ledger: &Mutex<Ledger>, power_failed: bool) -> io::Result<()> {
    for file in FILES {
        let content = match fs::read(file).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let mut ledger = ledger.lock().unwrap();
        let open = ledger.open.filter(|(of, ..)| *of == file).map_or(0..0, |(_, start, end)| start..end);
        let known = ledger.files.entry(file).or_default().clone();
        let mut now = Vec::new();
        for place in 0..content.len().max(known.len()) {
            let (found, known) = (content.get(place).copied(), known.get(place).copied());
            let in_doubt = open.contains(&place) || (open.end > open.start && known.is_none());
            let wrong = match known {
                _ if in_doubt => false,
                Some(Known::Durable(byte)) => {
                    ledger.durable_checked += 1;
                    found != Some(byte)
                }
                // The page cache survives the process.
                Some(other) if !power_failed => found != Some(other.byte()),
                None if !power_failed => true,
                _ => false,
            };
            if wrong && ledger.problem.is_none() {
                ledger.problem = Some(format!("byte {place} of `{file}` is {found:?} and was {known:?}"));
            }
            if let Some(byte) = found {
                now.push(match known {
                    _ if power_failed => Known::Durable(byte),
                    Some(known) if !in_doubt => known,
                    // Old or new; old and dropped before, perhaps.
                    Some(Known::Dropped(old)) if old == byte => Known::Dropped(byte),
                    _ => Known::Written(byte),
                });
            }
        }
        ledger.files.insert(file, now);
    }
    ledger.lock().unwrap().open = None;
    Ok(())
}

async fn live(ledger: Arc<Mutex<Ledger>>, ops: Vec<Op>, power_failed: bool, fill: u8) -> io::Result<()> {
    check(&ledger, power_failed).await?;
    for directory in DIRECTORIES {
        fs::create_dir_all(directory).await?;
    }
    for file in FILES {
        OpenOptions::new().create().open(file).await?.sync_all().await?;
    }
    for directory in DIRECTORIES {
        fs::sync_dir(directory).await?;
    }
    for known in ledger.lock().unwrap().files.values_mut().flatten() {
        if let Known::Written(byte) = *known {
            *known = Known::Durable(byte);
        }
    }
    say("ready");
    pass(1).await;
    for (k, op) in ops.into_iter().enumerate() {
        if step(&ledger, &op, fill.wrapping_mul(16).wrapping_add(k as u8)).await.is_err() {
            ledger.lock().unwrap().open = None;
        }
    }
    forever().await
}

/// One operation; a write that fails has changed nothing.
async fn step(ledger: &Mutex<Ledger>, op: &Op, byte: u8) -> io::Result<()> {
    match *op {
        Op::Pass(ms) => pass(ms).await,
        Op::Write { file, offset, length } => {
            let name = FILES[file];
            let mut open = OpenOptions::new().write().open(name).await?;
            open.seek(SeekFrom::Start(offset as u64)).await?;
            ledger.lock().unwrap().open = Some((name, offset, offset + length));
            let written = open.write(&vec![byte; length]).await?;
            let mut ledger = ledger.lock().unwrap();
            ledger.open = None;
            let known = ledger.files.get_mut(name).unwrap();
            // A hole is as new as what lies behind it.
            known.resize(known.len().max(offset + written), Known::Written(0));
            known[offset..offset + written].fill(Known::Written(byte));
        }
        Op::Sync(file) => {
            let name = FILES[file];
            let mut open = OpenOptions::new().write().open(name).await?;
            let ended = open.sync_all().await;
            for known in ledger.lock().unwrap().files.get_mut(name).unwrap() {
                match (*known, &ended) {
                    (Known::Written(byte), Ok(())) => *known = Known::Durable(byte),
                    (Known::Written(byte), Err(_)) => *known = Known::Dropped(byte),
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// Runs a node through its lives; how many durable bytes were compared, or what was wrong.
fn through(seed: u64, capacity: Option<u64>, lives: &[Life]) -> Result<u64, String> {
    let setup = nodes(&[("n", 1)]).seed(seed);
    let mut stage = if let Some(bytes) = capacity { setup.capacity(bytes) } else { setup }.begin();
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut power_failed = false;
    let mut now_us = 0;
    for (number, life) in lives
        .iter()
        .chain([&Life { ops: Vec::new(), faults: Vec::new(), lasts: 1, power_fails: false }])
        .enumerate()
    {
        let before = stage.said("n-1").len();
        stage.start("n-1", live(ledger.clone(), life.ops.clone(), power_failed, number as u8 + 1));
        now_us += 100_000;
        stage.run(now_us / 1_000);
        if stage.said("n-1").len() == before {
            return Err("the node did not come up".to_owned());
        }
        drop(stage.take_records());
        let rules: Vec<_> = life
            .faults
            .iter()
            .enumerate()
            .map(|(k, (trouble, path))| stage.disk_rule(&format!("{number} {k}"), trouble, *path, "n-1"))
            .collect();
        now_us += life.lasts;
        stage.run_to_us(now_us);
        power_failed = life.power_fails;
        if power_failed {
            stage.power_loss(&"n-1".into());
        } else {
            stage.killed("n-1");
        }
        rules.into_iter().for_each(|rule| drop(stage.remove_disk_rule(rule)));
        now_us = now_us.next_multiple_of(1_000);
    }
    let ledger = ledger.lock().unwrap();
    ledger.problem.clone().map_or(Ok(ledger.durable_checked), Err)
}

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn what_was_synced_survives_every_death_and_every_fault_that_breaks_no_promise() {
    let checked = std::cell::Cell::new(0);
    let capacity = prop_oneof![Just(None), Just(Some(CAPACITY))];
    runner(CASES)
        .run(&(any::<u64>(), capacity, proptest::collection::vec(life(), 1..6)), |(seed, capacity, lives)| {
            let durable = through(seed, capacity, &lives).map_err(TestCaseError::fail)?;
            checked.set(checked.get() + durable);
            Ok(())
        })
        .unwrap();
    assert!(checked.get() > 1_000_000, "{} durable bytes were compared", checked.get());
}

/// An operation of a program that nothing befalls.
#[derive(Clone, Debug)]
enum Plain {
    Create(usize),
    Truncate(usize),
    Write { path: usize, offset: usize, length: usize },
    SetLen { path: usize, length: usize },
    Rename(usize, usize),
    Remove(usize),
}

const PATHS: [&str; 7] = ["a", "b", "d/a", "disk1/a", "disk1/d/a", "disk1/d/b", "disk2/a"];

fn plain() -> impl Strategy<Value = Plain> {
    let path = || 0..PATHS.len();
    prop_oneof![
        4 => path().prop_map(Plain::Create),
        1 => path().prop_map(Plain::Truncate),
        6 => (path(), 0_usize..900, 0_usize..900)
            .prop_map(|(path, offset, length)| Plain::Write { path, offset, length }),
        1 => (path(), 0_usize..1_500).prop_map(|(path, length)| Plain::SetLen { path, length }),
        4 => (path(), path()).prop_map(|(from, to)| Plain::Rename(from, to)),
        1 => path().prop_map(Plain::Remove),
    ]
}

/// The disk of a path.
fn mount(path: usize) -> &'static str {
    PATHS[path].split('/').next().filter(|first| first.starts_with("disk")).unwrap_or("")
}

/// What a naive file system makes of it: a map for each disk.
#[derive(Clone, Debug, Default)]
struct Naive(BTreeMap<&'static str, BTreeMap<&'static str, Vec<u8>>>);

impl Naive {
    fn disk(&mut self, path: usize) -> &mut BTreeMap<&'static str, Vec<u8>> {
        self.0.entry(mount(path)).or_default()
    }

    fn left(&mut self, path: usize) -> usize {
        let used: usize = self.disk(path).values().map(Vec::len).sum();
        (TIGHT as usize).saturating_sub(used)
    }

    fn step(&mut self, op: &Plain, fill: u8) -> String {
        let (ok, full) = ("ok".to_owned(), "StorageFull".to_owned());
        match *op {
            Plain::Create(path) | Plain::Truncate(path) => {
                let left = self.left(path);
                let disk = self.disk(path);
                if left == 0 && !disk.contains_key(PATHS[path]) {
                    return full;
                }
                let file = disk.entry(PATHS[path]).or_default();
                if matches!(op, Plain::Truncate(_)) {
                    file.clear();
                }
            }
            Plain::Write { path, offset, length } => {
                let left = self.left(path);
                let Some(file) = self.disk(path).get_mut(PATHS[path]) else { return "NotFound".to_owned() };
                let fitting = (file.len() + left).saturating_sub(offset).min(length);
                if length > 0 && fitting == 0 {
                    return full;
                }
                if length > 0 {
                    file.resize(file.len().max(offset + fitting), 0);
                    file[offset..offset + fitting].fill(fill);
                }
                return format!("ok {fitting}");
            }
            Plain::SetLen { path, length } => {
                let left = self.left(path);
                let Some(file) = self.disk(path).get_mut(PATHS[path]) else { return "NotFound".to_owned() };
                if length > file.len() + left {
                    return full;
                }
                file.resize(length, 0);
            }
            Plain::Rename(from, to) => {
                if mount(from) != mount(to) {
                    return "CrossesDevices".to_owned();
                }
                let disk = self.disk(from);
                let Some(content) = disk.remove(PATHS[from]) else { return "NotFound".to_owned() };
                disk.insert(PATHS[to], content);
            }
            Plain::Remove(path) => {
                if self.disk(path).remove(PATHS[path]).is_none() {
                    return "NotFound".to_owned();
                }
            }
        }
        ok
    }
}

/// The same by the program.
async fn do_it(op: &Plain, fill: u8) -> String {
    let open = |path: usize| OpenOptions::new().write().open(PATHS[path]);
    match *op {
        Plain::Create(path) => outcome(&OpenOptions::new().create().open(PATHS[path]).await),
        Plain::Truncate(path) => outcome(&File::create(PATHS[path]).await),
        Plain::Write { path, offset, length } => {
            let mut file = match open(path).await {
                Ok(file) => file,
                missing => return outcome(&missing),
            };
            file.seek(SeekFrom::Start(offset as u64)).await.unwrap();
            match file.write(&vec![fill; length]).await {
                Ok(count) => format!("ok {count}"),
                refused => outcome(&refused),
            }
        }
        Plain::SetLen { path, length } => match open(path).await {
            Ok(mut file) => outcome(&file.set_len(length as u64).await),
            missing => outcome(&missing),
        },
        Plain::Rename(from, to) => outcome(&fs::rename(PATHS[from], PATHS[to]).await),
        Plain::Remove(path) => outcome(&fs::remove_file(PATHS[path]).await),
    }
}

/// Every file that is there, by what lists say.
async fn listed() -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for directory in DIRECTORIES {
        for name in fs::read_dir(directory).await? {
            let path = if directory.is_empty() { name } else { format!("{directory}/{name}") };
            match fs::read(&path).await {
                Ok(content) => _ = files.insert(path, content),
                Err(error) if error.kind() == io::ErrorKind::IsADirectory => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(files)
}

#[test]
fn several_disks_with_bounds_do_what_a_naive_reference_does() {
    let full = std::cell::Cell::new(0);
    runner(CASES)
        .run(&(any::<u64>(), proptest::collection::vec(plain(), 1..50)), |(seed, ops)| {
            let mut stage = nodes(&[("n", 1)]).seed(seed).capacity(TIGHT).begin();
            let seen = Arc::new(Mutex::new((Vec::new(), BTreeMap::new())));
            let (ours, script) = (seen.clone(), ops.clone());
            stage.start("n-1", async move {
                for directory in DIRECTORIES {
                    fs::create_dir_all(directory).await?;
                }
                for (k, op) in script.iter().enumerate() {
                    let ended = do_it(op, k as u8 + 1).await;
                    ours.lock().unwrap().0.push(ended);
                }
                let files = listed().await?;
                ours.lock().unwrap().1 = files;
                Ok(())
            });
            stage.run(1_000);
            let mut naive = Naive::default();
            let expected: Vec<String> = ops.iter().zip(1..).map(|(op, fill)| naive.step(op, fill)).collect();
            full.set(full.get() + expected.iter().filter(|ended| *ended == "StorageFull").count());
            let files = naive.0.into_values().flatten().map(|(path, content)| (path.to_owned(), content));
            let seen = seen.lock().unwrap();
            prop_assert_eq!(&seen.0, &expected);
            prop_assert_eq!(&seen.1, &files.collect::<BTreeMap<String, Vec<u8>>>());
            Ok(())
        })
        .unwrap();
    assert!(full.get() > 300, "{} operations found a disk full", full.get());
}
