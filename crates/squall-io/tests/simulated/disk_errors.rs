//! Efficacy of the disk faults that answer with an error: `error`, `full`, and a capacity.

use std::collections::BTreeMap;
use std::io::{self, SeekFrom};

use squall_history::{DiskOp, DiskTrouble, Ppm};
use squall_io::fs::{self, File, OpenOptions};
use squall_sim::Effects;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::stage::{Stage, nodes, outcome, pass, say};

/// How an operation ended; EIO has no kind of its own.
fn ended<T>(result: &io::Result<T>) -> String {
    match result {
        Err(error) if error.raw_os_error() == Some(5) => "EIO".to_owned(),
        other => outcome(other),
    }
}

fn all(percent: u32, ops: &[DiskOp]) -> DiskTrouble {
    DiskTrouble::Error { percent: Ppm::percent(percent), ops: ops.to_vec() }
}

/// Runs a program under a fault that is laid after 100 ms and taken off after 1 s.
fn under(
    trouble: Option<&DiskTrouble>,
    path: Option<&str>,
    program: impl Future<Output = io::Result<()>> + Send + 'static,
) -> (Stage, Effects) {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", program);
    stage.run(100);
    let rule = trouble.map(|trouble| stage.disk_rule("it", trouble, path, "n-1"));
    stage.run(1_000);
    let effects = rule.map(|rule| stage.remove_disk_rule(rule)).unwrap_or_default();
    stage.run(2_000);
    (stage, effects)
}

/// Every operation once while the fault is in force, and how it ended.
async fn everything(name: &'static str) -> io::Result<()> {
    fs::create_dir_all("ctl").await?;
    fs::write(name, b"0123456789").await?;
    let mut file = OpenOptions::new().write().open(name).await?;
    pass(200).await;
    let new = format!("{name}.new");
    let mut byte = [0; 1];
    say(format!("read {}", ended(&file.read(&mut byte).await)));
    say(format!("read {}", ended(&File::open(name).await)));
    say(format!("read {}", ended(&fs::try_exists(name).await)));
    say(format!("write {}", ended(&file.write(b"x").await)));
    say(format!("write {}", ended(&file.set_len(5).await)));
    say(format!("write {}", ended(&File::create(&new).await)));
    say(format!("write {}", ended(&fs::rename(name, &new).await)));
    say(format!("sync {}", ended(&file.sync_all().await)));
    pass(1_000).await;
    say(format!("after {} {}", fs::try_exists(name).await?, file.len().await?));
    Ok(())
}

/// How each kind of operation ended, if all of it ended alike.
fn by_kind(stage: &Stage) -> BTreeMap<String, String> {
    let mut kinds = BTreeMap::new();
    for line in stage.said("n-1") {
        let (kind, how) = line.split_once(' ').unwrap();
        let before = kinds.insert(kind.to_owned(), how.to_owned());
        assert!(before.is_none_or(|before| before == how), "{kind}: {:?}", stage.said("n-1"));
    }
    kinds
}

#[test]
fn error_fails_the_operations_it_names_and_changes_nothing() {
    let check = |trouble: Option<DiskTrouble>, path, expected: [&str; 4], errors| {
        let (stage, effects) = under(trouble.as_ref(), path, everything("ctl/log"));
        let kinds = by_kind(&stage);
        let kinds = ["read", "write", "sync", "after"].map(|kind| kinds[kind].as_str());
        assert_eq!(kinds, expected, "{trouble:?} {path:?}");
        assert_eq!(effects.get("errors-returned"), errors, "{trouble:?} {path:?}");
    };
    let (moved, stayed) = ("false 5", "true 10");
    check(None, None, ["ok", "ok", "ok", moved], 0);
    check(Some(all(100, &[DiskOp::Read])), None, ["EIO", "ok", "ok", moved], 3);
    check(Some(all(100, &[DiskOp::Write])), None, ["ok", "EIO", "ok", stayed], 4);
    check(Some(all(100, &[DiskOp::Sync])), None, ["ok", "ok", "EIO", moved], 1);
    let every = [DiskOp::Read, DiskOp::Write, DiskOp::Sync];
    check(Some(all(100, &every)), Some("ctl/**"), ["EIO", "EIO", "EIO", stayed], 8);
    check(Some(all(100, &every)), Some("wal/**"), ["ok", "ok", "ok", moved], 0);
    check(Some(all(0, &every)), None, ["ok", "ok", "ok", moved], 0);
}

/// Writes 2,000 times and says how often that failed.
async fn persistent() -> io::Result<()> {
    let mut file = File::create("log").await?;
    pass(200).await;
    let mut failed = Vec::new();
    for k in 0..2_000 {
        if file.write(b"x").await.is_err() {
            failed.push(k);
        }
    }
    say(format!("{failed:?}"));
    Ok(())
}

#[test]
fn error_strikes_with_its_chance_and_counts_what_it_did() {
    let (stage, effects) = under(Some(&all(10, &[DiskOp::Write])), None, persistent());
    let said = stage.said("n-1").concat();
    let failed = said.split(", ").count() as u64;
    // 2,000 of 10 %: five standard deviations are 67.
    assert!(failed.abs_diff(200) < 67, "{failed}");
    assert_eq!(effects.get("errors-returned"), failed);
    drop(stage);
    // A second rule draws for itself: which writes the first one fails is the same.
    let slow =
        DiskTrouble::Slow { latency: (squall_history::SimDuration(0), squall_history::SimDuration(9)) };
    let mut both = nodes(&[("n", 2)]).begin();
    both.start("n-1", persistent());
    both.run(100);
    both.disk_rule("other", &slow, None, "n-1");
    both.disk_rule("it", &all(10, &[DiskOp::Write]), None, "n-1");
    both.disk_rule("elsewhere", &all(10, &[DiskOp::Write]), None, "n-2");
    both.run(1_000);
    assert_eq!(both.said("n-1").concat(), said);
}

