//! Efficacy of the disk faults that lose data: a sync that fails, `lying-sync`, `corrupt`. And that
//! what oracles are told of the disk stays true under them.

use std::collections::BTreeMap;
use std::io::{self, SeekFrom};

use squall_history::{Body, DiskEvent, DiskOp, DiskTrouble, Ppm, Rot};
use squall_io::fs::{self, File, OpenOptions};
use squall_sim::Effects;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::stage::{Stage, forever, nodes, outcome, pass, say};

fn failing_sync() -> DiskTrouble {
    DiskTrouble::Error { percent: Ppm::percent(100), ops: vec![DiskOp::Sync] }
}

/// First and last byte, the latter not included.
type Span = (u64, u64);

/// What the oracles were told last of each file.
fn held(stage: &Stage) -> BTreeMap<String, Vec<Span>> {
    let events = stage.records.iter().filter_map(|record| match &record.body {
        Body::Disk(DiskEvent::Holds { file, ranges }) => {
            Some((file.clone(), ranges.iter().map(|range| (range.start, range.end)).collect()))
        }
        _ => None,
    });
    events.collect()
}

/// A stage whose disks are told of.
fn told(seed: u64) -> Stage {
    let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
    stage.tell_disks();
    stage
}

/// A durable file of 600 bytes of 1; then 300 of 2 at its start and a sync under the fault (at 150
/// ms), then 300 of 3 after its end and a sync without it (at 250 ms).
async fn scribe() -> io::Result<()> {
    let mut file = File::create("log").await?;
    file.write_all(&[1; 600]).await?;
    file.sync_all().await?;
    fs::sync_dir("").await?;
    pass(140).await;
    file.seek(SeekFrom::Start(0)).await?;
    file.write_all(&[2; 300]).await?;
    say(format!("first {}", file.sync_all().await.is_ok()));
    pass(100).await;
    file.seek(SeekFrom::End(0)).await?;
    file.write_all(&[3; 300]).await?;
    say(format!("second {}", outcome(&file.sync_all().await)));
    read().await?;
    forever().await
}

/// Says the file as runs of equal bytes.
async fn read() -> io::Result<()> {
    let content = fs::read("log").await?;
    let runs = content.chunk_by(|a, b| a == b).map(|run| format!("{}x{}", run.len(), run[0]));
    say(runs.collect::<Vec<_>>().join(" "));
    Ok(())
}

/// The scribe under a fault, then a loss of power at `loss_ms`: what it said, what oracles were told
/// before the loss, what is read after it, and what the fault did.
fn after_power_loss(
    seed: u64,
    trouble: Option<&DiskTrouble>,
    loss_ms: u64,
) -> (Vec<String>, Vec<Span>, String, Effects) {
    let mut stage = told(seed);
    stage.start("n-1", scribe());
    stage.run(100);
    let rule = trouble.map(|trouble| stage.disk_rule("it", trouble, Some("log"), "n-1"));
    stage.run(200);
    let effects = rule.map(|rule| stage.remove_disk_rule(rule)).unwrap_or_default();
    stage.run(loss_ms);
    let (said, before) = (stage.said("n-1"), held(&stage)["log"].clone());
    stage.power_loss(&"n-1".into());
    stage.start("n-1", read());
    stage.run(1_000);
    let left = stage.said("n-1").last().unwrap().clone();
    assert_eq!(held(&stage)["log"].first().unwrap().0, 0, "what was kept is certain");
    (said, before, left, effects)
}

#[test]
fn a_failed_sync_drops_what_was_to_be_written_and_the_next_one_says_nothing_of_it() {
    for seed in 0..20 {
        let (said, before, left, effects) = after_power_loss(seed, Some(&failing_sync()), 400);
        // The pages are there to be read, and the second sync is fine.
        assert_eq!(said, ["first false", "second ok", "300x2 300x1 300x3"]);
        assert_eq!(before, [(300, 900)]);
        // They were marked clean: the second sync had nothing to write, and the old bytes are back.
        assert_eq!(left, "600x1 300x3", "seed {seed}");
        assert_eq!((effects.get("errors-returned"), effects.get("writes-dropped")), (1, 1));
        let (said, before, left, _) = after_power_loss(seed, None, 400);
        assert_eq!(said, ["first true", "second ok", "300x2 300x1 300x3"]);
        assert_eq!((before, left), (vec![(0, 900)], "300x2 300x1 300x3".to_owned()));
    }
}

#[test]
fn a_lying_sync_makes_nothing_durable_and_an_honest_one_after_it_makes_all() {
    let (mut lost, mut whole) = (0, 0);
    for seed in 0..40 {
        // The power goes between the two syncs.
        let (said, before, left, effects) = after_power_loss(seed, Some(&DiskTrouble::LyingSync), 230);
        assert_eq!(said, ["first true"]);
        assert_eq!(before, [(300, 600)]);
        assert_eq!((effects.get("syncs-faked"), effects.iter().count()), (1, 1));
        lost += u32::from(left == "600x1");
        whole += u32::from(left == "300x2 300x1");
        let (said, before, left, _) = after_power_loss(seed, Some(&DiskTrouble::LyingSync), 400);
        assert_eq!(said, ["first true", "second ok", "300x2 300x1 300x3"]);
        assert_eq!((before, left), (vec![(0, 900)], said[2].clone()));
        let (_, before, left, _) = after_power_loss(seed, None, 230);
        assert_eq!((before, left), (vec![(0, 600)], "300x2 300x1".to_owned()));
    }
    // The write lies within one sector: torn is half the time lost and half the time whole.
    assert_eq!(lost + whole, 40);
    assert!((4..=36).contains(&lost), "{lost}");
}

