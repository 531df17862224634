//! Efficacy of `misdirected`: a write lands elsewhere, where it was meant the old content stays, and
//! what oracles are told of the disk stays true.

use std::collections::BTreeMap;
use std::io::{self, SeekFrom};

use squall_history::{Body, DiskEvent, DiskTrouble, Ppm};
use squall_io::fs::{self, File, OpenOptions};
use squall_sim::Effects;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::stage::{Stage, forever, nodes, pass, say};

const SECTOR: usize = 512;
const SECTORS: usize = 10;

fn astray(percent: u32) -> DiskTrouble {
    DiskTrouble::Misdirected { percent: Ppm::percent(percent) }
}

/// Two files of ten sectors of 1, durable; then a write at 150 ms under the fault, a sync, and what is
/// read, before and after whatever the test does at 300 ms.
async fn scribe(offset: usize, length: usize) -> io::Result<()> {
    for name in ["a", "b"] {
        let mut file = File::create(name).await?;
        file.write_all(&[1; SECTOR * SECTORS]).await?;
        file.sync_all().await?;
    }
    fs::sync_dir("").await?;
    pass(140).await;
    let mut file = OpenOptions::new().write().open("a").await?;
    file.seek(SeekFrom::Start(offset as u64)).await?;
    file.write_all(&vec![9; length]).await?;
    assert_eq!(
        fs::read("a").await?[offset..offset + length],
        vec![9; length],
        "what is to be written is read"
    );
    file.sync_all().await?;
    read().await?;
    forever().await
}

/// Says where the new bytes are: `a:` and `b:` with runs of them, first and last byte.
async fn read() -> io::Result<()> {
    for name in ["a", "b"] {
        let content = fs::read(name).await?;
        let mut runs = Vec::new();
        let mut place = 0;
        for run in content.chunk_by(|left, right| left == right) {
            match run[0] {
                9 => runs.push(format!("{}-{}", place, place + run.len())),
                0 => runs.push(format!("zeros {}-{}", place, place + run.len())),
                _ => {}
            }
            place += run.len();
        }
        say(format!("{name}: {}", runs.join(", ")));
    }
    Ok(())
}

/// The stage at 300 ms, and what the fault did.
fn begin(
    seed: u64,
    trouble: Option<&DiskTrouble>,
    path: Option<&str>,
    write: (usize, usize),
) -> (Stage, Effects) {
    let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
    stage.tell_disks();
    stage.start("n-1", scribe(write.0, write.1));
    stage.run(100);
    let rule = trouble.map(|trouble| stage.disk_rule("it", trouble, path, "n-1"));
    stage.run(200);
    let effects = rule.map(|rule| stage.remove_disk_rule(rule)).unwrap_or_default();
    stage.run(300);
    (stage, effects)
}

/// What the oracles were told last of each file.
fn held(stage: &Stage) -> BTreeMap<String, Vec<(u64, u64)>> {
    let events = stage.records.iter().filter_map(|record| match &record.body {
        Body::Disk(DiskEvent::Holds { file, ranges }) => {
            Some((file.clone(), ranges.iter().map(|range| (range.start, range.end)).collect()))
        }
        _ => None,
    });
    events.collect()
}

/// The whole of a file but for some bytes.
fn but(length: usize, gaps: &[(usize, usize)]) -> Vec<(u64, u64)> {
    let mut gaps = gaps.to_vec();
    gaps.sort_unstable();
    let mut ranges = Vec::new();
    let mut from = 0;
    for (start, end) in gaps.into_iter().chain([(length, length)]) {
        if from < start {
            ranges.push((from as u64, start as u64));
        }
        from = end.max(from);
    }
    ranges
}

#[test]
fn a_misdirected_write_is_somewhere_else_and_not_where_it_was_meant() {
    let mut places = BTreeMap::<String, u32>::new();
    for seed in 0..60 {
        let (start, length) = (2 * SECTOR, 2 * SECTOR);
        let (mut stage, effects) = begin(seed, Some(&astray(100)), None, (start, length));
        assert_eq!(effects.get("writes-misdirected"), 1, "seed {seed}");
        let said = stage.said("n-1");
        let found: Vec<&String> = said.iter().filter(|line| line.contains('-')).collect();
        assert_eq!((said.len(), found.len()), (2, 1), "seed {seed}: {said:?}");
        let (name, run) = found[0].split_once(": ").unwrap();
        let (first, last) = run.split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        assert!(first % SECTOR == 0, "seed {seed}: {said:?}");
        // Cut short where the file ends, or where the sectors begin that were meant.
        let is_cut = last == SECTORS * SECTOR || (name == "a" && last == start);
        assert!(last - first == length || (is_cut && last - first == SECTOR), "seed {seed}: {said:?}");
        assert!(name == "b" || last <= start || first >= start + length, "seed {seed}: {said:?}");
        *places.entry(found[0].clone()).or_default() += 1;
        // Of neither place anybody is told that it holds what was written there.
        let whole = SECTOR * SECTORS;
        let (mut in_a, mut in_b) = (vec![(start, start + length)], Vec::new());
        (if name == "a" { &mut in_a } else { &mut in_b }).push((first, last));
        assert_eq!(held(&stage), [("a".into(), but(whole, &in_a)), ("b".into(), but(whole, &in_b))].into());
        stage.power_loss(&"n-1".into());
        stage.start("n-1", read());
        stage.run(400);
        assert_eq!(stage.said("n-1")[2..], said, "seed {seed}: it lies so on the medium");
    }
    // Eighteen sectors are open to it.
    assert!(places.len() > 12, "{places:?}");
    let (stage, effects) = begin(1, None, None, (2 * SECTOR, 2 * SECTOR));
    assert_eq!((stage.said("n-1"), effects), (vec!["a: 1024-2048".into(), "b: ".into()], Effects::default()));
}

