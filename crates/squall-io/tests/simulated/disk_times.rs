//! Efficacy of the disk faults that take time: `slow` and `stall`.

use squall_history::{DiskTrouble, SimDuration};
use squall_io::fs::{self, File};
use squall_io::time::{now, timeout};
use tokio::io::AsyncWriteExt;

use super::stage::{Stage, forever, ms, nodes, pass, say};

fn slow(low: u64, high: u64) -> DiskTrouble {
    DiskTrouble::Slow { latency: (SimDuration::from_millis(low), SimDuration::from_millis(high)) }
}

/// Times of an access and of a sync, in microseconds, for a while.
async fn measured() -> std::io::Result<()> {
    let mut file = File::create("log").await?;
    pass(100).await;
    for _ in 0..20 {
        let start = now();
        file.write_all(b"x").await?;
        let written = start.elapsed();
        file.sync_all().await?;
        say(format!("{} {}", written.as_micros(), (start.elapsed() - written).as_micros()));
    }
    Ok(())
}

/// Shortest and longest access and sync under a fault.
fn times(trouble: Option<DiskTrouble>, path: Option<&str>) -> ([u64; 2], [u64; 2], u64) {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", measured());
    stage.run(50);
    let rule = trouble.map(|trouble| stage.disk_rule("it", &trouble, path, "n-1"));
    stage.run(20_000);
    let effects = rule.map(|rule| stage.remove_disk_rule(rule)).unwrap_or_default();
    let times: Vec<(u64, u64)> = stage.said("n-1").iter().map(|line| pair(line)).collect();
    assert_eq!(times.len(), 20);
    let ends = |of: fn(&(u64, u64)) -> u64| {
        [times.iter().map(of).min().unwrap(), times.iter().map(of).max().unwrap()]
    };
    (ends(|time| time.0), ends(|time| time.1), effects.get("operations-delayed"))
}

fn pair(line: &str) -> (u64, u64) {
    let (left, right) = line.split_once(' ').unwrap();
    (left.parse().unwrap(), right.parse().unwrap())
}

#[test]
fn slow_adds_a_drawn_time_to_each_access_and_sync() {
    let within = |[low, high]: [u64; 2], from: u64, to: u64| from <= low && high <= to;
    for (trouble, path) in [(None, None), (Some(slow(10, 200)), Some("other"))] {
        let (accesses, syncs, delayed) = times(trouble, path);
        assert!(within(accesses, 20, 100) && within(syncs, 500, 2_000), "{accesses:?} {syncs:?}");
        assert_eq!(delayed, 0);
    }
    let (accesses, syncs, delayed) = times(Some(slow(10, 200)), Some("log"));
    assert!(within(accesses, 10_020, 200_100) && within(syncs, 10_500, 202_000), "{accesses:?} {syncs:?}");
    // Each operation draws its own: twenty of them do not lie together.
    assert!(accesses[1] - accesses[0] > 50_000 && syncs[1] - syncs[0] > 50_000, "{accesses:?} {syncs:?}");
    assert_eq!(delayed, 40);
}

/// Writes all the time, and says when.
async fn clockwork(name: &'static str) -> std::io::Result<()> {
    let mut file = File::create(name).await?;
    loop {
        file.write_all(b"x").await?;
        file.sync_all().await?;
        say(name);
        pass(10).await;
    }
}

/// The longest silence of each of two files on a disk that stalls from 500 to 1,500 ms.
fn silences(path: Option<&str>, trouble: Option<DiskTrouble>) -> ([u64; 2], u64, Stage) {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        let other = squall_io::task::spawn(clockwork("b"));
        clockwork("a").await?;
        other.await.unwrap()
    });
    stage.run(500);
    let rule = trouble.map(|trouble| stage.disk_rule("it", &trouble, path, "n-1"));
    stage.run(1_500);
    let effects = rule.map(|rule| stage.remove_disk_rule(rule)).unwrap_or_default();
    stage.run(2_000);
    let longest = ["a", "b"].map(|name| {
        let notes = stage.notes().into_iter().filter(|(.., words)| words == name);
        let times: Vec<u64> = notes.map(|(_, at, _)| at).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
    });
    (longest, effects.get("operations-stalled"), stage)
}

#[test]
fn stall_holds_accesses_and_syncs_until_it_ends() {
    let stall = || Some(DiskTrouble::Stall);
    let ([a, b], stalled, _) = silences(None, None);
    assert!(a < 20 && b < 20 && stalled == 0, "{a} {b} {stalled}");
    let ([a, b], stalled, _) = silences(None, stall());
    assert!((980..1_020).contains(&a) && (980..1_020).contains(&b) && stalled == 2, "{a} {b} {stalled}");
    let ([a, b], stalled, _) = silences(Some("a"), stall());
    assert!((980..1_020).contains(&a) && b < 20 && stalled == 1, "{a} {b} {stalled}");
}

#[test]
fn stall_holds_while_any_of_two_lasts_and_what_is_given_up_changes_nothing() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        let mut file = File::create("log").await?;
        pass(100).await;
        assert!(timeout(ms(50), file.write_all(b"never")).await.is_err(), "the disk stands still");
        let mut other = File::open("log").await?;
        say("on");
        other.sync_all().await?;
        say(file.len().await?);
        Ok(())
    });
    stage.run(50);
    let first = stage.disk_rule("first", &DiskTrouble::Stall, None, "n-1");
    let second = stage.disk_rule("second", &DiskTrouble::Stall, None, "n-1");
    stage.run(500);
    stage.remove_disk_rule(first);
    stage.run(700);
    assert_eq!(stage.said("n-1"), Vec::<String>::new());
    stage.remove_disk_rule(second);
    stage.run(900);
    assert_eq!(stage.said("n-1"), ["on", "0"]);
}

#[test]
fn a_node_that_dies_on_a_stalled_disk_comes_back_to_one_that_still_stalls() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let rule = stage.disk_rule("it", &DiskTrouble::Stall, None, "n-1");
    let program = || async {
        fs::write("file", b"x").await?;
        say("written");
        forever().await
    };
    stage.start("n-1", program());
    stage.run(100);
    stage.killed("n-1");
    stage.start("n-1", program());
    stage.run(200);
    stage.power_loss(&"n-1".into());
    stage.start("n-1", program());
    stage.run(300);
    assert!(stage.said("n-1").is_empty());
    let effects = stage.remove_disk_rule(rule);
    stage.run(400);
    assert_eq!((stage.said("n-1"), effects.get("operations-stalled")), (vec!["written".to_owned()], 3));
}