/// Two durable files of eight sectors each, and 512 bytes of 7 at the start of the first that are not
/// synced yet. At 200 ms it says how many bits differ in each, at 300 ms it writes the first anew.
async fn archive() -> io::Result<()> {
    fs::create_dir_all("a").await?;
    for name in ["a/one", "two"] {
        let mut file = File::create(name).await?;
        file.write_all(&[0; 4_096]).await?;
        file.sync_all().await?;
    }
    fs::sync_dir("a").await?;
    fs::sync_dir("").await?;
    let mut one = OpenOptions::new().write().open("a/one").await?;
    one.write_all(&[7; 512]).await?;
    pass(180).await;
    bits().await?;
    pass(100).await;
    one.sync_all().await?;
    bits().await?;
    pass(100).await;
    one.seek(SeekFrom::Start(0)).await?;
    one.write_all(&[0; 4_096]).await?;
    one.sync_all().await?;
    bits().await?;
    forever().await
}

async fn bits() -> io::Result<()> {
    let count = |content: Vec<u8>| {
        let (sectors, _) = content.as_chunks::<512>();
        let turned = sectors.iter().map(|sector| {
            let base = if sector.iter().filter(|byte| **byte == 7).count() > 256 { 7 } else { 0 };
            sector.iter().map(|byte| (byte ^ base).count_ones()).sum::<u32>()
        });
        turned.map(|bits| bits.to_string()).collect::<String>()
    };
    say(format!("{} {}", count(fs::read("a/one").await?), count(fs::read("two").await?)));
    Ok(())
}

/// The archive, rotting at 100 ms.
fn rotten(seed: u64, rot: Option<Rot>, path: Option<&str>) -> (Stage, Effects) {
    let mut stage = told(seed);
    stage.start("n-1", archive());
    stage.run(100);
    let before = held(&stage);
    assert_eq!((&before["a/one"], &before["two"]), (&vec![(512, 4_096)], &vec![(0, 4_096)]));
    let trouble = rot.map(DiskTrouble::Corrupt);
    let rule = trouble.map(|trouble| stage.disk_rule("it", &trouble, path, "n-1"));
    let effects = rule.map(|rule| stage.remove_disk_rule(rule)).unwrap_or_default();
    stage.run(150);
    (stage, effects)
}

const WHOLE: &str = "00000000 00000000";

#[test]
fn corrupt_turns_one_bit_in_each_sector_it_hits_for_good() {
    let (mut stage, effects) = rotten(1, Some(Rot::Percent(Ppm::percent(100))), None);
    assert_eq!((effects.get("sectors-corrupted"), effects.iter().count()), (16, 1));
    let now = held(&stage);
    let bytes = |ranges: &[Span]| ranges.iter().map(|range| range.1 - range.0).sum::<u64>();
    assert_eq!((bytes(&now["a/one"]), bytes(&now["two"])), (4_096 - 512 - 7, 4_096 - 8));
    stage.run(250);
    // What was to be written was in memory, and heals the medium when it is.
    assert_eq!(stage.said("n-1"), ["01111111 11111111"]);
    stage.run(350);
    assert_eq!(stage.said("n-1")[1], "01111111 11111111");
    assert_eq!(bytes(&held(&stage)["a/one"]), 4_096 - 7);
    stage.run(450);
    assert_eq!(stage.said("n-1")[2], "00000000 11111111", "written anew");
    assert_eq!(held(&stage)["a/one"], [(0, 4_096)]);
    stage.power_loss(&"n-1".into());
    stage.start("n-1", bits());
    stage.run(500);
    assert_eq!(stage.said("n-1")[3], "00000000 11111111", "it lies on the medium");

    drop(stage);
    let (mut calm, _) = rotten(1, None, None);
    calm.run(450);
    assert_eq!(calm.said("n-1"), [WHOLE, WHOLE, WHOLE]);
}

#[test]
fn corrupt_hits_as_many_as_it_says_where_it_says() {
    let mut hits = 0;
    for seed in 0..50 {
        let rot = |rot, path| {
            let (mut stage, effects) = rotten(seed, Some(rot), path);
            stage.run(250);
            let seen = stage.said("n-1").concat();
            (seen.matches('1').count() as u64, effects.get("sectors-corrupted"), seen)
        };
        let (seen, counted, _) = rot(Rot::Sectors(3), Some("two"));
        assert_eq!((seen, counted), (3, 3));
        let (seen, counted, line) = rot(Rot::Sectors(99), Some("a/**"));
        assert_eq!((seen, counted, line.as_str()), (7, 8, "01111111 00000000"));
        assert_eq!(rot(Rot::Sectors(3), Some("three")).1, 0);
        let (_, of_both, both) = rot(Rot::Percent(Ppm::percent(25)), None);
        let (_, _, second) = rot(Rot::Percent(Ppm::percent(25)), Some("two"));
        // Drawn for each sector by itself: the other file's make no difference.
        assert_eq!(both.split(' ').nth(1), second.split(' ').nth(1));
        hits += of_both;
    }
    // 800 of 25 %: five standard deviations are 61.
    assert!(hits.abs_diff(200) < 61, "{hits}");
}