/// What was said by 300 ms, and how many writes went astray.
fn said(seed: u64, path: Option<&str>, write: (usize, usize)) -> ([String; 2], u64) {
    let (stage, effects) = begin(seed, Some(&astray(100)), path, write);
    (stage.said("n-1").try_into().unwrap(), effects.get("writes-misdirected"))
}

#[test]
fn it_stays_within_the_path_and_needs_another_place() {
    for seed in 0..20 {
        let ([a, b], count) = said(seed, Some("a"), (0, 100));
        assert!(a.contains('-') && !a.starts_with("a: 0-") && b == "b: " && count == 1, "{a} {b} {count}");
        // Nothing else than the place of the write itself is covered: it goes where it belongs.
        assert_eq!(said(seed, Some("a"), (0, SECTOR * SECTORS)), (["a: 0-5120".into(), "b: ".into()], 0));
        assert_eq!(said(seed, Some("b"), (0, 100)), (["a: 0-100".into(), "b: ".into()], 0));
    }
}

#[test]
fn whole_sectors_travel_and_a_place_behind_the_end_is_read_as_zeros() {
    for seed in 0..20 {
        // Ten bytes within a sector: what stands beside them comes along, at the same place of it.
        let all = said(seed, None, (700, 10)).0.concat();
        assert!(!all.contains("a: 700"), "{all}");
        let run = all.replace("a: ", "").replace("b: ", "");
        let (first, last) = run.split_once('-').unwrap();
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        assert_eq!((first % SECTOR, last - first), (700 % SECTOR, 10), "{run}");
        // The file grows, and what was meant for its new end is elsewhere: the bytes, and behind them
        // the rest of their sector.
        let all = said(seed, None, (SECTOR * SECTORS, 10)).0.concat();
        assert!(all.contains("zeros 5120-5130"), "{all}");
        assert_eq!(all.matches("zeros").count(), 2, "{all}");
    }
}

#[test]
fn what_is_still_to_be_written_over_a_wrong_place_makes_it_whole() {
    for seed in 0..20 {
        let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
        stage.tell_disks();
        stage.start("n-1", async {
            let mut first = File::create("a").await?;
            first.write_all(&[1; SECTOR]).await?;
            first.sync_all().await?;
            let mut second = File::create("b").await?;
            second.write_all(&[2; SECTOR]).await?;
            second.sync_all().await?;
            fs::sync_dir("").await?;
            pass(100).await;
            // `b` is dirty while the write to `a` lands there, and is synced in its turn; with half
            // a chance for each sector it would be seen.
            second.seek(SeekFrom::Start(0)).await?;
            second.write_all(&[3; SECTOR]).await?;
            first.seek(SeekFrom::Start(0)).await?;
            first.write_all(&[4; SECTOR]).await?;
            first.sync_all().await?;
            say(format!("{} {}", fs::read("a").await?[0], fs::read("b").await?[0]));
            pass(100).await;
            second.sync_all().await?;
            say(format!("{} {}", fs::read("a").await?[0], fs::read("b").await?[0]));
            first.seek(SeekFrom::Start(0)).await?;
            first.write_all(&[5; SECTOR]).await?;
            first.sync_all().await?;
            forever().await
        });
        stage.run(50);
        let rule = stage.disk_rule("it", &astray(100), None, "n-1");
        stage.run(150);
        let effects = stage.remove_disk_rule(rule);
        stage.run(400);
        assert_eq!(
            (stage.said("n-1"), effects.get("writes-misdirected")),
            (vec!["1 3".into(), "1 3".into()], 1)
        );
        let whole = vec![(0, SECTOR as u64)];
        assert_eq!(held(&stage), [("a".to_owned(), whole.clone()), ("b".to_owned(), whole)].into());
        stage.power_loss(&"n-1".into());
        stage.start("n-1", async {
            say(format!("{} {}", fs::read("a").await?[0], fs::read("b").await?[0]));
            Ok(())
        });
        stage.run(500);
        assert_eq!(stage.said("n-1")[2], "5 3");
    }
}

#[test]
fn it_strikes_with_its_chance() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        let mut file = File::create("log").await?;
        file.write_all(&[1; 8 * SECTOR]).await?;
        file.sync_all().await?;
        pass(100).await;
        for _ in 0..400 {
            file.seek(SeekFrom::Start(0)).await?;
            file.write_all(&[2; SECTOR]).await?;
            file.sync_all().await?;
        }
        say("done");
        Ok(())
    });
    stage.run(50);
    let rule = stage.disk_rule("it", &astray(25), None, "n-1");
    stage.run(5_000);
    let count = stage.remove_disk_rule(rule).get("writes-misdirected");
    assert_eq!(stage.said("n-1"), ["done"]);
    // 400 of 25 %: five standard deviations are 43.
    assert!(count.abs_diff(100) < 43, "{count}");
}
