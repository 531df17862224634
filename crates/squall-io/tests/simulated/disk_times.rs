//! Efficacy of the disk faults that take time: `slow`, by a latency or by a rate, and `stall`.

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

const fn throttle(rate: u64) -> DiskTrouble {
    DiskTrouble::Throttle { rate }
}

/// Writes and reads back 5,000 bytes in pieces, in two files at once, and says when each was done.
async fn copy(first: &'static str, second: &'static str) -> std::io::Result<()> {
    pass(100).await;
    let each = |name: &'static str| async move {
        for piece in 0..5 {
            let mut file = squall_io::fs::OpenOptions::new().create().open(format!("{name}{piece}")).await?;
            file.write_all(&[1; 1_000]).await?;
        }
        for piece in 0..5 {
            assert_eq!(fs::read(format!("{name}{piece}")).await?.len(), 1_000);
        }
        say(name);
        Ok(())
    };
    let other = squall_io::task::spawn(each(second));
    each(first).await?;
    other.await.unwrap()
}

/// When the two copies were done, in milliseconds after they began, and what the fault counted.
fn copied(trouble: Option<&DiskTrouble>, path: Option<&str>, names: [&'static str; 2]) -> ([u64; 2], u64) {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", copy(names[0], names[1]));
    stage.run(50);
    let rule = trouble.map(|trouble| stage.disk_rule("it", trouble, path, "n-1"));
    stage.run(20_000);
    let effects = rule.map(|rule| stage.remove_disk_rule(rule)).unwrap_or_default();
    let notes = stage.notes();
    let done = |name| notes.iter().find(|(.., words)| words == name).unwrap().1 - 100;
    (names.map(done), effects.get("operations-throttled"))
}

#[test]
fn a_rate_bounds_what_reads_and_writes_move_together() {
    let near = |seen: [u64; 2], expected: [u64; 2]| {
        seen.iter().zip(expected).all(|(seen, expected)| (expected..expected + 5).contains(seen))
    };
    let (free, none) = copied(None, None, ["a", "b"]);
    assert!(near(free, [0, 0]) && none == 0, "{free:?} {none}");
    // 20,000 bytes at 100,000 a second: each copy has half of it, and they end one after the other.
    let (both, count) = copied(Some(&throttle(100_000)), None, ["a", "b"]);
    assert!(both.iter().all(|end| (190..=201).contains(end)) && both[0].max(both[1]) >= 200, "{both:?}");
    let all = count;
    let (both, _) = copied(Some(&throttle(1_000_000)), None, ["a", "b"]);
    assert!(near(both, [18, 18]), "{both:?}");
    let (one, count) = copied(Some(&throttle(100_000)), Some("a*"), ["a", "b"]);
    // A read to the end of a file is several.
    assert!(near(one, [100, 0]) && count >= 10 && all == 2 * count, "{one:?} {all} {count}");
    // Two disks have a queue each.
    let (apart, _) = copied(Some(&throttle(100_000)), None, ["a", "disk1/b"]);
    assert!(near(apart, [100, 100]), "{apart:?}");
}

#[test]
fn who_waits_for_its_turn_goes_on_when_the_disk_is_throttled_no_longer() {
    let mut stage = nodes(&[("n", 1)]).begin();
    stage.start("n-1", async {
        pass(100).await;
        fs::write("log", &[1; 5_000]).await?;
        say("written");
        forever().await
    });
    let slow = stage.disk_rule("slow", &throttle(1), None, "n-1");
    let less_slow = stage.disk_rule("less slow", &throttle(100), None, "n-1");
    stage.run(500);
    let effects = stage.remove_disk_rule(slow);
    stage.run(600);
    assert_eq!((stage.said("n-1"), effects.get("operations-throttled")), (Vec::new(), 0));
    let effects = stage.remove_disk_rule(less_slow);
    stage.run(601);
    assert_eq!((stage.said("n-1"), effects.get("operations-throttled")), (vec!["written".to_owned()], 1));
}
