//! Efficacy of `torn-write`: a write that a death meets half way reaches the disk in part, at a
//! boundary of sectors; and which nodes have operations of their disks under way.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, SeekFrom};

use squall_history::{Body, DiskEvent, DiskTrouble, Ppm, SimDuration};
use squall_io::fs::{self, File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::stage::{Stage, forever, nodes, pass, say};

const SECTOR: usize = 512;

const fn torn(percent: u32) -> DiskTrouble {
    DiskTrouble::TornWrite { percent: Ppm::percent(percent) }
}

/// Four durable sectors of 1; at 200 ms a write of 9 over a part of them, which takes at least 50 ms.
async fn scribe(offset: usize, length: usize) -> io::Result<()> {
    let mut file = File::create("log").await?;
    file.write_all(&[1; 4 * SECTOR]).await?;
    file.sync_all().await?;
    fs::sync_dir("").await?;
    let mut file = OpenOptions::new().write().open("log").await?;
    file.seek(SeekFrom::Start(offset as u64)).await?;
    pass(190).await;
    file.write_all(&vec![9; length]).await?;
    forever().await
}

/// Says the file as runs of equal bytes.
async fn read() -> io::Result<()> {
    let content = fs::read("log").await?;
    let runs = content.chunk_by(|a, b| a == b).map(|run| format!("{}x{}", run.len(), run[0]));
    say(runs.collect::<Vec<_>>().join(" "));
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Death {
    Kill,
    PowerLoss,
}

/// What a death at `at_ms` leaves of the file, over many seeds, each with how many writes the fault
/// tore. The write is under way at 225 ms, and still to be synced at 300 ms.
fn left(
    fault: Option<(DiskTrouble, Option<&str>)>,
    death: Death,
    at_ms: u64,
    write: (usize, usize),
) -> BTreeSet<(String, u64)> {
    let slow = DiskTrouble::Slow { latency: (SimDuration::from_millis(50), SimDuration::from_millis(50)) };
    let seen = (0..40).map(|seed| {
        let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
        stage.start("n-1", scribe(write.0, write.1));
        stage.run(190);
        stage.disk_rule("slow", &slow, None, "n-1");
        let rule = fault.as_ref().map(|(trouble, path)| stage.disk_rule("it", trouble, *path, "n-1"));
        stage.run(at_ms);
        match death {
            Death::Kill => stage.killed("n-1"),
            Death::PowerLoss => stage.power_loss(&"n-1".into()),
        };
        let torn = rule.map_or(0, |rule| stage.remove_disk_rule(rule).get("writes-torn"));
        stage.start("n-1", read());
        stage.run(1_000);
        (stage.said("n-1").concat(), torn)
    });
    seen.collect()
}

fn set(expected: &[(&str, u64)]) -> BTreeSet<(String, u64)> {
    expected.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect()
}

const WHOLE: (usize, usize) = (0, 4 * SECTOR);

#[test]
fn a_killed_process_leaves_the_first_sectors_of_a_write_under_way() {
    let untouched = set(&[("2048x1", 0)]);
    assert_eq!(left(None, Death::Kill, 225, WHOLE), untouched);
    let cut = set(&[("512x9 1536x1", 1), ("1024x9 1024x1", 1), ("1536x9 512x1", 1)]);
    assert_eq!(left(Some((torn(100), None)), Death::Kill, 225, WHOLE), cut);
    assert_eq!(left(Some((torn(100), Some("log"))), Death::Kill, 225, WHOLE), cut);
    assert_eq!(left(Some((torn(100), Some("wal"))), Death::Kill, 225, WHOLE), untouched);
    // Sectors are those of the file, not of the write.
    let across = left(Some((torn(100), None)), Death::Kill, 225, (500, 100));
    assert_eq!(across, set(&[("500x1 12x9 1536x1", 1)]));
    assert_eq!(left(Some((torn(100), None)), Death::Kill, 225, (512, 512)), untouched, "within a sector");
    let some = left(Some((torn(50), None)), Death::Kill, 225, WHOLE);
    assert!(some.is_superset(&untouched) && some.iter().any(|(_, torn)| *torn == 1), "{some:?}");
    // It grows by what was written of it, and no further.
    let behind = left(Some((torn(100), None)), Death::Kill, 225, (4 * SECTOR, 2 * SECTOR));
    assert_eq!(behind, set(&[("2048x1 512x9", 1)]));
    // A write that has taken effect is whole in the page cache.
    assert_eq!(left(Some((torn(100), None)), Death::Kill, 300, WHOLE), set(&[("2048x9", 0)]));
}

#[test]
fn a_loss_of_power_tears_what_is_under_way_and_what_is_still_to_be_synced() {
    let torn_once = set(&[
        ("512x9 1536x1", 1),
        ("1024x9 1024x1", 1),
        ("1536x9 512x1", 1),
        ("512x1 1536x9", 1),
        ("1024x1 1024x9", 1),
        ("1536x1 512x9", 1),
    ]);
    assert_eq!(left(None, Death::PowerLoss, 225, WHOLE), set(&[("2048x1", 0)]));
    for at_ms in [225, 300] {
        assert_eq!(left(Some((torn(100), None)), Death::PowerLoss, at_ms, WHOLE), torn_once, "{at_ms}");
    }
    // Without the fault it is whole, lost, or any of its sectors is: one boundary is not all there is.
    let free = left(None, Death::PowerLoss, 300, WHOLE);
    let of_free: BTreeSet<&str> = free.iter().map(|(text, _)| text.as_str()).collect();
    assert!(of_free.contains("2048x1") && of_free.contains("2048x9"), "{free:?}");
    assert_eq!(left(Some((torn(100), Some("wal"))), Death::PowerLoss, 300, WHOLE), free);
    assert_eq!(left(Some((torn(0), None)), Death::PowerLoss, 300, WHOLE), free);
    // A sector is old or new as a whole.
    let inside = left(Some((torn(100), None)), Death::PowerLoss, 300, (100, 200));
    assert_eq!(inside, set(&[("2048x1", 0), ("100x1 200x9 1748x1", 0)]));
}

/// What the oracles were told last of the file.
fn held(stage: &Stage) -> Vec<(u64, u64)> {
    let mut files = BTreeMap::new();
    for record in &stage.records {
        if let Body::Disk(DiskEvent::Holds { file, ranges }) = &record.body {
            files.insert(
                file.clone(),
                ranges.iter().map(|range| (range.start, range.end)).collect::<Vec<_>>(),
            );
        }
    }
    files.remove("log").unwrap_or_default()
}

#[test]
fn what_is_being_written_is_not_certain_while_a_death_could_tear_it() {
    let slow = DiskTrouble::Slow { latency: (SimDuration::from_millis(50), SimDuration::from_millis(50)) };
    for (trouble, during) in [(None, vec![(0, 2_048)]), (Some(torn(100)), vec![(0, 600), (1_600, 2_048)])] {
        let mut stage = nodes(&[("n", 1)]).begin();
        stage.tell_disks();
        stage.start("n-1", scribe(600, 1_000));
        stage.run(190);
        stage.disk_rule("slow", &slow, None, "n-1");
        trouble.map(|trouble| stage.disk_rule("it", &trouble, None, "n-1"));
        assert_eq!(held(&stage), [(0, 2_048)]);
        stage.run(225);
        assert_eq!(held(&stage), during);
        stage.run(300);
        assert_eq!(held(&stage), [(0, 600), (1_600, 2_048)], "written, and not synced");
    }
}

#[test]
fn a_write_that_was_given_up_is_no_longer_under_way() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let slow = DiskTrouble::Slow { latency: (SimDuration::from_millis(50), SimDuration::from_millis(50)) };
    stage.tell_disks();
    stage.start("n-1", async {
        fs::write("log", &[1; 2_048]).await?;
        let mut file = File::open("log").await?;
        file.sync_all().await?;
        fs::sync_dir("").await?;
        pass(100).await;
        let mut file = OpenOptions::new().write().open("log").await?;
        let patience = std::time::Duration::from_millis(20);
        assert!(squall_io::time::timeout(patience, file.write_all(&[9; 2_048])).await.is_err());
        drop(file);
        say("given up");
        forever().await
    });
    stage.run(90);
    stage.disk_rule("slow", &slow, None, "n-1");
    let rule = stage.disk_rule("it", &torn(100), None, "n-1");
    stage.run(160);
    assert_eq!((held(&stage), stage.said("n-1").len()), (Vec::new(), 0));
    stage.run(250);
    assert_eq!((held(&stage), stage.said("n-1").len()), (vec![(0, 2_048)], 1));
    stage.killed("n-1");
    assert!(stage.remove_disk_rule(rule).is_empty());
}

#[test]
fn a_node_has_io_in_flight_while_it_waits_for_its_disk_and_lives() {
    let slow = DiskTrouble::Slow { latency: (SimDuration::from_millis(50), SimDuration::from_millis(50)) };
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.disk_rule("slow", &slow, None, "n-1");
    let software = || async {
        pass(100).await;
        // Two at once.
        let other = squall_io::task::spawn(async { fs::try_exists("disk1/b").await });
        let mut file = File::create("a").await?;
        other.await.unwrap()?;
        pass(100).await;
        file.sync_all().await?;
        forever().await
    };
    stage.start("n-1", software());
    let busy = |stage: &Stage| stage.has_io_in_flight(&"n-1".into());
    // At each moment, whether it has: opening from 100 to 150 ms, syncing from 250 to 300 ms.
    for (at_ms, expected) in [(50, false), (125, true), (200, false), (270, true), (320, false)] {
        stage.run(at_ms);
        assert_eq!(busy(&stage), expected, "{at_ms}");
        assert!(!stage.has_io_in_flight(&"n-2".into()));
    }
    stage.killed("n-1");
    stage.start("n-1", software());
    stage.run(445);
    assert!(busy(&stage));
    stage.killed("n-1");
    assert!(!busy(&stage), "the dead wait for nothing");
    stage.start("n-1", software());
    assert!(!busy(&stage));
    stage.run(560);
    assert!(busy(&stage));
    stage.power_loss(&"n-1".into());
    assert!(!busy(&stage));
}