/// What still works on a disk without space, and what does not.
async fn cramped() -> io::Result<()> {
    fs::create_dir_all("a").await?;
    fs::write("old", &[1; 100]).await?;
    fs::write("a/gone", &[1; 100]).await?;
    pass(200).await;
    let mut file = OpenOptions::new().write().open("old").await?;
    say(format!("create {}", outcome(&File::create("new").await)));
    say(format!("make {}", outcome(&fs::create_dir_all("b").await)));
    say(format!("nowhere {}", outcome(&File::create("c/new").await)));
    say(format!("overwrite {}", outcome(&file.write(&[2; 90]).await)));
    // Half of it fits into the file as it is.
    say(format!("across {:?}", file.write(&[3; 20]).await.ok()));
    say(format!("grow {}", outcome(&file.write(&[4; 10]).await)));
    say(format!("extend {}", outcome(&file.set_len(200).await)));
    say(format!("rename {}", outcome(&fs::rename("a/gone", "a/renamed").await)));
    say(format!("remove {}", outcome(&fs::remove_file("a/renamed").await)));
    say(format!("cut {}", outcome(&file.set_len(50).await)));
    file.seek(SeekFrom::Start(50)).await?;
    say(format!("again {}", outcome(&file.write(&[5; 10]).await)));
    pass(1_000).await;
    say(format!("after {}", outcome(&file.write_all(&[6; 500]).await)));
    Ok(())
}

fn cramped_words(fitting: [&str; 12]) -> Vec<String> {
    let names = [
        "create",
        "make",
        "nowhere",
        "overwrite",
        "across",
        "grow",
        "extend",
        "rename",
        "remove",
        "cut",
        "again",
        "after",
    ];
    names.iter().zip(fitting).map(|(name, how)| format!("{name} {how}")).collect()
}

#[test]
fn full_refuses_what_would_grow() {
    let full = "StorageFull";
    let (stage, effects) = under(Some(&DiskTrouble::Full), None, cramped());
    let expected = [full, full, "NotFound", "ok", "Some(10)", full, full, "ok", "ok", "ok", full, "ok"];
    assert_eq!(stage.said("n-1"), cramped_words(expected));
    assert_eq!(effects.get("writes-refused"), 5);
    drop(stage);
    let fine = ["ok", "ok", "NotFound", "ok", "Some(20)", "ok", "ok", "ok", "ok", "ok", "ok", "ok"];
    for (trouble, path) in [(None, None), (Some(&DiskTrouble::Full), Some("b/*"))] {
        let (stage, effects) = under(trouble, path, cramped());
        assert_eq!((stage.said("n-1"), effects), (cramped_words(fine), Effects::default()));
    }
}

#[test]
fn a_disk_holds_as_much_as_its_capacity_and_what_is_removed_is_free_again() {
    let at = |capacity| {
        let mut stage = nodes(&[("n", 1)]).capacity(capacity).begin();
        stage.start("n-1", cramped());
        stage.run(2_000);
        stage.said("n-1")
    };
    let full = "StorageFull";
    let tight = [full, full, "NotFound", "ok", "Some(10)", full, full, "ok", "ok", "ok", "ok", full];
    let mut expected = cramped_words(tight);
    // 60 of 200 are taken when the last write of 500 comes: it is short, then refused.
    assert_eq!(at(200), expected);
    for (name, how) in [("create", "ok"), ("make", "ok"), ("across", "Some(15)")] {
        let place = expected.iter().position(|line| line.starts_with(name)).unwrap();
        expected[place] = format!("{name} {how}");
    }
    assert_eq!(at(205), expected);
    let fine = ["ok", "ok", "NotFound", "ok", "Some(20)", "ok", "ok", "ok", "ok", "ok", "ok", "ok"];
    assert_eq!(at(10_000), cramped_words(fine));
}

#[test]
fn a_file_that_was_removed_or_replaced_goes_on_under_the_last_name_it_had() {
    for (path, expected) in
        [(None, "fails fails"), (Some("a/**"), "fails ok"), (Some("b/*"), "ok fails"), (Some("c"), "ok ok")]
    {
        let trouble = all(100, &[DiskOp::Write]);
        let (stage, _) = under(Some(&trouble), path, async {
            fs::create_dir_all("a").await?;
            fs::create_dir_all("b").await?;
            fs::write("c", b"new").await?;
            let (mut removed, mut replaced) = (File::create("a/x").await?, File::create("b/old").await?);
            fs::rename("b/old", "b/x").await?;
            fs::remove_file("a/x").await?;
            fs::rename("c", "b/x").await?;
            pass(200).await;
            let seen = [removed.write(b"x").await, replaced.write(b"x").await];
            say(seen.map(|ended| if ended.is_ok() { "ok" } else { "fails" }).join(" "));
            Ok(())
        });
        assert_eq!(stage.said("n-1"), [expected], "{path:?}");
    }
}
